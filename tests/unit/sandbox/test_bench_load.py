"""The benchmark's load generator sees what goes wrong: one that did not would make every server look good."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

LOAD = Path(__file__).resolve().parents[3] / "bench" / "load.py"


def load(sandbox: Any, tmp_path: Path, mode: str, script: dict[str, Any], *more: object) -> dict[str, Any]:
    body = tmp_path / "body.json"
    body.write_text(json.dumps(sandbox.chat(stream=mode == "streams")))
    command = [sys.executable, LOAD, mode, f"{sandbox.url}/v1/chat/completions", "--body", body]
    command += ["--header", f"x-sandbox-script: {json.dumps(script)}", *more]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True, timeout=120)
    return dict(json.loads(done.stdout))


def test_a_closed_loop_counts_answers_and_times_them(sandbox: Any, tmp_path: Path) -> None:
    script = {"timing": {"first_byte_ms": 20}}
    got = load(sandbox, tmp_path, "closed", script, "--connections", 4, "--seconds", 0.5)
    assert got["errors"] == 0
    assert got["p50"] >= 20
    assert 4 <= got["requests"] <= 100


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "cut"}, {"kind": "reset", "after": 1}])
def test_a_closed_loop_counts_failures(sandbox: Any, tmp_path: Path, fault: dict[str, Any]) -> None:
    got = load(sandbox, tmp_path, "closed", {"fault": fault | {"rate": 0.5}}, "--connections", 2, "--seconds", 0.6)
    assert got["errors"] > 0
    assert got["requests"] > 0


def test_an_open_loop_keeps_its_rate_and_times_from_when_a_request_was_due(sandbox: Any, tmp_path: Path) -> None:
    script = {"timing": {"first_byte_ms": 100}}
    got = load(sandbox, tmp_path, "open", script, "--rate", 100, "--seconds", 0.5)
    assert (got["requests"], got["errors"]) == (50, 0)
    assert got["p50"] >= 100
    assert got["seconds"] < 20


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        (None, "held"),
        ({"kind": "cut", "after": 5}, "lost"),
        ({"kind": "reset", "after": 5}, "lost"),
        ({"kind": "no_end"}, "lost"),
        ({"kind": "hang", "after": 5, "for_ms": 700}, "stalled"),
    ],
)
def test_streams_are_held_lost_or_stalled(
    sandbox: Any, tmp_path: Path, fault: dict[str, Any] | None, word: str
) -> None:
    script = {"words": 8, "chunks": 8, "timing": {"chunk_ms": 5}, "fault": fault}
    # Where none is to be seen, none is made by a machine that is shared.
    longest = 0.5 if word == "stalled" else 30
    more = ("--connections", 3, "--seconds", 0, "--events", 11, "--ramp", 0.1, "--stall", longest)
    got = load(sandbox, tmp_path, "streams", script, *more)
    assert got[word] == 3
    assert got["held"] + got["lost"] + got["stalled"] == 3
