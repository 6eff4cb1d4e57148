"""The dashboard in Chromium over a big store: how soon it can be used, how much it loads, scrolls and keeps.

    .venv/bin/python bench/dashboard.py --data DIR       # over the store that bench/pages.py made there
    .venv/bin/python bench/dashboard.py --check          # fails where a goal is missed; makes the store first
    .venv/bin/python bench/dashboard.py --only script,scroll

Tabs are left open for `--minutes` while agents work; an hour is `--only memory --minutes 60`. Lighthouse (npm) is
installed into .build/bench where it is not there.
"""

import argparse
import asyncio
import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

import machine
import open_tabs
from pages import CALLS, CHROMIUM, SWITCHES, TASKS, TOKEN, fill, signed_in
from serving import Served, serving
from targets import free_port

BUILD = Path(__file__).resolve().parents[1] / ".build"
LIGHTHOUSE = "lighthouse@12.8.2"
MINUTES = 3.0
OPENINGS, SCROLLED_S, MOVES = 5, 4.0, 14
SETTLED = "() => document.querySelector('main h1') && !document.querySelector('.skeleton')"

_SCROLL = """async (seconds) => {
  const lists = [...document.querySelectorAll('main *')].filter((each) => each.scrollHeight > each.clientHeight + 400);
  const list = lists.sort((a, b) => b.scrollHeight - a.scrollHeight)[0];
  if (!list) return [];
  const frames = [], begin = performance.now();
  let last = begin;
  return await new Promise((done) => {
    const step = (now) => {
      frames.push(now - last);
      last = now;
      list.scrollTop += 60;
      if (now - begin > seconds * 1000) done(frames.slice(1));
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
}"""


_SEEN = """([title, column]) => {
  const cards = () => [...document.querySelectorAll(`section[aria-label^="${column}"] article`)];
  const holds = () => cards().some((card) => card.textContent.includes(title));
  window.seen = new Promise((resolve) => {
    const look = () => (holds() ? resolve(Date.now()) : requestAnimationFrame(look));
    look();
  });
}"""

_MOVE = """async ([id, to]) => {
  const { csrf } = await (await fetch("/api/v1/session")).json();
  const headers = { "content-type": "application/json", "x-quarterdeck-csrf": csrf };
  const begun = Date.now();
  const answer = await fetch(`/api/v1/tasks/${id}/move`, { method: "POST", headers, body: JSON.stringify({ to }) });
  if (!answer.ok) throw new Error(await answer.text());
  return begun;
}"""


@dataclass(frozen=True)
class Goal:
    """A figure, and what it must not pass: `most`, or at least `least`."""

    name: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def missed(self) -> bool:
        too_much = self.most is not None and self.value > self.most
        return too_much or (self.least is not None and self.value < self.least)

    def row(self) -> str:
        goal = f"≤ {self.most:g}" if self.most is not None else f"≥ {self.least:g}"
        return f"| {self.name} | {self.value:,.1f} {self.unit} | {goal} |{' **missed**' if self.missed else ''}"


@dataclass(frozen=True)
class Bench:
    """What each measure needs."""

    server: Served
    browser: Browser
    state: Any
    minutes: float
    """For which tabs are left open."""
    port: int
    """Of the browser's debugging protocol."""

    async def open(self, path: str) -> tuple[BrowserContext, Page]:
        context = await self.browser.new_context(storage_state=self.state, viewport={"width": 1280, "height": 860})
        page = await context.new_page()
        await page.goto(self.server.url + path)
        await page.wait_for_function(SETTLED, timeout=120_000)
        return context, page


async def _script(bench: Bench) -> list[Goal]:
    """Compressed script that Now loads before anything is clicked."""
    context, page = await bench.open("/")
    sources = await page.evaluate(
        "performance.getEntriesByType('resource').map((e) => e.name).filter((e) => /\\.js/.test(e))"
    )
    size = 0
    for source in sources:
        answer = await context.request.get(source)
        size += len(gzip.compress(await answer.body()))
    await context.close()
    return [Goal("script that Now loads, gzip", size / 1024, "KB", most=250)]


async def _now(bench: Bench) -> list[Goal]:
    """From the address to a page whose data is there, in a new profile each time."""
    took = []
    for _ in range(OPENINGS):
        context, page = await bench.open("/")
        took.append(await page.evaluate("performance.now()"))
        await context.close()
    return [Goal("Now shows its data, median of openings", statistics.median(took) / 1000, "s", most=1.0)]


async def _scroll(bench: Bench) -> list[Goal]:
    context, page = await bench.open("/board")
    frames = await page.evaluate(_SCROLL, SCROLLED_S)
    await context.close()
    if not frames:
        raise RuntimeError("the board has nothing to scroll")
    return [Goal("board scrolls, frames", len(frames) / (sum(frames) / 1000), "a second", least=50)]


async def _moves(bench: Bench) -> list[Goal]:
    """From the request of one browser to the card in its new column in another, while both show the whole board."""
    headers = {"authorization": f"Bearer {bench.server.token}"}
    async with httpx.AsyncClient(base_url=bench.server.url, headers=headers) as client:
        draft = {"title": "Seen by both", "priority": "urgent", "due_at": "2020-01-01T00:00:00Z"}
        made = (await client.post("/api/v1/tasks", json=draft)).raise_for_status().json()
    (one, first), (other, second) = await bench.open("/board"), await bench.open("/board")
    for page in (first, second):
        await page.get_by_text("Live", exact=True).first.wait_for()
    took: list[float] = []
    for turn in range(MOVES):
        to, column = ("ready", "Ready") if turn % 2 == 0 else ("backlog", "Backlog")
        await second.evaluate(_SEEN, [draft["title"], column])
        begun = await first.evaluate(_MOVE, [made["id"], to])
        took.append(await second.evaluate("() => window.seen") - begun)
        # Until both have read their boards again, so that each move is measured by itself.
        await asyncio.sleep(1)
    for context in (one, other):
        await context.close()
    async with httpx.AsyncClient(base_url=bench.server.url, headers=headers) as client:
        (await client.post(f"/api/v1/tasks/{made['id']}/move", json={"to": "cancelled"})).raise_for_status()
    print(f"moves, ms: {' '.join(f'{each:.0f}' for each in sorted(took))}", file=sys.stderr)
    return [Goal("another browser sees a move, median", statistics.median(took), "ms", most=300)]


