"""Seats that cost something by the hour: counted while their work waits, once, by day; priced anew when told."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from ledger.ledger_world import World as Ledger
from ledger.ledger_world import record
from work_world import World

from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.reviews.model import Verdict
from quarterdeck.control.seats import actions, store
from quarterdeck.control.status import facts
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND, FakeClock
from quarterdeck.ledger.work_costs import Fact, mark
from quarterdeck.worker import seats

CENT = 10**7


@dataclass
class Waiting:
    """QA waits for drafting, and drafting is being worked on by nobody yet."""

    world: World
    clock: FakeClock
    qa: Agent
    drafting: Task
    check: Task

    async def price(self, nano: int, valid_from: int | None = None) -> None:
        async with self.world.db.transaction() as tx:
            await actions.set_price(tx, self.world.workspace_id, self.qa.id, nano, valid_from=valid_from, actor="mem")

    async def after(self, seconds: float) -> int:
        """Let time pass, look, and say what was counted in all."""
        self.clock.advance(seconds)
        await seats.count(self.world.db, self.world.workspace_id)
        return await self.idle()

    async def idle(self) -> int:
        async with self.world.db.read() as tx:
            rows = await store.spent(tx, self.world.workspace_id)
            assert all(row.day % DAY == 0 and (row.calls, row.run_id) == (0, "") for row in rows)
            return sum(row.cost for row in rows)


@pytest.fixture
async def waiting(db: Database, clock: FakeClock) -> Waiting:
    world = await World.make(db)
    qa = await world.agent("qa")
    drafting = await world.task("Drafting")
    check = await world.task("Check it", agent_id=qa.id)
    await world.link(check, drafting)
    return Waiting(world, clock, qa, drafting, check)


async def test_it_is_counted_from_when_it_waits_to_when_what_it_waits_for_is_done(waiting: Waiting) -> None:
    assert await waiting.after(600) == 0, "no price, nothing is counted"
    await waiting.price(60 * CENT)
    assert await waiting.after(60) == CENT
    assert await waiting.after(37 * 60) == 38 * CENT
    waiting.clock.advance(120)
    await waiting.world.move(waiting.drafting, TaskState.CANCELLED)
    assert await waiting.after(60) == 41 * CENT, "a cancelled blocker keeps blocking"
    await waiting.world.unlink(waiting.check, waiting.drafting)
    assert await waiting.after(3_600) == 41 * CENT


async def test_it_ends_at_the_moment_the_last_blocker_was_done(waiting: Waiting) -> None:
    await waiting.price(60 * CENT)
    assert await waiting.after(10 * 60) == 10 * CENT
    waiting.clock.advance(5 * 60)
    writer = await waiting.world.agent("writer")
    claimed = await waiting.world.claimed(writer)
    await waiting.world.finish(claimed.run)
    await waiting.world.review(waiting.drafting, Verdict.APPROVE, await waiting.world.colleague())
    assert (await waiting.world.see(waiting.drafting)).state is TaskState.DONE
    assert await waiting.after(30 * 60) == 15 * CENT


async def test_time_at_work_or_paused_is_no_waiting(waiting: Waiting) -> None:
    await waiting.price(60 * CENT)
    assert await waiting.after(10 * 60) == 10 * CENT
    other = await waiting.world.task("Another thing", agent_id=waiting.qa.id)
    claimed = await waiting.world.claimed(waiting.qa, task_id=other.id)
    assert await waiting.after(60 * 60) == 10 * CENT
    await waiting.world.cancel(claimed.run)
    await waiting.world.move(other, TaskState.CANCELLED)
    assert await waiting.after(5 * 60) == 15 * CENT
    await waiting.world.want(waiting.qa, Desired.PAUSED)
    assert await waiting.after(60 * 60) == 15 * CENT


async def test_a_price_holds_from_its_instant_and_reprices_what_was_counted_after_it(waiting: Waiting) -> None:
    began = waiting.clock.now()
    await waiting.price(60 * CENT)
    assert await waiting.after(20 * 60) == 20 * CENT
    await waiting.price(120 * CENT, began + 10 * MINUTE)
    assert await waiting.idle() == 30 * CENT
    await waiting.price(0)
    assert await waiting.after(60 * 60) == 30 * CENT


async def test_days_are_counted_apart_and_looking_twice_changes_nothing(waiting: Waiting) -> None:
    await waiting.price(60 * CENT)
    midnight = waiting.clock.now() - waiting.clock.now() % DAY + DAY
    assert await waiting.after((midnight - waiting.clock.now()) / SECOND + 3_600) > 60 * CENT
    again = await waiting.after(0)
    async with waiting.world.db.read() as tx:
        rows = await store.spent(tx, waiting.world.workspace_id, begin=midnight)
        assert [(row.day, row.cost, row.task_id) for row in rows] == [(midnight, 60 * CENT, waiting.check.id)]
        began = {waiting.check.id: midnight - DAY}
        assert await store.idle_since(tx, waiting.world.workspace_id, began) == {waiting.check.id: again}
        assert await store.spent(tx, "ws_other") == []
    assert await waiting.after(HOUR / SECOND) == again + 60 * CENT


async def test_the_idle_cost_of_a_task_that_waits_again_is_of_this_time_alone(waiting: Waiting, tmp_path: Path) -> None:
    ledger, world = Ledger(waiting.world.db, tmp_path), waiting.world

    async def looks(cost: int, **changes: object) -> None:
        """A call of who is to do the task, while it waits."""
        made = record(
            waiting.clock.now(),
            workspace_id=world.workspace_id,
            agent_id=waiting.qa.id,
            cost=cost,
            run_id=None,
            **changes,
        )
        await ledger.take(made)
        async with world.db.transaction() as tx:
            await mark(tx, world.workspace_id, [made.id], Fact.BLOCKED, made.task_id or waiting.qa.id)

    async def shown() -> int:
        async with world.db.read() as tx:
            blocked = await facts.blocked_of_agents(tx, world.workspace_id, [waiting.qa.id])
        return blocked[waiting.qa.id].idle_cost

    await waiting.price(60 * CENT)
    await looks(7, task_id=waiting.check.id)
    await looks(5, task_id=None)
    await waiting.after(10 * 60)
    assert await shown() == 10 * CENT + 12
    await world.unlink(waiting.check, waiting.drafting)
    await waiting.after(5 * 60)
    await world.link(waiting.check, waiting.drafting)
    assert await shown() == 0
    await looks(3, task_id=waiting.check.id)
    await waiting.after(2 * 60)
    assert await shown() == 2 * CENT + 3
    ledger.packs.close()
