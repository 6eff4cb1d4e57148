"""The board: work is moved by hand, by keys, and seen by everyone at once."""

import re
from typing import Any

from conftest import Complaints, Opener
from playwright.async_api import Locator, Page, expect
from system_world import System


def _task(system: System, title: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = system.post("/api/v1/tasks", {"title": title, **more})
    return made


def _column(page: Page, state: str) -> Locator:
    return page.get_by_role("region", name=f"{state},")


async def _board(open_page: Opener, signed_in: Any, query: str = "") -> Page:
    page = await open_page(f"/board{query}", state=signed_in)
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    await expect(page.locator(".skeleton")).to_have_count(0)
    return page


async def test_a_card_is_dragged_by_keyboard_to_a_column_it_may_go_to(
    open_page: Opener, signed_in: Any, system: System
) -> None:
    task = _task(system, "Carried by keys")
    page = await _board(open_page, signed_in)
    link = page.get_by_role("link", name="Carried by keys")
    await link.focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text(f"{task['ref']} lifted. It may go to Ready and Cancelled.")).to_be_attached()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text(f"{task['ref']} is over Ready.")).to_be_attached()
    await page.keyboard.press("Space")
    await expect(_column(page, "Ready").get_by_text("Carried by keys")).to_be_visible()
    system.wait_until(lambda: system.get(f"/api/v1/tasks/{task['id']}")["state"] == "ready")


async def test_escape_puts_a_lifted_card_back(open_page: Opener, signed_in: Any, system: System) -> None:
    task = _task(system, "Put back")
    page = await _board(open_page, signed_in)
    await page.get_by_role("link", name="Put back").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text(f"{task['ref']} lifted.")).to_be_attached()
    await page.keyboard.press("Escape")
    await expect(page.get_by_text(f"{task['ref']} put back.")).to_be_attached()
    assert system.get(f"/api/v1/tasks/{task['id']}")["state"] == "backlog"


async def test_a_card_is_dragged_by_mouse_and_only_legal_columns_take_it(
    open_page: Opener, signed_in: Any, system: System
) -> None:
    task = _task(system, "Carried by hand")
    page = await _board(open_page, signed_in)
    card = page.get_by_role("article", name="Carried by hand")
    await _drag(page, card, _column(page, "Done"), f"{task['ref']} is over no column it may go to.")
    await expect(page.get_by_text(f"{task['ref']} put back.")).to_be_attached()
    assert system.get(f"/api/v1/tasks/{task['id']}")["state"] == "backlog"
    await _drag(page, card, _column(page, "Ready"), f"{task['ref']} is over Ready.")
    await expect(_column(page, "Ready").get_by_text("Carried by hand")).to_be_visible()
    system.wait_until(lambda: system.get(f"/api/v1/tasks/{task['id']}")["state"] == "ready")


async def test_a_refused_move_is_put_back_and_says_why(
    open_page: Opener, signed_in: Any, system: System, complaints: Complaints
) -> None:
    complaints.expect("409")
    task = _task(system, "Changed elsewhere")
    page = await _board(open_page, signed_in)
    card = page.get_by_role("article", name="Changed elsewhere")
    await expect(card).to_be_visible()
    # This browser hears nothing of what happens from here on.
    await page.route("**/api/v1/board*", lambda route: route.abort())
    complaints.expect("ERR_FAILED")
    system.patch(f"/api/v1/tasks/{task['id']}", {"priority": "high"})
    await card.get_by_role("button", name="Act on").click(force=True)
    await page.get_by_role("menuitem", name="Ready").click()
    await expect(page.get_by_text(f"{task['ref']} was put back:")).to_be_visible()
    await expect(_column(page, "Backlog").get_by_text("Changed elsewhere")).to_be_visible()


async def test_another_browser_sees_a_move_by_itself(open_page: Opener, signed_in: Any, system: System) -> None:
    first = await _board(open_page, signed_in)
    second = await _board(open_page, signed_in)
    task = _task(system, "Seen by both")
    for page in (first, second):
        await expect(_column(page, "Backlog").get_by_text(task["title"])).to_be_visible()
    await first.evaluate(_MOVE, task["id"])
    # How soon is measured by bench/dashboard.py: the machine that runs the tests is shared with them.
    await expect(_column(second, "Ready").get_by_text(task["title"])).to_be_visible()


_MOVE = """async (id) => {
  const { csrf } = await (await fetch("/api/v1/session")).json();
  const answer = await fetch(`/api/v1/tasks/${id}/move`, {
    method: "POST",
    headers: { "content-type": "application/json", "x-quarterdeck-csrf": csrf },
    body: JSON.stringify({ to: "ready" }),
  });
  if (!answer.ok) throw new Error(await answer.text());
}"""


