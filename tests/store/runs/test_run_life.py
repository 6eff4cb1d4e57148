"""What becomes of a run, on both stores: progress, traffic, finish, cancel, expiry, and who is refused."""

import asyncio

import pytest
from work_world import World

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.runs import actions, jobs, store
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.model import MOVES, OPEN, Outcome, RunState
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.runs.store import RunFilter
from quarterdeck.control.tasks.model import ReviewPolicy, TaskState
from quarterdeck.kernel.clock import SECOND, FakeClock, Steps
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid, NotFound


@pytest.fixture
async def claimed(world: World) -> Claimed:
    agent = await world.agent()
    await world.task()
    return await world.claimed(agent)


async def test_a_run_that_succeeds_brings_its_task_to_review_and_ends_its_key(world: World, claimed: Claimed) -> None:
    run = await world.finish(claimed.run, summary="  Wrote it.\n")
    assert (run.state, run.summary) == (RunState.SUCCEEDED, "Wrote it.")
    assert run.ended_at is not None
    task = await world.see(claimed.task)
    assert (task.state, task.run_id, task.agent_id) == (TaskState.IN_REVIEW, None, claimed.run.agent_id)
    assert await world.key_state(claimed) == "ended"
    assert await world.told(run.id) == ["run.opened", "run.ended"]
    assert (await world.told(task.id))[-1] == "task.moved"


async def test_a_task_that_asks_for_no_review_is_done(world: World) -> None:
    agent = await world.agent()
    task = await world.task(review=ReviewPolicy.NONE)
    await world.finish((await world.claimed(agent)).run)
    assert (await world.see(task)).state is TaskState.DONE


async def test_a_run_that_fails_makes_its_task_ready_with_the_reason(world: World, claimed: Claimed) -> None:
    run = await world.finish(claimed.run, Outcome.FAILED, reason="timeout", summary="The site never answered.")
    assert (run.state, run.reason) == (RunState.FAILED, "timeout")
    task = await world.see(claimed.task)
    assert (task.state, task.failures) == (TaskState.READY, 1)
    assert task.note == "Attempt 1 failed: timeout: The site never answered."


async def test_a_task_out_of_attempts_waits_in_the_backlog_with_the_reason(world: World) -> None:
    agent = await world.agent()
    task = await world.task(attempt_limit=2)
    for _ in range(2):
        await world.finish((await world.claimed(agent)).run, Outcome.FAILED, reason="crashed")
    waiting = await world.see(task)
    assert waiting.state is TaskState.BACKLOG
    assert waiting.note == "2 attempts came to nothing. The last one: Attempt 2 failed: crashed"
    assert isinstance(await world.claim(agent), Unclaimed)


async def test_a_person_who_readies_it_again_gives_it_new_attempts(world: World) -> None:
    agent = await world.agent()
    task = await world.task(attempt_limit=1)
    await world.finish((await world.claimed(agent)).run, Outcome.FAILED)
    readied = await world.move(task, TaskState.READY)
    assert (readied.failures, readied.note) == (0, None)
    assert (await world.claimed(agent)).run.attempt == 2


async def test_the_same_finish_twice_is_the_same_answer(world: World, claimed: Claimed) -> None:
    first = await world.finish(claimed.run, summary="Done.", fence=1)
    again = await world.finish(claimed.run, summary="Done.", fence=1)
    assert again == first
    assert await world.told(first.id) == ["run.opened", "run.ended"]
    assert (await world.see(claimed.task)).version == claimed.task.version + 1


async def test_the_same_finish_many_times_at_once_is_one_finish(world: World, claimed: Claimed) -> None:
    answers = await asyncio.gather(*[world.finish(claimed.run, Outcome.FAILED, reason="x") for _ in range(8)])
    assert all(answer == answers[0] for answer in answers)
    assert (await world.see(claimed.task)).failures == 1


