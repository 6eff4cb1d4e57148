"""What a task cost by class, on both stores."""

from typing import Any

from work_world import World

from quarterdeck.control.costs import of_task, work_api
from quarterdeck.control.costs.waste import CostClass
from quarterdeck.control.runs.model import Outcome
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import DAY, FakeClock, floor_to
from quarterdeck.ledger.derived_tables import work_costs


class Counted(Transaction):
    """Counts what is asked of the store."""

    asked = 0

    async def execute(self, *given: Any) -> Any:
        self.asked += 1
        return await super().execute(*given)

    async def fetch(self, *given: Any, **values: Any) -> Any:
        self.asked += 1
        return await super().fetch(*given, **values)


async def _attempt(world: World, cost: int, outcome: Outcome) -> str:
    """A run of the only task that spent so much."""
    claimed = await world.claimed(await world.agent(f"a{cost}"))
    row = {"run_id": claimed.run.id, "task_id": claimed.task.id, "agent_id": claimed.run.agent_id, "fact": "plain"}
    sums = {"calls": 1, "cost": cost, "unpriced_calls": 0, "model": "gpt-4o"}
    async with world.db.transaction() as tx:
        day = floor_to(tx.now, DAY)
        await tx.execute(work_costs.insert().values(workspace_id=world.workspace_id, day=day, **row, **sums))
    await world.finish(claimed.run, outcome)
    return claimed.task.id


async def _asked(world: World, task_id: str) -> tuple[dict[CostClass, int], int]:
    async with world.db.read() as tx:
        counted = Counted(tx.connection, tx.clock)
        found = {
            name: cost for name, cost in (await of_task.classes(counted, world.workspace_id, task_id)).items() if cost
        }
        whole = await work_api.costs_of_task(tx, world.workspace_id, task_id)
    assert found == {name: cost for name, cost in whole.classes.items() if cost}
    assert whole.total_nano == sum(found.values())
    return found, counted.asked


async def test_classes_take_the_same_few_queries_however_often_a_task_was_tried(db: Database, clock: FakeClock) -> None:
    world = await World.make(db)
    await world.task(attempt_limit=9)
    task_id = await _attempt(world, 100, Outcome.FAILED)
    once, asked = await _asked(world, task_id)
    assert once == {CostClass.FAILED: 100}
    clock.advance(3_600)
    for cost in (20, 30):
        await _attempt(world, cost, Outcome.FAILED)
        clock.advance(3_600)
    await _attempt(world, 4, Outcome.SUCCEEDED)
    again, still = await _asked(world, task_id)
    assert again == {CostClass.FAILED: 150, CostClass.IN_PROGRESS: 4}
    assert asked == still
