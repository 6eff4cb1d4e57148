"""A route changed in its tree, by somebody who knows nothing of its JSON; and calls found by what was said."""

from typing import Any

from conftest import Complaints, Opener
from playwright.async_api import expect
from system_world import KEY, System

OPENAI = {"provider": "openai"}
HAIKU = {"provider": "anthropic", "override_params": {"model": "haiku"}}


async def test_a_route_is_changed_in_its_tree_tried_saved_and_rolled_back(
    system: System, open_page: Opener, signed_in: Any, complaints: Complaints
) -> None:
    config = {"strategy": {"mode": "fallback"}, "targets": [OPENAI, HAIKU]}
    system.post("/api/v1/routes", {"name": "cheap-first", "config": config})
    complaints.expect("400")
    page = await open_page("/gateway/routes/cheap-first", state=signed_in)
    await expect(page.get_by_text("This call would go to openai")).to_be_visible()
    await page.get_by_role("button", name="Move target 2 (anthropic) up").press("Enter")
    await expect(page.get_by_text("This call would go to anthropic/haiku.")).to_be_visible()
    await expect(page.get_by_role("button", name="Move target 1 (anthropic) up")).to_be_focused()
    await page.get_by_role("button", name="Settings of target 1 (anthropic)").press("Enter")
    await page.get_by_label("Retries").fill("99999")
    await expect(page.get_by_role("alert").filter(has_text="retry.attempts: expected")).to_be_visible()
    await expect(page.get_by_role("button", name="Save")).to_be_disabled()
    await page.get_by_label("Retries").fill("1")
    await page.get_by_label("If this one fails").select_option("anthropic")
    await expect(page.get_by_text("This call would go to openai")).to_be_visible()
    await page.get_by_role("link", name="Costs").first.click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Stay").click()
    await page.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Version 2")).to_be_visible()
    saved = system.get("/api/v1/routes/cheap-first")["config"]
    assert saved["targets"] == [{**HAIKU, "retry": {"attempts": 1}}, OPENAI]
    await page.get_by_role("button", name="Versions").click()
    await page.get_by_role("button", name="Go back to it: Version 1").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Go back to it").click()
    await expect(page.get_by_text("Version 3")).to_be_visible()
    assert system.get("/api/v1/routes/cheap-first")["config"] == config


async def test_a_call_is_found_by_what_was_said_and_the_words_are_marked(
    system: System, open_page: Opener, signed_in: Any
) -> None:
    asked = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Where is the quokka invoice?"}]}
    system.post("/v1/chat/completions", asked, key=KEY)
    system.wait_until(system.ingested)
    page = await open_page("/calls", state=signed_in)
    await page.get_by_label("Search what was said").fill('"quokka inv*"')
    await expect(page.get_by_text("No call matches.")).to_be_visible()
    await page.get_by_label("Search what was said").fill("quokka inv*")
    await expect(page.locator("mark").first).to_have_text("quokka")
    await expect(page.locator("mark").nth(1)).to_have_text("invoice")
