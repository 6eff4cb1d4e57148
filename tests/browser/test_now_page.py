"""Now: what happens is one sentence, and what waits for a person is answered where it stands."""

import re
from typing import Any

from conftest import Opener
from playwright.async_api import Page, expect
from story import Story
from system_world import System, under_way


async def _now(open_page: Opener, signed_in: Any) -> Page:
    page = await open_page("/", state=signed_in)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    return page


async def test_a_question_is_answered_in_place_and_leaves_the_queue(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    page = await _now(open_page, signed_in)
    needs = page.get_by_role("list", name="Needs you")
    card = needs.get_by_role("listitem").filter(has_text="Send to the partner list or to the whole list?")
    await card.get_by_role("button", name="Whole list", exact=True).click()
    await expect(card).to_have_count(0)
    (question,) = system.get(f"/api/v1/tasks/{story.tasks['mail']['id']}/questions")["items"]
    assert (question["state"], question["answer"]) == ("answered", "Whole list")


async def test_a_review_is_sent_back_and_another_approved_with_keys(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task = story.tasks["summary"]
    page = await _now(open_page, signed_in)
    link = page.get_by_role("list", name="Needs you").get_by_role("link", name="Competitor summary")
    await expect(page.get_by_text("+4 −3 lines since version 1").first).to_be_visible()
    await link.focus()
    await page.keyboard.press("r")
    await expect(page.locator("textarea:focus")).to_be_visible()
    await page.keyboard.type("Name the price lists.")
    await page.keyboard.press("Control+Enter")
    await expect(page.get_by_text(f"{task['ref']} goes back with your message.")).to_be_visible()
    await expect(link).to_have_count(0)
    claimed = system.post("/api/v1/agent/claim", {"task_id": task["id"]}, key=story.keys["summarisation"])
    assert "Name the price lists." in claimed["last_review"]["message"]
    run, key = claimed["run"]["id"], claimed["run_key"]
    system.post(f"/api/v1/runs/{run}/finish", {"outcome": "succeeded", "summary": "Named."}, key=key)
    await link.focus()
    await page.keyboard.press("a")
    await expect(page.get_by_text(f"{task['ref']} is approved and done.")).to_be_visible()
    system.wait_until(lambda: system.get(f"/api/v1/tasks/{task['id']}")["state"] == "done")


async def test_what_was_put_off_is_gone_until_it_comes_back(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    report = story.tasks["report"]
    owner = next(row for row in system.get("/api/v1/members")["items"] if row["role"] == "owner")
    key = story.runs["report"]["run_key"]
    run = story.runs["report"]["run"]["id"]
    system.post(f"/api/v1/runs/{run}/comments", {"body": f"@{owner['name']} may I cut section 3?"}, key=key)
    page = await _now(open_page, signed_in)
    card = page.get_by_role("listitem").filter(has_text="may I cut section 3?")
    await expect(card).to_contain_text(f"You are mentioned on {report['ref']}")
    await card.get_by_role("button", name=re.compile("Put off or hand on")).click()
    await page.get_by_role("menuitem", name="for an hour").click()
    await expect(card).to_have_count(0)


async def test_an_agents_row_follows_the_wire(open_page: Opener, signed_in: Any, system: System, story: Story) -> None:
    page = await _now(open_page, signed_in)
    row = page.get_by_role("row").filter(has_text="drafting")
    script = {"words": 1200, "chunks": 1200, "timing": {"chunk_ms": 100}}
    with under_way(system.url, story.runs["report"]["run_key"], script, stream=True):
        await expect(row).to_contain_text("streaming gpt-4o-mini")
    await expect(row).not_to_contain_text("streaming gpt-4o-mini")
