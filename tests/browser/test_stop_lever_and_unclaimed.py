"""The stop lever on a task's page, and traffic that belongs to no task."""

import re
import urllib.error
from typing import Any

import pytest
from conftest import Opener
from playwright.async_api import expect
from story import Story
from system_world import System


def _ask(system: System, key: str, said: str) -> None:
    body = {"model": "sandbox/echo", "messages": [{"role": "user", "content": said}]}
    system.post("/v1/chat/completions", body, key=key)


async def test_a_run_is_paused_resumed_and_killed_where_it_is_seen(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task, key = story.tasks["tariffs"], story.runs["tariffs"]["run_key"]
    page = await open_page(f"/tasks/{task['id']}", state=signed_in)
    await page.get_by_role("button", name="Pause the run of research").click()
    # Said once the gateways have acknowledged it; the page may show the pause before.
    await expect(page.get_by_text("Paused: its next call is refused, and what it knows stays.")).to_be_visible()
    await expect(page.get_by_role("button", name="Resume")).to_be_visible()
    with pytest.raises(urllib.error.HTTPError):
        _ask(system, key, "Am I held?")
    await page.get_by_role("button", name="Resume").click()
    await expect(page.get_by_text("Resumed: its next call goes through.")).to_be_visible()
    await expect(page.get_by_role("button", name="Pause the run of research")).to_be_visible()
    _ask(system, key, "May I go on?")
    await page.get_by_role("button", name="Kill run", exact=True).click()
    dialog = page.get_by_role("alertdialog")
    await expect(dialog).to_contain_text("its task is ready again")
    await dialog.get_by_role("button", name="Kill run").click()
    await expect(page.get_by_text(re.compile("The run was ended"))).to_be_visible()
    assert system.get(f"/api/v1/runs/{story.runs['tariffs']['run']['id']}")["state"] == "cancelled"


async def test_a_run_is_restarted_with_advice_by_another_agent(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    task = story.tasks["report"]
    page = await open_page(f"/tasks/{task['id']}", state=signed_in)
    await page.get_by_role("button", name="Restart").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("What should the next attempt do better?").fill("Cut section 3.")
    await dialog.get_by_label("Who does it").select_option("qa")
    await dialog.get_by_role("button", name="Restart").click()
    await expect(page.get_by_text("The run was ended; a new attempt can begin.")).to_be_visible()
    after = system.get(f"/api/v1/tasks/{task['id']}")
    assert after["agent"]["name"] == "qa"
    assert "Cut section 3." in after["note"]


async def test_traffic_of_no_task_is_seen_by_conversation_and_becomes_a_task(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    said = "Count the umbrellas in the hall."
    page = await open_page("/unclaimed", state=signed_in)
    # An agent of its own: what has an open run claims its calls by that.
    agent = system.post("/api/v1/agents", {"name": "wanderer"})
    _ask(system, system.post(f"/api/v1/agents/{agent['id']}/keys", {})["secret"], said)
    row = page.get_by_role("listitem").filter(has_text=said)
    await expect(row).to_be_visible()
    await row.get_by_role("button", name="Make a task of it").click()
    await expect(page.get_by_role("dialog").get_by_label("Title")).to_have_value(said)
    await page.get_by_role("dialog").get_by_role("button", name="Make a task of it").click()
    await expect(page.get_by_role("heading", name=said)).to_be_visible()
    (task,) = system.get("/api/v1/tasks?q=umbrellas")["items"]
    assert (task["state"], task["agent"]["name"]) == ("ready", "wanderer")
    (call,) = system.get(f"/api/v1/calls?task_id={task['id']}")["items"]
    assert (call["attribution"], task["calls"]) == ("adopted", 1)
