"""The data behind each page of the dashboard, at ten million calls and ten thousand tasks on SQLite.

    .venv/bin/python bench/pages.py --data DIR           # fills a store (minutes; 10 GB), serves it, prints a table
    .venv/bin/python bench/pages.py --data DIR           # again: the store is there, only the measuring is done
    .venv/bin/python bench/pages.py --check              # fails where a page misses p95 300 ms
    .venv/bin/python bench/pages.py --calls 100000 --tasks 1000 --only /board,/calls

Which requests a page makes is seen, not listed: Chromium opens it, and what it asked of the API is asked again, all at
once over six connections as a browser has them. A page's time is that until its last answer is whole.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, Page, Request, async_playwright

import machine
from filling_pages import filled
from serving import Served, serving

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))
from story import Server, tell

CALLS, TASKS = 10_000_000, 10_000
LIMIT_MS = 300.0
ROUNDS, CONNECTIONS = 25, 6
QUIET_S = 0.7
"""A page that asked nothing for so long has asked all it asks at opening."""
TOKEN = "owner-token-of-benches"  # the store is thrown away, or is its maker's own
SLOW_MS = 50.0
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SWITCHES = ("--headless", "--no-sandbox", "--disable-gpu")

PAGES: dict[str, tuple[str, ...]] = {
    "/signin": ("/signin",),
    "/shared": ("/shared",),
    "/welcome": ("/welcome",),
    "/": ("/",),
    "/goals": ("/goals",),
    "/board": ("/board", "/board?view=list"),
    "/tasks/$taskId": ("/tasks/{task}",),
    "/reviews": ("/reviews",),
    "/reviews/$taskId": ("/reviews/{review}",),
    "/runs/$runId": ("/runs/{run}",),
    "/runs/$runId/compare/$otherId": ("/runs/{run}/compare/{other}",),
    "/agents": ("/agents",),
    "/agents/$agentId": ("/agents/{agent}",),
    "/calls": (
        "/calls",
        "/calls?outcome=error",
        "/calls?model=gpt-4o",
        "/calls?agent={agent}",
        "/calls?mark=looped",
        "/calls?cache=hit",
    ),
    "/calls/$callId": ("/calls/{call}", "/calls/{kept}"),
    "/costs": ("/costs",),
    "/replays": ("/replays",),
    "/replays/$replayId": ("/replays/{replay}",),
    "/unclaimed": ("/unclaimed",),
    "/schedules": ("/schedules",),
    "/gateway": ("/gateway",),
    "/gateway/routes/new": ("/gateway/routes/new",),
    "/gateway/routes/$name": ("/gateway/routes/first-of-two",),
    "/providers": ("/providers",),
    "/keys": ("/keys",),
    "/channels": ("/channels",),
    "/notifications": ("/notifications",),
    "/audit": ("/audit",),
    "/settings": ("/settings",),
    "$": ("/nowhere",),
}
"""Every route of ui/src/app/router.tsx, and addresses to open it at. A test holds the two to each other."""
OUTSIDE = ("/signin", "/shared")
QUESTIONS = ("/api/v1/routes/dry-run",)
"""What is posted and changes nothing."""


@dataclass(frozen=True)
class Asked:
    """A request of the API. What is posted is a question too long for an address: it changes nothing."""

    path: str
    body: str | None = None

    def __str__(self) -> str:
        return self.path if self.body is None else f"POST {self.path}"


@dataclass
class Measured:
    """Times are milliseconds."""

    address: str
    requests: list[Asked]
    took: list[float] = field(default_factory=list)
    cpu_ms: float = 0.0

    def at(self, share: float) -> float:
        ordered = sorted(self.took)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--check", action="store_true")
    given.add_argument("--calls", type=int, default=CALLS)
    given.add_argument("--tasks", type=int, default=TASKS)
    given.add_argument("--rounds", type=int, default=ROUNDS)
    given.add_argument("--only", default="", help="routes, with commas between")
    given.add_argument("--data", type=Path, help="keep the store here, and use it again")
    options = given.parse_args()
    machine.end_well()
    with tempfile.TemporaryDirectory(prefix="bench-pages-") as scratch:
        data = options.data or Path(scratch)
        if not (data / "filled").exists():
            fill(data, calls=options.calls, tasks=options.tasks)
        with serving(data, TOKEN) as server:
            only = options.only.split(",") if options.only else list(PAGES)
            measured, single = asyncio.run(_measure(server, only, options.rounds))
    return _report(measured, single, check=options.check)


def fill(data: Path, *, calls: int, tasks: int) -> None:
    """Make the store, and let five agents and some people work in it, so that every page has something to show."""
    began = time.monotonic()
    asyncio.run(filled(data, TOKEN, calls=calls, task_count=tasks))
    with serving(data, TOKEN) as server:
        story = tell(Server(server.url, TOKEN))
        _furnish(Server(server.url, TOKEN), story.runs["press"]["run"]["id"])
    (data / "filled").touch()
    size = sum(file.stat().st_size for file in data.rglob("*") if file.is_file())
    print(f"filled in {time.monotonic() - began:.0f} s, {size / 1e9:.1f} GB", file=sys.stderr)


def _furnish(server: Server, run_id: str) -> None:
    """Members, budgets, schedules, a channel, and a replay of a run whose bodies are kept."""
    for n in range(20):
        server.post("/api/v1/members", {"name": f"Member {n}", "email": f"m{n}@example.com", "role": "operator"})
    for n in range(20):
        server.post("/api/v1/budgets", {"scope": f"agent:agent {n}", "amount_nano": 10**12, "window": "month"})
    server.post("/api/v1/budgets", {"scope": "workspace", "amount_nano": 10**14, "window": "month"})
    for n in range(20):
        body = {"name": f"Weekly {n}", "trigger": "cron", "cron": f"{n} 6 * * 1", "task": {"title": "Weekly digest"}}
        server.post("/api/v1/schedules", body)
    targets = [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-4o"}}]
    server.post(
        "/api/v1/routes", {"name": "first-of-two", "config": {"strategy": {"mode": "fallback"}, "targets": targets}}
    )
    deadline = time.monotonic() + 60
    while server.get("/api/v1/settings")["ingest"]["backlog_records"] and time.monotonic() < deadline:
        time.sleep(0.2)
    server.post("/api/v1/replays", {"run_id": run_id, "model": "gpt-4o-mini", "dry": False, "cap_nano": 10**9})


async def _measure(
    server: Served, routes: Sequence[str], rounds: int
) -> tuple[list[Measured], dict[Asked, list[float]]]:
    known = _ids(Server(server.url, TOKEN))
    found: list[Measured] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        state = await signed_in(browser, server)
        for route in routes:
            for address in PAGES[route]:
                context = await browser.new_context(storage_state=None if route in OUTSIDE else state)
                page = await context.new_page()
                found.append(Measured(address, await _asked(page, server.url, address.format(**known))))
                await context.close()
        await browser.close()
    limits = httpx.Limits(max_connections=CONNECTIONS)
    headers = {"authorization": f"Bearer {TOKEN}"}
    single: dict[Asked, list[float]] = {}
    async with httpx.AsyncClient(base_url=server.url, limits=limits, timeout=120, headers=headers) as client:
        for each in found:
            await _ask(client, each.requests)
            busy = server.cpu_seconds()
            for _ in range(rounds):
                each.took.append(await _ask(client, each.requests))
            each.cpu_ms = (server.cpu_seconds() - busy) * 1_000 / rounds
        for one in dict.fromkeys(request for each in found for request in each.requests):
            single[one] = [await _ask(client, [one]) for _ in range(5)]
    return found, single


async def _ask(client: httpx.AsyncClient, requests: Sequence[Asked]) -> float:
    began = time.perf_counter()
    for answer in await asyncio.gather(*(_answer(client, each) for each in requests)):
        if answer.status_code >= 500:
            raise RuntimeError(f"{answer.url}: {answer.status_code} {answer.text[:300]}")
    return (time.perf_counter() - began) * 1_000


async def _answer(client: httpx.AsyncClient, asked: Asked) -> httpx.Response:
    if asked.body is None:
        return await client.get(asked.path)
    return await client.post(asked.path, content=asked.body, headers={"content-type": "application/json"})


async def signed_in(browser: Browser, server: Served) -> Any:
    """The cookies of an owner's browser."""
    api = Server(server.url, server.token)
    owner = next(row for row in api.get("/api/v1/members")["items"] if row["role"] == "owner")
    token = api.post(f"/api/v1/members/{owner['id']}/link", None)["token"]
    context = await browser.new_context()
    answer = await context.request.post(f"{server.url}/api/v1/session/link", data={"token": token})
    assert answer.ok, await answer.text()
    state = await context.storage_state()
    await context.close()
    return state


