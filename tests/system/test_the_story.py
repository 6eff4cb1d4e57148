"""The story of PRODUCT over HTTP, in a whole installation: five agents, what goes wrong, what is shown, done and paid.

Time runs fast instead of long: floors of minutes are set to seconds; costs are set by the tokens the sandbox reports.
"""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from system_world import CONFIG, KEY, OWNER, System, running

NANO_IN = 150
NANO_OUT = 600
"""Nano-dollars a token of gpt-4o-mini."""
NAMES = ("drafting", "qa", "summary", "delivery")
TEAM = CONFIG + "".join(
    f'\n[[agents]]\nname = "{name}"\nowner = "sam@example.com"\nkey = "env:KEY_{name.upper()}"\n' for name in NAMES
)
KEYS = {"research": KEY, **{name: f"qd-key-for-tests-only-{name}" for name in NAMES}}
LOOP, FAILED, BLOCKED, USEFUL, DRAFT = 400_000, 1_266_667, 733_334, 7_333_334, 100_000
"""Input tokens: $0.06 seven times, $0.19, $0.11, $1.10, $0.015."""


def ask(
    system: System, key: str, said: str, tokens: int = 10, *, script: dict[str, Any] | None = None, **headers: str
) -> tuple[int, Any]:
    """Status and answer of one call that reports so many input tokens, and none written."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}]}
    played = {"text": "I will look into it and report back.", "usage": {"input": tokens, "output": 0}, **(script or {})}
    request = urllib.request.Request(
        f"{system.url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            "x-sandbox-script": json.dumps(played),
            **headers,
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def put(system: System, path: str, body: Any) -> None:
    request = urllib.request.Request(
        system.url + path,
        data=json.dumps(body).encode(),
        method="PUT",
        headers={"authorization": f"Bearer {OWNER}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 204


class Story:
    """What has been set up, and looks at it."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.tasks: dict[str, str] = {}
        self.claims: dict[str, Any] = {}

    def agent(self, name: str) -> Any:
        return next(each for each in self.system.get("/api/v1/agents")["items"] if each["name"] == name)

    def claim(self, name: str) -> Any:
        claimed = self.system.post("/api/v1/agent/claim", {"lease_s": 600}, key=KEYS[name])
        assert claimed["claimed"], claimed
        self.claims[name] = claimed
        return claimed

    def soon(self, look: Callable[[], Any], wanted: Callable[[Any], bool], within_s: float = 30.0) -> Any:
        deadline = time.monotonic() + within_s
        while not wanted(found := look()):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        return found

    def draft(self, name: str, text: str, *, draft: bool) -> Any:
        claimed = self.claims[name]
        body = {"name": "report.md", "kind": "text", "text": text, "draft": draft}
        return self.system.post(f"/api/v1/runs/{claimed['run']['id']}/deliverables", body, key=claimed["run_key"])


def test_the_story(tmp_path: Path) -> None:
    environment = {f"KEY_{name.upper()}": KEYS[name] for name in NAMES}
    with running(tmp_path / "data", config=TEAM, environment=environment) as system:
        story = Story(system)
        put(system, "/api/v1/signals/policies", {"kind": "stuck", "response": "notify", "floor_s": 4})
        for name in ("research", *NAMES):
            task = {"title": name.title(), "state": "ready", "agent_id": story.agent(name)["id"], "review": "one"}
            story.tasks[name] = system.post("/api/v1/tasks", task)["id"]
        for waits, first in (("qa", "drafting"), ("delivery", "qa")):
            path = f"/api/v1/tasks/{story.tasks[waits]}/dependencies"
            system.post(path, {"waits_for": story.tasks[first]})
        _goes_wrong(story)
        _is_shown(story)
        _is_looked_at(story)
        _is_stopped_and_begun_anew(story)
        _is_paid(story)
        _outage(story)


