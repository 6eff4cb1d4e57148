"""`quarterdeck demo`: five real agent processes play the story, and a person takes a hand in it."""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from system_world import free_port

OWNER = "owner-token-for-the-demo"
STORY = ("EU tariff background", "Q3 market report", "Check the Q3 report", "Send the Q3 report")


class Deck:
    """The demo, seen by the person who watches it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        return self._send("GET", path, None)

    def post(self, path: str, body: Any) -> Any:
        return self._send("POST", path, body)

    def task(self, title: str) -> dict[str, Any]:
        found: dict[str, Any] = next(t for t in self.get("/tasks?limit=100")["items"] if t["title"] == title)
        return found

    def answered(self, run_id: str) -> set[str]:
        """The ids of the run's newest calls that got an answer."""
        return {str(call["id"]) for call in self.get(f"/calls?run_id={run_id}&outcome=ok&limit=500")["items"]}

    def until(self, condition: Callable[[], Any], within_s: float = 60.0) -> Any:
        deadline = time.monotonic() + within_s
        while True:
            with contextlib.suppress(OSError, StopIteration, KeyError, TypeError):
                if found := condition():
                    return found
            assert time.monotonic() < deadline, f"not within {within_s} s"
            time.sleep(0.2)

    def _send(self, method: str, path: str, body: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"authorization": f"Bearer {OWNER}", "content-type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.loads(answer.read())


@pytest.fixture
def deck(tmp_path: Path) -> Iterator[Deck]:
    port = free_port()
    command = [sys.executable, "-m", "quarterdeck", "demo", "--speed", "200", "--port", str(port)]
    log = (tmp_path / "demo.log").open("w")
    process = subprocess.Popen(
        [*command, "--data", str(tmp_path / "data")],
        stdout=log,
        stderr=log,
        env={**os.environ, "QUARTERDECK_OWNER_TOKEN": OWNER},
    )
    try:
        yield Deck(f"http://127.0.0.1:{port}")
    finally:
        process.terminate()
        process.wait(60)
        log.close()


@pytest.mark.timeout(480)
def test_the_story_plays_and_a_person_takes_a_hand_in_it(deck: Deck) -> None:
    research, drafting, qa, delivery = STORY
    # Research goes in circles, drafting produces nothing after its second draft, and two wait behind it.
    deck.until(lambda: deck.task(research)["calls"] >= 10, 90)
    deck.until(lambda: deck.task(drafting)["calls"] >= 10 and deck.task(drafting)["latest_version"]["version"] == 2)
    assert [deck.task(title)["state"] for title in STORY] == ["in_progress", "in_progress", "ready", "ready"]
    assert deck.task(qa)["waits_for"][0]["title"] == drafting
    assert None not in (deck.task(qa)["blocked_since"], deck.task(delivery)["blocked_since"])

    # Its provider goes away, and calls go to the other one.
    deck.until(lambda: any(call["provider"] == "standby" for call in deck.get("/calls?limit=100")["items"]))

    # A person pauses research: it makes no call, and goes on with what it knows when it is resumed.
    run = deck.task(research)["run"]
    order = {"scope": "run", "subject_id": run["id"], "reason": "It repeats itself."}
    deck.post("/lever/pause", order)
    deck.until(lambda: deck.get("/settings")["ingest"]["backlog_records"] == 0)
    before = deck.answered(run["id"])
    time.sleep(4)
    # The call that was under way when the order came may end, and only that one.
    assert len(deck.answered(run["id"]) - before) <= 1
    deck.post("/lever/resume", order)
    deck.until(lambda: len(deck.answered(run["id"]) - before) > 1)

    # Both are restarted with a note, and do better.
    for title in (research, drafting):
        deck.post(f"/runs/{deck.task(title)['run']['id']}/restart", {"note": "Hand in what you have."})
    for title in (research, drafting):
        deck.until(lambda title=title: deck.task(title)["state"] == "in_review", 90)  # type: ignore[misc]
        assert deck.task(title)["attempts"] == 2
    # What was cheap at first is done by a stronger model on retry, as its route says.
    retried = [call for call in deck.get("/calls?limit=100")["items"] if call["model"] == "gpt-4o"]
    assert any(call["task"]["id"] == deck.task(research)["id"] for call in retried if call["task"])
    # A person sends the report back, and the next attempt hands in another.
    sent_back = {"verdict": "request_changes", "body": "Say what it costs."}
    deck.post(f"/tasks/{deck.task(drafting)['id']}/reviews", sent_back)
    deck.until(lambda: (deck.task(drafting)["state"], deck.task(drafting)["attempts"]) == ("in_review", 3), 90)
    # Approved, the chain behind it begins to move.
    deck.post(f"/tasks/{deck.task(drafting)['id']}/reviews", {"verdict": "approve"})
    deck.until(lambda: deck.task(qa)["blocked_since"] is None and deck.task(qa)["attempts"] == 1, 90)
    assert deck.task(delivery)["blocked_since"] is not None
