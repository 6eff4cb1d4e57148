"""Whether a backlog drains without harm to calls: what a call adds while control ingests one, and while it has none.

    .venv/bin/python bench/backlog.py         # a minute

Control is stopped for some seconds of full load, as if it had crashed, and goes on: then so many calls a second as a
busy team makes are sent on time (`load.py open`) while it drains, and again when it is done. The gateway has a core,
control shares the other with load and provider and gives way to them, as the product has it give way to the gateway.
"""

import argparse
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import machine
import scenarios
import targets
from run import play
from scenarios import SMALL, Bench
from targets import Target

NICENESS = 10
DRAINED_S = 300.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    machine.end_well()
    core, other = machine.cores()
    directory = Path(tempfile.mkdtemp(prefix="bench-backlog-"))
    mock, port = targets.start_mock(other)
    try:
        play(port)
        target = targets.quarterdeck(port, core, other, directory / "quarterdeck")
        try:
            scenarios.write_bodies(directory / "bodies")
            bench = Bench([target], directory / "bodies", other, 1.0)
            found = [_round(bench, target, given.rate, given.seconds) for _ in range(given.rounds)]
        finally:
            target.stop()
    finally:
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)
    print(table(found))


def _round(bench: Bench, target: Target, rate: int, seconds: float) -> dict[str, Any]:
    control = target.control
    assert control is not None
    _below(control.pid)
    os.kill(control.pid, signal.SIGSTOP)
    try:
        bench.load(target, "closed", SMALL, seconds, "--connections", 16)
    finally:
        os.kill(control.pid, signal.SIGCONT)
    before, began, cpu = control.backlog(), time.perf_counter(), machine.cpu_exactly([control.pid])
    draining = bench.load(target, "open", SMALL, seconds, "--rate", rate)
    taken, took = before + draining["requests"] - control.backlog(), time.perf_counter() - began
    cpu = machine.cpu_exactly([control.pid]) - cpu
    if left := scenarios.drained(control, DRAINED_S):
        raise RuntimeError(f"{left} calls are not ingested after {DRAINED_S:g} s")
    quiet = bench.load(target, "open", SMALL, seconds, "--rate", rate)
    errors = draining["errors"] + quiet["errors"]
    return {
        "draining": draining,
        "quiet": quiet,
        "backlog": before,
        "rate": taken / took,
        "cpu_s": cpu / max(1, taken),
    } | {"errors": errors}


def _below(control: int) -> None:
    """With less priority than we have, but, where ours is that of real time, with more than what else runs here."""
    niceness = NICENESS if os.sched_getscheduler(0) == os.SCHED_OTHER else -15
    for task in Path(f"/proc/{control}/task").iterdir():
        os.sched_setscheduler(int(task.name), os.SCHED_OTHER, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, int(task.name), niceness)


def table(found: list[dict[str, Any]]) -> str:
    lines = ["| | p50 ms | p99 ms |", "|---|--:|--:|"]
    for name in ("quiet", "draining"):
        p50, p99 = (median(one[name][share] for one in found) for share in ("p50", "p99"))
        lines.append(f"| {name} | {p50:.2f} | {p99:.2f} |")
    backlog, rate, cpu = (median(one[name] for one in found) for name in ("backlog", "rate", "cpu_s"))
    lines.append(
        f"\n{len(found)} rounds (medians): {backlog:,.0f} calls waited, {rate:,.0f} a second were ingested meanwhile, "
        f"at {cpu * 1e6:.0f} µs of control's CPU each; {sum(one['errors'] for one in found)} calls failed."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