async def _asked(page: Page, url: str, address: str) -> list[Asked]:
    """What the page asks of the API when it is opened, the live stream apart."""
    asked: list[Asked] = []
    open_requests: set[Request] = set()
    last = time.monotonic()

    def begin(request: Request) -> None:
        nonlocal last
        path = request.url.removeprefix(url)
        if path.startswith("/api/") and not path.startswith("/api/v1/events"):
            asks = request.method == "GET" or path in QUESTIONS
            assert asks, f"{address} changes something at opening: {request.method} {path}"
            asked.append(Asked(path, request.post_data))
            open_requests.add(request)
            last = time.monotonic()

    def end(request: Request) -> None:
        nonlocal last
        if request in open_requests:
            open_requests.discard(request)
            last = time.monotonic()

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)
    await page.goto(url + address)
    await page.locator("h1").first.wait_for(timeout=120_000)
    await page.locator(".skeleton").first.wait_for(state="detached", timeout=120_000)
    deadline = time.monotonic() + 120
    last = time.monotonic()
    while (open_requests or time.monotonic() - last < QUIET_S) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    return list(dict.fromkeys(asked))


def _ids(server: Server) -> dict[str, str]:
    """What the addresses speak of: things with much to show."""
    run, other = _attempts(server)
    review = server.get("/api/v1/tasks?state=in_review&limit=1")["items"][0]["id"]
    call = server.get(f"/api/v1/calls?run_id={run['id']}&limit=1")["items"][0]["id"]
    replay = server.get("/api/v1/replays")["items"][0]
    kept = server.get("/api/v1/calls?limit=1")["items"][0]["id"]
    found = {
        "task": run["task"]["id"],
        "review": review,
        "run": run["id"],
        "other": other["id"],
        "call": call,
        "kept": kept,
    }
    return {**found, "agent": run["agent"]["id"], "replay": replay["id"]}


