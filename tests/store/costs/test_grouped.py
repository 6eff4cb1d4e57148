"""The waste ledger's query, on every store."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from ledger.ledger_world import NOON, record
from ledger.ledger_world import World as Ledger
from work_world import World

from quarterdeck.control.costs import grouped, outcomes
from quarterdeck.control.costs.counting import By
from quarterdeck.control.costs.outcomes import Outcome
from quarterdeck.control.reviews.store import reviews
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, floor_to
from quarterdeck.ledger.derived_tables import work_costs


@pytest.fixture
def ledger(db: Database, tmp_path: Path) -> Iterator[Ledger]:
    made = Ledger(db, tmp_path / "data")
    yield made
    made.packs.close()


async def test_the_same_money_is_found_under_whatever_it_is_counted(db: Database, ledger: Ledger) -> None:
    await ledger.take(*(record(NOON + n, cost=100 + n) for n in range(3)))
    begin = NOON - NOON % DAY
    async with db.read() as tx:
        found = {by: await grouped.sums(tx, "ws_1", by, begin, begin + DAY) for by in get_args(By)}
        before = await grouped.sums(tx, "ws_1", "total", begin - DAY, begin)
    assert {by: sum(each.total for each in sums.values()) for by, sums in found.items()} == dict.fromkeys(found, 303)
    assert before == {}


@pytest.mark.parametrize("by", ["agent", "model", "instructions"])
async def test_what_came_of_a_task_is_counted_once_under_who_did_most_of_it(db: Database, by: By) -> None:
    world = await World.make(db)
    most, least, task = await world.agent("most"), await world.agent("least"), await world.task()
    begin = floor_to(db.clock.now(), DAY)
    async with db.transaction() as tx:
        await tx.execute(tasks.update().where(tasks.c.id == task.id).values(state="done"))
        for agent, count in ((most, 3), (least, 2), (least, 1)):
            await tx.execute(work_costs.insert().values(**_row(world.workspace_id, begin, task.id, agent.id, count)))
        verdict = {"workspace_id": world.workspace_id, "task_id": task.id, "round": 1, "created_at": begin, "body": ""}
        for name in ("rev_1", "rev_2"):
            whose = {
                "id": name,
                "reviewer_id": world.owner.id,
                "verdict": "approve",
                "remarks": [],
                "deliverable_id": "dlv_1",
            }
            await tx.execute(reviews.insert().values(**verdict, **whose))
    async with db.read() as tx:
        found = await outcomes.of_done_tasks(tx, world.workspace_id, by, begin, begin + DAY)
        own = await outcomes.of_done_tasks(tx, world.workspace_id, by, begin, begin + DAY, agent_id=least.id)
        there = await outcomes.with_calls(tx, world.workspace_id, begin, begin + DAY, [task.id, "tsk_none"])
    last = max(most.id, least.id)
    assert found == {{"agent": last, "model": "gpt-4o", "instructions": ""}[by]: Outcome(1, 1, 1)}
    assert list(own.values()) == [Outcome(1, 1, 1)]
    assert there == {task.id}


def _row(workspace_id: str, day: int, task_id: str, agent_id: str, count: int) -> dict[str, object]:
    named = {"workspace_id": workspace_id, "day": day, "run_id": "", "task_id": task_id, "agent_id": agent_id}
    sums = {"calls": count, "cost": count, "unpriced_calls": 0}
    return {**named, "model": "gpt-4o", "fact": "plain" if count > 1 else "looped", **sums}
