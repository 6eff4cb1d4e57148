"""An agent looks before a person is asked: a task of its own, a normal run, and a word that the policy asks for."""

from quarterdeck.access.actors import Actor
from quarterdeck.control.agents import store as agents
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.model import Version
from quarterdeck.control.inbox import store as inbox
from quarterdeck.control.notifications.audience import People
from quarterdeck.control.reviews import actions, gate, store
from quarterdeck.control.reviews.model import EVENTS, NewReview, Review, Verdict, message
from quarterdeck.control.reviews.store import ReviewTask
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks import creating
from quarterdeck.control.tasks.model import CLOSED, NOTE_LENGTH, NewTask, Task, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.db.outbox import StoredEvent
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id

LABEL = "review"
_BRIEF = """Look at what was handed in for {ref}: {title}.

Read it with GET /api/v1/runs/{{your run}}/review, against the brief and each acceptance criterion that stand there.
What is a file is at /api/v1/runs/{{your run}}/deliverables/{{deliverable_id}}/versions/{{number}}/content.
Then say approve, or request_changes with all that has to change, by POST /api/v1/runs/{{your run}}/review, and finish.
As tools: read_work_to_review, give_review, complete_task. As commands: quarterdeck tasks to-review, review, finish.
People are asked once you have approved.
"""


async def follow(tx: Transaction, event: StoredEvent, people: People) -> None:
    """Give the reviewing agent its task when work comes into review, and take it back when the work leaves it."""
    if event.kind != "task.moved" or event.subject_id not in people.tasks:
        return
    task = await task_actions.get(tx, event.workspace_id, event.subject_id)
    if event.data.get("from") == "in_review":
        await _call_off(tx, task, event.at)
    if event.data.get("to") == "in_review" and task.state is TaskState.IN_REVIEW and task.review.agent_id is not None:
        await _begin(tx, task, task.review.agent_id)


async def give(
    tx: Transaction, actor: Actor, run_id: str, new: NewReview, *, fence: int | None = None
) -> tuple[Review, Task]:
    """The word of the reviewing agent on the task that its run's task reviews; renews the lease.

    Raises NotFound when the run reviews nothing; Forbidden for what the agent made itself; Invalid; Changed
    `not_in_review` when the round is over, and `lease_lost`.
    """
    begun = await begun_by(tx, actor, run_id)
    task = await task_actions.locked(tx, actor.workspace_id, begun.reviewed_id)
    await run_actions.sign_of_life(tx, actor, run_id, fence)
    if new.verdict is Verdict.REJECT:
        raise Invalid("An agent approves or asks for changes; rejecting is a person's decision.", field="verdict")
    if task.state is not TaskState.IN_REVIEW or task.state_since != begun.round:
        raise Changed(f"{task.ref} is no longer in that review; finish this run.", code="not_in_review")
    version = await newest_version(tx, task)
    if version is not None and version.author_id == actor.id:
        raise Forbidden("Nobody reviews what they made themselves.", code="own_work")
    body, remarks = actions.checked_words(new)
    review = Review(
        id=new_id("rev"),
        workspace_id=task.workspace_id,
        task_id=task.id,
        round=task.state_since,
        deliverable_id=None if version is None else version.deliverable_id,
        version=None if version is None else version.number,
        reviewer_id=actor.id,
        verdict=new.verdict,
        body=body,
        remarks=remarks,
        created_at=tx.now,
    )
    await store.insert_by_agent(tx, review)
    data = {
        "task_id": task.id,
        "ref": task.ref,
        "agent_id": task.agent_id or (None if version is None else version.author_id),
        "deliverable_id": review.deliverable_id,
        "version": review.version,
        "by_agent": True,
    }
    await tx.emit(Event(task.workspace_id, EVENTS[review.verdict], review.id, data, actor.id))
    return review, await _after(tx, task, review, version, actor)


async def begun_by(tx: Transaction, actor: Actor, run_id: str) -> ReviewTask:
    """What a run reviews. Raises NotFound; Forbidden for the run of another."""
    run = await run_actions.own(tx, actor, run_id)
    begun = await store.review_task(tx, actor.workspace_id, run.task_id)
    if begun is None:
        raise NotFound("Your task is no review.")
    return begun


async def newest_version(tx: Transaction, task: Task) -> Version | None:
    """What is looked at: the newest version that is no draft, else the newest draft."""
    found = [one.id for one in await deliverables.of_task(tx, task.workspace_id, task.id)]
    versions = await deliverables.versions_of(tx, task.workspace_id, found)
    return next((one for one in versions if not one.draft), versions[0] if versions else None)


async def _after(tx: Transaction, task: Task, review: Review, version: Version | None, actor: Actor) -> Task:
    if review.verdict is Verdict.APPROVE:
        if await gate.missing(tx, task) is not None:
            return task
        return await task_actions.move(tx, task.workspace_id, task.id, TaskState.DONE, actor=actor.id)
    said = message(review.body, review.remarks)
    worker = task.agent_id or (None if version is None else version.author_id)
    if worker is not None:
        await inbox.put(
            tx, task.workspace_id, worker, inbox.InboxKind.REVIEW, review.id, said, task_id=task.id, sender_id=actor.id
        )
    note = said[:NOTE_LENGTH]
    return await task_actions.move(tx, task.workspace_id, task.id, TaskState.IN_PROGRESS, note=note, actor=actor.id)


async def _begin(tx: Transaction, task: Task, agent_id: str) -> None:
    before = await store.review_tasks_of(tx, task.workspace_id, task.id)
    agent = await agents.find(tx, task.workspace_id, agent_id)
    version = await newest_version(tx, task)
    made_it = agent_id in (task.agent_id, None if version is None else version.author_id)
    # Never its own work: the gate then says whose review is missing, and an admin may change the policy.
    if agent is None or made_it or any(one.round == task.state_since for one in before):
        return
    new = NewTask(
        title=f"Review {task.ref}: {task.title}"[:300],
        brief=_BRIEF.format(ref=task.ref, title=task.title),
        state=TaskState.READY,
        priority=task.priority,
        labels=(LABEL,),
        agent_id=agent_id,
        accountable_id=task.accountable_id,
        due_at=task.due_at,
        review=ReviewPolicy.NONE,
    )
    made = await creating.create(tx, task.workspace_id, new)
    await store.begin_review_task(tx, task.workspace_id, ReviewTask(made.id, task.id, task.state_since))


async def _call_off(tx: Transaction, task: Task, at: int) -> None:
    for begun in await store.review_tasks_of(tx, task.workspace_id, task.id):
        review = await task_actions.get(tx, task.workspace_id, begun.task_id)
        # A run that gave its word is about to finish by itself.
        over = begun.round < at and not (task.state is TaskState.IN_REVIEW and task.state_since == begun.round)
        if over and review.state not in CLOSED and review.run_id is None:
            await task_actions.move(
                tx, task.workspace_id, review.id, TaskState.CANCELLED, note=f"{task.ref} left this review."
            )
