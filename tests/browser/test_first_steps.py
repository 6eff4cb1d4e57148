"""The first steps, as somebody sees them who has no agent yet: from an agent's name to its first call on the screen."""

import json
import re
from typing import Any

from conftest import Opener
from openai import AsyncOpenAI
from playwright.async_api import Route, expect
from system_world import System
from test_every_page import _complaints_of_axe


async def test_a_newcomer_names_an_agent_copies_its_lines_and_sees_its_first_call(
    open_page: Opener, signed_in: Any, system: System, axe_source: str
) -> None:
    page = await open_page("/settings", state=signed_in, width=390)

    async def without_the_others(route: Route) -> None:
        """This workspace has agents already; a newcomer's has none but what they make."""
        answer = await route.fetch()
        found = await answer.json()
        mine = [row for row in found["items"] if row["name"] == "newcomer"]
        await route.fulfill(response=answer, body=json.dumps(found | {"items": mine, "present": len(mine)}))

    await page.route("**/api/v1/agents/urgent**", without_the_others)
    await page.route("**/api/v1/settings", _named)
    await page.goto("/")
    name = page.get_by_label("Name of the agent")
    await expect(name).to_be_focused()  # Now led here, and the workspace has a name and a provider
    assert await _complaints_of_axe(page, axe_source) == []
    await page.keyboard.press("Control+a")
    await page.keyboard.type("newcomer")
    await page.keyboard.press("Enter")
    lines = page.get_by_role("region", name="curl")
    await expect(lines).to_contain_text(f"{system.url}/v1/chat/completions")
    await expect(page.get_by_text("Waiting for the first call…")).to_be_visible()
    assert await _complaints_of_axe(page, axe_source) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    key = (await lines.inner_text()).partition("Bearer ")[2].partition('"')[0]
    async with AsyncOpenAI(base_url=f"{system.url}/v1", api_key=key, max_retries=0) as client:
        await client.chat.completions.create(model="gpt-4o-mini", messages=[{"role": "user", "content": "hello"}])
    await expect(page.get_by_text("The first call arrived.")).to_be_visible()
    await page.reload()
    # Its name tells how many wait for somebody, too, where other tests left some.
    await expect(page.get_by_role("link", name=re.compile("^Now")).first).to_be_visible()


async def _named(route: Route) -> None:
    answer = await route.fetch()
    found = await answer.json()
    await route.fulfill(response=answer, body=json.dumps(found | {"workspace": found["workspace"] | {"name": "Acme"}}))
