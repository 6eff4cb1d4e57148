"""Comments, reactions, and messages to agents."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor, Permission
from quarterdeck.control.comments import actions, store
from quarterdeck.control.comments.model import BODY_LENGTH, MESSAGE_LENGTH, REACTION_LENGTH, Anchor, Comment
from quarterdeck.control.http import DEFAULT_LIMIT, After, AgentCaller, Db, Limit, Reader, Worker, may
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.shapes import Instant, Named, RequestBody
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["comments"])
agent_router = APIRouter(tags=["agent protocol"])
# Everybody who may review may talk about the work; who may work may review.
Talker = Annotated[Actor, Depends(may(Permission.REVIEW))]
Place = Annotated[int | None, Field(ge=1, le=2**31 - 1)]
Body = Annotated[str, Field(min_length=1, max_length=BODY_LENGTH, description="Markdown; @name tells somebody.")]


Part = Annotated[float, Field(ge=0, le=1)]


class RegionModel(RequestBody):
    """A part of an image, or of a page of a PDF; numbers are parts of its width and height."""

    x: Part
    y: Part
    width: Annotated[float, Field(gt=0, le=1)]
    height: Annotated[float, Field(gt=0, le=1)]
    page: int = Field(1, ge=1, le=100_000)


class CommentIn(RequestBody):
    body: Body
    deliverable_id: str | None = None
    version: Place = None
    line_from: Place = None
    line_to: Place = None
    run_id: str | None = Field(None, description="A run of the task that it is about.")
    region: RegionModel | None = Field(None, description="Of an image or a PDF.")

    def anchor(self) -> Anchor:
        region = None if self.region is None else self.region.model_dump()
        return Anchor(self.deliverable_id, self.version, self.line_from, self.line_to, self.run_id, region)


class RunCommentIn(CommentIn):
    fence: Fence = None


class CommentPreviewIn(RequestBody):
    body: Body


class MentionOut(Named):
    is_agent: bool


class CommentPreviewOut(BaseModel):
    mentions: list[MentionOut]


class ReactionIn(RequestBody):
    emoji: str = Field(min_length=1, max_length=REACTION_LENGTH)


class MessageIn(RequestBody):
    body: str = Field(min_length=1, max_length=MESSAGE_LENGTH)


class DirectMessageOut(BaseModel):
    id: str


class CommentOut(BaseModel):
    id: str
    task_id: str
    deliverable_id: str | None
    version: int | None
    line_from: int | None
    line_to: int | None
    run_id: str | None
    region: RegionModel | None
    author: MentionOut
    body: str
    mentions: list[str]
    held: bool
    """Agents were going round in circles: those it mentions were not woken."""
    reactions: dict[str, int]
    created_at: Instant


class CommentsOut(BaseModel):
    items: list[CommentOut]
    """Oldest first."""
    next: str | None


@router.get("/tasks/{task_id}/comments", operation_id="list_comments")
async def list_comments(
    task_id: str, actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> CommentsOut:
    """What was said about a task, its versions and its runs."""
    async with db.read() as tx:
        task = await task_actions.get(tx, actor.workspace_id, task_id)
        page = await store.page(tx, actor.workspace_id, task.id, limit=limit, after=after)
        return CommentsOut(items=await _shown(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/tasks/{task_id}/comments", status_code=201, operation_id="write_comment")
async def write_comment(task_id: str, body: CommentIn, actor: Talker, db: Db) -> CommentOut:
    """Comment on a task, a place in a version, or a run."""
    async with db.transaction() as tx:
        comment = await actions.write(tx, actor, task_id, body.body, body.anchor())
        return (await _shown(tx, actor.workspace_id, [comment]))[0]


@router.post("/comments/preview", operation_id="preview_comment")
async def preview_comment(body: CommentPreviewIn, actor: Talker, db: Db) -> CommentPreviewOut:
    """Who would be told or woken by a comment with this text."""
    async with db.read() as tx:
        found = await actions.preview(tx, actor.workspace_id, body.body)
    return CommentPreviewOut(mentions=[MentionOut(id=one.id, name=one.name, is_agent=one.is_agent) for one in found])


@router.post("/comments/{comment_id}/reactions", operation_id="react_to_comment")
async def react_to_comment(comment_id: str, body: ReactionIn, actor: Talker, db: Db) -> CommentOut:
    """React to a comment."""
    async with db.transaction() as tx:
        comment = await actions.react(tx, actor, comment_id, body.emoji)
        return (await _shown(tx, actor.workspace_id, [comment]))[0]


@router.post("/agents/{agent_id}/messages", status_code=201, operation_id="message_agent")
async def message_agent(agent_id: str, body: MessageIn, actor: Worker, db: Db) -> DirectMessageOut:
    """Tell an agent something; it reads it with its inbox."""
    async with db.transaction() as tx:
        return DirectMessageOut(id=await actions.send_message(tx, actor, agent_id, body.body))


@agent_router.post("/runs/{run_id}/comments", status_code=201, operation_id="comment_from_run")
async def comment_from_run(run_id: str, body: RunCommentIn, actor: AgentCaller, db: Db) -> CommentOut:
    """Comment on your task. @name tells a person, or wakes another agent."""
    async with db.transaction() as tx:
        comment = await actions.write_from_run(tx, actor, run_id, body.body, body.anchor(), fence=body.fence)
        return (await _shown(tx, actor.workspace_id, [comment]))[0]


async def _shown(tx: Transaction, workspace_id: str, found: list[Comment]) -> list[CommentOut]:
    names = await store.names(tx, workspace_id, {one.author_id for one in found})
    reactions = await store.reactions_of(tx, workspace_id, [one.id for one in found])
    return [
        CommentOut(
            id=one.id,
            task_id=one.task_id,
            deliverable_id=one.anchor.deliverable_id,
            version=one.anchor.version,
            line_from=one.anchor.line_from,
            line_to=one.anchor.line_to,
            run_id=one.anchor.run_id,
            region=None if one.anchor.region is None else RegionModel.model_validate(one.anchor.region),
            author=MentionOut(id=one.author_id, name=names.get(one.author_id, ""), is_agent=one.by_agent),
            body=one.body,
            mentions=list(one.mentions),
            held=one.held,
            reactions=reactions[one.id],
            created_at=iso(one.created_at),
        )
        for one in found
    ]