async def _memory(bench: Bench) -> list[Goal]:
    """What Now, Calls and the board, open in three tabs, gain from the second third of the time to the last."""
    context, now = await bench.open("/")
    tabs = {"Now": now}
    for name, path in (("Calls", "/calls"), ("Board", "/board")):
        tabs[name] = await context.new_page()
        await tabs[name].goto(bench.server.url + path)
        await tabs[name].wait_for_function(SETTLED, timeout=120_000)
    kept, calls = await open_tabs.watched(tabs, bench.server.url, bench.server.token, bench.minutes)
    await context.close()
    words = f"over {bench.minutes:g} min and {calls:,} calls, last third over the second"
    goals = []
    for name, each in kept.items():
        early, late = open_tabs.gain(each.heap)
        held = f"heap of {name} {words} ({early / 1e6:.1f} to {late / 1e6:.1f} MB)"
        goals.append(Goal(held, (late / early - 1) * 100, "%", most=5))
        for kind, values in (("nodes", each.nodes), ("listeners", each.listeners)):
            early, late = open_tabs.gain(values)
            goals.append(Goal(f"{kind} of {name} ({early:,.0f} to {late:,.0f})", (late / early - 1) * 100, "%", most=5))
    return goals


async def _lighthouse(bench: Bench) -> list[Goal]:
    async with httpx.AsyncClient(base_url=bench.server.url, headers={"authorization": f"Bearer {TOKEN}"}) as client:
        task = (await client.get("/api/v1/tasks?state=in_progress&limit=1")).json()["items"][0]["id"]
    cookie = "; ".join(f"{each['name']}={each['value']}" for each in bench.state["cookies"])
    found = []
    for name, path in (("Now", "/"), ("Board", "/board"), ("Calls", "/calls"), ("Task", f"/tasks/{task}")):
        scores = await asyncio.to_thread(_audited, f"{bench.server.url}{path}", cookie, bench.port)
        found.append(Goal(f"Lighthouse, performance of {name}", scores["performance"], "", least=95))
        found.append(Goal(f"Lighthouse, accessibility of {name}", scores["accessibility"], "", least=100))
        if name == "Now":
            found.append(Goal("Lighthouse, Now is interactive after", scores["interactive"], "s", most=1))
    return found


def _audited(url: str, cookie: str, port: int) -> dict[str, float]:
    """Lighthouse's scores, 0 to 100, and its time to interactive in seconds, in the running browser."""
    place = BUILD / "bench" / "lighthouse"
    environment = {**os.environ, "PATH": f"{(BUILD / 'node' / 'bin').resolve()}:{os.environ['PATH']}"}
    program = place / "node_modules" / ".bin" / "lighthouse"
    if not program.exists():
        install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), LIGHTHOUSE]
        subprocess.run(install, env=environment, check=True)
    command = [
        program,
        url,
        f"--port={port}",
        "--preset=desktop",
        "--output=json",
        "--quiet",
        "--disable-storage-reset",
    ]
    command += ["--only-categories=performance,accessibility", "--extra-headers", json.dumps({"Cookie": cookie})]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=300)
    said = json.loads(done.stdout)
    scores = {name: round(said["categories"][name]["score"] * 100, 1) for name in ("performance", "accessibility")}
    return {**scores, "interactive": said["audits"]["interactive"]["numericValue"] / 1000}


MEASURES: dict[str, Callable[[Bench], Awaitable[list[Goal]]]] = {
    "script": _script,
    "now": _now,
    "scroll": _scroll,
    "moves": _moves,
    "memory": _memory,
    "lighthouse": _lighthouse,
}


async def _measure(server: Served, names: Sequence[str], minutes: float) -> list[Goal]:
    port = free_port()
    found: list[Goal] = []
    async with async_playwright() as playwright:
        switches = [*SWITCHES, f"--remote-debugging-port={port}"]
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=switches)
        bench = Bench(server, browser, await signed_in(browser, server), minutes, port)
        for name in names:
            for goal in await MEASURES[name](bench):
                print(goal.row(), flush=True)
                found.append(goal)
        await browser.close()
    return found


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--check", action="store_true")
    given.add_argument("--data", type=Path, help="a store that bench/pages.py made, or where to make one")
    given.add_argument("--calls", type=int, default=CALLS)
    given.add_argument("--tasks", type=int, default=TASKS)
    given.add_argument("--minutes", type=float, default=MINUTES, help="for which tabs are left open")
    given.add_argument("--only", default=",".join(MEASURES), help="measures, with commas between")
    options = given.parse_args()
    machine.end_well()
    with tempfile.TemporaryDirectory(prefix="bench-dashboard-") as scratch:
        data = options.data or Path(scratch)
        if not (data / "filled").exists():
            fill(data, calls=options.calls, tasks=options.tasks)
        print("| measure | figure | goal |\n|---|--:|--:|")
        with serving(data, TOKEN) as server:
            found = asyncio.run(_measure(server, options.only.split(","), options.minutes))
    missed = [goal for goal in found if goal.missed]
    for goal in missed:
        print(f"missed: {goal.row()}", file=sys.stderr)
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
