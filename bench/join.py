"""What the join costs on the model path: the same gateway with it, and with it taken out, in turns, by CPU time a call.

    .venv/bin/python bench/join.py            # two minutes; prints one table
    chrt -r 1 .venv/bin/python bench/join.py  # as root, beside other work

The join's part of a call is the table of open calls (what status shows and the lever ends), telling control of it twice
a second, and looking whether a person paused the run. `without_join/sitecustomize.py` takes these out of the second
server as it starts; there is no such switch in the product. Learning from calls (turns, loops, costs) is the ingester's
work, in the other process.

One and the same server takes up to 40 % more or less from one minute to the next, so rounds are short and many: each
compares two neighbours, whose order changes. The figure is the median of their differences, with the interval in which
it lies at 95 % (bootstrap); CPU time is the scheduler's own, in nanoseconds.
"""

import argparse
import random
import shutil
import tempfile
from pathlib import Path
from statistics import median

import machine
import scenarios
import targets
from run import play
from scenarios import SMALL, Bench, Rounds

HERE = Path(__file__).parent
WITH, WITHOUT = "with the join", "without"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=0.5)
    given = parser.parse_args()
    machine.end_well()
    core, other = machine.cores()
    directory = Path(tempfile.mkdtemp(prefix="bench-join-"))
    mock, port = targets.start_mock(other)
    running: list[targets.Target] = []
    try:
        play(port)
        for name, first_on_path in ((WITH, None), (WITHOUT, HERE / "without_join")):
            target = targets.quarterdeck(port, core, other, directory / name.replace(" ", "-"), first_on_path)
            target.name = name
            running.append(target)
        scenarios.write_bodies(directory / "bodies")
        print(table(measured(Bench(running, directory / "bodies", other, 1.0), given.rounds, given.seconds)))
    finally:
        for target in running:
            target.stop()
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)


def measured(bench: Bench, rounds: int, seconds: float) -> dict[str, Rounds]:
    """CPU microseconds that a call takes of the gateway, a value a round."""
    results = bench.results()
    for target in bench.targets:
        bench.load(target, "closed", SMALL, 2.0, "--connections", 16)
    for target in bench.rounds(rounds):
        before = machine.cpu_exactly(target.pids())
        got = bench.load(target, "closed", SMALL, seconds, "--connections", 16)
        used = machine.cpu_exactly(target.pids()) - before
        if got["requests"]:
            results[target.name].add(errors=got["errors"], cpu_us=used / got["requests"] * 1e6)
    return results


def table(results: dict[str, Rounds]) -> str:
    """The comparison, as markdown."""
    lines = ["| | gateway, CPU µs a call | calls a CPU second |", "|---|--:|--:|"]
    for name, one in results.items():
        lines.append(f"| {name} | {one['cpu_us']:.1f} | {1e6 / one['cpu_us']:,.0f} |")
    pairs = zip(results[WITH].values["cpu_us"], results[WITHOUT].values["cpu_us"], strict=True)
    shares = [(one - other) / one for one, other in pairs]
    low, high = interval(shares)
    lines.append("")
    within = f"95 %: {low:.1%} to {high:.1%}, {len(shares)} rounds"
    lines.append(f"The join takes {median(shares):.1%} of a call's CPU time ({within}); goal: at most 5 %.")
    return "\n".join(lines)


def interval(values: list[float], tries: int = 2_000) -> tuple[float, float]:
    """Where their median lies with 95 %: medians of samples of themselves."""
    chance = random.Random(1)
    medians = sorted(median(chance.choices(values, k=len(values))) for _ in range(tries))
    return medians[int(tries * 0.025)], medians[int(tries * 0.975)]


if __name__ == "__main__":
    main()
