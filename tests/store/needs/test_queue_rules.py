"""The queue of what waits for a member, on both stores."""

import pytest
from work_world import World

from quarterdeck.access.actors import Actor, Role
from quarterdeck.control.needs import actions
from quarterdeck.control.tasks.model import ReviewPolicy, Task
from quarterdeck.kernel.clock import HOUR, FakeClock
from quarterdeck.kernel.errors import Invalid, NotFound


async def _in_review(world: World, review: str) -> Task:
    task = await world.task(review=ReviewPolicy(review))
    await world.finish((await world.claimed(await world.agent(task.ref), task_id=task.id)).run)
    return task


async def _keys(world: World, actor: Actor) -> list[str]:
    async with world.db.read() as tx:
        return [need.key for need in await actions.queue(tx, actor)]


async def test_a_review_waits_for_those_whose_approval_counts(world: World) -> None:
    kim, low = await world.colleague(Role.ADMIN, "kim"), await world.colleague(Role.REVIEWER, "low")
    accountable = await _in_review(world, "one")
    named = await _in_review(world, f"member:{kim.id}")
    ranked = await _in_review(world, "role:admin")
    assert await _keys(world, world.member) == [f"review:{accountable.id}", f"review:{ranked.id}"]
    assert await _keys(world, kim) == [f"review:{named.id}", f"review:{ranked.id}"]
    assert await _keys(world, low) == []


async def test_the_last_word_on_a_need_holds(world: World, clock: FakeClock) -> None:
    kim = await world.colleague(Role.REVIEWER, "kim")
    key = f"review:{(await _in_review(world, 'one')).id}"
    async with world.db.transaction() as tx:
        await actions.snooze(tx, world.member, key, clock.now() + HOUR)
        await actions.delegate(tx, world.member, key, kim.id)
    assert (await _keys(world, world.member), await _keys(world, kim)) == ([], [key])
    async with world.db.transaction() as tx:
        with pytest.raises(Invalid):
            await actions.snooze(tx, world.member, key, clock.now())
        with pytest.raises(NotFound):
            await actions.snooze(tx, world.member, "review:tsk_x", clock.now() + 1)
