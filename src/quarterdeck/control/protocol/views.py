"""A task as its worker needs it: everything at once."""

from pydantic import BaseModel

from quarterdeck.access.actors import Actor
from quarterdeck.control.comments import store as comment_store
from quarterdeck.control.goals.views import ServedGoalOut, served_goal
from quarterdeck.control.protocol import sight
from quarterdeck.control.reviews.views import ReviewOut, last_review
from quarterdeck.control.runs.left import budget_left
from quarterdeck.control.shapes import Instant
from quarterdeck.control.tasks.model import Task
from quarterdeck.control.tasks.views import TaskOut, shown_task
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

COMMENTS = 50


class SaidOut(BaseModel):
    """A comment, as its reader needs it."""

    id: str
    author: str
    by_agent: bool
    body: str
    created_at: Instant


class HeldOut(BaseModel):
    """The run by which you work on the task."""

    id: str
    attempt: int
    fence: int
    lease_expires_at: Instant


class AssignmentOut(BaseModel):
    task: TaskOut
    goal: ServedGoalOut | None
    """What the task is for."""
    run: HeldOut | None
    """Null when you do not hold the task."""
    budget_left_nano: int | None
    """Nano-dollars that the tightest budget leaves; null: no budget limits this work."""
    last_review: ReviewOut | None
    """What a reviewer wanted changed in what was handed in before."""
    comments: list[SaidOut]
    """The newest, oldest of them first."""


async def shown_assignment(tx: Transaction, actor: Actor, task: Task) -> AssignmentOut:
    run = await sight.held_run(tx, actor, task)
    said = (await comment_store.latest(tx, task.workspace_id, task.id, COMMENTS))[::-1]
    names = await comment_store.names(tx, task.workspace_id, {one.author_id for one in said})
    return AssignmentOut(
        task=await shown_task(tx, task),
        goal=await served_goal(tx, task),
        run=None
        if run is None
        else HeldOut(id=run.id, attempt=run.attempt, fence=run.fence, lease_expires_at=iso(run.lease_expires_at)),
        budget_left_nano=await budget_left(tx, task, agent_id=actor.id, run_id=None if run is None else run.id),
        last_review=await last_review(tx, task.workspace_id, task.id),
        comments=[
            SaidOut(
                id=one.id,
                author=names.get(one.author_id, ""),
                by_agent=one.by_agent,
                body=one.body,
                created_at=iso(one.created_at),
            )
            for one in said
        ],
    )