async def test_another_outcome_after_the_finish_is_refused(world: World, claimed: Claimed) -> None:
    await world.finish(claimed.run)
    with pytest.raises(Changed) as refused:
        await world.finish(claimed.run, Outcome.FAILED)
    assert refused.value.code == "lease_lost"
    assert (await world.see(claimed.task)).state is TaskState.IN_REVIEW


async def test_progress_keeps_the_workers_words_and_renews_the_lease(
    world: World, claimed: Claimed, clock: FakeClock
) -> None:
    clock.advance(100)
    heard = await world.progress(claimed.run, note="Reading sources", percent=40, fence=1)
    assert (heard.run.note, heard.run.percent, heard.stop) == ("Reading sources", 40, False)
    assert heard.run.lease_expires_at == clock.now() + 120 * SECOND
    await world.progress(claimed.run)
    assert (await world.see_run(claimed.run)).note == "Reading sources"
    assert await world.told(claimed.run.id) == ["run.opened", "run.progressed"]


async def test_the_longest_lease_is_renewed_too(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    await world.task()
    run = (await world.claimed(agent, lease_s=3_600)).run
    clock.advance(5)
    assert (await world.progress(run)).run.lease_expires_at == clock.now() + 3_600 * SECOND
    clock.advance(5)
    async with world.db.transaction() as tx:
        await actions.renew_by_traffic(tx, {run.id: clock.now()})
    assert (await world.see_run(run)).lease_expires_at == clock.now() + 3_600 * SECOND


async def test_progress_out_of_bounds_is_refused(world: World, claimed: Claimed) -> None:
    for field, said in [
        ("percent", {"percent": 101}),
        ("percent", {"percent": -1}),
        ("note", {"note": "nul \0"}),
        ("note", {"note": "a" * 2_001}),
    ]:
        with pytest.raises(Invalid) as refused:
            await world.progress(claimed.run, **said)
        assert refused.value.extra["field"] == field


async def test_a_worker_of_a_paused_agent_is_told_to_stop(world: World) -> None:
    agent = await world.agent()
    await world.task()
    claimed = await world.claimed(agent)
    await world.want(agent, Desired.PAUSED)
    heard = await world.progress(claimed.run)
    assert (heard.stop, heard.reason) == (True, "agent_paused")
    await world.want(agent, Desired.ENABLED)
    assert not (await world.progress(claimed.run)).stop


async def test_traffic_renews_leases_and_never_shortens_them(world: World, claimed: Claimed, clock: FakeClock) -> None:
    began = clock.now()
    clock.advance(60)
    ahead = clock.now() + 3_600 * SECOND
    for instant, expected in [
        (began + 50 * SECOND, began + 170 * SECOND),
        (began + 10 * SECOND, began + 170 * SECOND),
        (ahead, began + 180 * SECOND),
    ]:
        async with world.db.transaction() as tx:
            await actions.renew_by_traffic(tx, {claimed.run.id: instant, "run_unknown": instant})
        assert (await world.see_run(claimed.run)).lease_expires_at == expected


async def test_traffic_brings_no_ended_run_back(world: World, claimed: Claimed, clock: FakeClock) -> None:
    ended = await world.finish(claimed.run)
    clock.advance(60)
    async with world.db.transaction() as tx:
        await actions.renew_by_traffic(tx, {ended.id: clock.now()})
        await actions.renew_by_traffic(tx, {})
    assert await world.see_run(ended) == ended


async def test_an_expired_lease_frees_the_task_and_refuses_late_writes(
    world: World, claimed: Claimed, clock: FakeClock
) -> None:
    clock.advance(119)
    assert await jobs.expire_overdue(world.db) == 0
    clock.advance(1)
    assert await jobs.expire_overdue(world.db) == 1
    assert await jobs.expire_overdue(world.db) == 0
    run, task = await world.see_run(claimed.run), await world.see(claimed.task)
    assert (run.state, run.reason) == (RunState.EXPIRED, "lease_expired")
    assert (task.state, task.failures) == (TaskState.READY, 1)
    assert task.note == "Attempt 1 gave no sign of life for 120 s."
    assert await world.key_state(claimed) == "ended"
    assert await world.told(run.id) == ["run.opened", "run.expired"]

    other = await world.agent("another")
    second = await world.claimed(other)
    assert (second.task.id, second.run.attempt, second.run.fence) == (task.id, 2, 2)
    for late in (world.progress(run, fence=1), world.finish(run, fence=1), world.finish(run, Outcome.FAILED)):
        with pytest.raises(Changed) as refused:
            await late
        assert refused.value.code == "lease_lost"
    assert await world.see(task) == second.task
    assert await world.see_run(second.run) == second.run


async def test_a_clock_that_was_set_back_keeps_no_task_of_a_worker_that_is_gone(
    world: World, claimed: Claimed, clock: FakeClock
) -> None:
    clock.advance(-86_400)
    assert await jobs.expire_overdue(world.db) == 0
    clock.advance(119)
    assert await jobs.expire_overdue(world.db) == 0
    clock.advance(1)
    assert await jobs.expire_overdue(world.db) == 1
    assert (await world.see(claimed.task)).state is TaskState.READY


async def test_a_clock_that_is_set_forward_ends_no_run_whose_worker_was_just_heard(
    world: World, claimed: Claimed, clock: FakeClock
) -> None:
    steps = Steps(clock)
    clock.advance(50)
    assert await jobs.expire_overdue(world.db, steps) == 0
    clock.set_forward(86_400)
    assert await jobs.expire_overdue(world.db, steps) == 0
    clock.advance(69)
    assert await jobs.expire_overdue(world.db, steps) == 0
    clock.advance(1)
    assert await jobs.expire_overdue(world.db, steps) == 1, "120 s of silence, and no second more"


async def test_leases_are_moved_on_to_no_more_than_one_given_now_however_many_processes_do_it(
    world: World, claimed: Claimed, clock: FakeClock
) -> None:
    several = [Steps(clock) for _ in range(3)]
    clock.set_forward(3_600)
    assert [await jobs.expire_overdue(world.db, steps) for steps in several] == [0, 0, 0]
    assert (await world.see_run(claimed.run)).lease_expires_at == clock.now() + 120 * SECOND
    clock.advance(0.5)
    clock.set_forward(0.5)
    assert several[0].forward() == 0, "a clock that is corrected a little"


async def test_a_clock_set_forward_while_the_database_is_away_is_seen_to_when_it_is_back(
    world: World, claimed: Claimed, clock: FakeClock
) -> None:
    steps = Steps(clock)
    clock.set_forward(3_600)
    assert steps.forward() == 3_600 * SECOND
    assert steps.forward() == 3_600 * SECOND, "not settled yet"
    assert await jobs.expire_overdue(world.db, steps) == 0
    assert steps.forward() == 0


async def test_a_sign_of_life_just_before_the_expiry_wins(world: World, claimed: Claimed, clock: FakeClock) -> None:
    clock.advance(200)
    async with world.db.read() as tx:
        overdue = await store.overdue(tx, 10)
    await world.progress(claimed.run)
    async with world.db.transaction() as tx:
        assert await actions.expire(tx, overdue[0]) is None
    assert (await world.see_run(claimed.run)).state is RunState.RUNNING


async def test_two_processes_that_expire_at_once_expire_once(world: World, clock: FakeClock) -> None:
    agent = await world.agent(capacity=9)
    for _ in range(5):
        await world.task()
        await world.claimed(agent)
    clock.advance(121)
    counts = await asyncio.gather(*[jobs.expire_overdue(world.db) for _ in range(4)])
    assert sum(counts) == 5


async def test_a_run_that_cannot_be_ended_keeps_no_other_open(world: World, clock: FakeClock) -> None:
    agent = await world.agent(capacity=2)
    broken, sound = [(await world.task(), await world.claimed(agent))[1] for _ in range(2)]
    async with world.db.transaction() as tx:
        await tx.execute(
            store.runs.metadata.tables["tasks"]
            .update()
            .where(store.runs.metadata.tables["tasks"].c.id == broken.task.id)
            .values(state="done", run_id=None)
        )
    clock.advance(121)
    assert await jobs.expire_overdue(world.db) == 1
    assert (await world.see_run(sound.run)).state is RunState.EXPIRED


async def test_a_person_who_cancels_a_run_makes_its_task_ready(world: World, claimed: Claimed) -> None:
    run = await world.cancel(claimed.run, reason="wrong brief")
    assert (run.state, run.reason) == (RunState.CANCELLED, "wrong brief")
    task = await world.see(claimed.task)
    assert (task.state, task.failures) == (TaskState.READY, 0)
    assert await world.key_state(claimed) == "ended"
    assert await world.cancel(run) == run
    with pytest.raises(Changed) as refused:
        await world.finish(run)
    assert refused.value.code == "lease_lost"


async def test_a_finished_run_is_not_cancelled(world: World, claimed: Claimed) -> None:
    await world.finish(claimed.run)
    with pytest.raises(Changed) as refused:
        await world.cancel(claimed.run)
    assert refused.value.code == "run_over"


@pytest.mark.parametrize("to", [TaskState.BACKLOG, TaskState.READY, TaskState.CANCELLED])
async def test_taking_the_task_away_cancels_its_run(world: World, claimed: Claimed, to: TaskState) -> None:
    moved = await world.move(claimed.task, to)
    assert (moved.state, moved.run_id) == (to, None)
    run = await world.see_run(claimed.run)
    assert (run.state, run.reason) == (RunState.CANCELLED, f"moved_to_{to}")
    assert await world.key_state(claimed) == "ended"
    with pytest.raises(Changed):
        await world.progress(claimed.run)


async def test_reassigning_cancels_the_run_and_readies_the_task_for_the_other(world: World, claimed: Claimed) -> None:
    other = await world.agent("other")
    task = await world.assign(claimed.task, other)
    assert (task.state, task.agent_id, task.run_id) == (TaskState.READY, other.id, None)
    assert (await world.see_run(claimed.run)).reason == "reassigned"
    assert (await world.claimed(other)).task.id == task.id


async def test_assigning_the_agent_that_is_at_work_leaves_its_run_alone(world: World) -> None:
    agent = await world.agent()
    await world.task()
    claimed = await world.claimed(agent)
    task = await world.assign(claimed.task, agent)
    assert (task.state, task.run_id, task.taken) == (TaskState.IN_PROGRESS, claimed.run.id, False)
    await world.cancel(claimed.run)
    assert (await world.see(task)).agent_id == agent.id


async def test_runs_of_a_retired_agent_are_cancelled(world: World) -> None:
    agent, other = await world.agent("one"), await world.agent("two")
    await world.task()
    await world.task()
    stopped, kept = await world.claimed(agent), await world.claimed(other)
    assert await jobs.stop_retired(world.db) == 0
    await world.want(agent, Desired.RETIRED)
    assert await jobs.stop_retired(world.db) == 1
    assert (await world.see_run(stopped.run)).reason == "agent_retired"
    assert (await world.see(stopped.task)).state is TaskState.READY
    assert (await world.see_run(kept.run)).open


async def test_a_write_with_another_fence_is_refused(world: World, claimed: Claimed) -> None:
    for late in (world.progress(claimed.run, fence=2), world.finish(claimed.run, fence=2)):
        with pytest.raises(Changed) as refused:
            await late
        assert refused.value.code == "lease_lost"
    assert (await world.see_run(claimed.run)).open


async def test_a_worker_reports_on_its_own_run_only(world: World, claimed: Claimed) -> None:
    agent, there = await world.agent("other", capacity=2), await World.make(world.db, "there")
    await world.task()
    await world.task()
    mine, also_mine = await world.claimed(agent), await world.claimed(agent)
    strangers = [
        (world.as_agent(agent), claimed.run, NotFound),
        (world.as_run(mine.run), claimed.run, NotFound),
        (world.as_run(mine.run), also_mine.run, Forbidden),
        (Actor(there.workspace_id, ActorKind.AGENT, mine.run.agent_id), mine.run, NotFound),
    ]
    for actor, run, error in strangers:
        async with world.db.transaction() as tx:
            with pytest.raises(error):
                await actions.progress(tx, actor, run.id)
            with pytest.raises(error):
                await actions.finish(tx, actor, run.id, Outcome.SUCCEEDED)
    async with world.db.transaction() as tx:
        await actions.progress(tx, world.as_agent(agent), mine.run.id)


async def test_runs_of_another_workspace_are_not_there(world: World, claimed: Claimed) -> None:
    there = await World.make(world.db, "there")
    async with world.db.transaction() as tx:
        with pytest.raises(NotFound):
            await actions.get(tx, there.workspace_id, claimed.run.id)
        with pytest.raises(NotFound):
            await actions.cancel(tx, there.workspace_id, claimed.run.id)
        assert (await store.page(tx, there.workspace_id, RunFilter(), limit=9)).items == []


async def test_runs_are_listed_newest_first_by_task_agent_and_state(world: World) -> None:
    agent = await world.agent(capacity=9)
    tasks = [await world.task() for _ in range(3)]
    runs = [(await world.claimed(agent, task_id=task.id)).run for task in tasks]
    await world.finish(runs[0])

    async def ids(which: RunFilter, after: str | None = None) -> tuple[list[str], str | None]:
        async with world.db.read() as tx:
            page = await store.page(tx, world.workspace_id, which, limit=2, after=after)
        return [run.id for run in page.items], page.next

    assert await ids(RunFilter()) == ([runs[2].id, runs[1].id], runs[1].id)
    assert await ids(RunFilter(), runs[1].id) == ([runs[0].id], None)
    assert await ids(RunFilter(task_id=tasks[1].id)) == ([runs[1].id], None)
    assert await ids(RunFilter(agent_id=agent.id, state=RunState.SUCCEEDED)) == ([runs[0].id], None)


async def test_open_runs_and_those_lately_ended_are_found_for_the_gateways(world: World, clock: FakeClock) -> None:
    agent = await world.agent(capacity=9)
    runs = []
    for _ in range(3):
        await world.task()
        runs.append((await world.claimed(agent)).run)
    runs[1] = await world.finish(runs[1])
    clock.advance(60)
    runs[0] = await world.finish(runs[0])
    async with world.db.read() as tx:
        lately = await store.open_or_ended_since(tx, clock.now() - 30 * SECOND)
        ever = await store.open_or_ended_since(tx, 0)
    assert [(mark.id, mark.open) for mark in lately] == [(runs[0].id, False), (runs[2].id, True)]
    assert [(mark.id, mark.trace_id) for mark in ever] == [(run.id, run.trace_id) for run in runs]


async def test_the_store_itself_refuses_a_second_open_run_of_a_task(world: World, claimed: Claimed) -> None:
    with pytest.raises(Changed):
        async with world.db.transaction() as tx:
            row = await tx.row(store.sa.select(store.runs))
            assert row is not None
            await tx.execute(store.runs.insert().values({**row, "id": "run_2", "attempt": 2}))


def test_open_states_are_those_that_lead_on_and_the_indexes_name_them() -> None:
    assert {state for state in RunState if MOVES[state]} == OPEN
    assert f"state IN ({', '.join(repr(s.value) for s in sorted(OPEN, key=list(RunState).index))})" == store._OPEN