def _attempts(server: Server) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two runs of a task, the newer one open: or ended, where the store has stood so long that its leases are over."""
    for state in ("in_progress", "ready", "done"):
        for task in server.get(f"/api/v1/tasks?state={state}&limit=100")["items"]:
            runs = server.get(f"/api/v1/runs?task_id={task['id']}")["items"]
            if (
                len(runs) > 1
                and "agent " in runs[0]["agent"]["name"]
                and (state != "in_progress" or runs[0]["state"] == "running")
            ):
                return runs[0], runs[1]
    raise LookupError("no task of the store has two runs")


def _report(measured: Sequence[Measured], single: dict[Asked, list[float]], *, check: bool) -> int:
    print("| page | requests | p50 ms | p95 ms | CPU ms |\n|---|--:|--:|--:|--:|")
    missed = []
    for each in measured:
        p95 = each.at(0.95)
        print(f"| {each.address} | {len(each.requests)} | {each.at(0.5):.0f} | {p95:.0f} | {each.cpu_ms:.0f} |")
        if p95 > LIMIT_MS:
            missed.append(f"{each.address}: p95 {p95:.0f} ms, not {LIMIT_MS:.0f}")
    print(f"\n| request alone, over {SLOW_MS:.0f} ms | median ms |\n|---|--:|")
    for request, took in sorted(single.items(), key=lambda each: -sorted(each[1])[len(each[1]) // 2]):
        if (median := sorted(took)[len(took) // 2]) > SLOW_MS:
            print(f"| {request} | {median:.0f} |")
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    return 1 if check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
