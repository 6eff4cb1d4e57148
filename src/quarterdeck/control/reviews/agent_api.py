"""/runs/{id}/review: what a reviewing agent looks at, and its word."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor
from quarterdeck.control.attachments import store as attachments
from quarterdeck.control.attachments.api import AttachmentOut
from quarterdeck.control.deliverables import actions as deliverable_actions
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.model import DeliverableKind
from quarterdeck.control.http import AgentCaller, Db
from quarterdeck.control.reviews import by_agents, gate, store
from quarterdeck.control.reviews.api import RemarkIn
from quarterdeck.control.reviews.model import BODY_LENGTH, MAX_COMMENTS, NewReview, Remark, Verdict
from quarterdeck.control.reviews.views import ReviewOut, names_of, shown_reviews
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.shapes import RequestBody
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.db import Transaction

agent_router = APIRouter(tags=["agent protocol"])


class ReviewedVersionOut(BaseModel):
    deliverable_id: str
    name: str
    kind: DeliverableKind
    number: int
    draft: bool
    media_type: str
    file_name: str
    size: int
    sha256: str
    note: str | None
    text: str | None
    """Small text, or a link's address; null: fetch it at /runs/{your run}/deliverables/…/versions/…/content."""


class ToReviewOut(BaseModel):
    task_id: str
    ref: str
    title: str
    brief: str
    acceptance: list[str]
    versions: list[ReviewedVersionOut]
    """The newest version of each deliverable."""
    attachments: list[AttachmentOut]
    """What its worker was given; fetch them at /runs/{your run}/attachments/…/content."""
    reviews: list[ReviewOut]
    """What was said of earlier versions, newest first."""


class AgentReviewIn(RequestBody):
    verdict: Literal["approve", "request_changes"]
    body: str = Field("", max_length=BODY_LENGTH, description="Markdown: all that has to change, in one message.")
    comments: list[RemarkIn] = Field([], max_length=MAX_COMMENTS)
    fence: Fence = None


class AgentReviewedOut(BaseModel):
    review: ReviewOut
    missing: str | None
    """What the policy still asks for: people, after you."""


@agent_router.get("/runs/{run_id}/review", operation_id="read_review_task")
async def read_review_task(run_id: str, actor: AgentCaller, db: Db) -> ToReviewOut:
    """The work that your task asks you to review: its brief, acceptance criteria and what was handed in."""
    async with db.read() as tx:
        return await shown_work(tx, actor, run_id)


@agent_router.post("/runs/{run_id}/review", status_code=201, operation_id="give_agent_review")
async def give_agent_review(run_id: str, body: AgentReviewIn, actor: AgentCaller, db: Db) -> AgentReviewedOut:
    """Approve, or ask for changes. Then finish your run."""
    remarks = tuple(Remark(one.text, one.line_from, one.line_to, one.quote) for one in body.comments)
    new = NewReview(Verdict(body.verdict), body.body, remarks)
    async with db.transaction() as tx:
        review, task = await by_agents.give(tx, actor, run_id, new, fence=body.fence)
        names = await names_of(tx, actor.workspace_id, [review])
        missing = await gate.missing(tx, task) if task.state is TaskState.IN_REVIEW else None
    return AgentReviewedOut(review=shown_reviews([review], names)[0], missing=missing)


async def shown_work(tx: Transaction, actor: Actor, run_id: str) -> ToReviewOut:
    """What the run's task asks its agent to review. Raises NotFound; Forbidden for a run key of another run."""
    begun = await by_agents.begun_by(tx, actor, run_id)
    task = await task_actions.get(tx, actor.workspace_id, begun.reviewed_id)
    versions = []
    for one in await deliverables.of_task(tx, actor.workspace_id, task.id):
        version = await deliverable_actions.get_version(tx, actor.workspace_id, one.id, one.latest)
        versions.append(
            ReviewedVersionOut(
                deliverable_id=one.id,
                name=one.name,
                kind=one.kind,
                number=version.number,
                draft=version.draft,
                media_type=version.media_type,
                file_name=version.file_name,
                size=version.size,
                sha256=version.sha256,
                note=version.note,
                text=(await deliverables.content(tx, version)).text,
            )
        )
    given = await attachments.of_task(tx, actor.workspace_id, task.id)
    found = await store.of_task(tx, actor.workspace_id, task.id)
    names = await names_of(tx, actor.workspace_id, found)
    return ToReviewOut(
        task_id=task.id,
        ref=task.ref,
        title=task.title,
        brief=task.brief,
        acceptance=[one.text for one in task.acceptance],
        versions=versions,
        attachments=[AttachmentOut.of(one) for one in given],
        reviews=shown_reviews(found, names),
    )
