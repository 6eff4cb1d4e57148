"""The story of PRODUCT over HTTP, in a whole installation: five agents, what goes wrong, what is shown, done and paid.

Time is virtual: the clocks of all processes jump ahead together, so that what takes forty minutes in the story takes
forty minutes. What calls cost is set by the tokens that the sandbox reports, and is asserted to the nano-dollar.
"""

import json
import os
import re
import struct
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from system_world import CONFIG, KEY, PATIENCE_S, System, opened, running, slow_stream, under_way

NANO_IN = 150
NANO_OUT = 600
"""Nano-dollars a token of gpt-4o-mini."""
NAMES = ("drafting", "qa", "summary", "delivery")
FALLBACK = """
[routes.two-providers]
strategy = { mode = "fallback" }
targets = [ { provider = "openai" }, { provider = "anthropic", override_params = { model = "claude-haiku-4-5" } } ]
"""
TEAM = (CONFIG + FALLBACK.replace("{", "{{").replace("}", "}}")) + "".join(
    f'\n[[agents]]\nname = "{name}"\nowner = "sam@example.com"\nkey = "env:KEY_{name.upper()}"\n' for name in NAMES
)
KEYS = {"research": KEY, **{name: f"qd-key-for-tests-only-{name}" for name in NAMES}}
LOOP, FAILED, BLOCKED, USEFUL, DRAFT, REWORK = 400_000, 1_266_667, 733_334, 7_333_334, 100_000, 200_000
"""Input tokens: $0.06 seven times, $0.19, $0.11, $1.10, $0.015, $0.03."""
DAY_S = 86_400
SEAT = 60_000_000
"""Nano-dollars an hour that delivery's machine costs: a tenth of a cent a minute."""


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
        with opened(request) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


class Time:
    """The time of all processes of the system, which begins at the next noon: what happens is of one day."""

    def __init__(self, path: Path) -> None:
        path.write_bytes(bytes(8))
        self._path = path
        self._ahead_s = 0.0
        self.passes(minutes=(DAY_S / 2 - time.time()) % DAY_S / 60)

    def environment(self) -> dict[str, str]:
        here = str(Path(__file__).parent / "virtual_time")
        return {
            "VIRTUAL_TIME": str(self._path),
            "PYTHONPATH": os.pathsep.join([here, os.environ.get("PYTHONPATH", "")]),
        }

    def passes(self, *, minutes: float) -> None:
        self._ahead_s += minutes * 60
        # In place: every process has these eight bytes mapped.
        with self._path.open("r+b") as file:
            file.write(struct.pack("<q", round(self._ahead_s * 1e9)))

    def today(self) -> str:
        return time.strftime("%Y-%m-%d", time.gmtime(time.time() + self._ahead_s))


class Story:
    """What has been set up, and looks at it."""

    def __init__(self, system: System, clock: Time) -> None:
        self.system = system
        self.time = clock
        self.ada = ""
        """The token of a colleague."""
        self.tasks: dict[str, str] = {}
        self.claims: dict[str, Any] = {}

    def agent(self, name: str) -> Any:
        return next(each for each in self.system.get("/api/v1/agents")["items"] if each["name"] == name)

    def claim(self, name: str) -> Any:
        claimed = self.system.post("/api/v1/agent/claim", {"lease_s": 3600}, key=KEYS[name])
        assert claimed["claimed"], claimed
        self.claims[name] = claimed
        return claimed

    def soon(self, look: Callable[[], Any], wanted: Callable[[Any], bool], within_s: float = PATIENCE_S) -> Any:
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
    clock = Time(tmp_path / "ahead")
    environment = {**{f"KEY_{name.upper()}": KEYS[name] for name in NAMES}, **clock.environment()}
    with running(tmp_path / "data", config=TEAM, environment=environment) as system:
        story = Story(system, clock)
        for name in ("research", *NAMES):
            task = {"title": name.title(), "state": "ready", "agent_id": story.agent(name)["id"], "review": "one"}
            urgency = {"qa": "urgent", "summary": "low"}.get(name, "normal")
            story.tasks[name] = system.post("/api/v1/tasks", {**task, "priority": urgency})["id"]
        _goes_wrong(story)
        _is_shown(story)
        _is_looked_at(story)
        _is_stopped_and_begun_anew(story)
        _is_paid(story)
        _outage(story)


