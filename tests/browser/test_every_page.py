"""Rules that hold on every page: accessible, fits a phone, nothing foreign runs, says when the line is cut."""

import gzip
import re
from typing import Any

import pytest
from conftest import Complaints, Opener
from playwright.async_api import Page, expect
from system_world import System

EVIL = "<img src=x onerror=\"document.title='hacked'\"><script>document.title='hacked'</script>"
PAGES = (
    "/",
    "/board",
    "/board?view=list",
    "/goals",
    "/reviews",
    "/unclaimed",
    "/agents",
    "/calls",
    "/costs",
    "/replays",
    "/schedules",
    "/gateway",
    "/channels",
    "/notifications",
    "/audit",
    "/keys",
    "/providers",
    "/settings",
    "/nowhere",
)


@pytest.fixture(scope="module")
def evil(system: System) -> dict[str, str]:
    """A task, a run and calls whose every text tries to run script; the addresses of what came of it."""
    # An agent of its own: others are at work where their story was told before.
    agent = system.post("/api/v1/agents", {"name": "prankster"})
    own = system.post(f"/api/v1/agents/{agent['id']}/keys", {})["secret"]
    body = {
        "title": f"Evil {EVIL}",
        "brief": f"# Brief\n{EVIL}\n[x](javascript:alert(1))",
        "acceptance": [EVIL],
        "labels": ["<b>"],
        "agent_id": agent["id"],
        "state": "ready",
        "due_at": "2026-11-20T10:00:00Z",
    }
    task = system.post("/api/v1/tasks", body)
    claimed = system.post("/api/v1/agent/claim", {"task_id": task["id"]}, key=own)
    assert claimed["claimed"], claimed
    run, key = claimed["run"], claimed["run_key"]
    messages = [{"role": "system", "content": "Answer."}, {"role": "user", "content": EVIL}]
    system.post("/v1/chat/completions", {"model": "sandbox/echo", "messages": messages}, key=key)
    for text in ("One.\n", EVIL):
        system.post(f"/api/v1/runs/{run['id']}/deliverables", {"name": EVIL, "text": text}, key=key)
    system.post(f"/api/v1/runs/{run['id']}/finish", {"outcome": "succeeded", "summary": EVIL}, key=key)
    system.wait_until(lambda: system.get(f"/api/v1/calls?task_id={task['id']}")["items"])
    call = system.get(f"/api/v1/calls?task_id={task['id']}")["items"][0]
    system.post(f"/api/v1/tasks/{task['id']}/comments", {"body": EVIL})
    return {
        "task": f"/tasks/{task['id']}",
        "review": f"/reviews/{task['id']}",
        "run": f"/runs/{run['id']}",
        "agent": f"/agents/{agent['id']}",
        "call": f"/calls/{call['id']}",
    }


async def _settled(page: Page) -> None:
    await page.locator("h1").first.wait_for()
    await expect(page.locator(".skeleton")).to_have_count(0)


_VIOLATIONS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  const told = (node) => `${node.target} ${node.failureSummary}`;
  return violations.map((each) => `${each.id}: ${each.nodes.map(told).join(" | ")}`);
}"""


async def _complaints_of_axe(page: Page, axe_source: str) -> list[str]:
    await page.evaluate(axe_source)
    found: list[str] = await page.evaluate(_VIOLATIONS)
    return found


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
async def test_axe_finds_nothing_on_any_page_and_none_scrolls_sideways(
    theme: str, width: int, open_page: Opener, signed_in: Any, evil: dict[str, str], axe_source: str
) -> None:
    page = await open_page("/", state=signed_in, theme=theme, width=width, touch=width < 500)
    found: dict[str, Any] = {}
    for path in (*PAGES, *evil.values()):
        await page.goto(path)
        await _settled(page)
        if complaints := await _complaints_of_axe(page, axe_source):
            found[path] = complaints
        wide = await page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found[f"{path} is too wide"] = wide
    assert found == {}


@pytest.mark.parametrize("opened", ["/board?new=true", "/agents?new=true", "/providers?new=true"])
async def test_axe_finds_nothing_in_dialogs(opened: str, open_page: Opener, signed_in: Any, axe_source: str) -> None:
    page = await open_page(opened, state=signed_in)
    await page.get_by_role("dialog").wait_for()
    assert await _complaints_of_axe(page, axe_source) == []


async def test_axe_finds_nothing_at_the_door_and_in_the_palette(
    open_page: Opener, signed_in: Any, axe_source: str, complaints: Complaints
) -> None:
    complaints.expect("401")
    door = await open_page("/signin?token=used-long-ago")
    await door.get_by_role("alert").wait_for()
    assert await _complaints_of_axe(door, axe_source) == []
    page = await open_page("/", state=signed_in)
    await _settled(page)
    await page.keyboard.press("Control+k")
    await page.get_by_role("option").first.wait_for()
    assert await _complaints_of_axe(page, axe_source) == []


async def test_script_in_titles_briefs_summaries_and_answers_never_runs(
    open_page: Opener, signed_in: Any, evil: dict[str, str]
) -> None:
    page = await open_page("/board", state=signed_in)
    for path in ("/", "/board", *evil.values()):
        await page.goto(path)
        await _settled(page)
        await expect(page.get_by_text("<script>").first).to_be_visible()
        assert await page.title() != "hacked"
        assert await page.locator("img[src=x], script:not([src])").count() == 0
    await page.goto(evil["call"] + "?tab=response")
    await expect(page.get_by_role("region", name="Response body")).to_contain_text("<script>")
    assert await page.locator("img[src=x], script:not([src])").count() == 0


async def test_inline_script_is_refused_by_the_policy(home: Page, complaints: Complaints) -> None:
    complaints.expect("Content Security Policy")
    await home.evaluate(
        "document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))"
    )
    assert await home.evaluate("window.ran") is None


async def test_a_lost_connection_says_so_and_recovers_by_itself(
    open_page: Opener, signed_in: Any, system: System, complaints: Complaints
) -> None:
    page = await open_page("/board", state=signed_in)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    complaints.expect("Failed to load resource", "ERR_INTERNET_DISCONNECTED", "ERR_")
    await page.context.set_offline(True)
    # Chromium keeps open streams over this switch: the server ends it, as it would when it restarts.
    system.kill("control")
    await expect(page.get_by_text("Connection lost, retrying…").first).to_be_visible()
    system.wait_until(lambda: system.post("/api/v1/tasks", {"title": "Made while the line was cut"}))
    await page.context.set_offline(False)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await expect(page.get_by_role("article", name="Made while the line was cut")).to_be_visible()


async def test_a_page_that_does_not_exist_says_so(open_page: Opener, signed_in: Any, complaints: Complaints) -> None:
    complaints.expect("404", "There is no")
    page = await open_page("/nowhere", state=signed_in)
    await expect(page.get_by_role("heading", name="There is no such page.")).to_be_visible()
    await page.goto("/tasks/tsk_00000000000000000000000000")
    await expect(page.get_by_role("heading", name=re.compile("nothing here"))).to_be_visible()


async def test_the_first_load_stays_small(open_page: Opener, signed_in: Any) -> None:
    """Script before anything is clicked, compressed, in kilobytes; the page itself, not its lazy parts."""
    page = await open_page("/signin", state=signed_in)
    sources = await page.evaluate(
        "[...document.querySelectorAll('script[src],link[rel=modulepreload]')].map((e) => e.src || e.href)"
    )
    size = 0
    for source in sources:
        answer = await page.context.request.get(source)
        size += len(gzip.compress(await answer.body()))
    assert 0 < size < 250 * 1024
