"""What follows from a failed attempt, and what a run brought, on both stores."""

import pytest
from work_world import World

from quarterdeck.control.comments import actions as comments
from quarterdeck.control.comments.model import Anchor
from quarterdeck.control.deliverables import actions as deliverables
from quarterdeck.control.deliverables.model import Content, DeliverableKind, HandIn
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.runs import jobs
from quarterdeck.control.runs.claims import Claimed
from quarterdeck.control.runs.failing import failure_of
from quarterdeck.control.runs.model import Nothing, Outcome, Run, RunState, RunVerdict
from quarterdeck.control.runs.nothing import Unclaimed
from quarterdeck.control.runs.retry import RULES, FailureReason, decide
from quarterdeck.control.tasks.model import Criterion, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.kernel.errors import Changed


async def _hand_in(world: World, run: Run, *, draft: bool = False) -> None:
    content = Content(sha256=("d" if draft else "f") * 64, size=5, media_type="text/markdown", text="Words")
    async with world.db.transaction() as tx:
        said = HandIn("report", DeliverableKind.TEXT, draft, None, None)
        await deliverables.hand_in(tx, world.as_run(run), run.id, said, content)


async def test_a_task_waits_longer_after_each_timeout_and_is_claimed_when_the_wait_is_over(
    world: World, clock: FakeClock
) -> None:
    agent = await world.agent()
    task = await world.task(attempt_limit=9)
    for wait_s in (30, 60):
        await world.finish((await world.claimed(agent)).run, Outcome.FAILED, reason="timeout")
        nothing = await world.claim(agent, task_id=task.id)
        assert isinstance(nothing, Unclaimed) and nothing.reason is Nothing.NONE_READY
        assert nothing.message.endswith(f"waits {wait_s + 1} s before its next attempt.")
        clock.advance(wait_s - 1)
        assert isinstance(await world.claim(agent), Unclaimed)
        clock.advance(1)
    run = (await world.claimed(agent)).run
    await world.finish(run, Outcome.FAILED, reason="timeout")
    after = await world.see(task)
    assert (after.state, after.last_failure, after.same_failures) == (TaskState.BACKLOG, "timeout", 3)
    assert after.note is not None and after.note.startswith("3 attempts came to nothing.")