def _goes_wrong(story: Story) -> None:
    """1, 2: research loops, drafting drafts and then produces nothing; QA asks about a task that waits."""
    system = story.system
    drafting = story.claim("drafting")
    story.draft("drafting", "First words.\n", draft=True)
    story.draft("drafting", "First words.\nAnd some more.\n", draft=True)
    story.time.passes(minutes=2)
    for waits, first in (("qa", "drafting"), ("delivery", "qa")):
        system.post(f"/api/v1/tasks/{story.tasks[waits]}/dependencies", {"waits_for": story.tasks[first]})
    delivery = story.agent("delivery")["id"]
    system.post(f"/api/v1/agents/{delivery}/seat_prices", {"nano_per_hour": SEAT})
    story.time.passes(minutes=38)
    research = story.claim("research")
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
    looping = "looping: 7 near-identical requests, $0.42"
    research = story.soon(lambda: story.agent("research")["status"], lambda status: status["words"] == looping)
    assert research["state"] == "looping"
    assert len(research["evidence"]["call_ids"]) == 7
    stuck = re.compile(r"stuck 4\d min, last draft \d\d:\d\d, 1 call since, \$0\.02")
    drafting = story.soon(
        lambda: story.agent("drafting")["status"], lambda status: stuck.fullmatch(status["words"]) is not None
    )
    assert drafting["state"] == "stuck"
    qa = story.soon(lambda: story.agent("qa")["status"], lambda status: "idle cost" in status["words"])
    # A busy machine may take a minute or three for what stands above.
    assert re.fullmatch(r"blocked, waits for T-2 Drafting, (38|39|4\d) min, idle cost \$0\.11", qa["words"]), qa[
        "words"
    ]
    delivery = story.soon(
        lambda: story.agent("delivery")["status"], lambda status: "idle cost $0.04" in status["words"]
    )
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
    story.ada = token_of(system, ada["id"])
    system.post(f"/api/v1/tasks/{story.tasks['drafting']}/comments", {"body": "@Ada please look at this."})
    told = story.soon(lambda: system.get("/api/v1/notifications", key=story.ada)["items"], bool)
    assert [(each["kind"], each["task_id"]) for each in told] == [("comment.written", story.tasks["drafting"])]


def _is_stopped_and_begun_anew(story: Story) -> None:
    """5: research is paused, drafting restarted, its budget raised; drafting finishes and is approved."""
    system = story.system
    research = story.claims["research"]
    seen: list[bytes] = []

    def follow() -> None:
        seen.append(slow_stream(system.url, research["run_key"], "and again"))

    thread = threading.Thread(target=follow)
    thread.start()
    story.soon(lambda: story.agent("research")["status"]["verb"], lambda verb: verb is not None and "streaming" in verb)
    done = system.post(
        "/api/v1/lever/pause",
        {"scope": "run", "subject_id": research["run"]["id"], "reason": "Look first", "end_open": True},
    )
    thread.join(PATIENCE_S)
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
    _a_colleague_requests_changes(story)
    system.post(f"/api/v1/tasks/{story.tasks['drafting']}/reviews", {"verdict": "approve", "body": "Good."})
    assert system.get(f"/api/v1/tasks/{story.tasks['drafting']}")["state"] == "done"
    assert story.agent("qa")["status"]["state"] != "waiting_agent"


def _a_colleague_requests_changes(story: Story) -> None:
    """What Ada wants changed is what the next attempt is given, and it comes beside what she saw."""
    system = story.system
    asked = {
        "verdict": "request_changes",
        "body": "Say what it costs.",
        "comments": [{"text": "Too short", "line_from": 1}],
    }
    path = f"/api/v1/tasks/{story.tasks['drafting']}/reviews"
    assert system.post(path, asked, key=story.ada)["review"]["reviewer"]["name"] == "Ada"
    third = story.claim("drafting")
    assert third["run"]["attempt"] == 3
    assert "Say what it costs." in third["last_review"]["message"]
    assert "Too short" in third["last_review"]["message"]
    assert ask(system, third["run_key"], "Write the report, and what it costs.", REWORK)[0] == 200
    assert story.draft("drafting", "The report. It costs four dollars.\n", draft=False)["version"] == 4
    system.post(f"/api/v1/runs/{third['run']['id']}/finish", {"outcome": "succeeded"}, key=third["run_key"])


def token_of(system: System, member_id: str) -> str:
    """A member signs in by an invitation, as a browser, and makes a token."""
    link = system.post(f"/api/v1/members/{member_id}/link", {})["token"]
    cookie, opened = _posted(f"{system.url}/api/v1/session/link", {"token": link}, {})
    proof = {"cookie": cookie.partition(";")[0], "x-quarterdeck-csrf": opened["csrf"]}
    _, made = _posted(f"{system.url}/api/v1/members/me/tokens", {"name": "story"}, proof)
    return str(made["secret"])


def _posted(url: str, body: Any, headers: dict[str, str]) -> tuple[str, Any]:
    """The cookie that was set, and the answer."""
    sent = {"content-type": "application/json", **headers}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), sent), timeout=30) as answer:
        return str(answer.headers["set-cookie"]), json.loads(answer.read())


