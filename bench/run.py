"""The benchmark: one command, one report. See README.md for how to read it.

    python bench/run.py [--out FILE.md] [--json FILE] [--quick] [--only small,features,big,streams,ingest]

PEERS=1 in the environment adds Portkey's gateway and LiteLLM.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import machine
import peers
import scenarios
import targets
from report import Report
from scenarios import Bench
from targets import NotThere, Target

SCRATCH = Path(__file__).resolve().parent.parent / ".build" / "bench"


def main() -> None:
    given = _arguments()
    machine.end_well()
    began = time.monotonic()
    core, other = machine.cores()
    if core == other:
        _say("Only one core: server, load and mock share it, and no figure means what it should.")
    directory = Path(tempfile.mkdtemp(prefix="bench-"))
    mock, port = targets.start_mock(other)
    running: list[Target] = []
    try:
        play(port)
        missing = _start_all(running, port, core, other, directory, with_peers=os.environ.get("PEERS") == "1")
        scenarios.write_bodies(directory / "bodies")
        bench = Bench(running, directory / "bodies", other, 0.4 if given.quick else 1.0)
        report = Report(machine.described(), [target.name for target in running], missing)
        _measure(bench, report, given.only, rounds=2 if given.quick else 5)
    finally:
        for target in running:
            target.stop()
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)
    text = report.markdown()
    print(text)
    _say(f"It took {time.monotonic() - began:.0f} s.")
    if given.out:
        given.out.write_text(text)
    if given.json:
        given.json.write_text(json.dumps(report.data(), indent=1))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="write the tables here, as markdown")
    parser.add_argument("--json", type=Path, help="write every round here")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument(
        "--only",
        type=lambda text: text.split(","),
        default=["small", "features", "big", "streams", "ingest"],
        help="some of small, features, big, streams, ingest",
    )
    return parser.parse_args()


def _start_all(
    running: list[Target], mock: int, core: int, other: int, directory: Path, *, with_peers: bool
) -> dict[str, str]:
    """Start every server there is; returns those that are not, and why."""
    running.append(targets.direct(mock))
    starts: dict[str, Callable[[], Target]] = {
        "nginx": lambda: targets.nginx(mock, core, directory / "nginx"),
        "Quarterdeck": lambda: targets.quarterdeck(mock, core, other, directory / "quarterdeck"),
    }
    if with_peers:
        starts["Portkey gateway"] = lambda: peers.portkey(mock, core, SCRATCH)
        starts["LiteLLM"] = lambda: peers.litellm(mock, core, SCRATCH)
    missing = {}
    for name, start in starts.items():
        _say(f"starting {name} …")
        try:
            running.append(start())
        except NotThere as error:
            missing[name] = str(error)
            _say(f"{name}: {error}")
    return missing


def _measure(bench: Bench, report: Report, only: list[str], rounds: int) -> None:
    few = max(1, rounds // 2)
    if "small" in only:
        _say("small bodies, 16 connections …")
        report.scenarios["small"] = scenarios.small(bench, rounds)
        _say("small bodies, 1 connection …")
        report.scenarios["one"] = scenarios.one_connection(bench, rounds)
    ours = next((target for target in bench.targets if target.control is not None), None)
    if "features" in only and ours is not None:
        _say("features …")
        report.scenarios["features"] = scenarios.with_features(bench, ours, rounds)
    if "big" in only:
        _say("bodies of 300 KB …")
        report.scenarios["big"] = scenarios.big(bench, few + 1)
    if "streams" in only:
        _say("250 paced streams …")
        report.scenarios["paced"] = scenarios.paced(bench, few, _events(bench, scenarios.PACED))
        _say("1,000 open streams …")
        report.scenarios["many"] = scenarios.many_open(bench, _events(bench, scenarios.SLOW))
    for target in bench.targets:
        if "ingest" in only and target.control is not None:
            _say("ingest …")
            try:
                report.ingest = scenarios.ingest(bench, target, target.control)
            except NotThere as error:
                report.missing["ingest"] = str(error)


def _events(bench: Bench, body: str) -> int:
    """How many events the mock's own stream has: what every relayed one must bring."""
    _, answer = targets.ask(bench.targets[0], (bench.bodies / f"{body}.json").read_bytes())
    return answer.count(b"\n\n")


def play(mock: int) -> None:
    body = json.dumps(scenarios.mock_script()).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{mock}/sandbox/script", body) as answer:
        answer.read()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