async def test_an_outage_of_the_provider_is_not_held_against_the_task(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    task = await world.task(attempt_limit=1)
    for _ in range(3):
        await world.finish((await world.claimed(agent)).run, Outcome.FAILED, reason="provider_outage")
        clock.advance(900)
    after = await world.see(task)
    assert (after.state, after.failures, after.same_failures) == (TaskState.READY, 0, 3)


@pytest.mark.parametrize("reason", [FailureReason.BUDGET, FailureReason.GUARDRAIL])
async def test_what_no_attempt_can_mend_goes_to_a_person(world: World, reason: FailureReason) -> None:
    agent = await world.agent()
    task = await world.task(attempt_limit=9)
    await world.finish((await world.claimed(agent)).run, Outcome.FAILED, reason=reason.value)
    assert (await world.see(task)).state is TaskState.BACKLOG


@pytest.mark.parametrize("reason", [FailureReason.CONTEXT_OVERFLOW, FailureReason.NO_PROGRESS])
async def test_the_next_attempt_is_for_another_agent_where_there_is_one(world: World, reason: FailureReason) -> None:
    first, second = await world.agent("first"), await world.agent("second")
    task = await world.task()
    await world.finish((await world.claimed(first)).run, Outcome.FAILED, reason=reason.value)
    nothing = await world.claim(first, task_id=task.id)
    assert isinstance(nothing, Unclaimed) and "another agent" in nothing.message
    await world.finish((await world.claimed(second)).run, Outcome.FAILED, reason=reason.value)
    assert (await world.see(task)).state is TaskState.BACKLOG


async def test_without_another_agent_or_with_one_named_by_a_person_a_person_decides(world: World) -> None:
    only = await world.agent("only")
    task = await world.task()
    await world.finish((await world.claimed(only)).run, Outcome.FAILED, reason="context_overflow")
    assert (await world.see(task)).state is TaskState.BACKLOG
    await world.agent("other")
    mine = await world.task(agent_id=only.id)
    await world.finish((await world.claimed(only)).run, Outcome.FAILED, reason="context_overflow")
    assert (await world.see(mine)).state is TaskState.BACKLOG


async def test_a_person_who_moves_it_forgets_its_failures(world: World) -> None:
    agent = await world.agent()
    task = await world.task()
    await world.finish((await world.claimed(agent)).run, Outcome.FAILED, reason="timeout")
    await world.move(task, TaskState.BACKLOG)
    again = await world.move(task, TaskState.READY)
    assert (again.failures, again.same_failures, again.last_failure, again.not_before) == (0, 0, None, 0)
    assert (await world.claimed(agent)).task.id == task.id


async def test_an_expired_run_frees_its_task_at_once(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    task = await world.task()
    run = (await world.claimed(agent, lease_s=5)).run
    clock.advance(5)
    assert await jobs.expire_overdue(world.db) == 1
    again = await world.claimed(agent)
    assert (again.task.id, again.task.last_failure) == (task.id, "lease_expired")
    assert failure_of(await world.see_run(run)) is FailureReason.LEASE_EXPIRED


async def test_a_run_is_failed_over_its_workers_head_and_its_late_writes_are_refused(world: World) -> None:
    agent = await world.agent()
    task = await world.task()
    run = (await world.claimed(agent)).run
    async with world.db.transaction() as tx:
        ended = await runs.fail(tx, world.workspace_id, run.id, FailureReason.LOOP, why="7 near-identical requests")
    assert (ended.state, ended.reason, ended.summary) == (RunState.FAILED, "loop", "7 near-identical requests")
    for late in (world.progress(run, note="still here"), world.finish(run)):
        with pytest.raises(Changed) as refused:
            await late
        assert refused.value.code == "lease_lost"
    assert (await world.see(task)).last_failure == "loop"
    async with world.db.transaction() as tx:
        assert (await runs.fail(tx, world.workspace_id, run.id, FailureReason.LOOP)).ended_at == ended.ended_at


async def test_the_verdict_is_what_a_run_left_behind(world: World) -> None:
    agent = await world.agent(capacity=9)

    async def fresh() -> Claimed:
        await world.task()
        return await world.claimed(agent)

    nothing, draft, final, comment = [(await fresh()).run for _ in range(4)]
    assert nothing.verdict is None
    await _hand_in(world, draft, draft=True)
    await _hand_in(world, final, draft=True)
    await _hand_in(world, final)
    async with world.db.transaction() as tx:
        await comments.write_from_run(tx, world.as_run(comment), comment.id, "Half of it is done.", Anchor())
    verdicts = [(await world.finish(run)).verdict for run in (nothing, draft, final, comment)]
    assert verdicts == [RunVerdict.NO_PROGRESS, RunVerdict.ADVANCED, RunVerdict.PRODUCED, RunVerdict.ADVANCED]
    assert (await world.see_run(final)).verdict is RunVerdict.PRODUCED


async def test_success_without_the_deliverable_that_was_asked_for_goes_to_review_marked_so(world: World) -> None:
    agent = await world.agent(capacity=9)
    asked = (Criterion("A report", deliverable=True),)
    without = await world.task(review=ReviewPolicy.NONE, acceptance=asked)
    await world.finish((await world.claimed(agent)).run)
    after = await world.see(without)
    assert after.state is TaskState.IN_REVIEW
    assert after.note is not None and "handed in nothing" in after.note
    with_it = await world.task(review=ReviewPolicy.NONE, acceptance=asked)
    run = (await world.claimed(agent)).run
    await _hand_in(world, run)
    await world.finish(run)
    assert (await world.see(with_it)).state is TaskState.DONE


def test_every_reason_has_a_rule_and_every_rule_comes_to_an_end() -> None:
    assert set(RULES) == set(FailureReason)
    for reason in FailureReason:
        failures = same = attempts = 0
        for _ in range(101):
            step = decide(reason, failures=failures, same_failures=same, attempt_limit=100, others=True, now=SECOND)
            failures, same = step.failures, step.same_failures
            attempts += 1
            wait = step.not_before - SECOND if step.not_before else 0
            assert 0 <= wait <= RULES[reason].longest_wait_s * SECOND
            if not step.again:
                break
        assert attempts == min(RULES[reason].in_a_row, 100), reason


def test_words_of_a_worker_name_a_reason_or_count_as_other() -> None:
    assert FailureReason.of("timeout") is FailureReason.TIMEOUT
    assert FailureReason.of("the dog ate it") is FailureReason.OTHER
    assert FailureReason.of(None) is FailureReason.OTHER
