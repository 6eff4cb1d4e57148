"""The pages that show where money went, over the roll-ups of ten million calls on SQLite.

    .venv/bin/python bench/waste.py                     # 10 million calls in 100,000 runs over 90 days
    .venv/bin/python bench/waste.py --runs 300000       # 30 million

Pages read sums and never calls: `work_costs` has a row for each run, day, model and fact, `rollups` the days. These
rows with their runs, tasks and reviews are made here; each run stands for a hundred calls. Times are of the CPU
(`time.process_time`), which a busy machine moves least.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import filling
from quarterdeck.access.actors import Actor, ActorKind, Role
from quarterdeck.control.costs import report_api, work_api
from quarterdeck.control.reviews.store import reviews
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks import creating as tasks
from quarterdeck.control.tasks.model import NewTask, TaskState
from quarterdeck.control.tasks.tables import tasks as task_table
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import DAY, HOUR, iso
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.derived_tables import work_costs

DAYS, CALLS_A_RUN, AGENTS, AT_ONCE = 90, 100, 50, 5_000
MODELS = ("gpt-4o", "gpt-4o-mini", "claude-sonnet-4-5")
FACTS = ("plain",) * 16 + ("failed", "blocked", "duplicate", "looped")
STATES = ("succeeded",) * 8 + ("failed", "expired")
TASK_STATES = ("done",) * 8 + ("cancelled", "in_review")
ASKED = 9


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-waste-") as directory:
        asyncio.run(_measure(Path(directory), given.runs))


async def _measure(directory: Path, count: int) -> None:
    db = await filling.opened(directory)
    try:
        actor = await _filled(db, count)
        print(f"{count:,} runs, {count * CALLS_A_RUN:,} calls, {DAYS} days\n")
        print("| page | CPU ms, median of 9 | most |\n|---|--:|--:|")
        for by in ("total", "agent", "model", "project", "person", "day"):
            await _time(f"waste by {by}, 30 days", partial(work_api.get_waste, actor=actor, db=db, by=by))
        since = iso(db.clock.now() - DAYS * DAY)
        await _time(
            f"waste in all, {DAYS} days", partial(work_api.get_waste, actor=actor, db=db, begin=since, by="total")
        )
        for by in ("agent", "instructions"):
            await _time(f"report card by {by}, 30 days", partial(report_api.get_report_card, actor=actor, db=db, by=by))
    finally:
        await db.close()


async def _time(name: str, ask: Callable[[], Awaitable[Any]]) -> None:
    took = []
    for _ in range(ASKED):
        began = time.process_time()
        await ask()
        took.append((time.process_time() - began) * 1_000)
    print(f"| {name} | {statistics.median(took):.0f} | {max(took):.0f} |", flush=True)


async def _filled(db: Database, count: int) -> Actor:
    """A store with so many runs, a task each, spread over the days."""
    chance = random.Random(7)
    who = await filling.team(db, agent_count=AGENTS)
    workspace_id, owner_id = who.workspace_id, who.owner_id
    async with db.transaction() as tx:
        new = NewTask("Some work", state=TaskState.READY, accountable_id=owner_id)
        model = await tasks.create(tx, workspace_id, new)
    async with db.read() as tx:
        row = await tx.row(task_table.select().where(task_table.c.id == model.id))
        assert row is not None
        template = dict(row)
    for at in range(0, count, AT_ONCE):
        async with db.transaction() as tx:
            await _add(tx, template, who.agents, owner_id, range(at, min(count, at + AT_ONCE)), chance)
    await filling.analysed(db)
    return Actor(workspace_id, ActorKind.MEMBER, owner_id, Role.OWNER)


async def _add(
    tx: Transaction, template: dict[str, Any], team: list[str], owner_id: str, numbers: range, chance: random.Random
) -> None:
    workspace_id, rows = template["workspace_id"], ([], [], [], [])
    made, ran, said, spent = rows
    for number in numbers:
        began = tx.now - tx.now % DAY - chance.randrange(DAYS) * DAY + chance.randrange(20) * HOUR
        task_id, run_id, agent_id = new_id("tsk"), new_id("run"), chance.choice(team)
        again = chance.random() < 0.2
        made.append(
            {**template, "id": task_id, "number": number + 2, "agent_id": agent_id, "state": chance.choice(TASK_STATES)}
        )
        ran.append(filling.run_row(workspace_id, run_id, task_id, agent_id, chance.choice(STATES), began))
        said_at = began - HOUR if again else began + HOUR
        said.append(filling.review_row(workspace_id, task_id, owner_id, said_at, again=again))
        for fact in {"plain", chance.choice(FACTS)}:
            spent.append(
                {
                    "workspace_id": workspace_id,
                    "day": began - began % DAY,
                    "run_id": run_id,
                    "task_id": task_id,
                    "agent_id": agent_id,
                    "model": chance.choice(MODELS),
                    "fact": fact,
                    "calls": CALLS_A_RUN // 2,
                    "cost": chance.randrange(10**9),
                    "unpriced_calls": 0,
                }
            )
    for table, some in zip((task_table, runs, reviews, work_costs), rows, strict=True):
        await tx.execute(table.insert(), some)


if __name__ == "__main__":
    main()
