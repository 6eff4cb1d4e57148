"""What may be in a deliverable, what its file is called, and what changed in it."""

import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from quarterdeck.control.deliverables.diff import hunks
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import DeliverableKind, a_file_name, a_url, media_type_of, must_be
from quarterdeck.kernel.errors import Invalid, NotFound, TooLarge, Unavailable


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.md", "report.md"),
        ("../../etc/passwd", "passwd.md"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/abs/olute.txt", "olute.txt"),
        ("..", "deliverable.md"),
        (".bashrc", "bashrc.md"),
        ("a\r\nset-cookie: x.md", "aset-cookie_ x.md"),
        ("gnp\u202ecod.exe", "gnpcod.exe"),
        ("Überblick 日本.md", "Überblick 日本.md"),
        ("x" * 400 + ".md", "x" * 137 + ".md"),
        ("\ud800", "deliverable.md"),
    ],
)
def test_a_file_name_leads_nowhere(given: str, kept: str) -> None:
    assert a_file_name(given, "Report", "text/markdown") == kept


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "file:///etc/passwd", "//host/x", "https://", "http://[::1", "https://a b", "data:x"]
)
def test_a_link_leads_only_to_the_web(url: str) -> None:
    with pytest.raises(Invalid):
        a_url(url)


def test_an_image_is_what_its_bytes_say() -> None:
    assert media_type_of(DeliverableKind.IMAGE, b"\x89PNG\r\n\x1a\n....", "text/html") == "image/png"
    for head in (b"<svg onload=alert(1)>", b"<html>", b""):
        with pytest.raises(Invalid):
            media_type_of(DeliverableKind.IMAGE, head, "image/png")
    with pytest.raises(Invalid):
        media_type_of(DeliverableKind.PDF, b"MZ", "application/pdf")


def test_a_file_keeps_only_a_well_formed_media_type() -> None:
    assert media_type_of(DeliverableKind.FILE, b"PK", "application/zip; a=b") == "application/zip"
    for declared in (None, "", "x", "text/html\r\nx: y", "a/b/c"):
        assert media_type_of(DeliverableKind.FILE, b"PK", declared) == "application/octet-stream"


def test_json_is_json() -> None:
    must_be(DeliverableKind.JSON, '{"a": 1}')
    for text in ("{", "[" * 100_000):
        with pytest.raises(Invalid):
            must_be(DeliverableKind.JSON, text)


async def test_a_file_is_named_by_its_hash_and_kept_once(tmp_path: Path) -> None:
    files = Files(tmp_path)
    received = [await files.receive("ws_1", _pieces(b"ab", b"c"), DeliverableKind.FILE) for _ in range(2)]
    assert received[0] == received[1]
    assert (await files.path("ws_1", received[0].sha256)).read_bytes() == b"abc"
    assert [path.name for path in (tmp_path / "ws_1").iterdir()] == [received[0].sha256]


async def test_a_file_that_is_too_large_leaves_nothing_behind(tmp_path: Path) -> None:
    files = Files(tmp_path, max_bytes=10)
    with pytest.raises(TooLarge):
        await files.receive("ws_1", _pieces(b"123456", b"78901"), DeliverableKind.FILE)
    assert list((tmp_path / "ws_1").iterdir()) == []


@pytest.mark.parametrize("pieces", [(b"\xff",), (b"a\0b",), (b"\xe2\x82",), ()])
async def test_text_that_is_none_is_refused(tmp_path: Path, pieces: tuple[bytes, ...]) -> None:
    with pytest.raises(Invalid):
        await Files(tmp_path).receive("ws_1", _pieces(*pieces), DeliverableKind.CODE)
    assert list((tmp_path / "ws_1").iterdir()) == []


@pytest.mark.parametrize(("workspace_id", "sha256"), [("..", "a" * 64), ("ws_1", "../x"), ("ws/1", "a" * 64)])
async def test_no_path_leaves_the_directory(tmp_path: Path, workspace_id: str, sha256: str) -> None:
    with pytest.raises(NotFound):
        await Files(tmp_path).path(workspace_id, sha256)


def test_a_diff_shows_what_changed_and_where() -> None:
    before = "\n".join(f"line {n}" for n in range(1, 21))
    [hunk] = hunks(before, before.replace("line 10", "line ten")) or []
    assert (hunk.from_start, hunk.from_count, hunk.to_start, hunk.to_count) == (7, 7, 7, 7)
    assert [line.sign + line.text for line in hunk.lines[2:6]] == [" line 9", "-line 10", "+line ten", " line 11"]


def test_equal_texts_have_no_hunks_and_huge_differences_are_not_compared() -> None:
    assert hunks("a\nb", "a\nb") == []
    many = "\n".join(str(n) for n in range(50_000))
    assert len(hunks(many, many + "\nend") or []) == 1
    assert hunks(many, "\n".join(str(-n) for n in range(50_000))) is None


async def test_a_full_disk_is_told_and_keeps_nothing_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="no room") as caught:
        await Files(tmp_path).receive("ws_1", _pieces(b"x"), DeliverableKind.FILE)
    assert caught.value.code == "disk_full"
    assert list((tmp_path / "ws_1").iterdir()) == []


async def test_a_directory_that_takes_nothing_is_told(tmp_path: Path) -> None:
    (tmp_path / "ws_1").write_text("a file where the directory should be")
    with pytest.raises(Unavailable, match="cannot keep files now"):
        await Files(tmp_path).receive("ws_1", _pieces(b"x"), DeliverableKind.FILE)
