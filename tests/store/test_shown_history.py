"""What was shown of agents is kept while it changes, over restarts, by one process, for eight days."""

from typing import Any

import pytest
import sqlalchemy as sa
from work_world import World

from quarterdeck.control.agents.model import Agent
from quarterdeck.control.signals import lease
from quarterdeck.control.status import store
from quarterdeck.control.status.model import State
from quarterdeck.control.status.stretches import Stretch
from quarterdeck.control.status.views import EvidenceOut, StatusOut
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, MINUTE, SECOND, FakeClock
from quarterdeck.worker.housekeeping import tidy
from quarterdeck.worker.shown import LASTS, NAME, ShownHistory


@pytest.fixture
async def agent(world: World) -> Agent:
    return await world.agent()


def status(state: State, run_id: str | None = None) -> StatusOut:
    evidence = EvidenceOut(call_ids=[], signal_id=None, run_id=run_id)
    fields: dict[str, Any] = dict.fromkeys(("verb", "since", "reason", "waits_for"))
    return StatusOut(state=state, words=state.value, idle_nano=0, evidence=evidence, **fields)


async def show(history: ShownHistory, agent: Agent, state: State, *, everybody: bool = True) -> None:
    now = history._db.clock.now()
    await history.note({agent.workspace_id: {agent.id: status(state)}}, now, everybody=everybody)


async def kept(db: Database, agent: Agent) -> list[Stretch]:
    async with db.read() as tx:
        return await store.between(tx, agent.workspace_id, agent.id, 0, tx.now + 1, limit=100)


async def test_a_clock_that_was_set_back_lets_another_process_take_over(db: Database, clock: FakeClock) -> None:
    clock.advance(3_600)
    async with db.transaction() as tx:
        assert await lease.take(tx, "a loop", "gone")
    clock.advance(-1)
    async with db.transaction() as tx:
        assert not await lease.take(tx, "a loop", "other")
    clock.advance(-3_599)
    async with db.transaction() as tx:
        assert await lease.take(tx, "a loop", "other")
        assert not await lease.take(tx, "a loop", "gone")


async def test_nothing_is_written_while_nothing_changes(db: Database, agent: Agent, clock: FakeClock) -> None:
    history, began = ShownHistory(db, "here"), clock.now()
    for _ in range(20):
        await show(history, agent, State.IDLE)
        clock.advance(5)
    (going,) = await kept(db, agent)
    assert (going.began, going.until, going.shown) == (began, None, {State.IDLE: 0})
    marker = db.marker()
    await show(history, agent, State.IDLE, everybody=False)
    assert db.marker() == marker
    await show(history, agent, State.STREAMING, everybody=False)
    (over,) = await kept(db, agent)
    assert (over.until, over.shown) == (began + 100 * SECOND, {State.IDLE: 100 * SECOND})


async def test_a_restart_leaves_a_gap_and_no_stretch_that_never_ends(
    db: Database, agent: Agent, clock: FakeClock
) -> None:
    first, began = ShownHistory(db, "here"), clock.now()
    for _ in range(14):
        await show(first, agent, State.IDLE)
        clock.advance(5)
    async with db.read() as tx:
        alive = (await lease.until(tx, NAME) or 0) - LASTS
    clock.advance(3_600)
    again, came_back = ShownHistory(db, "here"), clock.now()
    await show(again, agent, State.IDLE)
    clock.advance(61)
    await show(again, agent, State.IDLE)
    before, after = await kept(db, agent)
    assert (before.began, before.until, before.shown) == (began, alive, {State.IDLE: alive - began})
    assert came_back - alive > 3_600 * SECOND
    assert (after.began, after.until) == (came_back, None)


async def test_one_process_writes_and_the_next_when_it_falls_silent(
    db: Database, agent: Agent, clock: FakeClock
) -> None:
    mine, other = ShownHistory(db, "mine"), ShownHistory(db, "other")
    for _ in range(13):
        await show(mine, agent, State.IDLE)
        await show(other, agent, State.IDLE)
        clock.advance(5)
    assert len(await kept(db, agent)) == 1
    clock.advance(LASTS / SECOND)
    await show(other, agent, State.IDLE)
    await show(mine, agent, State.IDLE)
    clock.advance(61)
    await show(other, agent, State.IDLE)
    assert [each.until is None for each in await kept(db, agent)] == [False, True]


async def test_what_was_shown_is_forgotten_after_eight_days(db: Database, agent: Agent, clock: FakeClock) -> None:
    now = clock.now()
    old = Stretch(agent.workspace_id, agent.id, now, now + MINUTE, {State.IDLE: 1})
    going = Stretch(agent.workspace_id, agent.id, now + 1, None, {State.IDLE: 0})
    fresh = Stretch(agent.workspace_id, agent.id, now + DAY, now + DAY + 1, {State.IDLE: 1})
    async with db.transaction() as tx:
        await store.put(tx, [old, going, fresh])
    clock.advance((store.KEPT + MINUTE) / SECOND)
    await tidy(db)
    async with db.read() as tx:
        rows = (await tx.execute(sa.select(store.shown_states.c.began).order_by(store.shown_states.c.began))).scalars()
        assert list(rows) == [going.began, fresh.began]
