"""What Linux says of processes, and which cores they may use."""

import contextlib
import os
import platform
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def cores() -> tuple[int, int]:
    """The core of the server under test, and the core of everything else (the same one where there is but one)."""
    usable = sorted(os.sched_getaffinity(0))
    return usable[0], usable[-1]


def on_core(core: int, *command: object) -> list[str]:
    """A command that keeps itself and its children to one core."""
    return ["taskset", "-c", str(core), *map(str, command)]


def pin(pid: int, core: int, *, idle: bool = False) -> None:
    """Keep a running process to one core, with every thread it has; an `idle` one only takes what is left of it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setaffinity(int(task.name), {core})
            if idle:
                os.sched_setscheduler(int(task.name), os.SCHED_IDLE, os.sched_param(0))


def as_we_are(pid: int) -> None:
    """Give a process our own priority, which `pin` may have taken from it."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(ProcessLookupError):
            os.sched_setscheduler(int(task.name), os.sched_getscheduler(0), os.sched_getparam(0))


def cpu_seconds(pids: Iterable[int]) -> float:
    """User and system time the processes have used, of all their threads."""
    total = 0.0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / _TICK
    return total


def cpu_exactly(pids: Iterable[int]) -> float:
    """The same as the scheduler counts it, in nanoseconds and not in ticks: for short rounds. Raises OSError."""
    tasks = (task for pid in pids for task in Path(f"/proc/{pid}/task").iterdir())
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def rss_mib(pids: Iterable[int]) -> float:
    """Resident memory. Pages that processes share count once for each."""
    total = 0
    for pid in pids:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total / 1024


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found, left = [], [pid]
    while left:
        one = left.pop()
        found.append(one)
        left += children.get(one, [])
    return found


def end_well() -> None:
    """Make SIGTERM an exception, so that a benchmark that is told to stop stops what it started."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))


def described() -> str:
    """The machine in a line: a figure without it means nothing."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return (
        f"{model}, {len(os.sched_getaffinity(0))} cores, Linux {platform.release()}, Python {platform.python_version()}"
    )


def stop(process: "subprocess.Popen[str] | subprocess.Popen[bytes]", patience_s: float = 10.0) -> None:
    """End a process we started, kindly first."""
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        for pid in family(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, 9)
        process.wait()