def _goes_wrong(story: Story) -> None:
    """1, 2: research loops, drafting drafts and then produces nothing; QA asks about a task that waits."""
    system = story.system
    research, drafting = story.claim("research"), story.claim("drafting")
    story.draft("drafting", "First words.\n", draft=True)
    story.draft("drafting", "First words.\nAnd some more.\n", draft=True)
    for n in range(7):
        said = f"Now: 2026-11-23T14:05:0{n}Z. Find three sources on the cost of running agents in production."
        assert ask(system, research["run_key"], said, LOOP)[0] == 200
    assert ask(system, drafting["run_key"], "Write the next part about harbours and ships.", DRAFT)[0] == 200
    assert ask(system, KEYS["qa"], "Is the draft there yet?", BLOCKED)[0] == 200
    summary = story.claim("summary")
    assert ask(system, summary["run_key"], "Summarise what there is.", FAILED)[0] == 200
    path = f"/api/v1/runs/{summary['run']['id']}/finish"
    system.post(path, {"outcome": "failed", "reason": "internal"}, key=summary["run_key"])


def _is_shown(story: Story) -> None:
    """3: within a minute, with no set-up, in plain words; the accountable people are told."""
    research = story.soon(lambda: story.agent("research")["status"], lambda status: status["state"] == "looping")
    assert research["words"] == "looping: 7 near-identical requests, $0.42"
    assert len(research["evidence"]["call_ids"]) == 7
    drafting = story.soon(lambda: story.agent("drafting")["status"], lambda status: status["state"] == "stuck")
    assert drafting["words"].startswith("stuck ")
    assert "last draft " in drafting["words"]
    qa = story.soon(lambda: story.agent("qa")["status"], lambda status: "idle cost" in status["words"])
    assert qa["words"].startswith("blocked, waits for T-2 Drafting, ")
    assert qa["words"].endswith(", idle cost $0.11")
    delivery = story.agent("delivery")["status"]
    assert (qa["state"], qa["waits_for"]["name"]) == ("waiting_agent", "T-2 Drafting")
    assert (delivery["state"], delivery["waits_for"]["name"]) == ("waiting_agent", "T-3 Qa")
    assert delivery["waits_for"]["chain"] == ["T-2 Drafting"]

    def titles() -> list[str]:
        return [each["title"] for each in story.system.get("/api/v1/notifications")["items"]]

    story.soon(
        titles, lambda found: sum(title.startswith(("research: looping", "drafting: stuck")) for title in found) >= 2
    )


def _is_looked_at(story: Story) -> None:
    """4: the last draft stands beside the version before it; a colleague is mentioned."""
    system = story.system
    [deliverable] = system.get(f"/api/v1/tasks/{story.tasks['drafting']}/deliverables")["items"]
    assert sorted(version["number"] for version in deliverable["versions"]) == [1, 2]
    diff = system.get(f"/api/v1/deliverables/{deliverable['id']}/diff?from=1&to=2")
    assert "And some more." in json.dumps(diff)
    ada = system.post("/api/v1/members", {"email": "ada@example.com", "name": "Ada", "role": "reviewer"})
    comment = system.post(f"/api/v1/tasks/{story.tasks['drafting']}/comments", {"body": "@Ada please look at this."})
    assert comment["id"]
    assert ada["name"] == "Ada"


def _is_stopped_and_begun_anew(story: Story) -> None:
    """5: research is paused, drafting restarted, its budget raised; drafting finishes and is approved."""
    system = story.system
    research = story.claims["research"]
    seen: list[bytes] = []

    def follow() -> None:
        body = {"model": "gpt-4o-mini", "stream": True, "messages": [{"role": "user", "content": "and again"}]}
        script = {"words": 200, "chunks": 200, "timing": {"chunk_ms": 100}}
        headers = {
            "authorization": f"Bearer {research['run_key']}",
            "content-type": "application/json",
            "x-sandbox-script": json.dumps(script),
        }
        sent = urllib.request.Request(f"{system.url}/v1/chat/completions", json.dumps(body).encode(), headers)
        with urllib.request.urlopen(sent, timeout=30) as answer:
            seen.append(answer.read())

    thread = threading.Thread(target=follow)
    thread.start()
    story.soon(lambda: story.agent("research")["status"]["verb"], lambda verb: verb is not None and "streaming" in verb)
    done = system.post(
        "/api/v1/lever/pause",
        {"scope": "run", "subject_id": research["run"]["id"], "reason": "Look first", "end_open": True},
    )
    thread.join(5)
    assert done["calls_ended"] == 1
    assert b"run_stopped" in seen[0]
    status, refused = ask(system, research["run_key"], "and again")
    assert (status, refused["error"]["code"]) == (400, "task_paused")
    assert story.agent("research")["status"]["state"] == "paused"
    drafting = story.claims["drafting"]
    system.post(f"/api/v1/runs/{drafting['run']['id']}/restart", {"reason": "no output", "note": "Be brief."})
    system.patch(f"/api/v1/tasks/{story.tasks['drafting']}", {"budget_nano": 5_000_000_000})
    assert ask(system, drafting["run_key"], "still here?")[1]["error"]["code"] == "run_ended"
    again = story.claim("drafting")
    assert (again["run"]["attempt"], again["task"]["note"].splitlines()[0]) == (2, "Be brief.")
    assert ask(system, again["run_key"], "Write the report, in brief.", USEFUL)[0] == 200
    assert story.draft("drafting", "The report.\n", draft=False)["version"] == 3
    path = f"/api/v1/runs/{again['run']['id']}/finish"
    system.post(path, {"outcome": "succeeded"}, key=again["run_key"])
    system.post(f"/api/v1/tasks/{story.tasks['drafting']}/reviews", {"verdict": "approve", "body": "Good."})
    assert system.get(f"/api/v1/tasks/{story.tasks['drafting']}")["state"] == "done"
    assert story.agent("qa")["status"]["state"] != "waiting_agent"


