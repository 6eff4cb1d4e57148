"""A task that is offered to a squad: any of its agents may claim it, the first gets it, and nobody else does."""

import pytest
from work_world import World

from quarterdeck.control.agents.model import Agent
from quarterdeck.control.needs import actions as needs
from quarterdeck.control.runs.model import Nothing, Outcome, RunState
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.runs.waiting import concerns
from quarterdeck.control.squads import actions as squads
from quarterdeck.control.squads.actions import Squad, Wanted
from quarterdeck.control.tasks import lists
from quarterdeck.control.tasks import store as tasks
from quarterdeck.control.tasks.lists import TaskFilter
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.db.outbox import StoredEvent
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import Changed, Invalid

DAY_S = 24 * 3_600.0


async def _squad(world: World, *agents: Agent, name: str = "Writers") -> Squad:
    async with world.db.transaction() as tx:
        wanted = Wanted(name, agent_ids=tuple(agent.id for agent in agents))
        return await squads.create(tx, world.workspace_id, wanted, actor=world.owner.id)


async def _belong(world: World, squad: Squad, *agents: Agent) -> None:
    async with world.db.transaction() as tx:
        wanted = Wanted(agent_ids=tuple(agent.id for agent in agents))
        await squads.change(tx, world.workspace_id, squad.id, wanted, version=None, actor=world.owner.id)


async def test_the_first_of_the_squad_to_claim_has_it_until_it_comes_back_to_the_squad(world: World) -> None:
    anna, bert, stranger = await world.agent("anna"), await world.agent("bert"), await world.agent("stranger")
    squad = await _squad(world, anna, bert)
    task = await world.task(squad_id=squad.id)
    nothing = await world.claim(stranger, task_id=task.id)
    assert isinstance(nothing, Unclaimed) and nothing.reason is Nothing.NONE_READY
    assert nothing.message == f"{task.ref} is offered to a squad that you do not belong to."
    assert isinstance(await world.claim(stranger), Unclaimed)
    claimed = await world.claimed(anna)
    assert (claimed.task.id, claimed.task.agent_id, claimed.task.taken) == (task.id, anna.id, True)
    assert isinstance(await world.claim(bert), Unclaimed)
    await world.cancel(claimed.run)
    back = await world.see(task)
    assert (back.state, back.agent_id, back.squad_id) == (TaskState.READY, None, squad.id)
    assert (await world.claimed(bert)).task.id == task.id


async def test_whoever_joins_may_claim_and_whoever_left_may_not(world: World) -> None:
    anna, bert = await world.agent("anna"), await world.agent("bert")
    squad = await _squad(world, anna)
    task = await world.task(squad_id=squad.id)
    async with world.db.read() as tx:
        for agent, expected in ((anna, [task.id]), (bert, [])):
            seen = await tasks.of_agent(tx, world.workspace_id, agent.id, [TaskState.READY], limit=5)
            assert [one.id for one in seen] == expected
        offered = await lists.page(tx, world.workspace_id, TaskFilter(squad_id=squad.id), limit=5)
    assert [one.id for one in offered.items] == [task.id]
    await _belong(world, squad, bert)
    assert isinstance(await world.claim(anna), Unclaimed)
    assert (await world.claimed(bert)).task.id == task.id
    told = StoredEvent(1, world.workspace_id, "squad.changed", squad.id, None, 0, {})
    assert concerns(told, bert.id)


async def test_offering_it_to_the_squad_of_who_works_on_it_lets_the_work_go_on(world: World) -> None:
    anna, bert = await world.agent("anna"), await world.agent("bert")
    squad, others = await _squad(world, anna), await _squad(world, bert, name="Others")
    task = await world.task(agent_id=anna.id)
    run = (await world.claimed(anna)).run
    offered = await world.assign(task, None, squad_id=squad.id)
    assert (offered.run_id, offered.agent_id, offered.taken, offered.squad_id) == (run.id, anna.id, True, squad.id)
    assert (await world.assign(task, None, squad_id=squad.id)).version == offered.version
    moved = await world.assign(task, None, squad_id=others.id)
    assert (await world.see_run(run)).state is RunState.CANCELLED
    assert (moved.state, moved.agent_id, moved.squad_id) == (TaskState.READY, None, others.id)
    alone = await world.assign(task, anna)
    assert (alone.agent_id, alone.squad_id) == (anna.id, None)
    both = "A task is for an agent or for a squad"
    with pytest.raises(Invalid, match=both):
        await world.assign(task, anna, squad_id=squad.id)
    with pytest.raises(Invalid, match=both):
        await world.task(agent_id=anna.id, squad_id=squad.id)
    with pytest.raises(Invalid, match="names no squad"):
        await world.assign(task, None, squad_id="sqd_none")


async def test_after_what_another_agent_should_try_another_of_the_squad_does(world: World) -> None:
    anna, bert, _ = await world.agent("anna"), await world.agent("bert"), await world.agent("stranger")
    squad, alone = await _squad(world, anna, bert), await _squad(world, anna, name="Alone")
    task = await world.task(squad_id=squad.id)
    await world.finish((await world.claimed(anna)).run, Outcome.FAILED, reason="context_overflow")
    assert isinstance(await world.claim(anna), Unclaimed)
    assert (await world.claimed(bert)).task.id == task.id
    task = await world.task(squad_id=alone.id)
    await world.finish((await world.claimed(anna)).run, Outcome.FAILED, reason="context_overflow")
    assert (await world.see(task)).state is TaskState.BACKLOG  # nobody else of that squad: a person decides


async def test_a_squad_stays_while_open_tasks_are_offered_to_it(world: World) -> None:
    anna = await world.agent("anna")
    squad = await _squad(world, anna)
    open_one, closed = await world.task(squad_id=squad.id), await world.task(squad_id=squad.id)
    await world.move(closed, TaskState.CANCELLED)

    async def remove() -> None:
        async with world.db.transaction() as tx:
            await squads.remove(tx, world.workspace_id, squad.id, actor=world.owner.id)

    with pytest.raises(Changed) as refused:
        await remove()
    assert (refused.value.code, refused.value.extra["tasks"]) == ("squad_in_use", 1)
    await world.assign(open_one, anna)
    await remove()
    assert (await world.see(closed)).squad_id is None


async def test_work_that_no_agent_of_its_squad_takes_waits_for_who_answers_for_it(
    world: World, clock: FakeClock
) -> None:
    anna, busy = await world.agent("anna"), await world.agent("busy")
    squad = await _squad(world, anna)
    await world.task(squad_id=squad.id)
    await world.task(squad_id=squad.id)
    clock.advance(DAY_S + 1)
    await world.task("For anybody")
    await world.claimed(busy)
    async with world.db.read() as tx:
        (need,) = await needs.queue(tx, world.member)
    assert need.text == "No agent of Writers has begun anything for a day, and 2 tasks wait for one: is one running?"
    await world.claimed(anna)
    async with world.db.read() as tx:
        assert await needs.queue(tx, world.member) == []
