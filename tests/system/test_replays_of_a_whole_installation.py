"""Recorded calls asked again through a whole installation: what is sent, what it costs, where it stops."""

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from system_world import KEY, System, opened, running

USAGE = {"input": 1_000, "output": 100}
MINI, BIG = 210_000, 3_500_000
"""Nano-dollars of that usage at gpt-4o-mini's and gpt-4o's prices."""
HAIKU = 1_500_000
"""And at claude-haiku-4-5's."""
TOOLS = [{"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}]
LOOK_UP = {"name": "look_up", "arguments": {"what": "harbour"}}
WITHIN_S = 60.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with running(Path(tmp_path_factory.mktemp("replays")) / "data") as made:
        yield made


@pytest.fixture(scope="module")
def run_id(system: System) -> str:
    """A run of three calls: a tool asked for, its result brought, and an answer."""
    system.post("/api/v1/tasks", {"title": "Find sources", "state": "ready"})
    claimed = system.post("/api/v1/agent/claim", {"lease_s": 1_800}, KEY)
    asked = [
        {"role": "system", "content": "You look things up."},
        {"role": "user", "content": "How deep is the harbour?"},
    ]
    call = {"id": "t1", "type": "function", "function": {"name": "look_up", "arguments": '{"what": "harbour"}'}}
    brought = [
        *asked,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "12 m"},
    ]
    more = [*brought, {"role": "assistant", "content": "Twelve metres."}, {"role": "user", "content": "Thanks."}]
    for messages, answer, stream in (
        (asked, {"tools": [LOOK_UP]}, False),
        (brought, {"text": "Twelve metres."}, True),
        (more, {"text": "You are welcome."}, False),
    ):
        _ask(system, claimed["run_key"], messages, answer, stream=stream)
    found: str = claimed["run"]["id"]
    system.wait_until(lambda: len(_calls(system, found)) == 3, WITHIN_S)
    return found


def _ask(system: System, key: str, messages: list[Any], answer: dict[str, Any], *, stream: bool) -> None:
    body = {"model": "openai/gpt-4o-mini", "messages": messages, "tools": TOOLS, "max_tokens": 200, "stream": stream}
    script = json.dumps({"answers": [answer], "usage": USAGE})
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json", "x-sandbox-script": script}
    request = urllib.request.Request(f"{system.url}/v1/chat/completions", json.dumps(body).encode(), headers)
    with opened(request) as answered:
        answered.read()


def _provider_says(system: System, **script: Any) -> None:
    """From now on, to whoever brings no script of its own."""
    data = json.dumps({"usage": USAGE, **script}).encode()
    with urllib.request.urlopen(f"{system.sandbox_url}/sandbox/script", data, timeout=WITHIN_S) as answered:
        answered.read()


def _calls(system: System, run_id: str) -> list[Any]:
    found: list[Any] = system.get(f"/api/v1/calls?run_id={run_id}&limit=100")["items"]
    return found


def _replay(system: System, **body: Any) -> Any:
    """Made and, when it sends, settled."""
    made = system.post("/api/v1/replays", body)
    system.wait_until(lambda: system.get(f"/api/v1/replays/{made['id']}")["settled"], WITHIN_S)
    return system.get(f"/api/v1/replays/{made['id']}")


def _steps(system: System, replay: Any) -> list[Any]:
    found: list[Any] = system.get(f"/api/v1/replays/{replay['id']}/steps")["items"]
    return found


def _adds_up(system: System) -> Any:
    """Every nano-dollar is in one class, and none of a replay's is the task's."""
    waste = system.get("/api/v1/costs/waste")
    assert waste["difference_nano"] == 0
    assert waste["totals"]["classes"]["in_progress"] == 3 * MINI
    [task] = system.get("/api/v1/tasks")["items"]
    assert (task["cost_nano"], task["calls"]) == (3 * MINI, 3)
    return waste["totals"]["classes"]


def test_a_dry_replay_says_what_it_would_cost_and_a_real_one_costs_just_that(system: System, run_id: str) -> None:
    dry = _replay(system, run_id=run_id, model="gpt-4o")
    assert (dry["state"], dry["totals"]["estimate_nano"], _adds_up(system)["replay"]) == ("dry", 3 * BIG, 0)
    _provider_says(system, answers=[{"tools": [LOOK_UP]}, {"text": "Twelve metres."}, {"text": "Goodbye."}])
    real = _replay(system, run_id=run_id, model="gpt-4o", dry=False, cap_nano=10**9)
    totals = real["totals"]
    assert (real["state"], totals["by_state"], totals["cost_nano"]) == ("done", {"done": 3}, 3 * BIG)
    assert (totals["done_was_cost_nano"], totals["same"], totals["different"]) == (3 * MINI, 2, 1)
    tool, words, other = (step["compared"] for step in _steps(system, real))
    assert [each["pairing"] for each in tool["tools"]] == ["same"]
    assert (words["same"], words["stop_now"], other["same_text"]) == (True, "stop", False)
    calls = _calls(system, real["id"])
    assert sum(each["cost_nano"] for each in calls) == 3 * BIG
    assert {each["agent"]["name"] for each in calls} == {"replay"}
    assert _adds_up(system)["replay"] == 3 * BIG
    assert system.get("/api/v1/budgets")["items"] == []


def test_another_dialect_is_the_gateways_own_translation(system: System, run_id: str) -> None:
    _provider_says(system, answers=[{"tools": [LOOK_UP]}, {"text": "Twelve metres."}])
    real = _replay(system, run_id=run_id, model="anthropic/claude-haiku-4-5", last_call=2, dry=False, cap_nano=10**9)
    assert (real["totals"]["cost_nano"], real["totals"]["same"]) == (2 * HAIKU, 2)
    assert [each["plan"]["translated"] for each in _steps(system, real)] == ["anthropic", "anthropic"]
    assert {each["provider"] for each in _calls(system, real["id"])} == {"anthropic"}


def test_it_stops_before_its_cap_would_be_broken(system: System, run_id: str) -> None:
    _provider_says(system, text="Twelve metres.")
    cap = 2 * BIG + 1
    real = _replay(system, run_id=run_id, model="gpt-4o", dry=False, cap_nano=cap, at_once=3)
    totals = real["totals"]
    assert real["state"] == "stopped"
    assert "left of the cap" in real["reason"]
    assert 0 < totals["cost_nano"] <= cap
    assert totals["by_state"]["done"] + totals["by_state"]["not_sent"] == 3
    assert sum(each["cost_nano"] for each in _calls(system, real["id"])) == totals["cost_nano"]
    _adds_up(system)


def test_a_killed_control_process_sends_nothing_twice(system: System, run_id: str) -> None:
    _provider_says(system, text="Twelve metres.", timing={"first_byte_ms": 120_000})
    made = system.post("/api/v1/replays", {"run_id": run_id, "dry": False, "cap_nano": 10**9, "at_once": 1})
    where = f"/api/v1/replays/{made['id']}"
    system.wait_until(lambda: system.get(where)["totals"]["by_state"].get("sending") == 1, WITHIN_S)
    system.wait_until(
        lambda: system.get(f"/api/v1/agents/{made['agent_id']}")["status"]["state"] == "thinking", WITHIN_S
    )
    system.kill("control")
    _provider_says(system, text="Twelve metres.")
    system.wait_until(lambda: system.get(where)["settled"], 2 * WITHIN_S)
    now = system.get(where)
    assert now["state"] == "done"
    first, *rest = _steps(system, now)
    assert (first["state"], first["outcome"]) == ("done", "cancelled")
    assert [each["outcome"] for each in rest] == ["ok", "ok"]
    calls = _calls(system, made["id"])
    assert sorted(each["tags"]["replay_step"] for each in calls) == ["1", "2", "3"]
    assert sum(each["cost_nano"] or 0 for each in calls) == now["totals"]["cost_nano"]
    _adds_up(system)
