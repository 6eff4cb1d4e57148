"""A short journey on each page that keeps the house: costs, gateway, providers, schedules, channels, people, keys."""

import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from conftest import Opener
from playwright.async_api import Page, expect
from story import Story
from system_world import System


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[bytes]]]:
    """An address that takes what is posted to it, and what came."""
    came: list[bytes] = []

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Taking)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", came
    server.shutdown()
    server.server_close()
    thread.join()


async def _in_dialog(page: Page, name: str | re.Pattern[str], fields: dict[str, str], act: str) -> None:
    dialog = page.get_by_role("dialog", name=name)
    for label, value in fields.items():
        await dialog.get_by_label(label, exact=True).fill(value)
    await dialog.get_by_role("button", name=act, exact=True).click()


async def test_costs_lead_to_calls_and_a_budget_is_set_and_raised(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    page = await open_page("/costs", state=signed_in)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("in the last 24 hours")
    await page.get_by_label("Split by").select_option("model")
    table = page.get_by_role("table", name="By model")
    await expect(table.get_by_role("row").filter(has_text="gpt-4o-mini")).to_contain_text("$")
    await page.get_by_role("button", name="Table", exact=True).first.click()
    await expect(page.get_by_role("table", name=re.compile("^Cost in the last 24 hours, by model"))).to_be_visible()
    await expect(page.get_by_text("The classes add up to the ledger, to the nano-dollar.")).to_be_visible()

    await page.get_by_role("button", name="New budget").click()
    await _in_dialog(page, "New budget", {"Which one": "delivery", "Dollars": "5"}, "Set budget")
    row = page.get_by_role("table", name="Budgets").get_by_role("row").filter(has_text="agent delivery")
    await expect(row).to_contain_text("$5.00")
    await row.get_by_role("button", name="Raise the budget of agent delivery").click()
    await _in_dialog(page, "Raise the budget of agent delivery", {"New cap, in dollars": "7.5"}, "Raise")
    await expect(row).to_contain_text("$7.50")
    [budget] = [each for each in system.get("/api/v1/budgets")["items"] if each["scope"] == "agent:delivery"]
    assert budget["amount_nano"] == 7_500_000_000
    await row.get_by_role("button", name="Remove the budget of agent delivery").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)


async def test_calls_are_filtered_by_any_field_and_by_a_time_chosen_in_their_histogram(
    open_page: Opener, signed_in: Any, story: Story
) -> None:
    page = await open_page("/calls", state=signed_in)
    table = page.get_by_role("table", name="Calls", exact=True)
    await expect(table.get_by_role("row").nth(1)).to_be_visible()
    await page.get_by_role("button", name="Add a filter").click()
    await page.get_by_role("combobox", name="Find a field").fill("status")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("option", name=re.compile("^2xx"))).to_be_visible()
    await page.get_by_role("combobox", name="Values of Status").fill("2xx")
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("status=2xx"))
    await expect(page.get_by_role("button", name=re.compile("^Status 2xx"))).to_be_visible()
    await expect(table.get_by_role("row").nth(1)).to_contain_text("answered")

    histogram = page.get_by_role("slider", name="Calls over time")
    await expect(histogram).to_be_visible()
    await histogram.focus()
    for key in ("ArrowLeft", "Shift+ArrowLeft", "Enter"):
        await page.keyboard.press(key)
    await expect(page).to_have_url(re.compile("from=.*to="))
    await page.get_by_role("button", name="Zoom out").click()
    await expect(page).not_to_have_url(re.compile("from="))
    await expect(page.get_by_role("button", name="Zoom out")).to_have_count(0)
    await expect(page.locator(".skeleton")).to_have_count(0)
    await expect(histogram).to_be_visible()
    await histogram.scroll_into_view_if_needed()
    box = await histogram.bounding_box()
    assert box is not None
    await page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] - 2, box["y"] + 20, steps=4)
    await page.mouse.up()
    await expect(page).to_have_url(re.compile("from=.*to="))
    await page.get_by_role("button", name="Clear").click()
    await expect(page).not_to_have_url(re.compile("status="))

    await page.get_by_role("button", name="Latency", exact=True).click()
    await expect(page.get_by_role("img", name=re.compile("How long calls took: In all: p50"))).to_be_visible()
    await page.get_by_role("button", name="Table", exact=True).click()
    await expect(page.get_by_role("table", name="How long calls took: In all")).to_be_visible()


