"""Who waits for whom, on both stores."""

import asyncio
import time

import pytest
import sqlalchemy as sa
from work_world import World

from quarterdeck.control.dependencies import actions, store
from quarterdeck.control.dependencies.actions import Graph
from quarterdeck.control.dependencies.tables import dependencies
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks.model import ReviewPolicy, Task, TaskState
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.kernel.errors import Changed, Invalid, NotFound


async def _wait(world: World, task: Task, blocker: Task) -> None:
    async with world.db.transaction() as tx:
        await actions.add(tx, world.workspace_id, task.id, blocker.id, actor=world.owner.id)


async def _free(world: World, task: Task, blocker: Task) -> None:
    async with world.db.transaction() as tx:
        await actions.remove(tx, world.workspace_id, task.id, blocker.id)


async def _graph(world: World, task: Task) -> Graph:
    async with world.db.read() as tx:
        return await actions.graph(tx, world.workspace_id, task.id)


async def _do(world: World, name: str, task: Task) -> None:
    """An agent works on the task until it is done."""
    claimed = await world.claimed(await world.agent(name), task_id=task.id)
    await world.finish(claimed.run)


async def test_a_task_is_claimed_only_once_what_it_waits_for_is_done(world: World, clock: FakeClock) -> None:
    first = await world.task("Draft", review=ReviewPolicy.NONE)
    second = await world.task("QA", priority=0)
    await _wait(world, second, first)
    began = clock.now()
    clock.advance(60)
    graph = await _graph(world, second)
    assert (graph.blocked_since, graph.reason) == (began, "waits for T-1 Draft")
    qa = await world.agent("qa")
    named = await world.claim(qa, task_id=second.id)
    assert isinstance(named, Unclaimed)
    assert named.message == "T-2 waits for T-1 Draft."
    await _do(world, "drafting", first)
    assert (await _graph(world, second)).blocked_since is None
    assert (await world.claimed(qa)).task.id == second.id
    assert await world.told(second.id) == ["task.created", "dependency.added", "task.unblocked", "task.moved"]


async def test_a_task_is_free_only_with_its_last_blocker(world: World) -> None:
    one, two = [await world.task(title, review=ReviewPolicy.NONE) for title in ("One", "Two")]
    last = await world.task("Last")
    await _wait(world, last, one)
    await _wait(world, last, two)
    await _do(world, "first", one)
    assert "task.unblocked" not in await world.told(last.id)
    await _do(world, "second", two)
    assert (await world.told(last.id)).count("task.unblocked") == 1


async def test_two_blockers_done_at_the_same_moment_free_it_once(world: World) -> None:
    last = await world.task("Last")
    runs = []
    for name in ("first", "second"):
        blocker = await world.task(name, review=ReviewPolicy.NONE)
        await _wait(world, last, blocker)
        runs.append((await world.claimed(await world.agent(name), task_id=blocker.id)).run)
    await asyncio.gather(*[world.finish(run) for run in runs])
    assert (await world.told(last.id)).count("task.unblocked") == 1


async def test_blocked_counts_from_the_first_of_blockers_that_followed_without_a_gap(
    world: World, clock: FakeClock
) -> None:
    one, two = [await world.task(title, review=ReviewPolicy.NONE) for title in ("One", "Two")]
    last = await world.task("Last")
    await _wait(world, last, one)
    began = clock.now()
    clock.advance(10)
    await _wait(world, last, two)
    clock.advance(10)
    await _do(world, "first", one)
    assert (await _graph(world, last)).blocked_since == began
    await _do(world, "second", two)
    clock.advance(10)
    await _wait(world, last, await world.task("Three"))
    assert (await _graph(world, last)).blocked_since == began + 30 * SECOND


async def test_a_cycle_is_refused_and_named(world: World) -> None:
    one, two, three = [await world.task(title) for title in ("One", "Two", "Three")]
    await _wait(world, two, one)
    await _wait(world, three, two)
    with pytest.raises(Changed) as refused:
        await _wait(world, one, three)
    assert refused.value.code == "dependency_cycle"
    assert refused.value.extra["cycle"] == ["T-1", "T-3", "T-2", "T-1"]
    assert "T-1 → T-3 → T-2 → T-1" in refused.value.message
    with pytest.raises(Invalid):
        await _wait(world, one, one)


