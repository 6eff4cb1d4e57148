"""/tasks/{id}/reviews."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor, Permission
from quarterdeck.control.http import Db, Reader, may
from quarterdeck.control.reviews import actions, gate, store
from quarterdeck.control.reviews.model import (
    BODY_LENGTH,
    COMMENT_LENGTH,
    MAX_COMMENTS,
    QUOTE_LENGTH,
    NewReview,
    Remark,
    Verdict,
)
from quarterdeck.control.reviews.views import ReviewOut, names_of, shown_reviews
from quarterdeck.control.shapes import RequestBody
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import MAX_CRITERIA, TaskState
from quarterdeck.control.tasks.views import TaskOut, shown_task
from quarterdeck.ledger import rollups

router = APIRouter(tags=["reviews"])
Reviewer = Annotated[Actor, Depends(may(Permission.REVIEW))]
LineNumber = Annotated[int | None, Field(ge=1, le=2**31 - 1)]


class RemarkIn(RequestBody):
    text: str = Field(min_length=1, max_length=COMMENT_LENGTH)
    line_from: LineNumber = None
    line_to: LineNumber = None
    quote: str | None = Field(None, max_length=QUOTE_LENGTH)


class ReviewIn(RequestBody):
    verdict: Verdict
    body: str = Field("", max_length=BODY_LENGTH, description="Markdown. The worker reads it with its next claim.")
    comments: list[RemarkIn] = Field([], max_length=MAX_COMMENTS, description="On places in the version.")
    met: list[int] | None = Field(
        None, max_length=MAX_CRITERIA, description="Places, from 0, of the acceptance criteria that are met."
    )
    deliverable_id: str | None = Field(None, description="What is reviewed; the newest version when absent.")
    version: int | None = Field(None, ge=1, le=2**31 - 1, description="Refused when a newer one was handed in.")

    def to_new(self) -> NewReview:
        return NewReview(
            verdict=self.verdict,
            body=self.body,
            remarks=tuple(Remark(one.text, one.line_from, one.line_to, one.quote) for one in self.comments),
            met=None if self.met is None else tuple(self.met),
            deliverable_id=self.deliverable_id,
            version=self.version,
        )


class ReviewedOut(BaseModel):
    review: ReviewOut
    task: TaskOut
    missing: str | None
    """What the policy still asks for before the task is done."""


class ReviewsOut(BaseModel):
    items: list[ReviewOut]
    """Newest first."""
    missing: str | None
    review_calls: int
    """Model calls of agents that reviewed it: the price of the review, not of the work."""
    review_cost_nano: int
    review_unpriced_calls: int


@router.post("/tasks/{task_id}/reviews", status_code=201, operation_id="give_review")
async def give_review(task_id: str, body: ReviewIn, actor: Reviewer, db: Db) -> ReviewedOut:
    """Approve, request changes or reject. The task is done once its policy is satisfied, and in no other way.

    Of a draft that is still worked on, changes may be requested: they reach its worker, and the task stays where it is.
    """
    async with db.transaction() as tx:
        review, task = await actions.give(tx, actor, task_id, body.to_new())
        names = await names_of(tx, actor.workspace_id, [review])
        missing = await gate.missing(tx, task) if task.state is TaskState.IN_REVIEW else None
        return ReviewedOut(review=shown_reviews([review], names)[0], task=await shown_task(tx, task), missing=missing)


@router.get("/tasks/{task_id}/reviews", operation_id="list_reviews")
async def list_reviews(task_id: str, actor: Reader, db: Db) -> ReviewsOut:
    """What was said of a task's versions, and what its policy still asks for."""
    async with db.read() as tx:
        task = await task_actions.get(tx, actor.workspace_id, task_id)
        found = await store.of_task(tx, actor.workspace_id, task.id)
        names = await names_of(tx, actor.workspace_id, found)
        missing = await gate.missing(tx, task) if task.state is TaskState.IN_REVIEW else None
        began = {one.round: one.task_id for one in await store.review_tasks_of(tx, actor.workspace_id, task.id)}
        figures = await rollups.figures(tx, actor.workspace_id, "task", list(began.values()))
    spent = figures.values()
    costs: dict[str, int] = {}
    for one in found:
        # Newest first: the last word of a round bears what the round cost.
        if one.reviewer_id.startswith("agt_") and (task_id_of := began.pop(one.round, None)) is not None:
            costs[one.id] = figures[task_id_of].cost
    return ReviewsOut(
        items=shown_reviews(found, names, costs),
        missing=missing,
        review_calls=sum(one.calls for one in spent),
        review_cost_nano=sum(one.cost for one in spent),
        review_unpriced_calls=sum(one.unpriced_calls for one in spent),
    )
