"""Turns in a file, found by meaning."""

from pathlib import Path

import numpy as np
import pytest

from quarterdeck.gateway.cache.entry import Entry
from quarterdeck.gateway.cache.semantic.vectors import VectorFile

NOW = 1_800_000_000_000_000
PART, OTHER = b"part", b"other"


def entry(name: str, *, made_at: int = NOW, expires_at: int = NOW + 1_000, body: bytes = b"{}") -> Entry:
    return Entry(name, made_at, expires_at, "application/json", body, b"", "openai", "openai", "m", None, 7)


def vector(*numbers: float) -> bytes:
    padded = np.zeros(8, np.float32)
    padded[: len(numbers)] = numbers
    return (padded / np.linalg.norm(padded)).astype(np.float32).tobytes()


@pytest.fixture
def file(tmp_path: Path) -> VectorFile:
    return VectorFile(tmp_path / "semantic.db", 1 << 20)


def test_the_nearest_come_first_with_their_cosines(file: VectorFile) -> None:
    file.keep(PART, "east", vector(1, 0), entry("east"))
    file.keep(PART, "north", vector(0, 1), entry("north"))
    file.keep(PART, "north-east", vector(1, 1), entry("north-east"))
    found = file.near(PART, vector(1, 0), NOW, 2)
    assert [each.text for each in found] == ["east", "north-east"]
    assert [each.cosine for each in found] == pytest.approx([1.0, 0.7071], abs=1e-3)
    assert found[0].entry == entry("east")


def test_other_parts_are_not_seen(file: VectorFile) -> None:
    file.keep(OTHER, "east", vector(1, 0), entry("east"))
    assert file.near(PART, vector(1, 0), NOW, 5) == []


def test_what_has_expired_is_not_found(file: VectorFile) -> None:
    file.keep(PART, "east", vector(1, 0), entry("east", expires_at=NOW))
    assert file.near(PART, vector(1, 0), NOW, 5) == []


def test_the_same_turn_is_kept_once(file: VectorFile) -> None:
    file.keep(PART, "east", vector(1, 0), entry("old"))
    file.keep(PART, "east", vector(1, 0), entry("new"))
    assert [each.entry.call_id for each in file.near(PART, vector(1, 0), NOW, 5)] == ["new"]


def test_it_outlives_the_process(tmp_path: Path, file: VectorFile) -> None:
    file.keep(PART, "east", vector(1, 0), entry("east"))
    file.close()
    again = VectorFile(tmp_path / "semantic.db", 1 << 20)
    assert [each.text for each in again.near(PART, vector(1, 0), NOW, 5)] == ["east"]
    assert (tmp_path / "semantic.db").stat().st_mode & 0o077 == 0


def test_the_least_recently_used_go_when_there_is_no_room(tmp_path: Path) -> None:
    file = VectorFile(tmp_path / "small.db", 60_000)
    for number in range(100):
        file.keep(
            PART, f"turn {number}", vector(1, number), entry(f"c{number}", made_at=NOW + number, body=b"x" * 1_000)
        )
        file.used(PART, "turn 0", NOW + number)
    texts = {each.text for each in file.near(PART, vector(1, 50), NOW, 100)}
    assert "turn 0" in texts
    assert "turn 99" in texts
    assert "turn 1" not in texts
    assert len(texts) < 60


def test_vectors_of_another_width_have_a_table_of_their_own(file: VectorFile) -> None:
    file.keep(PART, "east", vector(1, 0), entry("east"))
    assert file.near(PART, vector(1, 0)[:16], NOW, 5) == []
