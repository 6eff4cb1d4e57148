"""Traffic goes in, the shown status follows within two seconds, and back again; nobody told us anything."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from system_world import KEY, PATIENCE_S, System, opened, running, under_way

SILENT = {"text": "hi", "timing": {"first_byte_ms": 120_000}}
STREAM = {"words": 1200, "chunks": 1200, "timing": {"chunk_ms": 100}}
"""Two minutes, both: a call lasts until what it is looked at for was seen, however long a busy machine takes."""


def ask(system: System, key: str, script: dict[str, Any]) -> int:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    request = urllib.request.Request(
        f"{system.url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "x-sandbox-script": json.dumps(script),
        },
    )
    try:
        with opened(request) as answer:
            answer.read()
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def shown_within(look: Callable[[], dict[str, Any]], state: str) -> float:
    """Seconds until that state is shown: two on a machine of its own."""
    began = time.monotonic()
    while (status := look())["state"] != state:
        assert time.monotonic() - began < PATIENCE_S, f"{status['state']} instead of {state}: {status}"
        time.sleep(0.05)
    return time.monotonic() - began


def people_and_budgets(system: System, key: str, run_id: str, run: Callable[[], Any]) -> dict[str, float]:
    """Seconds until each state that people and caps bring about is shown, and that they are over again."""
    took = {}
    question = {"text": "Which one?", "options": ["this", "that"]}
    asked = system.post(f"/api/v1/runs/{run_id}/questions", question, key=key)
    took["waiting_person"] = shown_within(run, "waiting_person")
    system.post(f"/api/v1/questions/{asked['id']}/answer", {"answer": "this"})
    took["answered"] = shown_within(run, "working")
    order = {"scope": "run", "subject_id": run_id, "reason": "Wait."}
    system.post("/api/v1/lever/pause", order)
    took["paused"] = shown_within(run, "paused")
    system.post("/api/v1/lever/resume", order)
    took["resumed"] = shown_within(run, "working")
    budget = {"scope": f"run:{run_id}", "amount_nano": 0, "window": "run"}
    made = system.post("/api/v1/budgets", budget)
    assert ask(system, key, {"text": "Too dear."}) == 400
    took["over_budget"] = shown_within(run, "over_budget")
    system.patch(f"/api/v1/budgets/{made['id']}", {"amount_nano": 10**9})
    assert ask(system, key, {"text": "Again."}) == 200
    took["raised"] = shown_within(run, "working")
    return took


def test_the_shown_status_follows_the_wire(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        agent_id = system.get("/api/v1/agents")["items"][0]["id"]

        def agent() -> Any:
            return system.get(f"/api/v1/agents/{agent_id}")["status"]

        assert agent()["state"] == "never_connected"
        task = system.post("/api/v1/tasks", {"title": "Look it up", "state": "ready"})
        claimed = system.post("/api/v1/agent/claim", {}, key=KEY)
        key, run_id = claimed["run_key"], claimed["run"]["id"]

        def run() -> Any:
            return system.get(f"/api/v1/runs/{run_id}")["status"]

        def card() -> Any:
            columns = system.get("/api/v1/board")["columns"]
            return next(each["status"] for column in columns for each in column["items"] if each["id"] == task["id"])

        took = {}
        assert ask(system, key, {"text": "hi"}) == 200
        with under_way(system.url, key, SILENT):
            took["thinking"] = shown_within(run, "thinking")
            assert agent()["state"] == card()["state"] == "thinking"
            assert run()["evidence"]["call_ids"]
        took["working"] = shown_within(run, "working")
        with under_way(system.url, key, STREAM, stream=True):
            took["streaming"] = shown_within(agent, "streaming")
            assert run()["words"] == "streaming gpt-4o-mini"
        took["working again"] = shown_within(agent, "working")
        ask(system, key, {"tools": [{"name": "pytest", "arguments": {"path": "tests"}}]})
        took["using_tool"] = shown_within(card, "using_tool")
        assert card()["words"] == "using pytest"
        ask(system, key, {"text": "All green."})
        took["after the tool"] = shown_within(run, "working")
        assert ask(system, key, {"text": "", "fault": {"kind": "status", "status": 429}}) == 429
        took["waiting_provider"] = shown_within(run, "waiting_provider")
        assert run()["waits_for"]["name"] == "openai"
        ask(system, key, {"text": "Fine again."})
        took["recovered"] = shown_within(run, "working")
        took |= people_and_budgets(system, key, run_id, run)
        system.post(f"/api/v1/runs/{run_id}/finish", {"outcome": "succeeded"}, key=key)
        took["idle"] = shown_within(agent, "idle")
        assert run()["state"] == "over"
        assert card()["state"] == "waiting_person"
        print({name: round(seconds, 2) for name, seconds in took.items()})


def test_followers_of_the_live_events_are_told(tmp_path: Path) -> None:
    with running(tmp_path / "data") as system:
        request = urllib.request.Request(
            f"{system.url}/api/v1/events?kinds=status.*",
            headers={"authorization": "Bearer owner-token-for-tests-only"},
        )
        seen: list[str] = []
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as events:

            def follow() -> None:
                for line in events:
                    if line.startswith(b"data:"):
                        seen.extend(each["status"]["state"] for each in json.loads(line[5:])["data"]["agents"])
                    if "streaming" in seen and seen[-1] == "idle":
                        return

            thread = threading.Thread(target=follow)
            thread.start()
            with under_way(system.url, KEY, STREAM, stream=True):
                system.wait_until(lambda: "streaming" in seen)
            thread.join(PATIENCE_S)
        assert seen[-1] == "idle", seen
