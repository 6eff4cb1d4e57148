"""The board at scale: 10,000 tasks, 50,000 comments, 1,000 agents on SQLite, under 50 mixed requests a second.

    .venv/bin/python bench/board.py                  # fills a store, serves it, loads it for 30 s, prints a table
    .venv/bin/python bench/board.py --check          # the same, and fails where list, board or claim miss p95 100 ms

The server runs as its user runs it (`quarterdeck serve`). Load is an open loop: a request leaves when it is due, and
its latency counts from then.
"""

import argparse
import asyncio
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

import machine
from quarterdeck.access import keyring, members
from quarterdeck.access.keyring import Holder
from quarterdeck.access.keys import KeyKind, make_key
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.comments.store import comments
from quarterdeck.control.dependencies.tables import dependencies
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks import store
from quarterdeck.control.tasks.model import NewTask, Task, TaskState
from quarterdeck.db import Database, Transaction, migrate
from quarterdeck.kernel.ids import new_id

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
SPOKEN = ["report", "research", "draft", "summary", "market", "price", "customer", "agent"]
SPOKEN += ["review", "release", "data", "model", "note", "plan", "budget"]
WORDS = [*SPOKEN, *(f"{first}{second}" for first in SPOKEN for second in "abcdefghijklmnopqrstuvwxyz")]
OFTEN = [1 / (place + 1) for place in range(len(WORDS))]
"""As people write: a few words are in most briefs, most words in few."""
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
    import_all()
    data.mkdir(parents=True, exist_ok=True)
    db = Database.at(data)
    await migrate.upgrade(db)
    token, _ = make_key(KeyKind.MEMBER)
    chance = random.Random(7)
    try:
        async with db.transaction() as tx:
            boot = await members.first_boot(tx, token=token)
            assert boot is not None, "the store has been used already; take another --data"
        workspace_id, owner = boot.workspace.id, boot.owner
        async with db.transaction() as tx:
            places = [(await projects.create(tx, workspace_id, name=f"Project {n}")).id for n in range(PROJECTS)]
            team = [
                (await agents.create(tx, workspace_id, name=f"agent {n}", owner_id=owner.id)).id for n in range(AGENTS)
            ]
            keys = [(await keyring.issue(tx, Holder(workspace_id, agent_id=one))).secret for one in team[:200]]
        made: list[Task] = []
        for _ in range(TASKS // 500):
            async with db.transaction() as tx:
                made += [await _task(tx, workspace_id, owner.id, team, places, chance) for _ in range(500)]
        async with db.transaction() as tx:
            await _states(tx, made, chance)
            edges = {(a.id, b.id) for a, b in zip(made[5::7], made[::7], strict=False) if a.id != b.id}
            rows = [
                {"workspace_id": workspace_id, "task_id": a, "waits_for_id": b, "created_at": tx.now}
                for a, b in sorted(edges)
            ]
            await tx.execute(dependencies.insert(), rows)
            said = [_comment(workspace_id, chance.choice(made).id, owner.id, tx.now, chance) for _ in range(COMMENTS)]
            await tx.execute(comments.insert(), said)
        async with db.transaction() as tx:
            await tx.connection.exec_driver_sql("PRAGMA optimize")
    finally:
        await db.close()
    return token, keys


async def _task(
    tx: Any, workspace_id: str, owner_id: str, team: list[str], places: list[str], chance: random.Random
) -> Task:
    new = NewTask(
        title=_said(chance, 6),
        brief=_said(chance, 150),
        acceptance=("Three sources", "No more than a page"),
        labels=tuple(set(chance.choices(WORDS, k=2))),
        agent_id=chance.choice(team) if chance.random() < 0.5 else None,
        project_id=chance.choice(places),
        accountable_id=owner_id,
    )
    return await tasks.create(tx, workspace_id, new)


def _said(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, OFTEN, k=words))


async def _states(tx: Transaction, made: list[Task], chance: random.Random) -> None:
    for task in made:
        await store.update(tx, task, {"state": chance.choice(STATES).value, "priority": chance.randrange(4)})


def _comment(workspace_id: str, task_id: str, author_id: str, now: int, chance: random.Random) -> dict[str, Any]:
    blank = {column.name: None for column in comments.c}
    said = {
        "workspace_id": workspace_id,
        "id": new_id("cmt"),
        "task_id": task_id,
        "author_id": author_id,
        "by_agent": False,
        "body": _said(chance, 30),
        "mentions": [],
        "to_agents": False,
        "held": False,
        "created_at": now,
    }
    return {**blank, **said}


def _measured(data: Path, token: str, keys: list[str], seconds: int) -> Found:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {**os.environ, "QUARTERDECK_OWNER_TOKEN": token}
    command = [
        sys.executable,
        "-m",
        "quarterdeck",
        "serve",
        "--data",
        str(data),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return asyncio.run(_load(f"http://127.0.0.1:{port}", token, keys, seconds, server.pid))
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


async def _load(base: str, token: str, keys: list[str], seconds: int, pid: int) -> Found:
    found: dict[str, list[float]] = defaultdict(list)
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=f"{base}/api/v1", limits=limits, timeout=60) as client:
        await _until_ready(client, base)
        load = Load(client, token, keys, found)
        for _ in range(10):
            await load.one("board", time.perf_counter())
        found.clear()
        pids = machine.family(pid)
        busy_before = machine.cpu_seconds(pids)
        begin = time.perf_counter()
        running = []
        for n in range(RATE * seconds):
            due = begin + n / RATE
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            running.append(asyncio.create_task(load.one(load.pick(n), due)))
        await asyncio.gather(*running)
        busy_s = machine.cpu_seconds(pids) - busy_before
        measured = {kind: list(took) for kind, took in found.items()}
        cpu = {kind: await _cost(load, kind, pids) for kind in dict.fromkeys(Load.MIX)}
    return Found(measured, busy_s, cpu)


async def _cost(load: "Load", kind: str, pids: list[int]) -> float:
    """Milliseconds of processor time of one request, asked one after the other."""
    before = machine.cpu_seconds(pids)
    for _ in range(EACH):
        await load.one(kind, time.perf_counter())
    return (machine.cpu_seconds(pids) - before) / EACH * 1_000


async def _until_ready(client: httpx.AsyncClient, base: str) -> None:
    for _ in range(300):
        try:
            if (await client.get(f"{base}/readyz")).status_code == 200:
                return
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)
    raise RuntimeError("the server does not come up")


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
        return await self._get("/tasks", q=_said(self._chance, 2), limit=50)

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
