"""The board at scale: 10,000 tasks, 50,000 comments, 1,000 agents on SQLite, under 50 mixed requests a second.

    .venv/bin/python bench/board.py                  # fills a store, serves it, loads it for 30 s, prints a table
    .venv/bin/python bench/board.py --check          # the same, and fails where list, board or claim miss p95 100 ms

The server runs as its user runs it (`quarterdeck serve`). Load is an open loop: a request leaves when it is due, and
its latency counts from then.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import filling
from quarterdeck.access.keys import KeyKind, make_key
from quarterdeck.control.tasks.model import TaskState
from serving import Served, serving

TASKS, COMMENTS, AGENTS, PROJECTS = 10_000, 50_000, 1_000, 20
RATE, SECONDS = 50, 30
LIMIT_MS = 100.0
CHECKED = ("board", "list", "claim")
STATES = (
    *[TaskState.READY] * 4,
    *[TaskState.BACKLOG] * 3,
    TaskState.IN_REVIEW,
    *[TaskState.DONE] * 10,
    TaskState.CANCELLED,
)
EACH = 40
"""So many requests of a kind say what one of them costs."""


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__)
    given.add_argument("--check", action="store_true")
    given.add_argument("--seconds", type=int, default=SECONDS)
    given.add_argument("--data", type=Path, help="keep the store here, and use it again")
    options = given.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        data = options.data or Path(scratch) / "data"
        token, keys = asyncio.run(_filled(data))
        found = _measured(data, token, keys, options.seconds)
    return _report(found, check=options.check)


@dataclass
class Found:
    """What was measured. `cpu` is what one request of a kind costs the server, both processes, in milliseconds."""

    took: dict[str, list[float]]
    """Milliseconds by kind of request."""
    busy_s: float
    cpu: dict[str, float]


async def _filled(data: Path) -> tuple[str, list[str]]:
    """The owner's token and the agents' keys of a store with everything in it."""
    db = await filling.opened(data)
    token, _ = make_key(KeyKind.MEMBER)
    chance = random.Random(7)
    try:
        who = await filling.team(db, token=token, agent_count=AGENTS, places=PROJECTS, keyed=200)
        made = await filling.task_rows(db, who, TASKS, chance)
        async with db.transaction() as tx:
            await filling.states(tx, made, STATES, chance)
            await filling.waits(tx, who, made)
            await filling.talk(tx, who, made, COMMENTS, chance)
        await filling.analysed(db)
    finally:
        await db.close()
    return token, [each.secret for each in who.keys]


def _measured(data: Path, token: str, keys: list[str], seconds: int) -> Found:
    with serving(data, token) as server:
        return asyncio.run(_load(server, keys, seconds))


async def _load(server: Served, keys: list[str], seconds: int) -> Found:
    found: dict[str, list[float]] = defaultdict(list)
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", limits=limits, timeout=60) as client:
        load = Load(client, server.token, keys, found)
        for _ in range(10):
            await load.one("board", time.perf_counter())
        found.clear()
        busy_before = server.cpu_seconds()
        begin = time.perf_counter()
        running = []
        for n in range(RATE * seconds):
            due = begin + n / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            running.append(asyncio.create_task(load.one(load.pick(n), due)))
        await asyncio.gather(*running)
        busy_s = server.cpu_seconds() - busy_before
        measured = {kind: list(took) for kind, took in found.items()}
        cpu = {kind: await _cost(load, kind, server) for kind in dict.fromkeys(Load.MIX)}
    return Found(measured, busy_s, cpu)


async def _cost(load: "Load", kind: str, server: Served) -> float:
    """Milliseconds of processor time of one request, asked one after the other."""
    before = server.cpu_seconds()
    for _ in range(EACH):
        await load.one(kind, time.perf_counter())
    return (server.cpu_seconds() - before) / EACH * 1_000


class Load:
    """Requests as people and agents send them, each of a kind that is told apart in the table."""

    MIX = ["list"] * 18 + ["board"] * 5 + ["claim"] * 10 + ["finish"] * 5 + ["search"] * 4 + ["task"] * 4
    MIX += ["comments"] * 2 + ["create", "comment"]

    def __init__(self, client: httpx.AsyncClient, token: str, keys: list[str], found: dict[str, list[float]]) -> None:
        self._client = client
        self._people = {"authorization": f"Bearer {token}"}
        self._keys = keys
        self._found = found
        self._claimed: list[dict[str, Any]] = []
        self._known: list[str] = []
        self._chance = random.Random(11)

    def pick(self, n: int) -> str:
        return self.MIX[n * 7 % len(self.MIX)]

    async def one(self, kind: str, due: float) -> None:
        answer = await getattr(self, f"_{kind}")()
        if answer is None:
            return
        if answer.status_code >= 400:
            raise RuntimeError(f"{kind}: {answer.status_code} {answer.text[:300]}")
        self._found[kind].append((time.perf_counter() - due) * 1_000)

    async def _get(self, path: str, **params: Any) -> httpx.Response:
        return await self._client.get(path, params=params, headers=self._people)

    async def _list(self) -> httpx.Response:
        which: dict[str, Any] = self._chance.choice(
            [{}, {"state": "ready"}, {"state": "done"}, {"priority": "urgent"}, {"blocked": True, "state": "ready"}]
        )
        answer = await self._get("/tasks", limit=50, **which)
        self._known = [each["id"] for each in answer.json()["items"]] or self._known
        return answer

    async def _board(self) -> httpx.Response:
        return await self._get("/board")

    async def _search(self) -> httpx.Response:
        return await self._get("/tasks", q=filling.said(self._chance, 2), limit=50)

    async def _task(self) -> httpx.Response | None:
        return await self._get(f"/tasks/{self._chance.choice(self._known)}") if self._known else None

    async def _comments(self) -> httpx.Response | None:
        return await self._get(f"/tasks/{self._chance.choice(self._known)}/comments") if self._known else None

    async def _create(self) -> httpx.Response:
        return await self._client.post("/tasks", json={"title": "One more", "state": "ready"}, headers=self._people)

    async def _comment(self) -> httpx.Response | None:
        if not self._known:
            return None
        path = f"/tasks/{self._chance.choice(self._known)}/comments"
        return await self._client.post(path, json={"body": "Seen."}, headers=self._people)

    async def _claim(self) -> httpx.Response:
        key = self._chance.choice(self._keys)
        answer = await self._client.post("/agent/claim", json={}, headers={"authorization": f"Bearer {key}"})
        if answer.json().get("claimed"):
            self._claimed.append(answer.json())
        return answer

    async def _finish(self) -> httpx.Response | None:
        if not self._claimed:
            return None
        claimed = self._claimed.pop(0)
        path = f"/runs/{claimed['run']['id']}/finish"
        headers = {"authorization": f"Bearer {claimed['run_key']}"}
        return await self._client.post(path, json={"outcome": "succeeded"}, headers=headers)


def _report(found: Found, *, check: bool) -> int:
    print("| request | count | p50 ms | p95 ms | p99 ms | CPU ms |\n|---|---|---|---|---|---|")
    missed = []
    for kind in sorted(found.took, key=lambda each: (each not in CHECKED, each)):
        took = sorted(found.took[kind])
        p50, p95, p99 = (took[min(len(took) - 1, int(len(took) * share))] for share in (0.5, 0.95, 0.99))
        print(f"| {kind} | {len(took)} | {p50:.1f} | {p95:.1f} | {p99:.1f} | {found.cpu[kind]:.1f} |")
        if kind in CHECKED and p95 > LIMIT_MS:
            missed.append(f"{kind}: p95 {p95:.0f} ms, not {LIMIT_MS:.0f}")
    total = [each for took in found.took.values() for each in took]
    each_ms = found.busy_s / len(total) * 1_000
    print(
        f"\n{len(total)} requests, mean {statistics.fmean(total):.1f} ms; {each_ms:.1f} ms of CPU each, both processes"
    )
    for each in missed:
        print(f"missed: {each}", file=sys.stderr)
    return 1 if check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
