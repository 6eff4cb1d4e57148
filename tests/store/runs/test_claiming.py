"""Claiming, on both stores: who gets what, and who gets nothing and why."""

import asyncio
from collections import Counter
from typing import Any

import pytest
from work_world import World

from quarterdeck.access import keyring
from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.access.keyring import Holder, Scope
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.runs import claims
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import Nothing, Outcome, RunState
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks.model import Priority, TaskState
from quarterdeck.db import Database
from quarterdeck.kernel.clock import HOUR, SECOND, FakeClock
from quarterdeck.kernel.errors import Forbidden, Invalid, NotFound


async def test_a_claim_opens_a_run_with_a_lease_a_fence_and_a_key(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    task = await world.task()
    claimed = await world.claimed(agent, lease_s=30)
    assert claimed.task.id == task.id
    assert (claimed.task.state, claimed.task.run_id) == (TaskState.IN_PROGRESS, claimed.run.id)
    assert claimed.run == await world.see_run(claimed.run)
    assert (claimed.run.state, claimed.run.attempt, claimed.run.fence) == (RunState.RUNNING, 1, 1)
    assert claimed.run.lease_expires_at == clock.now() + 30 * SECOND
    assert claimed.run_key.startswith("qd-r-")
    assert await world.key_state(claimed) == "active"
    assert await world.told(task.id, claimed.run.id) == ["task.created", "task.moved", "run.opened"]


async def test_priority_goes_first_then_due_time_then_age(world: World, clock: FakeClock) -> None:
    agent = await world.agent(capacity=9)
    for priority, due_at in [
        (Priority.NORMAL, None),
        (Priority.LOW, clock.now()),
        (Priority.URGENT, None),
        (Priority.NORMAL, clock.now() + HOUR),
        (Priority.NORMAL, None),
    ]:
        await world.task(priority=priority, due_at=due_at)
    assert [(await world.claimed(agent)).task.number for _ in range(5)] == [3, 4, 1, 5, 2]


async def test_an_agent_gets_its_own_tasks_and_those_of_nobody(world: World) -> None:
    research, drafting = await world.agent("research"), await world.agent("drafting", capacity=9)
    await world.task("for research", agent_id=research.id, priority=Priority.URGENT)
    await world.task("for anybody")
    await world.task("for drafting", agent_id=drafting.id)
    assert (await world.claimed(drafting)).task.title == "for anybody"
    assert (await world.claimed(drafting)).task.title == "for drafting"
    nothing = await world.claim(drafting)
    assert isinstance(nothing, Unclaimed)
    assert nothing.reason is Nothing.NONE_READY
    assert (await world.claimed(research)).task.title == "for research"


async def test_the_reason_says_why_there_is_nothing(world: World) -> None:
    agent = await world.agent(capacity=1)
    assert await _reason(world, agent) is Nothing.NONE_READY
    await world.task()
    await world.task()
    await world.claimed(agent)
    assert await _reason(world, agent) is Nothing.AT_CAPACITY
    agent = await world.want(agent, Desired.PAUSED)
    assert await _reason(world, agent) is Nothing.PAUSED
    agent = await world.want(agent, Desired.RETIRED)
    assert await _reason(world, agent) is Nothing.RETIRED


async def _reason(world: World, agent: Agent, **fields: Any) -> Nothing:
    found = await world.claim(agent, **fields)
    assert isinstance(found, Unclaimed)
    assert found.message
    return found.reason


async def test_one_task_can_be_asked_for(world: World) -> None:
    agent, other = await world.agent(capacity=9), await world.agent("other")
    urgent, wanted = await world.task(priority=Priority.URGENT), await world.task()
    theirs = await world.task(agent_id=other.id)
    assert (await world.claimed(agent, task_id=wanted.id)).task.id == wanted.id
    assert await _reason(world, agent, task_id=wanted.id) is Nothing.NONE_READY
    assert await _reason(world, agent, task_id=theirs.id) is Nothing.NONE_READY
    with pytest.raises(NotFound):
        await world.claim(agent, task_id="tsk_nobody")
    assert (await world.see(urgent)).state is TaskState.READY


async def test_a_task_sent_back_from_review_is_claimed_again_by_its_agent_only(world: World) -> None:
    agent, other = await world.agent("first"), await world.agent("second")
    task = await world.task()
    await world.finish((await world.claimed(agent)).run)
    sent_back = await world.move(task, TaskState.IN_PROGRESS, note="Name your sources.")
    assert sent_back.agent_id == agent.id
    assert await _reason(world, other) is Nothing.NONE_READY
    again = await world.claimed(agent)
    assert (again.run.attempt, again.task.note, again.task.state) == (2, "Name your sources.", TaskState.IN_PROGRESS)


async def test_a_task_taken_by_claiming_is_anybodys_again_when_it_comes_back(world: World) -> None:
    agent, other = await world.agent("first"), await world.agent("second")
    task = await world.task()
    claimed = await world.claimed(agent)
    assert (claimed.task.agent_id, claimed.task.taken) == (agent.id, True)
    await world.cancel(claimed.run)
    assert (await world.see(task)).agent_id is None
    assert (await world.claimed(other)).task.id == task.id


async def test_a_run_key_claims_nothing_and_leases_have_bounds(world: World) -> None:
    agent = await world.agent(capacity=2)
    await world.task()
    claimed = await world.claimed(agent)
    async with world.db.transaction() as tx:
        with pytest.raises(Forbidden):
            await claims.claim(tx, world.as_run(claimed.run))
        with pytest.raises(Forbidden):
            await claims.claim(tx, world.member)
        for lease_s in (0, 4, 3_601):
            with pytest.raises(Invalid):
                await claims.claim(tx, world.as_agent(agent), lease_s=lease_s)


async def test_a_run_key_allows_no_more_than_the_key_that_claimed(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    await world.task()
    scope = Scope(models=["openai/*"], body_mode="none", expires_at=clock.now() + HOUR, tags={"team": "a"})
    async with world.db.transaction() as tx:
        issued = await keyring.issue(tx, Holder(world.workspace_id, agent_id=agent.id), scope=scope)
        actor = Actor(world.workspace_id, ActorKind.AGENT, agent.id, key_id=issued.key.id)
        claimed = await claims.claim(tx, actor)
        assert isinstance(claimed, Claimed)
        key = await keyring.find(tx, keyring.key_hash(claimed.run_key))
    assert key is not None
    assert (key.models, key.body_mode, key.expires_at, key.tags) == (
        ["openai/*"],
        "none",
        clock.now() + HOUR,
        {"team": "a"},
    )
    assert (key.agent_id, key.run_id, key.task_id) == (agent.id, claimed.run.id, claimed.task.id)


async def test_tasks_of_another_workspace_are_never_claimed(world: World) -> None:
    there = await World.make(world.db, "there")
    task = await there.task()
    agent = await world.agent()
    assert await _reason(world, agent) is Nothing.NONE_READY
    with pytest.raises(NotFound):
        await world.claim(agent, task_id=task.id)


async def test_of_two_hundred_workers_who_race_for_one_task_one_wins(world: World) -> None:
    agents = await _many_agents(world, 200)
    task = await world.task()
    doors = await _doors(world)
    answers = await asyncio.gather(*[doors[n % len(doors)].claim(agent) for n, agent in enumerate(agents)])
    winners = [answer for answer in answers if isinstance(answer, Claimed)]
    assert len(winners) == 1
    assert {answer.reason for answer in answers if isinstance(answer, Unclaimed)} == {Nothing.NONE_READY}
    assert (await world.see(task)).attempts == 1
    assert await world.told(task.id) == ["task.created", "task.moved"]
    for door in doors[1:]:
        await door.db.close()


async def test_many_workers_share_many_tasks_without_a_twin_or_a_rest(world: World) -> None:
    agents = await _many_agents(world, 30)
    for _ in range(20):
        await world.task()
    doors = await _doors(world)

    async def work(door: World, agent: Agent) -> list[int]:
        done = []
        # Another may hold the last tasks for a moment, so nothing is only believed when it is said twice.
        for _ in range(2):
            while isinstance(found := await door.claim(agent), Claimed):
                done.append(found.task.number)
                await door.finish(found.run)
        return done

    shares = await asyncio.gather(*[work(doors[n % len(doors)], agent) for n, agent in enumerate(agents)])
    assert Counter(number for share in shares for number in share) == Counter(range(1, 21))
    for door in doors[1:]:
        await door.db.close()


async def test_one_agent_in_many_processes_stays_within_its_capacity(world: World) -> None:
    agents = [await world.agent("one", capacity=3), await world.agent("two", capacity=1)]
    for _ in range(20):
        await world.task()
    doors = await _doors(world)
    answers = await asyncio.gather(*[doors[n % len(doors)].claim(agents[n % 2]) for n in range(40)])
    got = Counter(answer.run.agent_id for answer in answers if isinstance(answer, Claimed))
    assert got == {agents[0].id: 3, agents[1].id: 1}
    assert {answer.reason for answer in answers if isinstance(answer, Unclaimed)} == {Nothing.AT_CAPACITY}
    first = next(answer for answer in answers if isinstance(answer, Claimed) and answer.run.agent_id == agents[1].id)
    await world.finish(first.run, Outcome.FAILED)
    assert isinstance(await world.claim(agents[1]), Claimed)
    for door in doors[1:]:
        await door.db.close()


async def _many_agents(world: World, count: int) -> list[Agent]:
    async with world.db.transaction() as tx:
        return [
            await agent_actions.create(tx, world.workspace_id, name=f"worker {n}", owner_id=world.owner.id)
            for n in range(count)
        ]


async def _doors(world: World) -> list[World]:
    """The same workspace through two databases, as two processes would have it open."""
    return [world, world.through(Database(world.db.url, world.db.clock))]
