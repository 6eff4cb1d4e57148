"""Every parser with some thousands of inputs, guided by coverage from the kept corpus.

The same inputs each time, so that a build does not fail by chance; other ones, and for longer, by hand.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("atheris", reason="atheris has wheels for some Pythons only")

SAME_EACH_TIME = ("--seed=7", "--runs=8000", "--seconds=90")


def test_no_input_found_in_a_while_breaks_a_parser(tmp_path: Path) -> None:
    tests = Path(__file__).parents[1]
    found = subprocess.run(
        [sys.executable, "-m", "fuzz.coverage.targets", "all", *SAME_EACH_TIME],
        check=False,
        cwd=tmp_path,
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONPATH": str(tests)},
        capture_output=True,
        text=True,
        timeout=200,
    )
    told = found.stdout[found.stdout.find("Uncaught") :]  # the exception; what libFuzzer says of it is in stderr
    assert found.returncode == 0, told[-3000:] + found.stderr[-1000:]
