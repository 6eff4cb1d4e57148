"""The story of PRODUCT, done by a person in the page.

Agents act by the API; every act of a person is a click or a key.
"""

import asyncio
import contextlib
import json
import re
import urllib.error
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from conftest import CONFIG, Complaints, Opener, sign_in_token
from playwright.async_api import Locator, Page, expect
from story import Server
from system_world import OWNER, System, running, slow_stream, wait_until

TEAM = ("researcher", "drafter", "checker", "summariser", "deliverer")
TITLES = ("Duties on steel", "Harbour study", "Check the study", "Summary of rivals", "Send the study out")
LOOP, DRAFT, BLOCKED, FAILED, USEFUL = 400_000, 100_000, 733_334, 1_266_667, 7_333_334
"""Input tokens of gpt-4o-mini: $0.06 seven times, $0.015, $0.11, $0.19, $1.10."""
FIRST = "# Harbour study\n\nDemand fell.\n"
SECOND = "# Harbour study\n\nDemand fell by a tenth.\nThree customers make 41 % of it.\n"


@dataclass
class Team:
    """The five agents, as programs see the server."""

    server: Server
    project: str
    keys: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, dict[str, Any]] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)

    def claim(self, name: str) -> Any:
        self.claims[name] = self.server.post(
            "/api/v1/agent/claim", {"lease_s": 3600, "task_id": self.tasks[name]["id"]}, key=self.keys[name]
        )
        assert self.claims[name]["claimed"], self.claims[name]
        return self.claims[name]

    def ask(self, key: str, said: str, tokens: int = 10, *, broken: int = 0, route: Any = None) -> Any:
        """One call that reports so many tokens read, and none written; the provider fails the first `broken` tries."""
        script: dict[str, Any] = {"text": "I will look into it.", "usage": {"input": tokens, "output": 0}}
        if broken:
            script["fault"] = {"kind": "status", "status": 503, "times": broken}
        headers = {"x-sandbox-script": json.dumps(script)}
        if route:
            headers["x-portkey-config"] = json.dumps(route)
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": said}]}
        # A provider that fails is not asked again here: that would be the agent's doing.
        return self.server.post("/v1/chat/completions", body, key, headers, tries=0 if broken else 5)

    def refused(self, key: str, said: str) -> str:
        """The code that a call is refused with."""
        with pytest.raises(urllib.error.HTTPError) as refused:
            self.ask(key, said)
        return str(json.loads(refused.value.read())["error"]["code"])

    def hand_in(self, name: str, text: str, *, draft: bool) -> None:
        claimed = self.claims[name]
        body = {"name": "report.md", "kind": "text", "text": text, "draft": draft}
        self.server.post(f"/api/v1/runs/{claimed['run']['id']}/deliverables", body, key=claimed["run_key"])

    def status(self, name: str) -> Any:
        return next(one for one in self.server.get("/api/v1/agents")["items"] if one["name"] == name)["status"]

    def finish(self, name: str, **how: str) -> None:
        claimed = self.claims[name]
        self.server.post(f"/api/v1/runs/{claimed['run']['id']}/finish", how, key=claimed["run_key"])


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """Of its own: *Now* shows the eight that wait longest, and what other tests leave waiting is more than that."""
    with running(tmp_path_factory.mktemp("story"), config=CONFIG) as found:
        found.wait_until(lambda: found.get("/api/v1/settings"))
        yield found


@pytest.fixture
def team(system: System) -> Iterator[Team]:
    """Ready to work. Who hands in nothing new for a second is stuck: nobody waits twenty minutes here."""
    server = Server(system.url, OWNER)
    policy = {"kind": "stuck", "response": "notify"}
    server.put("/api/v1/signals/policies", {**policy, "floor_s": 1})
    made = Team(server, server.post("/api/v1/projects", {"name": "The story"})["id"])
    for name, title in zip(TEAM, TITLES, strict=True):
        agent = server.post("/api/v1/agents", {"name": name})["id"]
        made.keys[name] = server.post(f"/api/v1/agents/{agent}/keys", {"name": "story"})["secret"]
        new = {"title": title, "state": "ready", "agent_id": agent, "review": "one", "project_id": made.project}
        made.tasks[name] = server.post("/api/v1/tasks", new)
    yield made
    server.put("/api/v1/signals/policies", policy)


