"""From nothing to a call on the screen: an agent, its key, one line changed in a program that uses an official SDK."""

import re
from typing import Any

import pytest
from conftest import Opener
from openai import AsyncOpenAI, PermissionDeniedError
from playwright.async_api import Page, expect
from system_world import System


async def _create_agent(page: Page, name: str) -> str:
    """Returns its key, as the page shows it."""
    await page.goto("/agents")
    await page.get_by_role("button", name="New agent").first.click()
    await page.get_by_label("Name").fill(name)
    await page.get_by_role("button", name="Create and show its key").click()
    await expect(page.get_by_role("dialog", name=f"Connect {name}")).to_be_visible()
    return str(await page.get_by_role("textbox", name="Its key").inner_text())


async def _call(system: System, key: str, text: str, **more: Any) -> Any:
    # As it does by itself, it asks again where its new key could not be checked in time.
    async with AsyncOpenAI(base_url=f"{system.url}/v1", api_key=key, max_retries=5) as client:
        return await client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": text}], **more
        )


async def test_a_new_agent_is_connected_and_its_first_call_turns_the_page_live(home: Page, system: System) -> None:
    key = await _create_agent(home, "nightly")
    assert re.fullmatch(r"qd-a-\S+", key)
    await home.get_by_role("button", name="Python, OpenAI's client").click()
    snippet = home.get_by_role("region", name="Python, OpenAI's client")
    await expect(snippet).to_contain_text(f'base_url="{system.url}/v1", api_key="{key}"')
    await home.get_by_role("button", name="Codex", exact=True).click()
    await expect(home.get_by_role("region", name="Codex", exact=True)).to_contain_text(f'base_url = "{system.url}/v1"')
    await expect(home.get_by_text("Waiting for the first call…")).to_be_visible()

    await _call(system, key, "hello")
    await expect(home.get_by_text("The first call arrived.")).to_be_visible()

    await home.get_by_role("button", name="I have copied the key").click()
    assert key not in await home.content()
    await expect(home.get_by_role("row", name=re.compile("nightly"))).to_contain_text("gpt-4o-mini")


async def test_a_call_appears_on_agents_and_calls_by_itself_and_opens(
    open_page: Opener, home: Page, signed_in: Any, system: System
) -> None:
    key = await _create_agent(home, "watched")
    await home.get_by_role("button", name="I have copied the key").click()
    calls = await open_page("/calls", state=signed_in)
    await expect(calls.get_by_text("Live", exact=True).first).to_be_visible()

    answer = await _call(system, key, "What is **bold**?")
    row = calls.get_by_role("row", name=re.compile("watched"))
    await expect(row).to_be_visible()
    await expect(home.get_by_role("row", name=re.compile("watched"))).to_contain_text("gpt-4o-mini")

    await row.click()
    await expect(calls.get_by_role("heading", level=1)).to_contain_text("watched asked gpt-4o-mini")
    conversation = calls.get_by_role("list", name="Conversation")
    await expect(conversation).to_contain_text("What is bold?")
    await expect(conversation).to_contain_text(answer.choices[0].message.content)
    await calls.get_by_role("tab", name="Request").click()
    await expect(calls.get_by_role("region", name="Request body")).to_contain_text('"content": "What is **bold**?"')
    await calls.get_by_role("tab", name="Headers").click()
    await expect(calls.get_by_role("tabpanel")).to_contain_text("user-agent")


async def test_a_stream_is_shown_as_its_events(home: Page, system: System) -> None:
    key = await _create_agent(home, "streamer")
    await home.get_by_role("button", name="I have copied the key").click()
    async for _ in await _call(system, key, "count", stream=True):
        pass
    await home.get_by_role("link", name="streamer").click()
    await home.get_by_role("region", name="Latest calls").get_by_role("link").nth(1).click()
    await home.get_by_role("tab", name="Response").click()
    await expect(home.get_by_role("tabpanel").get_by_role("listitem").first).to_contain_text("chat.completion.chunk")


async def test_rows_do_not_move_under_the_pointer(
    open_page: Opener, home: Page, signed_in: Any, system: System
) -> None:
    key = await _create_agent(home, "busy")
    await home.get_by_role("button", name="I have copied the key").click()
    await _call(system, key, "first")
    calls = await open_page("/calls", state=signed_in)
    first = calls.get_by_role("row", name=re.compile("busy")).first
    await first.hover()
    rows = await calls.get_by_role("row").count()
    for turn in range(3):
        await _call(system, key, f"turn {turn}")
    pill = calls.get_by_role("button", name=re.compile("3 new calls"))
    await expect(pill).to_be_visible()
    assert await calls.get_by_role("row").count() == rows
    await pill.click()
    await expect(calls.get_by_role("row")).to_have_count(rows + 3)


async def test_a_paused_agent_is_refused_and_may_be_let_work_again(home: Page, system: System) -> None:
    key = await _create_agent(home, "pausable")
    await home.get_by_role("button", name="I have copied the key").click()
    await home.get_by_role("button", name="Pause pausable").click()
    await expect(home.get_by_text("pausable is paused. Its next call is refused.")).to_be_visible()
    # What is said in passing offers that for six seconds, so nothing else is done before.
    await home.get_by_role("button", name="Undo").click()
    await expect(home.get_by_role("button", name="Pause pausable")).to_be_visible()
    # Said once the server has answered, which is when every gateway knows.
    await expect(home.get_by_text("pausable may work again.")).to_be_visible()
    await _call(system, key, "hi")
    await home.get_by_role("button", name="Pause pausable").click()
    await expect(home.get_by_text("pausable is paused. Its next call is refused.")).to_be_visible()
    with pytest.raises(PermissionDeniedError):
        await _call(system, key, "hi again")
    await home.get_by_role("button", name="Let pausable work again").click()
    await expect(home.get_by_role("button", name="Pause pausable")).to_be_visible()
