"""Verdicts and the gate before done, on both stores."""

import asyncio

import pytest
from work_world import World

from quarterdeck.access.actors import Actor, ActorKind, Role
from quarterdeck.control.deliverables import actions as deliverables
from quarterdeck.control.deliverables.model import Content, DeliverableKind, HandIn
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.reviews import actions, store
from quarterdeck.control.reviews.model import NewReview, Remark, Review, Verdict
from quarterdeck.control.tasks.model import Criterion, ReviewPolicy, Task, TaskState
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid


async def _handed_in(world: World, review: str = "one", **fields: object) -> Task:
    """A task with a version, in review."""
    task = await world.task(review=ReviewPolicy(review), **fields)
    run = (await world.claimed(await world.agent(f"for {task.ref}"), task_id=task.id)).run
    async with world.db.transaction() as tx:
        content = Content("0" * 64, 4, "text/markdown", "Text")
        await deliverables.hand_in(tx, world.as_run(run), run.id, HandIn("Report", DeliverableKind.TEXT), content)
    await world.finish(run)
    return await world.see(task)


async def _give(
    world: World, task: Task, verdict: Verdict, body: str = "", *, by: Actor | None = None, **fields: object
) -> tuple[Review, Task]:
    async with world.db.transaction() as tx:
        new = NewReview(verdict, body, **fields)  # type: ignore[arg-type]
        return await actions.give(tx, by or world.member, task.id, new)


async def test_an_approval_makes_the_task_done(world: World) -> None:
    task = await _handed_in(world, acceptance=("Three sources", "Short"))
    review, done = await _give(world, task, Verdict.APPROVE, met=(0,))
    assert (done.state, done.acceptance) == (TaskState.DONE, (Criterion("Three sources", True), Criterion("Short")))
    assert review.version == 1
    assert await world.told(review.id) == ["review.approved"]


async def test_requested_changes_go_back_as_one_message(world: World) -> None:
    task = await _handed_in(world)
    remarks = (Remark("Which?", 3, 4, "many studies"), Remark("Too long"))
    review, back = await _give(world, task, Verdict.REQUEST_CHANGES, "Nearly.", remarks=remarks)
    assert (back.state, back.run_id) == (TaskState.IN_PROGRESS, None)
    assert back.note == "Nearly.\n\nLines 3–4:\n> many studies\n\nWhich?\n\nOn the whole:\nToo long"
    assert await world.told(review.id) == ["review.changes_requested"]
    async with world.db.read() as tx:
        assert await store.last_sent_back(tx, world.workspace_id, task.id) == review


async def test_a_rejection_cancels_the_task(world: World) -> None:
    review, task = await _give(world, await _handed_in(world), Verdict.REJECT, "Not wanted.")
    assert task.state is TaskState.CANCELLED
    assert await world.told(review.id) == ["review.rejected"]


async def test_no_move_leads_around_the_policy(world: World) -> None:
    task = await _handed_in(world, "n:2")
    with pytest.raises(Changed) as refused:
        await world.move(task, TaskState.DONE)
    assert (refused.value.code, refused.value.extra["missing"]) == ("review_missing", "2 approvals")
    assert (await world.see(task)).state is TaskState.IN_REVIEW


async def test_n_approvals_are_of_n_members(world: World) -> None:
    task = await _handed_in(world, "n:2")
    for _ in range(2):
        _, still = await _give(world, task, Verdict.APPROVE)
        assert still.state is TaskState.IN_REVIEW
    _, done = await _give(world, task, Verdict.APPROVE, by=await world.colleague(name="kim"))
    assert done.state is TaskState.DONE


async def test_two_who_approve_at_once_make_it_done_once(world: World) -> None:
    task = await _handed_in(world, "n:2")
    kim = await world.colleague(name="kim")
    await asyncio.gather(_give(world, task, Verdict.APPROVE), _give(world, task, Verdict.APPROVE, by=kim))
    assert (await world.see(task)).state is TaskState.DONE


async def test_only_the_named_member_can_approve(world: World) -> None:
    kim = await world.colleague(name="kim")
    task = await _handed_in(world, f"member:{kim.id}")
    _, still = await _give(world, task, Verdict.APPROVE)
    assert still.state is TaskState.IN_REVIEW
    assert (await _give(world, task, Verdict.APPROVE, by=kim))[1].state is TaskState.DONE


