"""A store as a team has it after a quarter: millions of calls of thousands of tasks by hundreds of agents."""

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

import filling
from filling import Team, id_at
from filling_calls import MODELS, Stretch, fill
from quarterdeck.control.deliverables.store import deliverables, versions
from quarterdeck.control.reviews.store import reviews
from quarterdeck.control.runs.store import runs
from quarterdeck.control.signals.store import signals
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE

AGENTS, PROJECTS, DAYS, COMMENTS = 300, 20, 90, 50_000
UNCLAIMED_SHARE = 0.05
STATES = (
    *[TaskState.READY] * 3,
    *[TaskState.BACKLOG] * 3,
    *[TaskState.DONE] * 12,
    *[TaskState.CANCELLED] * 1,
    *[TaskState.IN_REVIEW] * 1,
)
AT_WORK = 200
"""So many tasks are in progress, each with an open run of an agent of its own."""
TRIES = (1, 1, 2, 3, 4, 5, 6)
ENDS = (*["failed"] * 3, "expired", "cancelled")
WASTES = (*[None] * 12, "looped", "duplicate", "blocked")
SIGNALS = ("looping", "stuck", "failing", "silent")


@dataclass(frozen=True)
class Attempt:
    run: dict[str, Any]
    key_id: str
    stretch: float
    """Its share of the calls, before all are brought to the number that was asked for."""


async def filled(data: Path, token: str, *, calls: int, task_count: int) -> None:
    """Make the store in `data`, with an owner who has this token."""
    chance = random.Random(7)
    db = await filling.opened(data)
    who = await filling.team(db, token=token, agent_count=AGENTS, places=PROJECTS, keyed=AGENTS)
    made = await filling.task_rows(db, who, task_count, chance)
    async with db.transaction() as tx:
        states = await filling.states(tx, made, STATES, chance)
        await filling.waits(tx, who, made)
        await filling.talk(tx, who, made, COMMENTS, chance)
    attempts = _attempts(who, made, states, db.clock.now(), chance)
    await _work(db, who, attempts, states, chance)
    stretches = _stretches(who, attempts, db.clock.now(), calls, chance)
    await fill(db, data, who.workspace_id, stretches)
    db = Database.at(data)
    await filling.analysed(db)
    await db.close()


def _attempts(
    who: Team, made: list[Task], states: dict[str, TaskState], now: int, chance: random.Random
) -> dict[str, list[Attempt]]:
    """Runs of each task that was ever begun, oldest first, in days gone by; some are open and began a while ago."""
    found: dict[str, list[Attempt]] = {}
    ready = [each for each in made if states[each.id] is TaskState.READY]
    at_work = {each.id: who.agents[n] for n, each in enumerate(ready[:AT_WORK])}
    today = now - now % DAY
    serial = 0
    for task in made:
        if states[task.id] not in (TaskState.DONE, TaskState.CANCELLED, TaskState.IN_REVIEW) and task.id not in at_work:
            continue
        day = today - chance.randrange(2, DAYS) * DAY
        tries = chance.choice(TRIES)
        runs_of: list[Attempt] = []
        for number in range(1, tries + 1):
            serial += 1
            is_last = number == tries
            agent_id = task.agent_id or chance.choice(who.agents)
            state = "succeeded" if is_last and states[task.id] is not TaskState.CANCELLED else chance.choice(ENDS)
            began, took = day + chance.randrange(18 * 60) * MINUTE, chance.randrange(20, 300) * MINUTE
            if is_last and task.id in at_work:
                agent_id, state = at_work[task.id], "running"
                began, took = max(today, now - chance.randrange(10, 240) * MINUTE), now - max(today, now - 4 * HOUR)
            run = filling.run_row(who.workspace_id, id_at("run", began, serial), task.id, agent_id, state, began)
            run |= {"attempt": number, "fence": number}
            if state != "running":
                run["ended_at"] = began + min(took, DAY - began % DAY - MINUTE)
            runs_of.append(Attempt(run, id_at("key", began, serial), chance.uniform(0.2, 1.8)))
            day = min(day + chance.choice((0, 1, 2)) * DAY, today - DAY)
        found[task.id] = sorted(runs_of, key=lambda each: each.run["attempt"])
    return found