def _goes_wrong(team: Team) -> None:
    """1, 2: the researcher loops, the drafter drafts and then hands in nothing new, two wait behind it, one fails."""
    drafter = team.claim("drafter")
    team.hand_in("drafter", FIRST, draft=True)
    team.hand_in("drafter", SECOND, draft=True)
    for waits, first in (("checker", "drafter"), ("deliverer", "checker")):
        path = f"/api/v1/tasks/{team.tasks[waits]['id']}/dependencies"
        team.server.post(path, {"waits_for": team.tasks[first]["id"]})
    researcher = team.claim("researcher")
    for n in range(7):
        team.ask(researcher["run_key"], f"Now: 2026-11-23T14:05:0{n}Z. Find three sources on tariffs on steel.", LOOP)
    team.ask(drafter["run_key"], "Write the next part, about harbours.", DRAFT)
    wait_until(lambda: team.status("checker")["state"] == "waiting_agent")
    team.ask(team.keys["checker"], "Is the draft there yet?", BLOCKED)
    summariser = team.claim("summariser")
    team.ask(summariser["run_key"], "Summarise what there is.", FAILED)
    team.finish("summariser", outcome="failed", reason="internal")


async def test_a_person_sees_what_is_wrong_stops_it_mends_it_and_knows_what_it_cost(
    open_page: Opener, complaints: Complaints, system: System, team: Team
) -> None:
    await asyncio.to_thread(_goes_wrong, team)
    page = await open_page(f"/signin?token={sign_in_token(system)}")
    await _is_shown(page, team)
    ada = await _a_colleague_is_asked(page, open_page, team)
    await _she_requests_changes(ada, team)
    await _the_loop_is_stopped(page, team)
    await _the_draft_is_begun_anew(page, team)
    await _is_approved(page, team)
    await _is_paid(page, team)
    await _an_outage_blames_nobody(page, team)


def _need(page: Page, title: str, text: str | re.Pattern[str]) -> Locator:
    cards = page.get_by_role("list", name="Needs you").get_by_role("listitem")
    return cards.filter(has_text=title).filter(has_text=text)


def _agent(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


async def _is_shown(page: Page, team: Team) -> None:
    """3: with no set-up and in plain words; whoever answers for it is told."""
    await expect(page.get_by_role("heading", level=1)).to_contain_text(re.compile("loop"))
    await expect(
        _need(page, "Duties on steel", "researcher: looping: 7 near-identical requests, $0.42")
    ).to_be_visible()
    await expect(_need(page, "Harbour study", re.compile("drafter: stuck .*last draft "))).to_be_visible()
    await expect(_agent(page, "researcher")).to_contain_text("looping: 7 near-identical requests, $0.42")
    await page.get_by_role("link", name=re.compile("^Agents")).first.click()
    draft, check = team.tasks["drafter"]["ref"], team.tasks["checker"]["ref"]
    await expect(_agent(page, "checker")).to_contain_text(f"waits for {draft} Harbour study")
    await expect(_agent(page, "deliverer")).to_contain_text(f"waits for {check} Check the study")


async def _a_colleague_is_asked(page: Page, open_page: Opener, team: Team) -> Page:
    """4: a colleague is let in, the draft is read beside the one before it, and she is mentioned. Returns her page."""
    await page.get_by_role("link", name="Settings").click()
    await page.get_by_role("button", name="Add a member").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Ada")
    await dialog.get_by_label("E-mail").fill("ada@example.com")
    await dialog.get_by_label("Role").select_option("Reviewer")
    await dialog.get_by_role("button", name="Add and make a link").click()
    link = await page.get_by_role("dialog", name="A link for Ada").get_by_label("Sign-in link").inner_text()
    await page.get_by_role("button", name="Done").click()
    ada = await open_page(link.strip())
    await expect(ada.get_by_role("navigation", name="Main")).to_be_visible()

    await page.get_by_role("link", name=re.compile("^Now")).first.click()
    await _need(page, "Harbour study", "stuck").get_by_role("link", name="Harbour study").click()
    await expect(page.get_by_text("Draft, version 2")).to_be_visible()
    await expect(page.get_by_text("Three customers make 41 % of it.")).to_be_visible()
    box = page.get_by_role("textbox", name="Comment")
    await box.click()
    await page.keyboard.type("@Ada")
    await page.get_by_role("option", name="Ada").click()
    await page.keyboard.type("is that enough?")
    await expect(page.get_by_text("Tells Ada")).to_be_visible()
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_role("listitem").filter(has_text="is that enough?")).to_be_visible()
    return ada