async def test_a_role_means_that_role_or_more(world: World) -> None:
    task = await _handed_in(world, "role:operator")
    low, high = await world.colleague(name="low"), await world.colleague(Role.ADMIN, "high")
    assert (await _give(world, task, Verdict.APPROVE, by=low))[1].state is TaskState.IN_REVIEW
    assert (await _give(world, task, Verdict.APPROVE, by=high))[1].state is TaskState.DONE


async def test_approvals_of_an_earlier_round_count_no_more(world: World) -> None:
    task = await _handed_in(world, "n:2")
    kim = await world.colleague(name="kim")
    await _give(world, task, Verdict.APPROVE, by=kim)
    _, back = await _give(world, task, Verdict.REQUEST_CHANGES, "Once more.")
    world.db.clock.advance(1)  # type: ignore[attr-defined]
    again = await world.move(back, TaskState.IN_REVIEW)
    assert (await _give(world, again, Verdict.APPROVE))[1].state is TaskState.IN_REVIEW


async def test_the_same_verdict_twice_is_one_review(world: World) -> None:
    task = await _handed_in(world, "n:2")
    first, _ = await _give(world, task, Verdict.APPROVE, "Good.")
    second, _ = await _give(world, task, Verdict.APPROVE, "Good.")
    assert first == second
    assert await world.told(first.id) == ["review.approved"]


async def test_nobody_but_a_member_reviews_and_nobody_their_own_work(world: World) -> None:
    task = await _handed_in(world)
    async with world.db.read() as tx:
        found = await deliverables.store.of_task(tx, world.workspace_id, task.id)
        [version] = await deliverables.store.versions_of(tx, world.workspace_id, [found[0].id])
    author = Actor(world.workspace_id, ActorKind.AGENT, version.author_id)
    with pytest.raises(Forbidden):
        await _give(world, task, Verdict.APPROVE, by=author)
    disguised = Actor(world.workspace_id, ActorKind.MEMBER, version.author_id, Role.OWNER)
    with pytest.raises(Forbidden) as refused:
        await _give(world, task, Verdict.APPROVE, by=disguised)
    assert refused.value.code == "own_work"


async def test_a_version_that_was_overtaken_is_not_approved(world: World) -> None:
    task = await world.task()
    run = (await world.claimed(await world.agent())).run
    async with world.db.transaction() as tx:
        for digit in "01":
            content = Content(digit * 64, 4, "text/markdown", "Text")
            done = await deliverables.hand_in(
                tx, world.as_run(run), run.id, HandIn("Report", DeliverableKind.TEXT), content
            )
    await world.finish(run)
    with pytest.raises(Changed) as refused:
        await _give(world, task, Verdict.APPROVE, deliverable_id=done.deliverable.id, version=1)
    assert refused.value.code == "version_superseded"


async def test_changes_may_be_requested_of_a_draft_while_it_is_worked_on(world: World) -> None:
    task = await world.task()
    run = (await world.claimed(await world.agent())).run
    for digit in "01":
        async with world.db.transaction() as tx:
            content = Content(digit * 64, 4, "text/markdown", "Text")
            new = HandIn("Report", DeliverableKind.TEXT, draft=True)
            await deliverables.hand_in(tx, world.as_run(run), run.id, new, content)
        said, working = await _give(world, task, Verdict.REQUEST_CHANGES, "Name the source.")
        again, _ = await _give(world, task, Verdict.REQUEST_CHANGES, "Name the source.")
        assert (again.id, said.version) == (said.id, int(digit) + 1)
        assert working.state is TaskState.IN_PROGRESS
    async with world.db.read() as tx:
        waiting = await inbox.unread(tx, world.workspace_id, run.agent_id, 0, limit=9)
    assert [(one.kind, one.body) for one in waiting] == [(inbox.InboxKind.REVIEW, "Name the source.")] * 2
    for verdict in (Verdict.APPROVE, Verdict.REJECT):
        with pytest.raises(Changed) as refused:
            await _give(world, task, verdict, "Now.")
        assert refused.value.code == "not_in_review"


async def test_a_review_is_of_a_task_in_review_and_says_why(world: World) -> None:
    with pytest.raises(Changed) as early:
        await _give(world, await world.task(), Verdict.APPROVE)
    assert early.value.code == "not_in_review"
    with pytest.raises(Invalid):
        await _give(world, await _handed_in(world), Verdict.REQUEST_CHANGES)
    with pytest.raises(Invalid):
        await _handed_in(world, "member:mem_nobody")
    for policy in ("n:0", "two", "role:viewer", "member:", "one\n"):
        with pytest.raises(Invalid):
            ReviewPolicy(policy)