async def test_a_provider_is_added_a_route_leads_to_it_and_a_dry_run_says_so(
    open_page: Opener, signed_in: Any, system: System
) -> None:
    page = await open_page("/providers", state=signed_in)
    await page.get_by_role("button", name="New provider").first.click()
    dialog = page.get_by_role("dialog", name="New provider")
    await dialog.get_by_label("Kind").select_option("openai")
    await dialog.get_by_text("Another address, or only some models").click()
    await dialog.get_by_label("Its address is in a private network").check()
    fields = {"Name": "spare", "Address": f"{system.sandbox_url}/v1", "Its API key": "sk-of-the-spare-one"}
    await _in_dialog(page, "New provider", fields, "Add provider")
    row = page.get_by_role("row").filter(has_text="spare")
    await expect(row).to_contain_text("stored, sealed")
    assert "sk-of-the-spare-one" not in await page.content()

    config = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "spare"}, {"provider": "openai"}]}
    system.post("/api/v1/routes", {"name": "spare-first", "config": config})
    await page.get_by_role("link", name="Gateway", exact=True).click()
    route = page.get_by_role("listitem").filter(has=page.get_by_role("heading", name="spare-first"))
    await expect(route).to_contain_text("The first that answers")
    await route.get_by_role("button", name="Try it").click()
    asked = page.get_by_role("dialog", name="Where would a call go?")
    await asked.get_by_role("button", name="Try", exact=True).click()
    await expect(asked.get_by_role("listitem").first).to_contain_text("spare/gpt-4o-mini")
    await page.keyboard.press("Escape")
    await route.get_by_role("button", name="Remove spare-first").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(route).to_have_count(0)

    await page.get_by_role("link", name="Providers", exact=True).click()
    await row.get_by_role("button", name="Remove spare").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)


async def test_a_schedule_is_made_fired_paused_and_removed(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    page = await open_page("/schedules", state=signed_in)
    await page.get_by_role("button", name="New schedule").first.click()
    fields = {"Name": "Umbrella count", "Cron line": "0 6 * * 1", "Time zone": "UTC"}
    await _in_dialog(page, "New schedule", {**fields, "Title of the task": "Count again"}, "Make schedule")
    row = page.get_by_role("row").filter(has_text="Umbrella count")
    await expect(row).to_contain_text("At 06:00 on Monday, UTC")
    await expect(row).to_contain_text("0 6 * * 1")
    await row.get_by_role("button", name="Fire now").click()
    await expect(page.get_by_text("Fired. Its task is on the board.")).to_be_visible()
    assert [task["title"] for task in system.get("/api/v1/tasks?q=count")["items"]] == ["Count again"]
    await row.get_by_role("button", name="Pause").click()
    await expect(row.get_by_role("button", name="Resume")).to_be_visible()
    await row.get_by_role("button", name="More for Umbrella count").click()
    await page.get_by_role("menuitem", name="Past firings").click()
    fired = page.get_by_role("dialog", name="Past firings of Umbrella count").get_by_role("listitem")
    await expect(fired).to_contain_text("made a task")
    await page.keyboard.press("Escape")
    await row.get_by_role("button", name="More for Umbrella count").click()
    await page.get_by_role("menuitem", name="Remove").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)


async def test_a_channel_is_added_and_a_test_goes_through_it(
    open_page: Opener, signed_in: Any, receiver: tuple[str, list[bytes]]
) -> None:
    url, came = receiver
    page = await open_page("/channels", state=signed_in)
    await page.get_by_role("button", name="New channel").first.click()
    dialog = page.get_by_role("dialog", name="New channel")
    await dialog.get_by_label("Its address is in a private network").check()
    await _in_dialog(page, "New channel", {"Name": "ops hook", "Address": url}, "Add channel")
    await expect(dialog.get_by_text("The signing secret is shown once:")).to_be_visible()
    await dialog.get_by_role("button", name="Done").click()
    row = page.get_by_role("row").filter(has_text="ops hook")
    await row.get_by_role("button", name="Send a test").click()
    await expect(page.get_by_text("The test arrived.")).to_be_visible()
    assert len(came) == 1
    await expect(row).to_contain_text("delivers")
    await row.get_by_role("button", name="Remove ops hook").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(row).to_have_count(0)


async def test_a_person_says_what_reaches_them_where_and_when(
    open_page: Opener, signed_in: Any, system: System, receiver: tuple[str, list[bytes]]
) -> None:
    url, came = receiver
    body = {"name": "my pager", "kind": "webhook", "url": url, "allow_private": True}
    system.post("/api/v1/channels", body)
    page = await open_page("/channels", state=signed_in)
    await page.get_by_role("link", name="your notifications").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "What concerns you is shown here, and goes nowhere else yet."
    )
    await page.get_by_role("button", name="New rule").click()
    dialog = page.get_by_role("dialog", name="New rule")
    await dialog.get_by_label("A budget is used up").check()
    await dialog.get_by_label("my pager").check()
    await dialog.get_by_role("button", name="Save rule").click()
    rules = page.get_by_role("list", name="Where else it goes").get_by_role("listitem")
    await expect(rules).to_contain_text("A budget is used up→ my pager, at once")
    await page.get_by_role("button", name="Send a test to my pager").click()
    await expect(page.get_by_text("The test arrived at my pager.")).to_be_visible()
    assert b"my pager" in came[0]

    await page.get_by_label("Quiet hours").check()
    await page.get_by_label("From").fill("21:30")
    await page.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_text("Saved.", exact=True)).to_be_visible()
    await page.reload()
    await expect(page.get_by_label("From")).to_have_value("21:30")
    await page.get_by_role("link", name="All channels").click()
    await page.get_by_role("button", name="Remove my pager").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Remove").click()
    await expect(page.get_by_role("row").filter(has_text="my pager")).to_have_count(0)
    await page.get_by_role("link", name="your notifications").click()
    await expect(rules).to_contain_text("A budget is used up→ here")
    await page.get_by_role("button", name="Remove rule 1").click()
    await expect(page.get_by_text("Hear of it where you are")).to_be_visible()


