"""Nothing waits unseen: what an event makes wait, and what waits too long."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from work_world import World

from quarterdeck.access.actors import Actor, Role
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.needs import actions, escalating, items
from quarterdeck.control.needs.actions import Need
from quarterdeck.control.notifications.fan_out import fan_out
from quarterdeck.control.signals import actions as signals
from quarterdeck.control.signals.model import Finding, Kind
from quarterdeck.control.signals.policy import Policies
from quarterdeck.control.tasks.model import ReviewPolicy, Task, TaskState
from quarterdeck.kernel.clock import HOUR, FakeClock
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.events import Event

DAY_S = 24 * 3_600.0


async def _queue(world: World, actor: Actor) -> list[Need]:
    async with world.db.read() as tx:
        return await actions.queue(tx, actor)


async def _emit(world: World, kind: str, subject: str, **data: Any) -> None:
    async with world.db.transaction() as tx:
        await tx.emit(Event(world.workspace_id, kind, subject, data))
    while await fan_out(world.db, "http://q", follow=items.follow):
        pass


async def _in_review(world: World, accountable: Actor, owner: Actor) -> Task:
    agent = await world.agent(owner_id=owner.id)
    task = await world.task(accountable_id=accountable.id, review=ReviewPolicy("one"))
    await world.finish((await world.claimed(agent)).run)
    return task


async def test_what_waits_too_long_comes_to_the_next_who_answers_for_it(world: World, clock: FakeClock) -> None:
    ana, bo = await world.colleague(Role.REVIEWER, "ana"), await world.colleague(Role.OPERATOR, "bo")
    task = await _in_review(world, accountable=ana, owner=bo)
    key = f"review:{task.id}"
    assert await escalating.escalate_all(world.db) == 0
    clock.advance(DAY_S)
    assert await escalating.escalate_all(world.db) == 1
    assert [(need.key, need.escalated) for need in await _queue(world, bo)] == [(key, True)]
    assert [need.key for need in await _queue(world, ana)] == [key]
    assert await escalating.escalate_all(world.db) == 0
    clock.advance(DAY_S)
    assert await escalating.escalate_all(world.db) == 1
    assert [need.key for need in await _queue(world, world.member)] == [key]
    clock.advance(10 * DAY_S)
    assert await escalating.escalate_all(world.db) == 0  # there is nobody above
    assert (await world.told(task.id)).count("need.escalated") == 2


async def test_putting_off_and_handing_on_give_time_and_no_more(world: World, clock: FakeClock) -> None:
    ana, bo = await world.colleague(Role.REVIEWER, "ana"), await world.colleague(Role.OPERATOR, "bo")
    task = await _in_review(world, accountable=ana, owner=bo)
    async with world.db.transaction() as tx:
        await actions.snooze(tx, ana, f"review:{task.id}", clock.now() + 48 * HOUR)
    clock.advance(3 * DAY_S - 1)
    assert await escalating.escalate_all(world.db) == 0
    clock.advance(1)
    assert await escalating.escalate_all(world.db) == 1
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid):
            await actions.snooze(tx, ana, f"review:{task.id}", clock.now() + 31 * 24 * HOUR)


async def test_two_processes_escalate_once(world: World, clock: FakeClock) -> None:
    ana, bo = await world.colleague(Role.REVIEWER, "ana"), await world.colleague(Role.OPERATOR, "bo")
    task = await _in_review(world, accountable=ana, owner=bo)
    clock.advance(DAY_S)
    await asyncio.gather(*(escalating.escalate_all(world.db) for _ in range(4)))
    assert (await world.told(task.id)).count("need.escalated") == 1


async def test_a_signal_waits_until_it_is_cleared_or_seen_to(world: World, clock: FakeClock) -> None:
    await fan_out(world.db, "http://q")
    agent = await world.agent()
    await _emit(world, "signal.raised", "sig_1", agent_id=agent.id, text="looping, 7 near-identical requests")
    await _emit(world, "signal.raised", "sig_1", agent_id=agent.id, text="again")
    found = await _queue(world, world.member)
    assert [(need.key, need.text) for need in found] == [
        ("signal:sig_1", "research: looping, 7 near-identical requests")
    ]
    clock.advance(1)
    await _emit(world, "signal.cleared", "sig_1", agent_id=agent.id)
    assert await _queue(world, world.member) == []
    clock.advance(1)
    await _emit(world, "signal.raised", "sig_2", agent_id=agent.id, text="silent")
    async with world.db.transaction() as tx:
        await actions.dismiss(tx, world.member, "signal:sig_2")
    assert await _queue(world, world.member) == []


async def test_a_stuck_run_that_falls_silent_waits_once_whichever_was_noticed_first(
    world: World, clock: FakeClock
) -> None:
    await fan_out(world.db, "http://q")
    bo = await world.colleague(Role.OPERATOR, "bo")
    agent = await world.agent(owner_id=bo.id)

    async def noticed(*so: tuple[Kind, str]) -> None:
        found = [Finding(kind, run, f"{kind} 20 min", clock.now(), 0.9, (), agent.id, run) for kind, run in so]
        async with world.db.transaction() as tx:
            await signals.reconcile(tx, world.workspace_id, found, Policies([], set()), {})
        await _emit(world, "nothing", "x")
        clock.advance(1)

    async def texts(actor: Actor) -> list[str]:
        return [need.text.removeprefix("research: ") for need in await _queue(world, actor)]

    first = [(Kind.SILENT, "run_1"), (Kind.STUCK, "run_2")]
    await noticed(*first)
    assert sorted(await texts(bo)) == ["silent 20 min", "stuck 20 min"]
    await noticed(*first, (Kind.STUCK, "run_1"), (Kind.SILENT, "run_2"), (Kind.SILENT, "run_3"))
    assert sorted(await texts(bo)) == ["silent 20 min", "stuck 20 min", "stuck 20 min"]
    clock.advance(DAY_S)
    assert await escalating.escalate_all(world.db) == 3
    assert len(await texts(world.member)) == 3
    await noticed((Kind.SILENT, "run_1"))
    assert await texts(bo) == ["silent 20 min"], "what is left when it is stuck no more"


async def test_who_was_handed_the_silence_of_a_stuck_run_keeps_it(world: World, clock: FakeClock) -> None:
    await fan_out(world.db, "http://q")
    bo = await world.colleague(Role.OPERATOR, "bo")
    agent = await world.agent()
    silence = Finding(Kind.SILENT, "run_1", "silent 20 min", clock.now(), 0.9, (), agent.id, "run_1")
    for found in ([silence], [silence, replace(silence, kind=Kind.STUCK, words="stuck 20 min")]):
        async with world.db.transaction() as tx:
            await signals.reconcile(tx, world.workspace_id, found, Policies([], set()), {})
        await _emit(world, "nothing", "x")
        if len(found) == 1:
            (need,) = await _queue(world, world.member)
            async with world.db.transaction() as tx:
                await actions.delegate(tx, world.member, need.key, bo.id)
    assert [need.text for need in await _queue(world, world.member)] == ["research: stuck 20 min"]
    assert [need.text for need in await _queue(world, bo)] == ["research: silent 20 min"]


async def test_a_budget_that_stopped_waits_for_its_agents_owner(world: World, clock: FakeClock) -> None:
    await fan_out(world.db, "http://q")
    bo = await world.colleague(Role.OPERATOR, "bo")
    agent = await world.agent(owner_id=bo.id)
    await _emit(world, "budget.stopped", "bud_1", agent_id=agent.id, shown="agent:research")
    assert [need.text for need in await _queue(world, bo)] == ["agent:research has used up its budget"]
    clock.advance(DAY_S)
    assert await escalating.escalate_all(world.db) == 1
    assert [need.escalated for need in await _queue(world, world.member)] == [True]
    await _emit(world, "budget.changed", "bud_1", what="amount")
    assert await _queue(world, bo) == []


async def test_a_task_that_waits_for_a_cancelled_one_waits_for_a_person_until_it_is_free(
    world: World, clock: FakeClock
) -> None:
    await fan_out(world.db, "http://q")
    first, second = await world.task("One"), await world.task("Two")
    await world.link(second, first)
    await world.move(first, TaskState.CANCELLED)
    await _emit(world, "nothing", "x")
    (need,) = await _queue(world, world.member)
    assert (need.key, need.text) == (
        f"task:{second.id}",
        "T-2 waits for T-1, which was cancelled: take that dependency away, let it wait for another, or cancel it",
    )
    clock.advance(1)
    await world.unlink(second, first)
    await _emit(world, "nothing", "x")
    assert await _queue(world, world.member) == []


async def test_an_agent_that_begins_nothing_while_work_waits_for_it_is_told_of(world: World, clock: FakeClock) -> None:
    bo = await world.colleague(Role.OPERATOR, "bo")
    gone, busy, paused = [await world.agent(name, owner_id=bo.id) for name in ("gone", "busy", "paused")]
    await world.want(paused, Desired.PAUSED)
    for agent in (gone, busy, paused):
        await world.task(agent_id=agent.id)
    await world.task(agent_id=busy.id)
    await world.claimed(busy, lease_s=3_600)
    assert await _queue(world, bo) == []
    clock.advance(DAY_S + 1)
    (need,) = await _queue(world, bo)
    assert (need.key, need.text) == (
        f"untaken:{gone.id}",
        "gone has begun nothing for a day, and T-1 waits for it: is it running?",
    )
    await world.claimed(gone)
    assert await _queue(world, bo) == []


async def test_tasks_that_no_agent_will_take_are_told_of(world: World, clock: FakeClock) -> None:
    bo = await world.colleague(Role.OPERATOR, "bo")
    retired, paused, able = [await world.agent(name, owner_id=bo.id) for name in ("retired", "paused", "able")]
    for agent_id in (retired.id, retired.id, paused.id, None):
        await world.task(agent_id=agent_id)
    blocked = await world.task(agent_id=retired.id)
    await world.link(blocked, await world.task("First", state=TaskState.BACKLOG))
    assert await _queue(world, world.member) == []
    await world.want(paused, Desired.PAUSED)
    await world.want(retired, Desired.RETIRED)
    at_once = "2 tasks wait for retired, which is retired: assign another agent"
    assert [need.text for need in await _queue(world, world.member)] == [at_once]
    clock.advance(DAY_S + 1)
    assert {need.text for need in await _queue(world, world.member)} == {
        at_once,
        "T-3 waits for paused, which is paused: resume it, or assign another agent",
        "T-4 has been ready for a day and no agent takes it: is one running?",
    }
    assert len({need.key for need in await _queue(world, world.member)}) == 3
    await world.claimed(able)
    assert len(await _queue(world, world.member)) == 2


async def test_a_review_is_not_dismissed(world: World) -> None:
    task = await _in_review(world, accountable=world.member, owner=world.member)
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid):
            await actions.dismiss(tx, world.member, f"review:{task.id}")
