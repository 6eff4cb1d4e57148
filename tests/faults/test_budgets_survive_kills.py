"""kill -9 under a hard budget: what was spent is counted on exactly, from the account and the journal."""

import http.client
import json
import random
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from system_world import CONFIG, KEY, PATIENCE_S, System, running

KILLS = 12
CALLERS = 8
CAP = 0.004
BUDGET = f"""
[[budgets]]
scope = "agent:research"
usd = {CAP}
window = "total"
mode = "hard"

[[budgets]]
scope = "workspace"
usd = 1000
window = "month"
mode = "warn"
warn = []
"""
pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


class Load:
    """Callers that go on until told to stop; what they were answered, by status."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._call_on, daemon=True) for _ in range(CALLERS)]
        self.answers: Counter[int] = Counter()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _call_on(self) -> None:
        while not self._stop.is_set():
            self.answers[call(self._system)] += 1


def call(system: System) -> int:
    """One call; its status, 0 when the gateway was not there."""
    ask = [{"role": "user", "content": "Hello again"}]
    body = json.dumps({"model": "gpt-4o-mini", "messages": ask, "max_tokens": 60}).encode()
    request = urllib.request.Request(
        f"{system.url}/v1/chat/completions",
        data=body,
        headers={
            "authorization": f"Bearer {KEY}",
            "content-type": "application/json",
            "x-sandbox-script": json.dumps({"text": "word " * 20}),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, http.client.HTTPException):
        time.sleep(0.02)
        return 0


def ledger_total(system: System) -> int:
    return int(system.get("/api/v1/costs?by=total&grain=day")["totals"]["cost_nano"])


def windows(system: System) -> list[dict[str, Any]]:
    return [budget["windows"][0] for budget in system.get("/api/v1/budgets")["items"]]


def test_a_hard_budget_holds_through_kills_and_is_exact_after_them(tmp_path: Path) -> None:
    chance = random.Random(11)
    cap = round(CAP * 10**9)
    with running(tmp_path / "data", config=CONFIG + BUDGET) as system:
        with Load(system) as load:
            for number in range(KILLS):
                time.sleep(chance.uniform(0.1, 0.5))
                for role in (("gateway",), ("control",), ("gateway", "control"))[number % 3]:
                    system.kill(role)
                before = load.answers[200] + load.answers[402]
                system.wait_until(lambda seen=before: load.answers[200] + load.answers[402] > seen)
            system.wait_until(lambda: load.answers[402] > 20, 120)
        system.wait_until(lambda: system.get("/readyz")["degraded"] == [])
        system.wait_until(system.ingested, 180)
        total = ledger_total(system)
        # Never above, and the cap was used up to less than one more call's worst case.
        assert cap - 100_000 < total <= cap
        system.kill("gateway")
        system.wait_until(lambda: system.get("/readyz")["degraded"] == [])
        while (status := call(system)) in (0, 503):  # its gateway is not back yet: it is sent again, as an SDK does
            time.sleep(0.05)
        assert status == 402
        system.wait_until(lambda: all(window["spent_nano"] == total for window in windows(system)))
        assert all(window["held_nano"] == 0 for window in windows(system))
        assert ledger_total(system) == total


def test_what_stands_only_in_the_journal_counts_after_a_kill(tmp_path: Path) -> None:
    """Control is down, so nothing is ingested: a gateway that starts anew reads its own journal."""
    with running(tmp_path / "data", config=CONFIG + BUDGET) as system:
        assert call(system) == 200
        system.wait_until(lambda: windows(system)[0]["spent_nano"] > 0)
        one = windows(system)[0]["spent_nano"]
        passed = 1
        while (status := call(system)) != 402:
            assert status in (0, 200, 503)
            if status != 200:  # its gateway is not back yet: it is sent again, as an SDK does
                time.sleep(0.05)
                continue
            passed += 1
            if passed % 40 == 0:
                system.kill("control")
            if passed % 50 == 0:
                system.kill("gateway")
                system.wait_until(lambda: call_is_answered(system))
        system.wait_until(lambda: system.get("/readyz")["degraded"] == [])
        system.wait_until(system.ingested, 180)
        assert one < ledger_total(system) <= round(CAP * 10**9)


def call_is_answered(system: System) -> bool:
    with urllib.request.urlopen(f"{system.url}/healthz", timeout=PATIENCE_S) as answer:
        return bool(answer.status == 200)