async def test_a_member_comes_in_by_the_link_and_sees_no_more_than_their_role_may(
    open_page: Opener, signed_in: Any
) -> None:
    page = await open_page("/settings", state=signed_in)
    await page.get_by_role("button", name="Add a member").click()
    dialog = page.get_by_role("dialog", name="Add a member")
    await dialog.get_by_label("Role").select_option("viewer")
    await _in_dialog(page, "Add a member", {"Name": "Vera", "E-mail": "vera@example.com"}, "Add and make a link")
    link = await page.get_by_role("region", name="Sign-in link").inner_text()
    theirs = await open_page(link)
    await expect(theirs.get_by_text("Live", exact=True).first).to_be_visible()
    await theirs.goto("/schedules")
    await theirs.locator("h1").wait_for()
    await expect(theirs.get_by_role("button", name="New schedule")).to_have_count(0)


async def test_a_personal_token_is_made_shown_once_rotated_and_revoked_and_the_log_tells_it(
    open_page: Opener, signed_in: Any, system: System
) -> None:
    page = await open_page("/keys", state=signed_in)
    await page.get_by_role("button", name="New personal token").click()
    await _in_dialog(page, "New personal token", {"What is it for?": "nightly script"}, "Create and show it")
    secret = await page.get_by_role("textbox", name="Its key").inner_text()
    await page.get_by_role("button", name="Done").click()
    assert system.get("/api/v1/settings", key=secret)["version"]
    row = page.get_by_role("row").filter(has_text="nightly script")
    await row.get_by_role("button", name=re.compile("^Rotate key")).click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Rotate").click()
    await expect(page.get_by_role("textbox", name="Its key")).not_to_have_text(secret)
    await page.get_by_role("button", name="Done").click()
    await row.get_by_role("button", name=re.compile("^Revoke key")).click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    await expect(page.get_by_text("The key is revoked.")).to_be_visible()

    await page.get_by_role("link", name="Audit", exact=True).click()
    await page.get_by_label("Everything").select_option("key")
    newest = page.get_by_role("table", name="Audit").get_by_role("row").nth(1)
    await expect(newest).to_contain_text("Key revoked")
    await expect(newest).to_contain_text("in the dashboard")
    await newest.get_by_text(re.compile(r"\d+ values?")).filter(visible=True).click()
    await expect(newest).to_contain_text("revoked")
    assert secret not in await page.content()


async def test_a_run_is_read_step_by_step_compared_with_the_attempt_before_and_replayed(
    open_page: Opener, signed_in: Any, system: System, story: Story
) -> None:
    page = await open_page(f"/runs/{story.runs['press']['run']['id']}", state=signed_in)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Run 1 of delivery succeeded after")
    await expect(page.get_by_role("region", name="Step by step")).to_contain_text("gpt-4o-mini")
    await page.get_by_role("button", name="Replay", exact=True).click()
    dialog = page.get_by_role("dialog", name="Replay this run's calls")
    await dialog.get_by_label("Model").fill("gpt-4o")
    await dialog.get_by_role("button", name="Work it out").click()
    await expect(dialog.get_by_role("status")).to_contain_text("2 calls would go to sandbox/gpt-4o")
    await dialog.get_by_role("button", name="Send 2 calls").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("gpt-4o: done")
    steps = page.get_by_role("region", name="Call by call")
    await expect(steps.get_by_role("button", name=re.compile(r"^Call \d, both answers"))).to_have_count(2)
    await page.get_by_role("navigation", name="Main").get_by_role("link", name="Replays").click()
    await expect(page.get_by_role("table", name="Replays").get_by_role("row").nth(1)).to_contain_text("gpt-4o")

    again = system.get(f"/api/v1/runs?task_id={story.tasks['summary']['id']}")["items"]
    first = next(run for run in again if run["attempt"] == 1)
    await page.goto(f"/runs/{first['id']}")
    await page.get_by_label("Compare with…").select_option("Run 2 of summarisation")
    await expect(page.get_by_role("heading", level=1)).to_contain_text("They part at the first step")


async def test_an_agents_page_says_how_it_works_and_what_it_did(
    open_page: Opener, signed_in: Any, story: Story
) -> None:
    page = await open_page(f"/agents/{story.agents['delivery']}", state=signed_in)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("delivery")
    await expect(page.get_by_role("region", name=re.compile("^Report card"))).to_contain_text("Approved at first")
    await expect(page.get_by_role("region", name="Runs", exact=True).get_by_role("row").nth(1)).to_be_visible()
    await page.get_by_role("region", name="Latest calls").get_by_role("link", name="All its calls").click()
    await expect(page.get_by_role("row").nth(1)).to_contain_text("delivery")