def _is_paid(story: Story) -> None:
    """6: each nano-dollar in one class, adding up to the ledger and to what the provider says."""
    system = story.system
    system.wait_until(system.ingested)
    looked = story.soon(
        lambda: system.get("/api/v1/costs/waste"), lambda found: found["totals"]["classes"]["blocked_idle"] > 0
    )
    classes = looked["totals"]["classes"]
    assert looked["difference_nano"] == 0
    assert looked["ledger_nano"] == looked["totals"]["total_nano"] == sum(classes.values())
    assert classes["looped"] == 7 * LOOP * NANO_IN
    assert classes["blocked_idle"] == BLOCKED * NANO_IN
    assert classes["useful"] == USEFUL * NANO_IN
    killed = sum(run["total_nano"] for run in _task(story, "drafting")["runs"] if run["state"] == "cancelled")
    cut = classes["failed"] - FAILED * NANO_IN - killed
    assert 0 < cut < 1_000_000  # the stream that was ended, estimated
    assert classes["unclaimed"] == classes["duplicate"] == classes["rework"] == 0
    drafting = _task(story, "drafting")
    assert drafting["retries_nano"] == USEFUL * NANO_IN
    card = {row["label"]: row for row in system.get("/api/v1/costs/report_card")["rows"]}
    assert (card["drafting"]["tasks_done"], card["drafting"]["first_pass_share"]) == (1, 1.0)
    assert card["drafting"]["cost_per_done_nano"] == drafting["total_nano"]
    day = time.strftime("%Y-%m-%d", time.gmtime())
    export = f"date,model,cost_usd\n{day},gpt-4o-mini,{looked['ledger_nano'] / 1e9:.9f}\n"
    told = system.post("/api/v1/costs/reconcile", {"csv": export})
    assert told["difference_nano"] == 0


def _task(story: Story, name: str) -> Any:
    return story.system.get(f"/api/v1/costs/tasks/{story.tasks[name]}")


def _outage(story: Story) -> None:
    """7: a provider fails for everybody; who needs it waits for it, and nobody is blamed."""
    system = story.system
    qa, summary = story.claim("qa"), story.claim("summary")
    broken = {"fault": {"kind": "status", "status": 503}}
    for n in range(3):
        for claimed in (qa, summary):
            ask(system, claimed["run_key"], f"Check page {n}.", script=broken)
    for name in ("qa", "summary"):
        shown = story.soon(lambda n=name: story.agent(n)["status"], lambda found: found["state"] == "waiting_provider")
        assert shown["waits_for"]["name"] == "openai"
    found = story.soon(
        lambda: system.get("/api/v1/signals?state=up&kind=provider_trouble")["items"], lambda items: len(items) == 1
    )
    assert (found[0]["subject"], found[0]["agent"]) == ("openai", None)
    assert system.get("/api/v1/signals?state=up&kind=failing")["items"] == []
    for claimed in (qa, summary):
        for n in range(2):
            assert ask(system, claimed["run_key"], f"Check page {n + 7} again.")[0] == 200
    story.soon(lambda: system.get("/api/v1/signals?state=up&kind=provider_trouble")["items"], lambda items: not items)
    assert story.agent("qa")["status"]["state"] != "waiting_provider"
