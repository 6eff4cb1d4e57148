"""What the verbs of the stop lever leave in the store, and what gateways would be told of it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from work_world import World

from quarterdeck.access.vault import Vault
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.dependencies import actions as dependencies
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.lever import actions, store
from quarterdeck.control.lever.actions import Effect, Wanted
from quarterdeck.control.lever.gates import carry_out
from quarterdeck.control.lever.model import Order, Scope, Verb
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.runs.model import RunState
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.tasks import holding
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.kernel.clock import MINUTE, FakeClock
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.worker import lever
from quarterdeck.worker.snapshots import build_snapshot


@dataclass
class Asked:
    """Gateways that note what they are asked."""

    said: list[str] = field(default_factory=list)

    async def ensure_published(self) -> None:
        self.said.append("published")

    async def end_calls(self, *, scope: str, ids: Any, code: str, message: str) -> int:
        self.said.append(f"end {scope} {','.join(ids)} {code}")
        return 1


@dataclass(frozen=True)
class Lever:
    """The verbs, a transaction each."""

    world: World

    async def give(self, verb: Verb, scope: Scope, subject_id: str = "", **fields: Any) -> Effect:
        wanted = Wanted(verb, scope, subject_id, **fields)
        async with self.world.db.transaction() as tx:
            return await actions.give(tx, self.world.workspace_id, wanted, actor=self.world.owner.id)

    async def lift(self, order: Order | None) -> Order:
        assert order is not None
        async with self.world.db.transaction() as tx:
            return await actions.lift(tx, self.world.workspace_id, order.id, actor=self.world.owner.id)

    async def resume(self, scope: Scope, subject_id: str = "") -> list[Order]:
        async with self.world.db.transaction() as tx:
            return await actions.resume(tx, self.world.workspace_id, scope, subject_id)


@pytest.fixture
def pull(world: World) -> Lever:
    return Lever(world)


async def seen(world: World, path: Path) -> dict[str, str]:
    """State by id of the runs and agents in the picture that gateways get."""
    snapshot = await build_snapshot(world.db, Vault.open(path), 1)
    entry = snapshot.workspaces[world.workspace_id]
    return {run.id: run.state for run in entry.runs.values()} | {
        each.id: each.desired for each in entry.agents.values()
    }


async def test_a_paused_run_is_paused_in_the_snapshot_and_open_again_when_it_is_resumed(
    world: World, pull: Lever, tmp_path: Path
) -> None:
    agent, _ = await world.agent(), await world.task()
    run = (await world.claimed(agent)).run
    effect = await pull.give(Verb.PAUSE, Scope.RUN, run.id, reason="Look first", hold_s=20)
    assert effect.run_ids == [run.id]
    assert (await seen(world, tmp_path))[run.id] == "paused"
    snapshot = await build_snapshot(world.db, Vault.open(tmp_path), 1)
    assert snapshot.workspaces[world.workspace_id].runs[run.id].hold_s == 20
    [lifted] = await pull.resume(Scope.RUN, run.id)
    assert effect.order is not None
    assert lifted.id == effect.order.id
    assert await seen(world, tmp_path) == {run.id: "open", agent.id: "enabled"}
    assert await world.told(effect.order.id) == ["lever.ordered", "lever.applied", "lever.lifted"]
    assert (await world.see_run(run)).open


async def test_a_paused_subtree_takes_the_runs_below_it_and_keeps_its_tasks_from_being_claimed(
    world: World, pull: Lever, tmp_path: Path
) -> None:
    agent = await world.agent(capacity=5)
    top = await world.task("Top")
    below = await world.task("Below", parent_id=top.id)
    deep = await world.task("Deep", parent_id=below.id)
    beside = await world.task("Beside")
    runs = {task.id: (await world.claimed(agent, task_id=task.id)).run for task in (deep, beside)}
    effect = await pull.give(Verb.PAUSE, Scope.TASK, top.id)
    assert effect.run_ids == [runs[deep.id].id]
    found = await seen(world, tmp_path)
    assert (found[runs[deep.id].id], found[runs[beside.id].id]) == ("paused", "open")
    assert isinstance(await world.claim(agent, task_id=below.id), Unclaimed)
    await pull.lift(effect.order)
    assert (await seen(world, tmp_path))[runs[deep.id].id] == "open"
    await world.claimed(agent, task_id=below.id)


async def test_a_hold_that_a_person_put_there_outlasts_the_pause(world: World, pull: Lever) -> None:
    task = await world.task()
    async with world.db.transaction() as tx:
        await holding.hold(tx, world.workspace_id, task.id)
    effect = await pull.give(Verb.PAUSE, Scope.TASK, task.id)
    await pull.lift(effect.order)
    assert (await world.see(task)).held


async def test_a_paused_project_takes_its_tasks_and_what_is_below_them(
    world: World, pull: Lever, tmp_path: Path
) -> None:
    agent = await world.agent(capacity=3)
    async with world.db.transaction() as tx:
        project = await projects.create(tx, world.workspace_id, name="Launch", actor=world.owner.id)
    task = await world.task(project_id=project.id)
    run = (await world.claimed(agent, task_id=task.id)).run
    effect = await pull.give(Verb.PAUSE, Scope.PROJECT, project.id)
    assert effect.run_ids == [run.id]
    assert (await seen(world, tmp_path))[run.id] == "paused"
    later = await world.task("Later", project_id=project.id)
    assert isinstance(await world.claim(agent, task_id=later.id), Unclaimed)
    await pull.resume(Scope.PROJECT, project.id)
    assert (await seen(world, tmp_path))[run.id] == "open"


async def test_everything_paused_is_every_agent_and_run_of_this_workspace_alone(
    world: World, pull: Lever, tmp_path: Path
) -> None:
    other = await World.make(world.db, "there")
    mine, theirs = await world.agent(), await other.agent()
    await world.task()
    run = (await world.claimed(mine)).run
    await pull.give(Verb.PAUSE, Scope.ALL, reason="Invoice looks wrong")
    assert await seen(world, tmp_path) == {mine.id: "paused", run.id: "paused"}
    assert await seen(other, tmp_path) == {theirs.id: "enabled"}
    answer = await world.claim(mine)
    assert isinstance(answer, Unclaimed)
    assert answer.reason == "paused"
    await pull.resume(Scope.ALL)
    assert await seen(world, tmp_path) == {mine.id: "enabled", run.id: "open"}


async def test_a_kill_cancels_the_run_ends_its_key_frees_the_task_and_tells_who_waits(
    world: World, pull: Lever, tmp_path: Path
) -> None:
    drafting, qa = await world.agent("drafting"), await world.agent("qa")
    draft = await world.task("Draft")
    check = await world.task("Check", agent_id=qa.id)
    async with world.db.transaction() as tx:
        await dependencies.add(tx, world.workspace_id, check.id, draft.id, actor=world.owner.id)
    claimed = await world.claimed(drafting, task_id=draft.id)
    effect = await pull.give(Verb.KILL, Scope.AGENT, drafting.id, reason="Off the rails")
    assert effect.run_ids == [claimed.run.id]
    run = await world.see_run(claimed.run)
    assert (run.state, run.reason) == (RunState.CANCELLED, "Off the rails")
    assert await world.key_state(claimed) == "ended"
    assert (await world.see(draft)).state is TaskState.READY
    assert "run.killed" in await world.told(run.id)
    async with world.db.read() as tx:
        [told] = await inbox.unread(tx, world.workspace_id, qa.id, 0, limit=10)
    assert "Draft, which T-2 waits for, was stopped" in told.body
    with pytest.raises(Changed, match="what was killed stays so"):
        await pull.lift(effect.order)


async def test_a_restart_leaves_a_note_of_what_was_done_for_whoever_goes_on(world: World) -> None:
    slow, quick = await world.agent("slow"), await world.agent("quick")
    task = await world.task(agent_id=slow.id)
    run = (await world.claimed(slow)).run
    await world.progress(run, note="Reading chapter 3")
    async with world.db.transaction() as tx:
        await actions.restart(
            tx,
            world.workspace_id,
            run.id,
            reason="no output",
            note="Be brief.",
            agent_id=quick.id,
            actor=world.owner.id,
        )
    task = await world.see(task)
    assert (task.state, task.agent_id) == (TaskState.READY, quick.id)
    assert task.note is not None
    assert task.note.startswith("Be brief.\nAttempt 1 was stopped after")
    assert "no output" in task.note
    assert "Reading chapter 3" in task.note
    again = await world.claimed(quick)
    assert (again.task.id, again.run.attempt, again.task.note) == (task.id, 2, task.note)
    async with world.db.transaction() as tx:
        with pytest.raises(Changed, match="This run is over"):
            await actions.restart(tx, world.workspace_id, run.id)


async def test_what_is_ordered_for_later_takes_effect_then_once_and_can_be_taken_back_before(
    world: World, pull: Lever, clock: FakeClock, tmp_path: Path
) -> None:
    agent, _ = await world.agent(), await world.task()
    run = (await world.claimed(agent)).run
    now = world.db.clock.now()
    gate = Asked()
    pause = await pull.give(Verb.PAUSE, Scope.RUN, run.id, from_at=now + 5 * MINUTE, until_at=now + 10 * MINUTE)
    kill = await pull.give(Verb.KILL, Scope.RUN, run.id, from_at=now + 20 * MINUTE)
    never = await pull.give(Verb.KILL, Scope.ALL, from_at=now + 15 * MINUTE)
    assert await carry_out(gate, pause, end_open=False) == 0
    await lever.look(world.db, gate)
    assert (await seen(world, tmp_path))[run.id] == "open"
    clock.advance(6 * 60)
    await lever.look(world.db, gate)
    await lever.look(world.db, gate)
    assert (await seen(world, tmp_path))[run.id] == "paused"
    assert gate.said == ["published"]
    clock.advance(5 * 60)
    await lever.look(world.db, gate)
    assert (await seen(world, tmp_path))[run.id] == "open"
    await pull.lift(never.order)
    clock.advance(10 * 60)
    gate.said.clear()
    await lever.look(world.db, gate)
    await lever.look(world.db, gate)
    assert (await world.see_run(run)).state is RunState.CANCELLED
    assert sorted(gate.said) == sorted(["published", *[f"end run {run.id} run_stopped"] * 2])
    async with world.db.read() as tx:
        assert await store.standing(tx) == []
    assert kill.order is not None


async def test_resuming_enables_an_agent_that_was_paused_by_its_desired_state(world: World, pull: Lever) -> None:
    agent = await world.agent()
    await world.want(agent, Desired.PAUSED)
    assert await pull.resume(Scope.AGENT, agent.id) == []
    with pytest.raises(Changed, match="Nothing is paused"):
        await pull.resume(Scope.AGENT, agent.id)


async def test_an_order_that_cannot_be_is_refused(world: World, pull: Lever) -> None:
    for scope in (Scope.RUN, Scope.AGENT, Scope.TASK, Scope.PROJECT):
        with pytest.raises(NotFound):
            await pull.give(Verb.PAUSE, scope, "none_such")
    with pytest.raises(Invalid, match="leave subject_id out"):
        await pull.give(Verb.PAUSE, Scope.ALL, "x")
    with pytest.raises(Invalid, match="until must be after"):
        await pull.give(Verb.PAUSE, Scope.ALL, until_at=1)
    with pytest.raises(Invalid, match="hold_s must be"):
        await pull.give(Verb.PAUSE, Scope.ALL, hold_s=56)
    async with world.db.read() as tx:
        assert await store.standing(tx) == []
