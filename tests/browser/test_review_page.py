"""Review: a draft is read, answered on its lines and judged, with the keyboard alone."""

import asyncio
from typing import Any

from conftest import Opener, sign_in_token
from playwright.async_api import Locator, Page, Route, expect
from story import Server, Story
from system_world import OWNER, System


def _in_review(system: System, story: Story, title: str, *texts: str) -> dict[str, Any]:
    """A task whose last run handed these versions in."""
    server = Server(system.url, OWNER)
    task = server.post(
        "/api/v1/tasks",
        {
            "title": title,
            "state": "ready",
            "agent_id": story.agents["summarisation"],
            "acceptance": ["Names its sources"],
        },
    )
    claimed = server.post("/api/v1/agent/claim", {"task_id": task["id"]}, key=story.keys["summarisation"])
    run, key = claimed["run"]["id"], claimed["run_key"]
    for text in texts:
        server.post(f"/api/v1/runs/{run}/deliverables", {"name": title, "text": text}, key=key)
    server.post(f"/api/v1/runs/{run}/finish", {"outcome": "succeeded", "summary": "All done."}, key=key)
    found: dict[str, Any] = task
    return found


async def test_a_draft_is_sent_back_with_notes_on_its_lines_by_keys_alone(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task = _in_review(system, story, "Sent back by keys", "One.\nTwo.\n", "One.\nTwo and a half.\nThree.\n")
    page = await open_page(f"/reviews/{task['id']}", state=signed_in)
    lines = page.get_by_role("region", name="Sent back by keys, lines")
    await expect(lines.get_by_text("Two and a half.")).to_be_visible()
    # The line numbers are one stop; arrows walk them.
    await lines.get_by_role("button", name="Comment on line 1").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.locator("textarea:focus")).to_be_visible()
    await page.keyboard.type("Why a half?")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text("your note, sent with the review")).to_be_visible()
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("r")
    await expect(page.get_by_text(f"{task['ref']} goes back with your message.")).to_be_visible()
    system.wait_until(lambda: system.get(f"/api/v1/tasks/{task['id']}")["state"] != "in_review")
    (review,) = system.get(f"/api/v1/tasks/{task['id']}/reviews")["items"]
    assert review["verdict"] == "request_changes"
    assert review["version"] == 2
    assert review["comments"] == [{"text": "Why a half?", "line_from": 2, "line_to": 2, "quote": "Two and a half."}]


async def test_changes_are_not_asked_for_without_saying_which(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task = _in_review(system, story, "Silent send-back", "One.\n")
    page = await open_page(f"/reviews/{task['id']}", state=signed_in)
    await expect(page.get_by_role("button", name="Request changes")).to_be_visible()
    await page.keyboard.press("r")
    await expect(page.get_by_role("alert")).to_have_text("Say what is to change: in a message, or on a line.")
    assert system.get(f"/api/v1/tasks/{task['id']}")["state"] == "in_review"


async def test_approving_by_key_ticks_what_was_met_and_goes_on_to_the_next(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task = _in_review(system, story, "Approved by key", "Good.\n")
    page = await open_page(f"/reviews/{task['id']}", state=signed_in)
    await page.get_by_role("checkbox", name="Names its sources").check()
    await page.evaluate("document.activeElement.blur()")
    await page.keyboard.press("a")
    await expect(page.get_by_text(f"{task['ref']} is approved and done.")).to_be_visible()
    done = system.get(f"/api/v1/tasks/{task['id']}")
    assert done["state"] == "done"
    assert [(each["text"], each["met"]) for each in done["acceptance"]] == [("Names its sources", True)]
    await expect(page.get_by_role("heading", name="Approved by key")).to_have_count(0)


async def test_n_walks_the_queue(open_page: Opener, signed_in: Any, system: System, story: Story) -> None:
    for title in ("First in line", "Second in line"):
        _in_review(system, story, title, "Text.\n")
    page = await open_page("/reviews", state=signed_in)
    chosen = page.get_by_role("navigation", name="Waiting for review").locator("[aria-current]")
    await expect(chosen).to_have_count(1)
    before = await chosen.get_attribute("href")
    assert before
    await page.keyboard.press("n")
    await expect(chosen).not_to_have_attribute("href", before)
    await page.keyboard.press("k")
    await expect(chosen).to_have_attribute("href", before)


async def test_what_was_written_survives_a_reload(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task = _in_review(system, story, "Half a review", "One.\n")
    page = await open_page(f"/reviews/{task['id']}", state=signed_in)
    await page.get_by_role("textbox", name="Your message to the agent").fill("Half a thought")
    await page.reload()
    await expect(page.get_by_role("textbox", name="Your message to the agent")).to_have_value("Half a thought")


async def test_a_comment_says_whom_it_tells_and_wakes_and_appears_at_once(
    open_page: Opener, signed_in: Any, story: Story
) -> None:
    page = await open_page(f"/tasks/{story.tasks['report']['id']}", state=signed_in)
    field = page.get_by_role("textbox", name="Comment")
    await field.click()
    await page.keyboard.type("Ask @rese")
    await expect(page.get_by_role("option", name="research agent", exact=True)).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(field).to_have_value("Ask @research ")
    await page.keyboard.type("for the table")
    await expect(page.get_by_text("Wakes research")).to_be_visible()
    # However slow the server is, what was said stands there.
    answered = asyncio.Event()

    async def held(route: Route) -> None:
        await answered.wait()
        await route.continue_()

    await page.route("**/comments", held)
    await page.keyboard.press("Control+Enter")
    said = page.get_by_role("article").filter(has_text="Ask @research for the table")
    await expect(said).to_contain_text("sending…")
    await expect(field).to_have_value("")
    answered.set()
    await expect(said).not_to_contain_text("sending…")
    await expect(said).to_have_count(1)


async def _tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until it has the focus."""
    await wanted.wait_for()
    for _ in range(120):
        if await wanted.evaluate("(element) => element === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not come to {wanted}")


async def test_from_the_door_to_an_approval_no_mouse_is_needed(open_page: Opener, system: System, story: Story) -> None:
    task = _in_review(system, story, "Approved without a mouse", "One.\n", "One.\nTwo.\n")
    page = await open_page(f"/signin?token={sign_in_token(system)}")
    await expect(page.get_by_role("list", name="Needs you")).to_be_visible()
    await page.keyboard.press("Control+k")
    await page.keyboard.type("without a mouse")
    await expect(page.get_by_role("option", name="Approved without a mouse")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Approved without a mouse")
    await _tab_to(page, page.get_by_role("link", name="Review it"))
    await page.keyboard.press("Enter")
    # The task's page shows the same lines: the review is there when it can be given.
    await expect(page.get_by_role("button", name="Request changes")).to_be_visible()
    await expect(page.get_by_role("region", name="Approved without a mouse, lines")).to_contain_text("Two.")
    await page.keyboard.press("a")
    await expect(page.get_by_text(f"{task['ref']} is approved and done.")).to_be_visible()
    system.wait_until(lambda: system.get(f"/api/v1/tasks/{task['id']}")["state"] == "done")
