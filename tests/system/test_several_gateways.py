"""Two gateways behind one port, one control, one Redis: what is promised of one holds over both."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis_world import redis_in
from system_world import CONFIG, KEY, PATIENCE_S, System, running

PATIENT_REDIS = Path(__file__).parent / "patient_redis"
AGENT_TWO = "qd-key-for-tests-only-0002"
TWO = """
[[agents]]
name = "drafting"
owner = "sam@example.com"
key = "env:TEST_AGENT_TWO"

[[budgets]]
scope = "agent:drafting"
usd = 0.0003
window = "total"
mode = "hard"

[[limits]]
scope = "tag:lane=slow"
requests = 10
per = "day"
"""
ASK = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 50}


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    directory = tmp_path_factory.mktemp("two")
    server = redis_in(directory)
    environment = {
        "QUARTERDECK_GATEWAYS": "2",
        "QUARTERDECK_REDIS_URL": f"unix://{server.socket_file}",
        "TEST_AGENT_TWO": AGENT_TWO,
        "PYTHONPATH": os.pathsep.join([str(PATIENT_REDIS), os.environ.get("PYTHONPATH", "")]),
    }
    with running(directory / "data", config=CONFIG + TWO, environment=environment) as made:
        made.wait_until(lambda: made.get("/readyz")["degraded"] == [])
        yield made
    server.shutdown()


def call(system: System, key: str = KEY, **headers: str) -> tuple[int, dict[str, str], Any]:
    """One call on a connection of its own, so that the kernel picks the gateway; status 0: the connection broke."""
    place = urlsplit(system.url).netloc
    connection = http.client.HTTPConnection(place, timeout=PATIENCE_S)
    sent = {"authorization": f"Bearer {key}", "content-type": "application/json", **headers}
    try:
        connection.request("POST", "/v1/chat/completions", json.dumps(ASK), sent)
        answer = connection.getresponse()
        body = json.loads(answer.read())
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
    except (OSError, http.client.HTTPException, ValueError):
        return 0, {}, None
    finally:
        connection.close()


def many(system: System, count: int, key: str = KEY, **headers: str) -> list[tuple[int, dict[str, str], Any]]:
    """So many calls, eight at a time."""
    found: list[tuple[int, dict[str, str], Any]] = []

    def work(share: int) -> None:
        for _ in range(share):
            answer = call(system, key, **headers)
            while answer[0] == 503:  # as an SDK does: on a busy machine Redis may be late
                time.sleep(float(answer[1].get("retry-after", 1)))
                answer = call(system, key, **headers)
            found.append(answer)

    threads = [threading.Thread(target=work, args=(count // 8 + (n < count % 8),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def journals(system: System) -> dict[str, int]:
    """Segments' bytes, by journal."""
    directories = [each for each in (system.data / "journal").iterdir() if each.is_dir()]
    return {each.name: sum(file.stat().st_size for file in each.glob("*")) for each in directories}


def test_calls_of_both_gateways_land_in_the_ledger_once(system: System) -> None:
    answers = many(system, 40)
    assert Counter(status for status, _, _ in answers) == {200: 40}
    system.wait_until(system.ingested, 180)
    kept = {row["id"] for row in system.get("/api/v1/calls?limit=500")["items"]}
    assert {headers["x-quarterdeck-call-id"] for _, headers, _ in answers} <= kept
    assert system.get("/api/v1/costs?by=total&grain=day")["totals"]["calls"] == len(kept)
    # Of forty connections both have had some.
    assert set(journals(system)) == {"main", "gateway-2"}
    metrics = read(system, "/metrics")
    for gateway in ("gateway", "gateway-2"):
        assert any(
            line.startswith("quarterdeck_calls_total{") and f'gateway="{gateway}"' in line
            for line in metrics.splitlines()
        )


def test_a_limit_holds_across_both(system: System) -> None:
    metadata = json.dumps({"lane": "slow"})
    answers = many(system, 60, **{"x-portkey-metadata": metadata})
    assert Counter(status for status, _, _ in answers) == {200: 10, 429: 50}
    (limit,) = system.get("/api/v1/limits")["items"]
    system.wait_until(
        lambda: [each["remaining"] for each in system.get(f"/api/v1/limits/{limit['id']}")["in_use"]] == [0]
    )


def test_a_hard_budget_holds_across_both(system: System) -> None:
    answers = many(system, 60, AGENT_TWO)
    statuses = Counter(status for status, _, _ in answers)
    assert statuses.keys() == {200, 402}
    system.wait_until(system.ingested, 180)
    agent = next(row for row in system.get("/api/v1/agents?limit=100")["items"] if row["name"] == "drafting")
    calls = system.get(f"/api/v1/calls?agent_id={agent['id']}&limit=500")["items"]
    spent = sum(row["cost_nano"] for row in calls)
    assert 0 < spent <= 300_000
    (budget,) = system.get("/api/v1/budgets")["items"]
    system.wait_until(
        lambda: [each["spent_nano"] for each in system.get(f"/api/v1/budgets/{budget['id']}")["windows"]] == [spent]
    )


def test_pause_reaches_both_before_it_is_acknowledged(system: System) -> None:
    agent = next(row for row in system.get("/api/v1/agents?limit=100")["items"] if row["name"] == "research")
    system.patch(f"/api/v1/agents/{agent['id']}", {"desired": "paused"})
    answers = many(system, 32)
    assert Counter(status for status, _, _ in answers) == {403: 32}
    assert {body["error"]["code"] for _, _, body in answers} == {"agent_paused"}
    system.patch(f"/api/v1/agents/{agent['id']}", {"desired": "enabled"})
    assert Counter(status for status, _, _ in many(system, 16)) == {200: 16}


def test_killing_one_loses_nothing_and_the_other_goes_on(system: System) -> None:
    acknowledged: list[str] = []
    over = threading.Event()

    def load() -> None:
        while not over.is_set():
            status, headers, _ = call(system)
            if status == 200:
                acknowledged.append(headers["x-quarterdeck-call-id"])

    threads = [threading.Thread(target=load) for _ in range(6)]
    for thread in threads:
        thread.start()
    for role in ("gateway-2", "gateway"):
        before = len(acknowledged)
        system.wait_until(lambda seen=before: len(acknowledged) > seen + 20, 60)
        killed = system.pid(role)
        os.kill(killed, signal.SIGKILL)
        system.wait_until(lambda seen=killed, which=role: system.pid(which) != seen, 60)
    before = len(acknowledged)
    system.wait_until(lambda: len(acknowledged) > before + 20, 60)
    over.set()
    for thread in threads:
        thread.join()
    system.wait_until(lambda: system.get("/readyz")["degraded"] == [], 60)
    system.wait_until(system.ingested, 180)
    kept: list[str] = []
    after = ""
    while True:
        page = system.get(f"/api/v1/calls?limit=500{after}")
        kept += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert len(kept) == len(set(kept))
    assert set(acknowledged) <= set(kept)
    assert system.get("/api/v1/costs?by=total&grain=day")["totals"]["calls"] == len(kept)


def test_several_gateways_without_a_redis_are_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "quarterdeck", "serve", "--data", str(tmp_path), "--gateways", "2", "--port", "0"]
    environment = {name: value for name, value in os.environ.items() if name != "QUARTERDECK_REDIS_URL"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert done.returncode != 0
    assert "QUARTERDECK_REDIS_URL" in done.stderr


def read(system: System, path: str) -> str:
    place = urlsplit(system.url).netloc
    connection = http.client.HTTPConnection(place, timeout=PATIENCE_S)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return connection.getresponse().read().decode()
