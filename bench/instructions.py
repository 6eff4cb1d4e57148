"""How many machine instructions the gateway runs for one call, by way of asking: those of C as well as of Python.

    python bench/instructions.py [--only pass-through,two-level] [--most 20] [--calls 400]

It takes valgrind (Debian: apt-get install valgrind) and some minutes. As with bench/steps.py it is nearly the same on a
busy machine, and it sees what bytecodes do not: hashing, searching, allocating. It does not see the kernel, nor what
memory is slow to give. What the gateway does beside calls is counted while it rests, and taken off.
"""

import argparse
import http.client
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import machine
import scenarios
import targets
from run import play
from scenarios import Feature
from targets import PATH, Target

WEIGHING = Path(__file__).parent / "weighing"
PATIENCE_S = 400.0
"""Until the gateway answers: under valgrind it runs some fifty times slower."""
REST_S = 6.0
_LINE = re.compile(r" *([\d,]+) \([^)]*\) +(?:[^ ]*:)?([^:\[]+)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=lambda text: text.split(","), default=["pass-through", "two-level"])
    parser.add_argument("--most", type=int, default=10, help="so many functions of each row, and of its difference")
    parser.add_argument("--calls", type=int, default=400)
    given = parser.parse_args()
    machine.end_well()
    core, other = machine.cores()
    directory = Path(tempfile.mkdtemp(prefix="instructions-"))
    out = directory / "counted"
    os.environ["BENCH_INSTRUCTIONS"] = str(out)
    mock, port = targets.start_mock(other)
    target: Target | None = None
    first: Counter[str] | None = None
    try:
        play(port)
        scenarios.write_bodies(directory / "bodies")
        target = targets.quarterdeck(port, core, other, directory / "server", WEIGHING, PATIENCE_S)
        for row in scenarios.features():
            if any(part in row.name for part in given.only):
                found = _counted(target, row, directory / "bodies" / f"{row.body}.json", out, given.calls)
                _show(row, found, first, given.most)
                first = first or found
    finally:
        if target is not None:
            target.stop()
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)


def _counted(target: Target, row: Feature, body: Path, out: Path, calls: int) -> Counter[str]:
    """Instructions a call, by function."""
    (gateway,), content = target.pids(), body.read_bytes()
    headers = {"content-type": "application/json"} | dict(line.split(": ", 1) for line in row.headers)
    connection = http.client.HTTPConnection("127.0.0.1", int(target.url.split(":")[2].split("/")[0]), timeout=60)

    def ask(times: int) -> float:
        began = time.monotonic()
        for _ in range(times):
            connection.request("POST", PATH, content, headers)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200, answer.status
        return time.monotonic() - began

    ask(calls // 2)
    _tell(gateway, "-i", "on")
    ask(calls // 8)
    _tell(gateway, "-z")
    took = ask(calls)
    busy = _dumped(gateway, out)
    time.sleep(REST_S)
    rest = _dumped(gateway, out)
    _tell(gateway, "-i", "off")
    connection.close()
    beside = took / REST_S
    return Counter({name: round((busy[name] - rest[name] * beside) / calls) for name in busy | rest})


def _tell(pid: int, *words: str) -> None:
    subprocess.run(
        ["callgrind_control", *words, str(pid)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _dumped(pid: int, out: Path) -> Counter[str]:
    """What was counted since the last dump, by function."""
    _tell(pid, "-d")
    newest = max(out.parent.glob(f"{out.name}.*"), key=lambda path: int(path.suffix[1:]))
    told = subprocess.run(["callgrind_annotate", "--threshold=100", newest], check=True, capture_output=True, text=True)
    found: Counter[str] = Counter()
    for line in told.stdout.splitlines():
        if (match := _LINE.match(line)) is not None and "PROGRAM TOTALS" not in line:
            found[match[2].strip()] += int(match[1].replace(",", ""))
    return found


def _show(row: Feature, found: Counter[str], first: Counter[str] | None, most: int) -> None:
    total = sum(found.values())
    beside = "" if first is None else f", {sum(first.values()) / total:.3f} calls of the first row's"
    print(f"{row.name}: {total:,} instructions a call{beside}")
    for name, count in found.most_common(most):
        print(f"{count:10,}  {name}")
    if first is not None:
        print("    more than in the first row:")
        for name, count in (found - first).most_common(most):
            print(f"{count:10,}  {name}")


if __name__ == "__main__":
    main()
