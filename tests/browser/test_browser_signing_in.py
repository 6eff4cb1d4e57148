"""The door: a one-time link, then a password of one's own."""

import re
from typing import Any

from conftest import Complaints, Opener, sign_in_token
from playwright.async_api import Page, expect
from system_world import System

PASSWORD = "correct horse battery"


async def test_a_link_opens_the_door_once_and_offers_to_set_a_password(open_page: Opener, system: System) -> None:
    token = sign_in_token(system)
    page = await open_page(f"/signin?token={token}")
    await expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    assert token not in page.url
    offer = page.get_by_role("region", name="Set a password")
    await offer.get_by_role("button", name="Not now").click()
    await expect(offer).to_have_count(0)


async def test_a_used_link_says_how_to_get_a_new_one(open_page: Opener, system: System, complaints: Complaints) -> None:
    complaints.expect("401")
    token = sign_in_token(system)
    await open_page(f"/signin?token={token}")
    again = await open_page(f"/signin?token={token}")
    await expect(again.get_by_role("alert")).to_contain_text("expired or was used before")
    await expect(again.get_by_role("alert")).to_contain_text("quarterdeck signin-link")


async def test_who_is_not_signed_in_comes_back_to_the_page_asked_for(
    open_page: Opener, system: System, complaints: Complaints
) -> None:
    complaints.expect("401")
    member = system.post("/api/v1/members", {"name": "Ana", "email": "ana@example.com", "role": "operator"})
    token = system.post(f"/api/v1/members/{member['id']}/link", None)["token"]
    page = await open_page(f"/signin?token={token}")
    await page.get_by_role("button", name="Set a password").click()
    await page.get_by_label("New password", exact=True).fill(PASSWORD)
    await page.get_by_label("New password, again").fill(PASSWORD)
    await page.get_by_role("button", name="Set password").click()
    await expect(page.get_by_role("region", name="Set a password")).to_have_count(0)

    other = await open_page("/board?view=list")
    await expect(other).to_have_url(re.compile("/signin"))
    await other.get_by_label("E-mail").fill("ana@example.com")
    await other.get_by_label("Password").fill("wrong password")
    await other.get_by_role("button", name="Sign in").click()
    await expect(other.get_by_role("alert")).to_contain_text("E-mail or password is wrong")
    await other.get_by_label("Password").fill(PASSWORD)
    await other.get_by_role("button", name="Sign in").click()
    await expect(other).to_have_url(re.compile(r"/board\?view=list"))


async def test_signing_out_ends_the_session(open_page: Opener, system: System, complaints: Complaints) -> None:
    complaints.expect("401")
    page = await open_page(f"/signin?token={sign_in_token(system)}")
    await page.get_by_role("button", name="account and theme").click()
    await page.get_by_role("menuitem", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/agents")
    await expect(page).to_have_url(re.compile("/signin"))


async def test_a_session_that_ended_elsewhere_leads_to_the_door(
    open_page: Opener, system: System, complaints: Complaints
) -> None:
    complaints.expect("401", "Sign in")
    page = await open_page(f"/signin?token={sign_in_token(system)}")
    await expect(page.get_by_text("Live", exact=True).first).to_be_visible()
    csrf = (await (await page.context.request.get("/api/v1/session")).json())["csrf"]
    ended = await page.context.request.delete("/api/v1/session", headers={"x-quarterdeck-csrf": csrf})
    assert ended.ok
    system.post("/api/v1/tasks", {"title": "Something happens"})  # so that the page asks for something
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await expect(page).to_have_url(re.compile("next=%2F"))


async def test_the_chosen_theme_stays(home: Page, open_page: Opener, signed_in: Any) -> None:
    await home.get_by_role("button", name="account and theme").click()
    await home.get_by_role("menuitem", name="Dark").click()
    await home.reload()
    await expect(home.locator("body")).to_have_css("background-color", "rgb(15, 16, 17)")