async def _she_requests_changes(ada: Page, team: Team) -> None:
    card = _need(ada, f"You are mentioned on {team.tasks['drafter']['ref']}", "is that enough?")
    await card.get_by_role("link", name="Open").click()
    await ada.get_by_role("link", name="Ask for changes").click()
    await expect(ada.get_by_text("A draft: drafter still works on it.")).to_be_visible()
    await expect(ada.get_by_role("button", name="Approve")).to_have_count(0)
    await ada.get_by_role("button", name="Comment on line 4").click()
    await ada.keyboard.type("Which three?")
    await ada.keyboard.press("Control+Enter")
    await ada.get_by_role("textbox", name="Your message to the agent").fill("Say what it costs.")
    await ada.get_by_role("button", name="Request changes").click()
    await expect(ada.get_by_text("drafter is told, and whoever answers for it.")).to_be_visible()


async def _the_loop_is_stopped(page: Page, team: Team) -> None:
    """5: its open stream ends, its very next call is refused, and nothing else is asked of the agent."""
    key = team.claims["researcher"]["run_key"]
    call = asyncio.create_task(asyncio.to_thread(slow_stream, team.server.url, key, "Again."))
    await page.get_by_role("link", name=re.compile("^Now")).first.click()
    await asyncio.to_thread(wait_until, lambda: "streaming" in (team.status("researcher")["verb"] or ""))
    await _need(page, "Duties on steel", "looping").get_by_role("button", name="Pause the run of researcher").click()
    await expect(page.get_by_text("Paused, and its open call ended: its next call is refused")).to_be_visible()
    assert b"run_stopped" in await call
    assert await asyncio.to_thread(team.refused, key, "And again?") == "task_paused"
    await expect(_agent(page, "researcher")).to_contain_text("paused")
    await expect(_agent(page, "researcher").get_by_role("button", name="Resume")).to_be_visible()


async def _the_draft_is_begun_anew(page: Page, team: Team) -> None:
    """5: a budget, and a restart with advice; the next attempt is told what she asked for."""
    await _need(page, "Harbour study", "stuck").get_by_role("link", name="Harbour study").click()
    await page.get_by_role("button", name="Set a budget").click()
    await page.get_by_role("dialog").get_by_label("Budget, in dollars").fill("5")
    await page.get_by_role("dialog").get_by_role("button", name="Save").click()
    await expect(page.get_by_text("It holds from its next call on.")).to_be_visible()
    await expect(page.get_by_role("region", name="Cost so far")).to_contain_text("of $5.00")
    await page.get_by_role("button", name="Restart").click()
    await page.get_by_role("dialog").get_by_label("What should the next attempt do better?").fill("Be brief.")
    await page.get_by_role("dialog").get_by_role("button", name="Restart").click()
    await expect(page.get_by_text("The run was ended; a new attempt can begin.")).to_be_visible()
    again = await asyncio.to_thread(team.claim, "drafter")
    assert again["task"]["note"].startswith("Be brief.")
    assert "Say what it costs." in again["last_review"]["message"]
    assert "Which three?" in again["last_review"]["message"]
    assert again["task"]["budget_nano"] == 5_000_000_000
    await asyncio.to_thread(team.ask, again["run_key"], "Write the report, in brief.", USEFUL)
    await asyncio.to_thread(team.hand_in, "drafter", SECOND + "It costs four dollars.\n", draft=False)
    await asyncio.to_thread(team.finish, "drafter", outcome="succeeded")


