"""Fuzzing that coverage guides.

    cd tests && PYTHONPATH=. ../.venv/bin/python -m fuzz.coverage.targets request_anthropic --seconds 600

What it finds worth keeping goes to `fuzz/coverage/corpus/<target>`, which later runs start from. `--seed` makes a run
the same each time, as far as it comes.
"""

import argparse
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["quarterdeck.gateway"]):
    from fuzz.parsers import PARSERS

CORPUS = Path(__file__).parent / "corpus"


def any_of_them(data: bytes) -> None:
    """One process for all targets: the first byte says which."""
    if data:
        names = sorted(PARSERS)
        PARSERS[names[data[0] % len(names)]](data[1:])


def gathered(folder: Path) -> Path:
    """The corpus of every target, for `any_of_them`."""
    for number, name in enumerate(sorted(PARSERS)):
        for path in (CORPUS / name).glob("*"):
            (folder / f"{name}-{path.name}").write_bytes(bytes((number,)) + path.read_bytes())
    return folder


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("target", choices=[*sorted(PARSERS), "all"])
    given.add_argument("--seconds", type=int, default=60)
    given.add_argument("--runs", type=int, default=-1, help="-1: as many as the seconds allow")
    given.add_argument("--seed", type=int, default=0, help="0: another one each time")
    asked = given.parse_args()
    together = asked.target == "all"
    if together:
        folders = [str(gathered(Path(tempfile.mkdtemp())))]
    else:
        (CORPUS / asked.target).mkdir(parents=True, exist_ok=True)
        folders = [str(CORPUS / asked.target)]
    options = [
        f"-max_total_time={asked.seconds}",
        f"-runs={asked.runs}",
        f"-seed={asked.seed}",
        "-max_len=4096",
        "-timeout=30",
        "-rss_limit_mb=2048",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *folders, *options], any_of_them if together else PARSERS[asked.target])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
