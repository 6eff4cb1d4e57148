"""Verbs on reviews. A verdict and the move that follows from it are one transaction, under the task's lock."""

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.deliverables import actions as deliverable_actions
from quarterdeck.control.deliverables import store as deliverable_store
from quarterdeck.control.deliverables.model import Version
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.reviews import gate, store
from quarterdeck.control.reviews.model import (
    BODY_LENGTH,
    COMMENT_LENGTH,
    EVENTS,
    MAX_COMMENTS,
    OF_DRAFT,
    QUOTE_LENGTH,
    NewReview,
    Remark,
    Review,
    Verdict,
    message,
)
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import NOTE_LENGTH, Criterion, Task, TaskChange, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_text


async def give(tx: Transaction, actor: Actor, task_id: str, new: NewReview) -> tuple[Review, Task]:
    """Record a member's verdict and tell it; the task goes on to done once its policy is satisfied, or back to work.

    Of a draft that is still worked on, changes may be requested: they reach its worker, and nothing moves.
    The same verdict again on the same version, in the same round, changes nothing. Raises NotFound; Invalid; Forbidden
    for who is no member or made the version; Changed `not_in_review`, and `version_superseded` when a newer version
    was handed in.
    """
    if actor.kind is not ActorKind.MEMBER or actor.role is None:
        raise Forbidden("A review is given by a member.", code="member_needed")
    task = await task_actions.locked(tx, actor.workspace_id, task_id)
    version = await _version(tx, task, new)
    if version is not None and version.author_id == actor.id:
        raise Forbidden("Nobody reviews what they made themselves.", code="own_work")
    body, remarks = checked_words(new)
    of_draft = version is not None and version.draft and task.state is TaskState.IN_PROGRESS
    if task.state is not TaskState.IN_REVIEW and not (of_draft and new.verdict is Verdict.REQUEST_CHANGES):
        raise Changed(f"{task.ref} is {task.state}, not in review.".replace("_", " "), code="not_in_review")
    round_ = OF_DRAFT if of_draft else task.state_since
    before = await store.last_of_reviewer(tx, task.workspace_id, task.id, round_, actor.id)
    word = (new.verdict, body, remarks, None if version is None else version.number)
    if before is not None and (before.verdict, before.body, before.remarks, before.version) == word:
        return before, task
    review = Review(
        id=new_id("rev"),
        workspace_id=task.workspace_id,
        task_id=task.id,
        round=round_,
        deliverable_id=None if version is None else version.deliverable_id,
        version=None if version is None else version.number,
        reviewer_id=actor.id,
        verdict=new.verdict,
        body=body,
        remarks=remarks,
        created_at=tx.now,
    )
    await store.insert(tx, review)
    if new.met is not None:
        task = await _tick(tx, task, new.met, actor)
    author_id = None if version is None else version.author_id
    await _tell(tx, task, review, author_id)
    if (worker := task.agent_id or author_id) is not None:
        said = message(body, remarks) or "Approved."
        await inbox.put(
            tx, task.workspace_id, worker, inbox.InboxKind.REVIEW, review.id, said, task_id=task.id, sender_id=actor.id
        )
    return review, await _follow(tx, task, review, actor)


def checked_words(new: NewReview) -> tuple[str, tuple[Remark, ...]]:
    """What a reviewer says, clean. Raises Invalid."""
    body, remarks = a_text(new.body.strip(), "body", BODY_LENGTH), _remarks(new.remarks)
    if new.verdict is not Verdict.APPROVE and not body and not remarks:
        raise Invalid("Say what has to change, or why it is rejected.", field="body")
    return body, remarks


async def _follow(tx: Transaction, task: Task, review: Review, actor: Actor) -> Task:
    if task.state is TaskState.IN_PROGRESS:
        return task
    if review.verdict is Verdict.APPROVE:
        if await gate.missing(tx, task) is not None:
            return task
        return await task_actions.move(tx, task.workspace_id, task.id, TaskState.DONE, actor=actor.id)
    note = message(review.body, review.remarks)[:NOTE_LENGTH]
    to = TaskState.IN_PROGRESS if review.verdict is Verdict.REQUEST_CHANGES else TaskState.CANCELLED
    return await task_actions.move(tx, task.workspace_id, task.id, to, note=note, actor=actor.id)


async def _version(tx: Transaction, task: Task, new: NewReview) -> Version | None:
    """The version that is reviewed: the one named, else the newest that is no draft, else the newest draft."""
    if new.deliverable_id is None:
        found = [one.id for one in await deliverable_store.of_task(tx, task.workspace_id, task.id)]
        versions = await deliverable_store.versions_of(tx, task.workspace_id, found)
        return next((one for one in versions if not one.draft), versions[0] if versions else None)
    deliverable = await deliverable_actions.get(tx, task.workspace_id, new.deliverable_id)
    if deliverable.task_id != task.id:
        raise Invalid(f"{deliverable.name} belongs to another task.", field="deliverable_id")
    number = deliverable.latest if new.version is None else new.version
    version = await deliverable_actions.get_version(tx, task.workspace_id, deliverable.id, number)
    if number != deliverable.latest:
        raise Changed(
            f"Version {deliverable.latest} of {deliverable.name} came after {number}; look at it first.",
            code="version_superseded",
            latest=deliverable.latest,
        )
    return version


async def _tick(tx: Transaction, task: Task, met: tuple[int, ...], actor: Actor) -> Task:
    if any(not 0 <= place < len(task.acceptance) for place in met):
        raise Invalid("met names an acceptance criterion that is not there.", field="met")
    ticked = tuple(Criterion(one.text, place in met) for place, one in enumerate(task.acceptance))
    return await task_actions.change(tx, task.workspace_id, task.id, TaskChange(acceptance=ticked), actor=actor.id)


def _remarks(given: tuple[Remark, ...]) -> tuple[Remark, ...]:
    if len(given) > MAX_COMMENTS:
        raise Invalid(f"A review has at most {MAX_COMMENTS} comments.", field="comments")
    clean = []
    for one in given:
        text = a_text(one.text.strip(), "comments", COMMENT_LENGTH)
        if not text:
            raise Invalid("A comment says something.", field="comments")
        if one.line_to is not None and (one.line_from is None or one.line_to < one.line_from):
            raise Invalid("line_to comes at or after line_from.", field="comments")
        quote = None if one.quote is None else a_text(one.quote, "comments", QUOTE_LENGTH)
        clean.append(Remark(text, one.line_from, one.line_to, quote))
    return tuple(clean)


async def _tell(tx: Transaction, task: Task, review: Review, author_id: str | None) -> None:
    data = {
        "task_id": task.id,
        "ref": task.ref,
        "agent_id": task.agent_id or author_id,
        "deliverable_id": review.deliverable_id,
        "version": review.version,
    }
    await tx.emit(Event(task.workspace_id, EVENTS[review.verdict], review.id, data, review.reviewer_id))