async def _work(
    db: Database,
    who: Team,
    attempts: dict[str, list[Attempt]],
    states: dict[str, TaskState],
    chance: random.Random,
) -> None:
    """The rows of these runs, and what came of them."""
    every = [each for some in attempts.values() for each in some]
    await filling.insert(db, runs, [each.run for each in every])
    handed, written, said = [], [], []
    for task_id, some in attempts.items():
        ended = [each.run for each in some if each.run["ended_at"] is not None]
        if states[task_id] in (TaskState.DONE, TaskState.IN_REVIEW) and ended:
            deliverable, its = _handed_in(who, task_id, ended, chance)
            handed.append(deliverable)
            written += its
        if states[task_id] is TaskState.DONE:
            said += [
                filling.review_row(who.workspace_id, task_id, who.owner_id, run["ended_at"], again=run is not ended[-1])
                for run in ended
            ]
    await filling.insert(db, deliverables, handed)
    await filling.insert(db, versions, written)
    await filling.insert(db, reviews, said)
    await filling.insert(db, signals, _signals(who, every, chance))
    async with db.transaction() as tx:
        for task_id, some in attempts.items():
            last = some[-1].run
            is_open = last["state"] == "running"
            values = {"agent_id": last["agent_id"], "attempts": len(some), "created_at": some[0].run["created_at"]}
            values |= {"state": "in_progress", "run_id": last["id"], "taken": True} if is_open else {}
            values["state_since"] = values["updated_at"] = last["ended_at"] or last["created_at"]
            where = (tasks.c.workspace_id == who.workspace_id, tasks.c.id == task_id)
            await tx.execute(sa.update(tasks).where(*where).values(**values))


def _handed_in(
    who: Team, task_id: str, ended: list[dict[str, Any]], chance: random.Random
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """One deliverable with a version of each run."""
    made_at = ended[0]["ended_at"]
    deliverable_id = id_at("dlv", made_at, chance.getrandbits(80))
    same = {"workspace_id": who.workspace_id, "task_id": task_id}
    deliverable = {"id": deliverable_id, "name": "Report", "name_key": "report", "kind": "text", "latest": len(ended)}
    its = []
    for number, run in enumerate(ended, 1):
        text = "\n".join(filling.said(chance, 12) for _ in range(8))
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        of = {"deliverable_id": deliverable_id, "number": number, "run_id": run["id"], "author_id": run["agent_id"]}
        file = {"sha256": sha256, "size": len(text), "media_type": "text/markdown", "file_name": "report.md"}
        more = {"draft": False, "note": None, "text": text, "made_from": run["started_at"]}
        its.append({**same, **of, **file, **more, "created_at": run["ended_at"]})
    return {**same, **deliverable, "created_at": made_at}, its


def _signals(who: Team, every: list[Attempt], chance: random.Random) -> list[dict[str, Any]]:
    """A twentieth of all runs had one; those of open runs are up."""
    found = []
    for each in chance.sample(every, len(every) // 20):
        run, kind = each.run, chance.choice(SIGNALS)
        is_up = run["state"] == "running"
        at = run["started_at"] + 10 * MINUTE
        found.append(
            {
                "workspace_id": who.workspace_id,
                "id": id_at("sig", at, chance.getrandbits(80)),
                "kind": kind,
                "subject": run["id"],
                "state": "up" if is_up else "over",
                "words": "it was noticed",
                "confidence": 0.9,
                "since": at,
                "noticed_at": at,
                "updated_at": at,
                "ended_at": None if is_up else run["ended_at"],
                "agent_id": run["agent_id"],
                "run_id": run["id"],
                "task_id": run["task_id"],
                "call_ids": [],
                "figures": {},
                "response": "notify",
                "dismissed_by": None,
            }
        )
    return found


def _stretches(
    who: Team, attempts: dict[str, list[Attempt]], now: int, count: int, chance: random.Random
) -> list[Stretch]:
    """All calls: of runs, and a share that belongs to none."""
    every = [each for some in attempts.values() for each in some]
    scale = count * (1 - UNCLAIMED_SHARE) / sum(each.stretch for each in every)
    found = []
    for each in every:
        run = each.run
        end = run["ended_at"] or now - MINUTE
        found.append(
            Stretch(
                begin=run["started_at"],
                span=max(MINUTE, end - run["started_at"]),
                count=max(1, round(each.stretch * scale)),
                agent_id=run["agent_id"],
                key_id=each.key_id,
                run_id=run["id"],
                task_id=run["task_id"],
                model=chance.randrange(len(MODELS)),
                tag=_tag(chance),
                waste=chance.choice(WASTES),
            )
        )
    return [*found, *_unclaimed(who, now, count - sum(each.count for each in found), chance)]


def _unclaimed(who: Team, now: int, count: int, chance: random.Random) -> list[Stretch]:
    today = now - now % DAY
    pieces = DAYS * 12
    found = []
    for number in range(pieces):
        key = chance.choice(who.keys).key
        begin = today - number % DAYS * DAY
        ends = min(begin + DAY, now) - MINUTE
        begin = min(begin + chance.randrange(20) * HOUR, ends - 5 * MINUTE)
        share = count // pieces + (number < count % pieces)
        span = min(ends - begin, 3 * HOUR)
        found.append(
            Stretch(
                begin, span, share, key.agent_id or "", key.id, None, None, chance.randrange(len(MODELS)), _tag(chance)
            )
        )
    return [each for each in found if each.count > 0]


def _tag(chance: random.Random) -> str | None:
    return f"team={chance.choice(('growth', 'support', 'research', 'ops'))}" if chance.random() < 0.3 else None
