"""Subtasks, holds and projects, on both stores."""

import pytest
from work_world import World

from quarterdeck.control.goals import actions as goals
from quarterdeck.control.goals import standing
from quarterdeck.control.goals.model import GoalState, Standing
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.runs.model import Nothing
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks import actions, holding, store
from quarterdeck.control.tasks.model import MAX_DEPTH, Task, TaskChange, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.kernel.errors import Changed, Invalid


async def _hold(world: World, task: Task, reason: str | None = None) -> Task:
    async with world.db.transaction() as tx:
        return await holding.hold(tx, world.workspace_id, task.id, reason=reason, actor=world.owner.id)


async def _release(world: World, task: Task) -> Task:
    async with world.db.transaction() as tx:
        return await holding.release(tx, world.workspace_id, task.id, actor=world.owner.id)


async def _put(world: World, task: Task, parent: Task | None) -> Task:
    change = TaskChange(no_parent=True) if parent is None else TaskChange(parent_id=parent.id)
    async with world.db.transaction() as tx:
        return await actions.change(tx, world.workspace_id, task.id, change)


async def _held(world: World, *tasks: Task) -> list[bool]:
    return [(await world.see(task)).held for task in tasks]


async def test_a_subtask_takes_project_and_accountable_person_from_its_parent(world: World) -> None:
    async with world.db.transaction() as tx:
        project = await projects.create(tx, world.workspace_id, name="Reports")
    parent = await world.task(project_id=project.id)
    child = await world.task("Part", parent_id=parent.id)
    assert (child.parent_id, child.project_id, child.accountable_id) == (parent.id, project.id, parent.accountable_id)
    async with world.db.read() as tx:
        counted = await store.subtasks_of(tx, world.workspace_id, [parent.id, child.id])
    assert counted == {parent.id: store.SubtaskCount(1, 0)}


async def test_how_a_goal_stands_is_counted_from_its_tasks(world: World) -> None:
    async with world.db.transaction() as tx:
        goal = await goals.create(tx, world.workspace_id, name="Launch", accountable_id=world.owner.id)
        bare = await goals.create(tx, world.workspace_id, name="Later", accountable_id=world.owner.id)
    agent = await world.agent()
    first = await world.task(goal_id=goal.id, review=ReviewPolicy.NONE)
    second = await world.task("Part", parent_id=first.id)
    await world.link(second, first)
    await world.task("Elsewhere")
    await world.finish((await world.claimed(agent, task_id=first.id)).run)
    third = await world.task("Third", goal_id=goal.id)
    await world.link(third, second)
    async with world.db.read() as tx:
        stands = await standing.of_goals(tx, world.workspace_id, [goal.id, bare.id])
    assert stands[bare.id] == Standing({})
    found = stands[goal.id]
    assert (found.state, found.done, found.counting, found.blocked) == (GoalState.UNDER_WAY, 1, 3, 1)
    assert (found.done_lately, found.first_at) == (1, first.created_at)
    async with world.db.transaction() as tx:
        await goals.delete(tx, world.workspace_id, goal.id)
    assert (await world.see(third)).goal_id is None


async def test_a_hold_reaches_all_below_and_new_ones_too(world: World) -> None:
    root = await world.task("root")
    child = await world.task("child", parent_id=root.id)
    grandchild = await world.task("grandchild", parent_id=child.id)
    beside = await world.task("beside")
    held = await _hold(world, root, "wait for legal")
    assert (held.held, held.hold_reason) == (True, "wait for legal")
    late = await world.task("late", parent_id=grandchild.id)
    assert await _held(world, root, child, grandchild, late, beside) == [True, True, True, True, False]
    agent = await world.agent(capacity=9)
    assert (await world.claimed(agent)).task.id == beside.id
    nothing = await world.claim(agent)
    assert isinstance(nothing, Unclaimed) and nothing.reason is Nothing.HELD
    named = await world.claim(agent, task_id=grandchild.id)
    assert isinstance(named, Unclaimed) and named.reason is Nothing.HELD
    await _release(world, root)
    assert await _held(world, root, child, grandchild, late) == [False] * 4
    assert (await world.claimed(agent)).task.id == root.id
    assert "task.released" in await world.told(late.id)


async def test_an_inner_hold_outlives_the_outer_one(world: World) -> None:
    root = await world.task("root")
    child = await world.task("child", parent_id=root.id)
    grandchild = await world.task("grandchild", parent_id=child.id)
    await _hold(world, child)
    await _hold(world, root)
    await _release(world, root)
    assert await _held(world, root, child, grandchild) == [False, True, True]
    await _hold(world, root)
    await _release(world, child)
    assert await _held(world, root, child, grandchild) == [True, True, True]
    await _release(world, root)
    assert await _held(world, root, child, grandchild) == [False, False, False]


async def test_moving_a_task_in_the_tree_takes_it_under_or_out_of_a_hold(world: World) -> None:
    held, free = await world.task("held"), await world.task("free")
    child = await world.task("child", parent_id=free.id)
    below = await world.task("below", parent_id=child.id)
    await _hold(world, held)
    assert (await _put(world, child, held)).held
    assert await _held(world, child, below) == [True, True]
    assert not (await _put(world, child, None)).held
    assert await _held(world, child, below) == [False, False]


async def test_a_task_is_never_below_itself(world: World) -> None:
    root = await world.task()
    child = await world.task(parent_id=root.id)
    grandchild = await world.task(parent_id=child.id)
    for task, parent in ((root, grandchild), (root, root), (child, grandchild)):
        with pytest.raises(Changed) as refused:
            await _put(world, task, parent)
        assert refused.value.code == "parent_cycle"


async def test_the_tree_is_not_deeper_than_it_says(world: World) -> None:
    chain = [await world.task()]
    for _ in range(MAX_DEPTH):
        chain.append(await world.task(parent_id=chain[-1].id))
    with pytest.raises(Changed) as refused:
        await world.task(parent_id=chain[-1].id)
    assert refused.value.code == "too_deep"
    pair = await world.task()
    await world.task(parent_id=pair.id)
    with pytest.raises(Changed) as refused:
        await _put(world, pair, chain[-2])
    assert refused.value.code == "too_deep"
    assert (await _put(world, pair, chain[-3])).parent_id == chain[-3].id


async def test_a_closed_task_gets_no_subtasks_and_an_unknown_one_is_named(world: World) -> None:
    closed = await world.move(await world.task(), TaskState.CANCELLED)
    with pytest.raises(Changed) as refused:
        await world.task(parent_id=closed.id)
    assert refused.value.code == "task_closed"
    with pytest.raises(Invalid) as unknown:
        await world.task(parent_id="tsk_nobody")
    assert unknown.value.extra["field"] == "parent_id"


async def test_a_task_that_has_spent_its_budget_is_not_claimed(world: World) -> None:
    agent = await world.agent()
    task = await world.task(budget=0)
    nothing = await world.claim(agent)
    assert isinstance(nothing, Unclaimed) and nothing.reason is Nothing.BUDGET
    async with world.db.transaction() as tx:
        await actions.change(tx, world.workspace_id, task.id, TaskChange(budget=1))
    assert (await world.claimed(agent)).task.id == task.id


async def test_a_hand_off_note_reaches_the_next_worker(world: World) -> None:
    first, second = await world.agent("first"), await world.agent("second")
    task = await world.assign(await world.task(), first)
    await world.claimed(first)
    await world.assign(task, second, note="The draft is in the wiki; cut it to one page.")
    claimed = await world.claimed(second)
    assert claimed.task.note == "The draft is in the wiki; cut it to one page."
