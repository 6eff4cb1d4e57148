"""A push from the server to a person's desktop, and back to its page: all but the browser maker's own service."""

import asyncio
import json
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
from conftest import SWITCHES
from desktop import Desktop, desktop
from playwright.async_api import BrowserContext, Page, async_playwright, expect
from pushed_browser import PushedBrowser
from story import Server
from system_world import OWNER, System
from webhook_receiver import Receiver

from quarterdeck.control.channels.webpush import encoded

PATIENCE_S = 180

SUBSCRIBE = """(said) => {
  const subscription = { toJSON: () => said, unsubscribe: async () => true };
  PushManager.prototype.subscribe = async () => subscription;
  PushManager.prototype.getSubscription = async () => (localStorage.getItem("quarterdeck.push") ? subscription : null);
}"""
"""What the browser's maker does: without its service there is no subscription. Its place is `push_service` here."""


@pytest_asyncio.fixture(loop_scope="session")
async def person(system: System, signed_in: Any, tmp_path: Path) -> AsyncIterator[tuple[BrowserContext, Desktop]]:
    """A browser with a profile of its own, whose notifications a desktop shows: private windows have none."""
    async with desktop() as screen, async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path,
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
            args=SWITCHES,
            env={**os.environ, "DBUS_SESSION_BUS_ADDRESS": screen.address},
            base_url=system.url,
            permissions=["notifications"],
        )
        await context.add_cookies(signed_in["cookies"])
        yield context, screen
        await context.close()


async def _deliver(page: Page, origin: str, said: dict[str, str | None]) -> None:
    """Hand over to the page's service worker what came for it, as Chromium does once it has decrypted it."""
    session = await page.context.new_cdp_session(page)
    found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def look(event: dict[str, Any]) -> None:
        for each in event["registrations"]:
            if each["scopeURL"].startswith(origin) and not found.done():
                found.set_result(each["registrationId"])

    session.on("ServiceWorker.workerRegistrationUpdated", look)
    await session.send("ServiceWorker.enable")
    message = {"origin": origin, "registrationId": await found, "data": json.dumps(said)}
    await session.send("ServiceWorker.deliverPushMessage", message)


def _asks_for_approval(server: Server) -> str:
    """An agent that wants to do something a person has to allow. The id of its task."""
    agent = server.post("/api/v1/agents", {"name": "sender", "description": "Sends what was approved"})
    key = server.post(f"/api/v1/agents/{agent['id']}/keys", {"name": "push"})["secret"]
    task = server.post("/api/v1/tasks", {"title": "Send the invoices", "state": "ready", "agent_id": agent["id"]})
    claimed = server.post("/api/v1/agent/claim", {"task_id": task["id"]}, key=key)
    body = {"action": "send_mail", "payload": {"to": "all"}, "summary": "Send 41 invoices"}
    server.post(f"/api/v1/runs/{claimed['run']['id']}/approvals", body, key=claimed["run_key"])
    return str(task["id"])


async def _came(service: Receiver, keys: PushedBrowser, text: str) -> dict[str, str | None]:
    """What the server sent that has the text, as the browser reads it."""
    while True:
        for said in (keys.read(got.body) for got in service.got):
            if text in str(said):
                return said
        await asyncio.sleep(0.05)


async def test_what_needs_a_person_is_on_their_desktop_and_a_click_opens_its_task(
    system: System, push_service: socket.socket, person: tuple[BrowserContext, Desktop]
) -> None:
    context, screen = person
    keys = PushedBrowser()
    async with Receiver(status=201).listening(push_service) as service, asyncio.timeout(PATIENCE_S):
        told = {"p256dh": encoded(keys.keys.p256dh), "auth": encoded(keys.keys.auth)}
        said = {"endpoint": service.url, "keys": told}
        await context.add_init_script(f"({SUBSCRIBE})({json.dumps(said)})")
        page = context.pages[0]
        await page.goto("/channels")
        await page.get_by_role("button", name="Turn on", exact=True).click()
        await expect(page.get_by_text("Push is on in this browser", exact=True)).to_be_visible()

        task_id = await asyncio.to_thread(_asks_for_approval, Server(system.url, OWNER))
        await _deliver(page, system.url, await _came(service, keys, "sender asks to"))

        shown = await screen.until_shown("sender asks to")
        await screen.click(shown)
        await expect(page).to_have_url(re.compile(f"/tasks/{task_id}"), timeout=60_000)
        await expect(page.get_by_role("heading", level=1)).to_contain_text("Send the invoices")

        await page.goto("/channels")
        await page.get_by_role("button", name="Turn off", exact=True).click()
        await expect(page.get_by_text("Push is off in this browser", exact=True)).to_be_visible()
