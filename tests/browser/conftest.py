"""A real Chromium against the real product, one installation for all journeys."""

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect
from story import Server, Story, tell
from system_world import KEY, OWNER, System, running

ROOT = Path(__file__).parents[2]
AXE = ROOT / "ui/node_modules/axe-core/axe.min.js"
# Each waits only until it holds; a busy machine is given its time before it is called wrong.
expect.set_options(timeout=20_000)
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]

CONFIG = """
[[providers]]
name = "sandbox"
kind = "sandbox"
base_url = "{sandbox}"

[[providers]]
name = "openai"
kind = "openai"
base_url = "{sandbox}/v1"
credential = "env:TEST_UPSTREAM_KEY"
allow_private = true
models = ["gpt-4o-mini"]

[[providers]]
name = "anthropic"
kind = "anthropic"
base_url = "{sandbox}"
credential = "env:TEST_UPSTREAM_KEY"
allow_private = true

[[agents]]
name = "research"
description = "Finds and checks sources."
owner = "sam@example.com"
key = "env:TEST_AGENT_KEY"
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker drives the one installation; its event loop is the browser's."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if pytest_asyncio.is_async_test(item):
                item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="session")
def push_service() -> Iterator[socket.socket]:
    """Where the installation takes a push service to be: nobody listens until a test does."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory, push_service: socket.socket) -> Iterator[System]:
    """The one installation of a run. Two would each have seen a part of the journeys, another one each time."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or secrets.token_hex(6)
    only = Path(tempfile.gettempdir()) / f"quarterdeck-browser-{run[:12]}"
    only.touch(exist_ok=False)
    try:
        with running(tmp_path_factory.mktemp("dashboard"), config=CONFIG + _push_hosts(push_service)) as found:
            found.wait_until(lambda: found.get("/api/v1/settings"))
            yield found
    finally:
        only.unlink()


def _push_hosts(service: socket.socket) -> str:
    return f'\n[push]\nhosts = ["127.0.0.1:{service.getsockname()[1]}"]\n'


@pytest.fixture(scope="session")
def story(system: System) -> Story:
    """Told once: its agents keep at work, so that a second telling would find none free."""
    return tell(Server(system.url, OWNER), known={"research": KEY})


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "the browser tests need Chromium: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=SWITCHES)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def signed_in(chromium: Browser, system: System) -> Any:
    """The cookies of an owner's browser."""
    context = await chromium.new_context()
    token = sign_in_token(system)
    answer = await context.request.post(f"{system.url}/api/v1/session/link", data={"token": token})
    assert answer.ok
    state = await context.storage_state()
    await context.close()
    return state


def sign_in_token(system: System) -> str:
    """What `quarterdeck signin-link` puts into its link."""
    owner = next(row for row in system.get("/api/v1/members")["items"] if row["role"] == "owner")
    return str(system.post(f"/api/v1/members/{owner['id']}/link", None)["token"])


@dataclass
class Complaints:
    """What a page reported to its console. A journey that ends with any has failed."""

    texts: list[str] = field(default_factory=list)
    expected: tuple[str, ...] = ()

    def expect(self, *parts: str) -> None:
        """Texts that belong to the journey, such as the status of a refusal it provokes."""
        self.expected += parts

    def hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.texts.append(message.text)

    def unexpected(self) -> list[str]:
        return [text for text in self.texts if not any(part in text for part in self.expected)]


Opener = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def complaints() -> AsyncIterator[Complaints]:
    found = Complaints()
    yield found
    assert found.unexpected() == []


@pytest_asyncio.fixture(loop_scope="session")
async def open_page(chromium: Browser, system: System, complaints: Complaints) -> AsyncIterator[Opener]:
    """`await open_page("/board", state=signed_in)`: each page in a browser profile of its own."""
    contexts: list[BrowserContext] = []

    async def opened(
        path: str, *, state: Any = None, width: int = 1280, theme: str = "light", touch: bool = False
    ) -> Page:
        context = await chromium.new_context(
            base_url=system.url,
            storage_state=state,
            viewport={"width": width, "height": 860},
            color_scheme="dark" if theme == "dark" else "light",
            has_touch=touch,
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("console", complaints.hear)
        page.on("pageerror", lambda error: complaints.texts.append(f"uncaught: {error}"))
        await page.goto(path)
        await page.locator("h1").first.wait_for()
        return page

    yield opened
    for context in contexts:
        await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def home(open_page: Opener, signed_in: Any) -> Page:
    """The owner's dashboard, live."""
    page = await open_page("/", state=signed_in)
    await page.get_by_text("Live", exact=True).first.wait_for()
    return page


@pytest.fixture(scope="session")
def axe_source() -> str:
    return AXE.read_text()
