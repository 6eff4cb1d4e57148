"""A link for somebody without an account: made on the page, read by a stranger, taken back."""

from typing import Any

from conftest import Complaints, Opener
from playwright.async_api import expect
from story import Story
from system_world import System
from test_every_page import _complaints_of_axe


async def test_a_stranger_reads_a_task_by_its_link_until_the_link_is_revoked(
    open_page: Opener, signed_in: Any, system: System, story: Story, axe_source: str, complaints: Complaints
) -> None:
    complaints.expect("404")
    task = story.tasks["report"]
    page = await open_page(f"/tasks/{task['id']}", state=signed_in)
    await page.get_by_role("button", name=f"More for {task['ref']}", exact=True).click()
    await page.get_by_role("menuitem", name="Share").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make a link").click()
    link = (await dialog.get_by_role("region", name="The link. It is shown only now.").inner_text()).strip()
    path = "/shared" + link.partition("/shared")[2]

    stranger = await open_page(path, width=390, theme="dark")
    await expect(stranger.get_by_role("heading", level=1)).to_have_text(task["title"])
    await expect(stranger.get_by_text("Shared by Owner of")).to_be_visible()
    await expect(stranger.get_by_role("navigation")).to_have_count(0)
    assert await _complaints_of_axe(stranger, axe_source) == []

    await dialog.get_by_role("button", name="Revoke the link").click()
    await expect(dialog.get_by_role("button", name="Revoke the link")).to_have_count(0)
    await stranger.reload()
    await expect(stranger.get_by_role("heading", level=1)).to_contain_text("has expired, was revoked")


async def test_a_report_of_costs_is_read_by_a_link(open_page: Opener, signed_in: Any) -> None:
    page = await open_page("/costs?by=task&span=24h", state=signed_in)
    await page.get_by_role("button", name="Share").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Make a link").click()
    link = (await dialog.get_by_role("region", name="The link. It is shown only now.").inner_text()).strip()
    stranger = await open_page("/shared" + link.partition("/shared")[2])
    await expect(stranger.get_by_role("heading", level=1)).to_contain_text("in the last 24 hours")
    await expect(stranger.get_by_role("table", name="By task")).to_be_visible()