async def test_filters_live_in_the_address(open_page: Opener, signed_in: Any, system: System) -> None:
    _task(system, "Needle in the stack")
    _task(system, "Hay")
    page = await _board(open_page, signed_in)
    await page.keyboard.press("/")
    await expect(page.locator("input:focus")).to_be_visible()
    await page.keyboard.type("needle")
    await expect(page.get_by_role("article", name="Hay")).to_have_count(0)
    await expect(page.get_by_role("article", name="Needle in the stack")).to_be_visible()
    await expect(page).to_have_url(re.compile("q=needle"))
    await page.reload()
    await expect(page.get_by_role("article", name="Needle in the stack")).to_be_visible()
    await expect(page.get_by_role("article", name="Hay")).to_have_count(0)


async def test_a_task_is_written_with_the_keyboard_alone(home: Page, system: System) -> None:
    await home.keyboard.press("c")
    await expect(home.get_by_role("dialog", name="New task").locator("input:focus")).to_be_visible()
    await home.keyboard.type("Typed by keyboard")
    await home.keyboard.press("Enter")
    await expect(_column(home, "Ready").get_by_text("Typed by keyboard")).to_be_visible()
    await home.keyboard.press("Control+k")
    await expect(home.get_by_role("dialog").get_by_role("combobox")).to_be_focused()
    await home.keyboard.type("typed by")
    await expect(home.get_by_role("option", name="Typed by keyboard")).to_be_visible()
    await home.keyboard.press("Enter")
    await expect(home.get_by_role("heading", name="Typed by keyboard")).to_be_visible()


async def _drag(page: Page, card: Locator, target: Locator, said: str) -> None:
    """`said`: what the page says once the card is over the target. Only then is it let go."""
    start, end = await card.bounding_box(), await target.bounding_box()
    assert start
    assert end
    await page.mouse.move(start["x"] + 60, start["y"] + 14)
    await page.mouse.down()
    await page.mouse.move(start["x"] + 80, start["y"] + 24, steps=4)
    await page.mouse.move(end["x"] + end["width"] / 2, end["y"] + 160, steps=8)
    await expect(page.get_by_text(said)).to_be_attached()
    await page.mouse.up()


async def test_several_tasks_are_moved_at_once_and_those_that_refuse_stay_picked(
    open_page: Opener, signed_in: Any, system: System
) -> None:
    titles = ("Bulk one", "Bulk two")
    tasks = [_task(system, title) for title in titles]
    done = _task(system, "Bulk refuses")
    system.post(f"/api/v1/tasks/{done['id']}/move", {"to": "cancelled"})
    page = await _board(open_page, signed_in, "?view=table&q=bulk")
    for title in (*titles, "Bulk refuses"):
        await page.get_by_role("row").filter(has_text=title).get_by_role("checkbox").check(force=True)
    await expect(page.get_by_text("3 picked")).to_be_visible()
    await page.get_by_role("toolbar").get_by_role("button", name="Move").click()
    await page.get_by_role("menuitem", name="Ready").click()
    await expect(page.get_by_text(re.compile("2 changed, 1 refused and still picked"))).to_be_visible()
    await expect(page.get_by_text("1 picked")).to_be_visible()
    for task in tasks:
        assert system.get(f"/api/v1/tasks/{task['id']}")["state"] == "ready"


async def test_a_lane_holds_the_tasks_of_its_agent_and_a_move_keeps_the_lane(
    open_page: Opener, signed_in: Any, system: System
) -> None:
    agent = next(row for row in system.get("/api/v1/agents")["items"] if row["name"] == "research")
    mine = _task(system, "Laned with its agent", agent_id=agent["id"])
    _task(system, "Laned with nobody")
    page = await _board(open_page, signed_in, "?lanes=agent&q=laned")
    lane = page.get_by_role("region", name=agent["name"], exact=True)
    await expect(lane.get_by_role("article", name="Laned with its agent")).to_be_visible()
    await expect(lane.get_by_role("article", name="Laned with nobody")).to_have_count(0)
    await expect(page.get_by_role("region", name="nobody yet").get_by_text("Laned with nobody")).to_be_visible()
    await lane.get_by_role("link", name="Laned with its agent").focus()
    await page.keyboard.press("Space")
    await expect(page.get_by_text(f"{mine['ref']} lifted.")).to_be_attached()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_text(f"{mine['ref']} is over Ready.")).to_be_attached()
    await page.keyboard.press("Space")
    system.wait_until(lambda: system.get(f"/api/v1/tasks/{mine['id']}")["state"] == "ready")
    await expect(lane.get_by_role("article", name="Laned with its agent")).to_be_visible()
