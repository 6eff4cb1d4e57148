"""kill -9 of the gateway, of control and of both, under load: no acknowledged call is lost, none is counted twice."""

import http.client
import json
import os
import random
import signal
import sqlite3
import threading
import time
import urllib.request
from pathlib import Path

import pytest
from system_world import KEY, PATIENCE_S, System, running

from depth import examples
from quarterdeck.db.engine import BUSY_TIMEOUT_MS

KILLS = examples(24, 100)
CALLERS = 6
REST_S = 0.02
"""Between two calls of a caller: without, they would only wait for a processor, and so would every other test."""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


class Load:
    """Callers that never stop. `acknowledged` holds the ids of calls whose answer arrived whole."""

    def __init__(self, system: System, *, rest_s: float = REST_S) -> None:
        self._system = system
        self._rest_s = rest_s
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call_on, args=(n,), daemon=True) for n in range(CALLERS)]
        self.acknowledged: list[str] = []
        self.failed = 0

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _call_on(self, caller: int) -> None:
        stream = caller % 2 == 1
        turn = 0
        while not self._stop.is_set():
            turn += 1
            ask = [{"role": "user", "content": f"caller {caller}, turn {turn}"}]
            body = json.dumps({"model": "gpt-4o-mini", "messages": ask, "stream": stream}).encode()
            request = urllib.request.Request(
                f"{self._system.url}/v1/chat/completions",
                data=body,
                headers={"authorization": f"Bearer {KEY}", "content-type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                    text = answer.read()
                    if not stream or b"data: [DONE]" in text:
                        self.acknowledged.append(answer.headers["x-quarterdeck-call-id"])
            except (OSError, http.client.HTTPException):
                self.failed += 1
            time.sleep(self._rest_s)


def all_call_ids(system: System) -> list[str]:
    found: list[str] = []
    after = ""
    while True:
        page = system.get(f"/api/v1/calls?limit=500{after}")
        found += [row["id"] for row in page["items"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def test_no_acknowledged_call_is_lost_or_doubled_however_often_we_are_killed(tmp_path: Path) -> None:
    chance = random.Random(7)
    with running(tmp_path / "data") as system:
        with Load(system) as load:
            for number in range(KILLS):
                time.sleep(chance.uniform(0.05, 0.5))
                for role in (("gateway",), ("control",), ("gateway", "control"))[number % 3]:
                    system.kill(role)
                before = len(load.acknowledged)
                system.wait_until(lambda seen=before: len(load.acknowledged) > seen)
        system.wait_until(lambda: system.get("/readyz")["degraded"] == [])
        system.wait_until(system.ingested, 180)
        ids = all_call_ids(system)
        assert len(ids) == len(set(ids))
        assert set(load.acknowledged) <= set(ids)
        assert len(load.acknowledged) > KILLS
        rolled_up = system.get("/api/v1/costs?by=total&grain=day")["totals"]
        assert rolled_up["calls"] == len(ids)
        by_agent = system.get("/api/v1/costs?by=agent&grain=minute")["totals"]
        assert by_agent["calls"] == len(ids)
        assert by_agent["cost_nano"] == rolled_up["cost_nano"] > 0


def test_calls_go_on_while_control_is_stopped_and_the_database_is_locked(tmp_path: Path) -> None:
    """Control is stopped for as long as it would take a start, then somebody else locks the database for longer than
    control waits for it."""
    with running(tmp_path / "data") as system:
        with Load(system, rest_s=0.2) as load:
            system.wait_until(lambda: len(load.acknowledged) > 10)
            failed = load.failed
            control = system.pid("control")
            before = len(load.acknowledged)
            os.kill(control, signal.SIGSTOP)
            time.sleep(12)
            system.wait_until(lambda: len(load.acknowledged) > before + 50)
            os.kill(control, signal.SIGCONT)
            lock = sqlite3.connect(system.data / "quarterdeck.db", isolation_level=None)
            lock.execute("BEGIN EXCLUSIVE")
            locked = len(load.acknowledged)
            time.sleep(BUSY_TIMEOUT_MS / 1_000 + 5)
            system.wait_until(lambda: len(load.acknowledged) > locked + 100)
            lock.execute("ROLLBACK")
            lock.close()
            assert load.failed == failed
        system.wait_until(system.ingested, 180)
        ids = all_call_ids(system)
        assert len(ids) == len(set(ids))
        assert set(ids) == set(load.acknowledged)
