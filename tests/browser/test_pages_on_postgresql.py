"""Every page of an installation whose store is PostgreSQL, with the story told there."""

import asyncio
import os
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
from conftest import CONFIG, Complaints, sign_in_token
from playwright.async_api import Browser, expect
from story import Server, Story, tell
from system_world import KEY, OWNER, System, running

from store.conftest import postgres_socket

__all__ = ["postgres_socket"]
SHOWN = {
    "/": "Send to the partner list or to the whole list?",
    "/board": "Q3 market report",
    "/board?view=list": "Q3 market report",
    "/reviews": "Competitor summary",
    "/agents": "research",
    "/calls": "gpt-4o",
    "/costs": "The classes add up to the ledger, to the nano-dollar.",
    "/replays": "Nothing was replayed yet.",
    "/schedules": "Make tasks by the clock",
    "/gateway": "No route yet",
    "/providers": "openai",
    "/keys": "story",
    "/channels": "Hear of it where you are",
    "/audit": "Runs changed",
    "/settings": "Members",
    "/tasks/{task}": "Every number has a source",
    "/runs/{run}": "Step by step",
    "/agents/{agent}": "Report card",
}
"""What is to be read on each page."""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, postgres_socket: Path) -> Iterator[System]:
    name = f"dashboard_{os.getpid()}"

    async def make() -> None:
        connection = await asyncpg.connect(host=str(postgres_socket), user="postgres", database="postgres")
        await connection.execute(f'CREATE DATABASE "{name}"')
        await connection.close()

    with ThreadPoolExecutor(1) as aside:
        aside.submit(lambda: asyncio.run(make())).result()
    url = f"postgresql://postgres@/{name}?host={postgres_socket}"
    data = tmp_path_factory.mktemp("on-postgresql")
    with running(data, config=CONFIG, environment={"QUARTERDECK_DATABASE_URL": url}) as found:
        found.wait_until(lambda: found.get("/api/v1/settings"))
        yield found


@pytest.fixture(scope="module")
def story(system: System) -> Story:
    return tell(Server(system.url, OWNER), known={"research": KEY})


async def test_every_page_shows_what_it_has_on_postgresql_and_a_review_is_judged(
    chromium: Browser, system: System, story: Story, complaints: Complaints
) -> None:
    known = {
        "task": story.tasks["report"]["id"],
        "run": story.runs["report"]["run"]["id"],
        "agent": story.agents["delivery"],
    }
    context = await chromium.new_context(base_url=system.url, reduced_motion="reduce")
    page = await context.new_page()
    page.on("console", complaints.hear)
    await page.goto(f"/signin?token={sign_in_token(system)}")
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    for address, words in SHOWN.items():
        await page.goto(address.format(**known))
        await expect(page.get_by_text(words).filter(visible=True).first).to_be_visible()
        await expect(page.locator(".skeleton")).to_have_count(0)
    await page.goto(f"/reviews/{story.tasks['summary']['id']}")
    await page.get_by_role("button", name="Approve", exact=True).click()
    await expect(page.get_by_text(re.compile("is approved and done"))).to_be_visible()
    assert system.get(f"/api/v1/tasks/{story.tasks['summary']['id']}")["state"] == "done"
    await context.close()
