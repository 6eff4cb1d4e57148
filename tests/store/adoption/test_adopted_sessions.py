"""A session that a task adopted with a conversation: gateways give its later calls to the task, while that is open."""

from pathlib import Path

import sqlalchemy as sa
from work_world import World

from quarterdeck.access.snapshot import WorkspaceEntry
from quarterdeck.access.vault import Vault
from quarterdeck.control.adoption import store
from quarterdeck.control.lever import actions as lever
from quarterdeck.control.lever.actions import Wanted
from quarterdeck.control.lever.model import Scope, Verb
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.worker.housekeeping import tidy
from quarterdeck.worker.snapshots import build_snapshot


async def told(world: World, data: Path) -> WorkspaceEntry:
    return (await build_snapshot(world.db, Vault.open(data), 1)).workspaces[world.workspace_id]


async def test_it_is_the_tasks_until_the_task_is_closed_and_its_runs_while_there_is_one(
    world: World, tmp_path: Path
) -> None:
    agent, task = await world.agent(), await world.task()
    name = f"{agent.id}:claude-1"
    async with world.db.transaction() as tx:
        await store.hold(tx, world.workspace_id, {(agent.id, "claude-1")}, task.id)
    assert (await told(world, tmp_path)).sessions == {name: (None, task.id)}
    async with world.db.transaction() as tx:
        wanted = Wanted(Verb.PAUSE, Scope.TASK, task.id, hold_s=7)
        await lever.give(tx, world.workspace_id, wanted, actor=world.owner.id)
    assert (await told(world, tmp_path)).paused_tasks == {task.id: 7}
    async with world.db.transaction() as tx:
        await lever.resume(tx, world.workspace_id, Scope.TASK, task.id, actor=world.owner.id)
    assert (await told(world, tmp_path)).paused_tasks == {}

    run = (await world.claimed(agent)).run
    assert (await told(world, tmp_path)).sessions == {name: (run.id, task.id)}
    await world.cancel(run)
    await world.move(task, TaskState.CANCELLED)
    assert (await told(world, tmp_path)).sessions == {}
    await tidy(world.db)
    async with world.db.read() as tx:
        assert (await tx.execute(sa.select(store.adopted_sessions))).all() == []


async def test_the_session_of_a_claim_is_stronger_and_the_last_to_adopt_has_it(world: World, tmp_path: Path) -> None:
    agent, first, second = await world.agent(), await world.task(), await world.task()
    mine = {(agent.id, "s1")}
    async with world.db.transaction() as tx:
        await store.hold(tx, world.workspace_id, mine, first.id)
        await store.hold(tx, world.workspace_id, mine, second.id)
        await store.let_go(tx, world.workspace_id, mine, first.id)  # is not first's any more
    assert (await told(world, tmp_path)).sessions == {f"{agent.id}:s1": (None, second.id)}
    run = (await world.claimed(agent, task_id=first.id, session="s1")).run
    assert (await told(world, tmp_path)).sessions == {f"{agent.id}:s1": (run.id, first.id)}
    await world.cancel(run)
    async with world.db.transaction() as tx:
        await store.let_go(tx, world.workspace_id, mine, second.id)
    assert (await told(world, tmp_path)).sessions == {}
