"""Every parser for half a minute, guided by coverage from the kept corpus; longer runs are for the hand."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris has wheels for some Pythons only")

SECONDS = 30


def test_no_input_found_in_a_while_breaks_a_parser() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "fuzz.coverage.targets", "all", "--seconds", str(SECONDS)],
        check=False,
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert found.returncode == 0, found.stderr[-3000:]
