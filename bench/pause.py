"""Whether a pause lets a call through once it is acknowledged, while over a thousand calls a second are served.

    .venv/bin/python bench/pause.py    # half a minute; ends with 1 when a call came through, or too few were served

The product as its user runs it, with the sandbox as provider, and the load from a process of its own: sixteen
connections, each of which asks again when it was answered. Again and again the agent is paused over the API, and
resumed half a second after the answer. Two say when calls went out: the ledger, which has every call, when it was sent;
and the provider, when its last byte was read, which a busy provider does a little later. Instants are of one machine's
clock.
"""

import argparse
import contextlib
import http.client
import json
import shutil
import sqlite3
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import machine
import scenarios
import targets
from run import play
from scenarios import SMALL, Bench
from targets import Target

LEAST = 1_000
SECOND = 1_000_000
ON_ITS_WAY = SECOND // 10
"""So long after it was sent the provider may read a call."""
KEPT = 200_000
_BEGAN = 4
"""Where in a stored attempt it says when it began, in microseconds after the call."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Instants, in microseconds: when it was asked for, when that was answered, when it was asked to end."""

    asked: int
    acknowledged: int
    over: int
    arrived: list[int]
    """When the provider read the calls around it."""


@dataclass(frozen=True, slots=True)
class Seen:
    served: int
    """Calls sent to the provider within the second before it was asked for."""
    leaked: int
    """Calls sent while it lasted, or read by the provider when none could be on its way any more."""
    last_ms: float
    """When the provider read the last call, after the answer; less than zero: before it."""
    refused: int
    """Calls a second that were refused while it lasted."""
    ack_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pauses", type=int, default=10)
    given = parser.parse_args()
    machine.end_well()
    core, other = machine.cores()
    directory = Path(tempfile.mkdtemp(prefix="bench-pause-"))
    mock, port = targets.start_mock(other, keep=KEPT)
    try:
        play(port)
        target = targets.quarterdeck(port, core, other, directory / "quarterdeck")
        try:
            scenarios.write_bodies(directory / "bodies")
            pauses = paused(Bench([target], directory / "bodies", other, 1.0), target, port, given.pauses)
            calls = calls_of(target, directory / "quarterdeck" / "data")
        finally:
            target.stop()
        seen = [what_came_of(pause, calls) for pause in pauses]
    finally:
        machine.stop(mock)
        shutil.rmtree(directory, ignore_errors=True)
    print(table(seen))
    if any(each.leaked for each in seen) or median(each.served for each in seen) < LEAST:
        sys.exit(1)


def paused(bench: Bench, target: Target, mock: int, count: int) -> list[Pause]:
    """Pause and resume the agent while it is under load."""
    assert target.control is not None
    machine.as_we_are(target.control.pid)  # somebody waits for its answers
    agents = target.control.get("/api/v1/agents")["items"]
    whose = {"scope": "agent", "subject_id": next(agent["id"] for agent in agents if agent["name"] == "bench")}
    load = bench.begin(target, "closed", SMALL, 5.0 + 3.0 * count, "--connections", 16)
    pauses = []
    try:
        for _ in range(count):
            time.sleep(1.2)
            provider(mock, "DELETE")
            time.sleep(0.3)
            asked = now()
            ask(target, "pause", {**whose, "reason": "A bench."})
            acknowledged = now()
            time.sleep(0.5)
            arrived = [int(one["at"] * SECOND) for one in provider(mock, "GET")["requests"]]
            over = now()
            ask(target, "resume", whose)
            pauses.append(Pause(asked, acknowledged, over, arrived))
    finally:
        load.terminate()
        load.wait()
    return pauses


def ask(target: Target, verb: str, body: dict[str, Any]) -> None:
    """Raises RuntimeError when it is not done."""
    assert target.control is not None
    connection = http.client.HTTPConnection("127.0.0.1", target.control.port, timeout=30)
    headers = {"authorization": f"Bearer {target.control.token}", "content-type": "application/json"}
    connection.request("POST", f"/api/v1/lever/{verb}", json.dumps(body), headers)
    answer = connection.getresponse()
    said = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{verb} answered {answer.status}: {said[:300]!r}")


def now() -> int:
    return time.time_ns() // 1_000


def calls_of(target: Target, data: Path) -> list[tuple[int, str, list[int]]]:
    """Of every call when it began, its outcome, and when it was sent. Raises RuntimeError when some are missing."""
    assert target.control is not None
    if left := scenarios.drained(target.control, 120.0):
        raise RuntimeError(f"{left} calls are not ingested yet")
    store = sqlite3.connect(f"file:{data / 'quarterdeck.db'}?mode=ro", uri=True)
    with contextlib.closing(store):
        rows = store.execute("SELECT started, outcome, attempts FROM calls").fetchall()
    return [(at, outcome, [at + attempt[_BEGAN] for attempt in json.loads(tries)]) for at, outcome, tries in rows]


def provider(mock: int, method: str) -> Any:
    """What the provider received, or have it forget that."""
    asking = urllib.request.Request(f"http://127.0.0.1:{mock}/sandbox/requests", method=method)
    with urllib.request.urlopen(asking, timeout=60) as answer:
        return json.load(answer)


def what_came_of(pause: Pause, calls: Sequence[tuple[int, str, list[int]]]) -> Seen:
    sent = [at for _, _, some in calls for at in some]
    leaked = sum(pause.acknowledged < at < pause.over for at in sent)
    late = sum(pause.acknowledged + ON_ITS_WAY < at < pause.over for at in pause.arrived)
    refused = sum(outcome == "refused" and pause.acknowledged < at < pause.over for at, outcome, _ in calls)
    return Seen(
        served=sum(pause.asked - SECOND < at <= pause.asked for at in sent),
        leaked=max(leaked, late),
        last_ms=(max(pause.arrived) - pause.acknowledged) / 1_000,
        refused=round(refused / (pause.over - pause.acknowledged) * SECOND),
        ack_ms=(pause.acknowledged - pause.asked) / 1_000,
    )


def table(seen: Sequence[Seen]) -> str:
    lines = [
        "| calls sent in the second before | acknowledged after, ms | the provider's last call, ms after that |"
        " refused a second | sent after it |",
        "|--:|--:|--:|--:|--:|",
    ]
    for each in seen:
        lines.append(f"| {each.served:,} | {each.ack_ms:.0f} | {each.last_ms:.1f} | {each.refused:,} | {each.leaked} |")
    leaked, served = sum(each.leaked for each in seen), median(each.served for each in seen)
    lines.append(
        f"\n{len(seen)} pauses at {served:,.0f} calls/s (median): {leaked} calls sent after the acknowledgement."
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