async def test_two_edges_that_make_a_cycle_together_never_both_come_in(world: World) -> None:
    one, two = [await world.task(title) for title in ("One", "Two")]
    outcomes = await asyncio.gather(_wait(world, one, two), _wait(world, two, one), return_exceptions=True)
    assert sorted(type(outcome) for outcome in outcomes if outcome is not None) == [Changed]


async def test_a_cycle_of_a_thousand_tasks_is_refused_fast(world: World) -> None:
    first = await world.task("Task 0")
    async with world.db.transaction() as tx:
        row = dict((await tx.rows(sa.select(store.tasks)))[0])
        await tx.execute(store.tasks.insert(), [row | {"id": f"tsk_{n:04}", "number": n + 1} for n in range(1, 1_000)])
        ids = [first.id, *(f"tsk_{n:04}" for n in range(1, 1_000))]
        edge = {"workspace_id": world.workspace_id, "created_at": 1}
        await tx.execute(
            dependencies.insert(),
            [edge | {"task_id": ids[n], "waits_for_id": ids[n - 1]} for n in range(1, 1_000)],
        )
    began = time.process_time()
    with pytest.raises(Changed) as refused:
        async with world.db.transaction() as tx:
            await actions.add(tx, world.workspace_id, first.id, ids[-1])
    assert len(refused.value.extra["cycle"]) == 1_001
    async with world.db.read() as tx:
        graph = await actions.graph(tx, world.workspace_id, ids[-1])
    assert (len(graph.chain), len(graph.critical_path)) == (999, 1_000)
    assert time.process_time() - began < 6


async def test_the_graph_says_who_is_behind_whom(world: World) -> None:
    draft, qa, ship, side = [await world.task(title) for title in ("Draft", "QA", "Ship", "Side")]
    await _wait(world, qa, draft)
    await _wait(world, ship, qa)
    await _wait(world, ship, side)
    middle = await _graph(world, qa)
    assert [node.ref for node in middle.downstream] == ["T-3"]
    end = await _graph(world, ship)
    assert [node.ref for node in end.waits_for] == ["T-2", "T-4"]
    assert sorted(node.ref for node in end.chain) == ["T-1", "T-2", "T-4"]
    assert [node.ref for node in end.critical_path] == ["T-1", "T-2", "T-3"]


async def test_a_cancelled_blocker_still_blocks_and_says_so(world: World) -> None:
    one, two = [await world.task(title) for title in ("One", "Two")]
    await _wait(world, two, one)
    await world.move(one, TaskState.CANCELLED)
    assert (await _graph(world, two)).reason == "waits for T-1 One, which was cancelled"
    await _free(world, two, one)
    assert (await world.told(two.id))[-2:] == ["dependency.removed", "task.unblocked"]


async def test_an_edge_is_added_and_removed_once(world: World) -> None:
    one, two = [await world.task(title) for title in ("One", "Two")]
    for _ in range(2):
        await _wait(world, two, one)
    for _ in range(2):
        await _free(world, two, one)
    told = await world.told(two.id)
    assert (told.count("dependency.added"), told.count("dependency.removed")) == (1, 1)


async def test_tasks_of_another_workspace_are_not_there(world: World) -> None:
    there = await World.make(world.db, "there")
    with pytest.raises(NotFound):
        await _wait(world, await world.task(), await there.task())


async def test_cancelling_a_blocker_tells_who_waits_for_it(world: World) -> None:
    blocker, waiter, closed = [await world.task() for _ in range(3)]
    async with world.db.transaction() as tx:
        for task in (waiter, closed):
            await actions.add(tx, world.workspace_id, task.id, blocker.id)
    await world.move(closed, TaskState.CANCELLED)
    await world.move(blocker, TaskState.CANCELLED)
    assert (await world.told(waiter.id))[-1] == "task.stranded"
    assert "task.stranded" not in await world.told(closed.id)
