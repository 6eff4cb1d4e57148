"""What tabs keep that are left open while a team works: heap, DOM nodes and listeners, sampled after collecting.

The work is steady: `CALLS_S` calls a second by some agents, a third of them streamed, a task moved every few seconds
and spoken of now and then.
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
from playwright.async_api import CDPSession, Page

CALLS_S, AGENTS, MOVED = 4, 6, 12
MOVE_S, SPEAK_S = 3.0, 11.0
FEWEST, MOST = 12, 60
"""Samples of a measurement, however long it is."""


@dataclass
class Kept:
    """What a tab held at each sample, oldest first. `heap` is bytes."""

    heap: list[float] = field(default_factory=list)
    nodes: list[float] = field(default_factory=list)
    listeners: list[float] = field(default_factory=list)


def gain(values: list[float]) -> tuple[float, float]:
    """Medians of the second third and the last. In the first, code is compiled and caches fill."""
    third = len(values) // 3
    return statistics.median(values[third : 2 * third]), statistics.median(values[-third:])


async def watched(tabs: dict[str, Page], url: str, token: str, minutes: float) -> tuple[dict[str, Kept], int]:
    """What each tab keeps while agents work for so long, and how many calls they made meanwhile."""
    sessions = {name: await page.context.new_cdp_session(page) for name, page in tabs.items()}
    kept = {name: Kept() for name in tabs}
    samples = int(max(FEWEST, min(MOST, minutes)))
    team = asyncio.create_task(_work(url, token, calls := itertools.count()))
    begun = time.monotonic()
    for sample in range(1, samples + 1):
        await asyncio.sleep(max(0.0, begun + sample * minutes * 60 / samples - time.monotonic()))
        if team.done():
            team.result()
        for name, session in sessions.items():
            await _look(session, kept[name])
        print(f"{(time.monotonic() - begun) / 60:.1f} min: {_words(kept)}", file=sys.stderr, flush=True)
    team.cancel()
    await asyncio.gather(team, return_exceptions=True)
    return kept, next(calls)


async def _look(session: CDPSession, kept: Kept) -> None:
    await session.send("HeapProfiler.collectGarbage")
    kept.heap.append(float((await session.send("Runtime.getHeapUsage"))["usedSize"]))
    counted = await session.send("Memory.getDOMCounters")
    kept.nodes.append(float(counted["nodes"]))
    kept.listeners.append(float(counted["jsEventListeners"]))


def _words(kept: dict[str, Kept]) -> str:
    return "; ".join(
        f"{name} {each.heap[-1] / 1e6:.1f} MB, {each.nodes[-1]:.0f} nodes, {each.listeners[-1]:.0f} listeners"
        for name, each in kept.items()
    )


async def _work(url: str, token: str, calls: Iterator[int]) -> None:
    """Calls, moves and words, until it is cancelled."""
    async with httpx.AsyncClient(base_url=url, timeout=60, headers={"authorization": f"Bearer {token}"}) as client:
        agents = (await _sent(client, "GET", f"/api/v1/agents?limit={AGENTS}"))["items"]
        keys = [
            (await _sent(client, "POST", f"/api/v1/agents/{each['id']}/keys", {"name": "traffic"}))["secret"]
            for each in agents
        ]
        drafts = [{"title": f"Moved to and fro {n}", "priority": "urgent"} for n in range(MOVED)]
        tasks = [(await _sent(client, "POST", "/api/v1/tasks", draft))["id"] for draft in drafts]
        async with asyncio.TaskGroup() as group:
            group.create_task(_call(client, keys, calls))
            group.create_task(_move(client, tasks))
            group.create_task(_speak(client, tasks))


async def _call(client: httpx.AsyncClient, keys: list[str], calls: Iterator[int]) -> None:
    async with asyncio.TaskGroup() as group:
        for n in calls:
            asked = [{"role": "user", "content": f"Question {n}: what is new in the market?"}]
            body = {"model": "gpt-4o", "messages": asked, "stream": n % 3 == 0}
            headers = {"authorization": f"Bearer {keys[n % len(keys)]}"}
            group.create_task(_sent(client, "POST", "/v1/chat/completions", body, headers))
            await asyncio.sleep(1 / CALLS_S)


async def _move(client: httpx.AsyncClient, tasks: list[str]) -> None:
    for to in itertools.cycle(("ready", "backlog")):
        for task in tasks:
            await _sent(client, "POST", f"/api/v1/tasks/{task}/move", {"to": to})
            await asyncio.sleep(MOVE_S)


async def _speak(client: httpx.AsyncClient, tasks: list[str]) -> None:
    for n in itertools.count():
        await _sent(client, "POST", f"/api/v1/tasks/{tasks[n % len(tasks)]}/comments", {"body": f"Word {n}."})
        await asyncio.sleep(SPEAK_S)


async def _sent(
    client: httpx.AsyncClient, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> Any:
    answer = await client.request(method, path, json=body, headers=headers)
    if answer.status_code == 503:
        return None  # a busy server says so, and an hour is not to end by it
    answer.raise_for_status()
    return answer.json() if "json" in answer.headers.get("content-type", "") else None
