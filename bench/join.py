"""What the join costs on the model path: the same gateway with it, and with it taken out, in turns, by CPU time a call.

    .venv/bin/python bench/join.py            # about a minute; prints one table

The join's part of a call is the table of open calls (what status shows and the lever ends), telling control of it twice
a second, and looking whether a person paused the run. `without_join/sitecustomize.py` takes these out of the second
server as it starts; there is no such switch in the product. Learning from calls (turns, loops, costs) is the ingester's
work, in the other process.
"""

import argparse
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
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.5)
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
    """CPU microseconds that a call takes of the gateway, and calls a second, a value a round."""
    results = bench.results()
    for target in bench.targets:
        bench.load(target, "closed", SMALL, 0.5, "--connections", 16)
    for target in bench.rounds(rounds):
        before = machine.cpu_seconds(target.pids())
        got = bench.load(target, "closed", SMALL, seconds, "--connections", 16)
        used = machine.cpu_seconds(target.pids()) - before
        if got["requests"]:
            results[target.name].add(
                rps=got["rps"],
                errors=got["errors"],
                cpu_us=used / got["requests"] * 1e6,
            )
    return results


def table(results: dict[str, Rounds]) -> str:
    """The comparison, as markdown. The share is the median of the rounds' own, each beside its neighbour."""
    lines = ["| | calls/s | gateway, CPU µs a call |", "|---|--:|--:|"]
    for name, one in results.items():
        lines.append(f"| {name} | {one['rps']:,.0f} | {one['cpu_us']:.1f} |")
    pairs = zip(results[WITH].values["cpu_us"], results[WITHOUT].values["cpu_us"], strict=True)
    shares = [(one - other) / one for one, other in pairs]
    lines.append("")
    lines.append(
        f"The join takes {median(shares):.1%} of a call's CPU time (rounds: {min(shares):.1%} to {max(shares):.1%}); "
        "goal: at most 5 %."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
