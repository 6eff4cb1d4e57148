"""Stores to measure with: people, agents, tasks, comments, runs and reviews. Calls are in filling_calls.py."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterdeck.access import keyring, members
from quarterdeck.access.keyring import Holder
from quarterdeck.bootstrap.tables import import_all
from quarterdeck.control.agents import actions as agents
from quarterdeck.control.comments.store import comments
from quarterdeck.control.dependencies.tables import dependencies
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks import creating as tasks
from quarterdeck.control.tasks import store
from quarterdeck.control.tasks.model import NewTask, Task, TaskState
from quarterdeck.db import Database, Transaction, migrate
from quarterdeck.kernel.clock import HOUR
from quarterdeck.kernel.ids import encode, new_id

AT_ONCE = 500
SPOKEN = ["report", "research", "draft", "summary", "market", "price", "customer", "agent"]
SPOKEN += ["review", "release", "data", "model", "note", "plan", "budget"]
WORDS = [*SPOKEN, *(f"{first}{second}" for first in SPOKEN for second in "abcdefghijklmnopqrstuvwxyz")]
OFTEN = [1 / (place + 1) for place in range(len(WORDS))]
"""As people write: a few words are in most briefs, most words in few."""


@dataclass(frozen=True)
class Team:
    """Who is in the store."""

    workspace_id: str
    owner_id: str
    agents: list[str]
    projects: list[str]
    keys: list[keyring.Issued]
    """Of the first agents."""


async def opened(data: Path) -> Database:
    """A store with its tables, in a directory that is made where it is not there."""
    import_all()
    data.mkdir(parents=True, exist_ok=True)
    db = Database.at(data)
    await migrate.upgrade(db)
    return db


async def team(db: Database, *, token: str | None = None, agent_count: int, places: int = 0, keyed: int = 0) -> Team:
    """The owner (with this token), agents, the first `keyed` of them with a key, and projects."""
    async with db.transaction() as tx:
        boot = await members.first_boot(tx, token=token)
        assert boot is not None, "the store has been used already; take another --data"
    workspace_id, owner = boot.workspace.id, boot.owner.id
    async with db.transaction() as tx:
        there = [(await projects.create(tx, workspace_id, name=f"Project {n}")).id for n in range(places)]
        names = [f"agent {n}" for n in range(agent_count)]
        made = [(await agents.create(tx, workspace_id, name=name, owner_id=owner)).id for name in names]
        keys = [await keyring.issue(tx, Holder(workspace_id, agent_id=one)) for one in made[:keyed]]
    return Team(workspace_id, owner, made, there, keys)


async def task_rows(db: Database, who: Team, count: int, chance: random.Random) -> list[Task]:
    """Tasks as people make them: half have an agent, all a project and a brief."""
    made: list[Task] = []
    while len(made) < count:
        async with db.transaction() as tx:
            some = range(min(AT_ONCE, count - len(made)))
            made += [await tasks.create(tx, who.workspace_id, _new_task(who, chance)) for _ in some]
    return made


def _new_task(who: Team, chance: random.Random) -> NewTask:
    return NewTask(
        title=said(chance, 6),
        brief=said(chance, 150),
        acceptance=("Three sources", "No more than a page"),
        labels=tuple(set(chance.choices(WORDS, k=2))),
        agent_id=chance.choice(who.agents) if chance.random() < 0.5 else None,
        project_id=chance.choice(who.projects),
        accountable_id=who.owner_id,
    )


def said(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(WORDS, OFTEN, k=words))


async def states(
    tx: Transaction, made: Sequence[Task], of: Sequence[TaskState], chance: random.Random
) -> dict[str, TaskState]:
    """Give each a state, as often as it is in `of`, and some priority; the states by the tasks' ids."""
    found = {}
    for task in made:
        found[task.id] = chance.choice(of)
        await store.update(tx, task, {"state": found[task.id].value, "priority": chance.randrange(4)})
    return found


async def waits(tx: Transaction, who: Team, made: Sequence[Task]) -> None:
    """A seventh of the tasks waits for another."""
    edges = {(a.id, b.id) for a, b in zip(made[5::7], made[::7], strict=False) if a.id != b.id}
    rows = [
        {"workspace_id": who.workspace_id, "task_id": a, "waits_for_id": b, "created_at": tx.now}
        for a, b in sorted(edges)
    ]
    await tx.execute(dependencies.insert(), rows)


async def talk(tx: Transaction, who: Team, made: Sequence[Task], count: int, chance: random.Random) -> None:
    """So many comments, anywhere."""
    blank = {column.name: None for column in comments.c}
    same = {"workspace_id": who.workspace_id, "author_id": who.owner_id, "by_agent": False, "mentions": []}
    same |= {"to_agents": False, "held": False, "created_at": tx.now}
    rows = (
        {**blank, **same, "id": new_id("cmt"), "task_id": chance.choice(made).id, "body": said(chance, 30)}
        for _ in range(count)
    )
    await tx.execute(comments.insert(), list(rows))


def run_row(workspace_id: str, run_id: str, task_id: str, agent_id: str, state: str, began: int) -> dict[str, Any]:
    """An attempt of an hour; one that is `running` has not ended and holds its lease for long."""
    blank = {column.name: None for column in runs.c}
    is_open = state == "running"
    numbers = {"attempt": 1, "fence": 1, "lease_s": 300, "trace_id": run_id}
    times = {"created_at": began, "started_at": began, "ended_at": None if is_open else began + HOUR}
    times["lease_expires_at"] = began + (1_000 * HOUR if is_open else 0)
    whose = {"workspace_id": workspace_id, "id": run_id, "task_id": task_id, "agent_id": agent_id, "state": state}
    return {**blank, **numbers, **times, **whose}


def review_row(workspace_id: str, task_id: str, owner_id: str, at: int, *, again: bool) -> dict[str, Any]:
    """An approval, or, `again`, a request for changes."""
    return {
        "workspace_id": workspace_id,
        "id": new_id("rev"),
        "task_id": task_id,
        "round": at,
        "deliverable_id": None,
        "version": None,
        "reviewer_id": owner_id,
        "verdict": "request_changes" if again else "approve",
        "body": "",
        "remarks": [],
        "created_at": at,
    }


def id_at(kind: str, instant: int, number: int) -> str:
    """An id as it would have been made then; `number` tells those of one millisecond apart."""
    return f"{kind}_{encode((instant // 1_000 << 80) | number)}"


async def analysed(db: Database) -> None:
    """Let the store know what it holds, as it does by itself in time."""
    async with db.transaction() as tx:
        await tx.connection.exec_driver_sql("PRAGMA optimize=0x10002")


async def insert(db: Database, table: Any, rows: Iterable[dict[str, Any]]) -> None:
    """Many rows of one table."""
    waiting = list(rows)
    for at in range(0, len(waiting), 5_000):
        async with db.transaction() as tx:
            await tx.execute(table.insert(), waiting[at : at + 5_000])