async def _is_approved(page: Page, team: Team) -> None:
    """What waits is judged where it stands, by a key; who waited for it may begin."""
    await page.get_by_role("link", name=re.compile("^Now")).first.click()
    link = _need(page, "Harbour study", "Version 3").get_by_role("link", name="Harbour study")
    await link.focus()
    await page.keyboard.press("a")
    await expect(page.get_by_text(f"{team.tasks['drafter']['ref']} is approved and done.")).to_be_visible()
    await asyncio.to_thread(wait_until, lambda: team.status("checker")["state"] != "waiting_agent")


async def _is_paid(page: Page, team: Team) -> None:
    """6: what each came to, adding up to the ledger and to what the provider says."""
    await page.get_by_role("link", name="Costs").click()
    await expect(page.get_by_text("The classes add up to the ledger, to the nano-dollar.")).to_be_visible()
    await expect(page.get_by_text(re.compile("deliverables? that (was|were) approved"))).to_be_visible()
    export = await asyncio.to_thread(_invoice, team)
    file = {"name": "usage.csv", "mimeType": "text/csv", "buffer": export.encode()}
    await page.get_by_label("Its usage export as CSV").set_input_files(file)
    await expect(page.get_by_text("Both say the same, for every day and model in it.")).to_be_visible()
    parts = {"Duties on steel": ("looped", "$0.42"), "Harbour study": ("useful", "$1.10")}
    parts["Summary of rivals"] = ("failed runs", "$0.19")
    for title, (part, cost) in parts.items():
        await page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog")
        await palette.get_by_role("combobox").fill(title)
        await palette.get_by_role("option", name=re.compile(title)).click()
        split = page.get_by_role("region", name="Cost so far")
        await expect(split).to_contain_text(re.compile(rf"{part}\s*{re.escape(cost)}"))


def _invoice(team: Team) -> str:
    """The export of a provider that agrees, of all models. That it does agree is proven over HTTP."""
    wait_until(lambda: team.server.get("/api/v1/settings")["ingest"]["backlog_records"] == 0)
    # The story may be told through midnight.
    before = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    spent = team.server.get(f"/api/v1/costs?by=model&grain=day&from={before}T00:00:00Z")["buckets"]
    rows = [f"{one['at'][:10]},{one['value']},{one['cost_nano'] / 1e9:.9f}" for one in spent if one["cost_nano"]]
    return "\n".join(["day,model,dollars", *rows, ""])


async def _an_outage_blames_nobody(page: Page, team: Team) -> None:
    """7: a provider fails; who needs it is shown to wait for it, and a route with a second one answers all the same."""
    await asyncio.to_thread(_outage, team)
    await page.get_by_role("link", name=re.compile("^Now")).first.click()
    for name in ("checker", "summariser"):
        await expect(_agent(page, name)).to_contain_text("waiting for openai")
    await expect(_need(page, "Check the study", re.compile("fail|stuck"))).to_have_count(0)
    # Where the first one's breaker is open already, the failure is the second one's, and is tried again.
    again = {"attempts": 2, "on_status_codes": [503]}
    second = {"provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}, "retry": again}
    config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "openai"}, second]}
    await asyncio.to_thread(team.ask, team.claims["checker"]["run_key"], "And now?", route=config, broken=1)
    await page.get_by_role("link", name="Calls", exact=True).click()
    newest = page.get_by_role("row").filter(has_text="checker").first
    await expect(newest).to_contain_text("claude-haiku-4-5")
    await newest.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("checker asked")
    await expect(page.get_by_text("anthropic").first).to_be_visible()
    for name in ("checker", "summariser"):
        for n in range(2):
            await asyncio.to_thread(team.ask, team.claims[name]["run_key"], f"Check page {n} again.")
    await page.get_by_role("link", name=re.compile("^Now")).first.click()
    await expect(_agent(page, "checker")).not_to_contain_text("waiting for openai")


def _outage(team: Team) -> None:
    keys = [team.claim(name)["run_key"] for name in ("checker", "summariser")]
    for n in range(4):
        for key in keys:
            with contextlib.suppress(urllib.error.HTTPError):
                team.ask(key, f"Check page {n}.", broken=100)