def _is_paid(story: Story) -> None:
    """6: each nano-dollar in one class, adding up to the ledger and to what the provider says."""
    system = story.system
    system.wait_until(system.ingested)
    looked = story.soon(
        lambda: system.get("/api/v1/costs/waste"), lambda found: found["totals"]["classes"]["blocked_idle"] > 0
    )
    classes = looked["totals"]["classes"]
    assert looked["difference_nano"] == 0
    seats = looked["seats_nano"]
    assert looked["ledger_nano"] + seats == looked["totals"]["total_nano"] == sum(classes.values())
    # From the moment it was priced until now: 38 minutes, and what the machine took for this test.
    assert 38 * SEAT // 60 <= seats <= 48 * SEAT // 60
    assert classes["looped"] == 7 * LOOP * NANO_IN
    assert classes["blocked_idle"] == BLOCKED * NANO_IN + seats
    assert classes["rework"] == REWORK * NANO_IN
    assert classes["useful"] == USEFUL * NANO_IN
    killed = sum(run["total_nano"] for run in _task(story, "drafting")["runs"] if run["state"] == "cancelled")
    calls = system.get("/api/v1/calls?limit=500")["items"]
    [cut] = [call["cost_nano"] for call in calls if call["outcome"] == "cut"]
    assert cut > 0
    assert classes["failed"] == FAILED * NANO_IN + killed + cut
    assert classes["unclaimed"] == classes["duplicate"] == classes["in_progress"] == 0
    assert looked["ledger_nano"] == sum(call["cost_nano"] or 0 for call in calls)
    drafting = _task(story, "drafting")
    assert drafting["retries_nano"] == (USEFUL + REWORK) * NANO_IN
    assert drafting["rejected_nano"] == USEFUL * NANO_IN
    card = {row["label"]: row for row in system.get("/api/v1/costs/report_card")["rows"]}
    assert (card["drafting"]["tasks_done"], card["drafting"]["first_pass_share"]) == (1, 0.0)
    assert card["drafting"]["cost_per_approved_nano"] == drafting["total_nano"]
    export = f"date,model,cost_usd\n{story.time.today()},gpt-4o-mini,{looked['ledger_nano'] / 1e9:.9f}\n"
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
    _calls_fall_back(story, summary["run_key"])
    _the_most_urgent_come_first(story, qa["run_key"], summary["run_key"])


def _calls_fall_back(story: Story, key: str) -> None:
    """A route with a second provider answers all the same, and says who did."""
    script = {"fault": {"kind": "status", "status": 503, "times": 1}}
    status, _ = ask(story.system, key, "And now?", script=script, **{"x-portkey-config": "two-providers"})
    assert status == 200
    story.system.wait_until(story.system.ingested)
    newest = story.system.get("/api/v1/calls?limit=1")["items"][0]
    assert (newest["provider"], newest["outcome"]) == ("anthropic", "ok")


def _ended(call: Any) -> datetime:
    return datetime.fromisoformat(call["started_at"]) + timedelta(milliseconds=call["duration_ms"])


def _the_most_urgent_come_first(story: Story, urgent: str, low: str) -> None:
    """The provider takes one call at a time: who waits is seen to wait, and the urgent task's call goes first."""
    system = story.system
    limit = {"scope": "provider:openai", "measure": "concurrent", "amount": 1, "max_wait_ms": 600_000}
    system.post("/api/v1/limits", limit)

    def call(key: str) -> threading.Thread:
        def send() -> None:
            assert ask(system, key, "Now, in the rush.")[0] == 200

        thread = threading.Thread(target=send)
        thread.start()
        return thread

    # The provider is busy with one call until all that is to be seen of the others was seen.
    with under_way(system.url, low, {"timing": {"first_byte_ms": 120_000}}):
        story.soon(lambda: story.agent("summary")["status"]["state"], lambda state: state == "thinking")
        threads = [call(low) for _ in range(3)]
        story.soon(
            lambda: story.agent("summary")["status"]["verb"],
            lambda verb: verb is not None and verb.startswith("in the queue"),
        )
        threads.append(call(urgent))
        shown = story.soon(lambda: story.agent("qa")["status"], lambda found: found["state"] == "waiting_provider")
        assert shown["reason"] == "Its call waits in the queue for the provider's rate."
        assert shown["verb"].startswith("in the queue, gpt-4o-mini")
    for thread in threads:
        thread.join(PATIENCE_S)
    system.wait_until(system.ingested)
    newest = [each for each in system.get("/api/v1/calls?limit=5")["items"] if each["outcome"] == "ok"]
    assert len(newest) == 4
    first = min(newest, key=_ended)
    assert first["run_id"] == story.claims["qa"]["run"]["id"]
