"""How many bytecodes the gateway runs for one call, by way of asking and by function.

    python bench/steps.py [--only route,hit] [--most 20]

Unlike time, this is the same on a busy machine: it says whether a change made the path shorter, not how fast it is.
"""

import argparse
import json
import os
import shutil
import signal
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import machine
import scenarios
import targets
from run import play
from scenarios import Bench, Feature
from targets import Target

COUNTING = Path(__file__).parent / "counting"
PATIENCE_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: text.split(","), default=[""], help="parts of the rows' names")
    parser.add_argument("--most", type=int, default=10, help="so many functions of each row")
    given = parser.parse_args()
    machine.end_well()
    core, other = machine.cores()
    directory = Path(tempfile.mkdtemp(prefix="steps-"))
    os.environ["BENCH_STEPS"] = str(directory / "steps.json")
    mock, port = targets.start_mock(other)
    try:
        play(port)
        scenarios.write_bodies(directory / "bodies")
        for number, row in enumerate(scenarios.features()):
            if not any(part in row.name for part in given.only):
                continue
            target = targets.quarterdeck(port, core, other, directory / str(number), COUNTING, PATIENCE_S)
            try:
                _show(row, *_counted(Bench([target], directory / "bodies", other, 1.0), target, row), given.most)
            finally:
                target.stop()
    finally:
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)


def _counted(bench: Bench, target: Target, row: Feature) -> tuple[int, list[tuple[str, str, int]]]:
    """Calls, and (file, function, bytecodes) of all of them."""
    aimed, (gateway,) = replace(target, headers=list(row.headers)), target.pids()
    bench.load(aimed, "closed", row.body, 0.5, "--connections", 2)
    os.kill(gateway, signal.SIGUSR2)
    time.sleep(0.2)
    calls = bench.load(aimed, "closed", row.body, 1.5, "--connections", 2)["requests"]
    out = Path(os.environ["BENCH_STEPS"])
    out.unlink(missing_ok=True)
    os.kill(gateway, signal.SIGUSR2)
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        try:
            return calls, [tuple(each) for each in json.loads(out.read_text())]
        except (OSError, ValueError):
            time.sleep(0.1)
    raise SystemExit("The gateway did not say what it counted.")


def _show(row: Feature, calls: int, found: list[tuple[str, str, int]], most: int) -> None:
    total = sum(count for _, _, count in found)
    print(f"{row.name}: {total / calls:,.0f} bytecodes a call (of {calls} calls)")
    for file, function, count in sorted(found, key=lambda each: -each[2])[:most]:
        print(f"{count / calls:10.1f}  {file.rpartition('quarterdeck/')[2]}  {function}")


if __name__ == "__main__":
    main()
