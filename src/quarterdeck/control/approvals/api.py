"""Approvals: agents ask whether they may, people decide."""

import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor, Permission
from quarterdeck.control.approvals import actions, store
from quarterdeck.control.approvals.model import (
    ACTION_LENGTH,
    COMMENT_LENGTH,
    DEFAULT_EXPIRY_S,
    MAX_EXPIRY_S,
    SUMMARY_LENGTH,
    Approval,
    ApprovalState,
    NewApproval,
)
from quarterdeck.control.comments.store import names as names_of
from quarterdeck.control.http import DEFAULT_LIMIT, After, AgentCaller, BodyReader, Db, Limit, may
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.shapes import Instant, Named, RequestBody, TaskNamed, shown
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.waiting import MAX_WAIT_S, until_settled
from quarterdeck.db import Transaction
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import NotFound

router = APIRouter(tags=["approvals"])
agent_router = APIRouter(tags=["agent protocol"])
Decider = Annotated[Actor, Depends(may(Permission.REVIEW))]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class ApprovalIn(RequestBody):
    action: str = Field(min_length=1, max_length=ACTION_LENGTH, description="What you want to do, in a few words.")
    payload: Any = Field(description="All of what you would do, as JSON: what is approved is exactly this.")
    summary: str = Field("", max_length=SUMMARY_LENGTH, description="Markdown: why, and what follows from it.")
    expires_s: int = Field(DEFAULT_EXPIRY_S, ge=1, le=MAX_EXPIRY_S)
    fence: Fence = None


class UseApprovalIn(RequestBody):
    payload: Any = Field(description="What you are about to do: refused unless it is what was approved.")
    fence: Fence = None


class DecisionIn(RequestBody):
    verdict: Literal["approve", "deny"]
    payload_sha256: Sha256 = Field(description="The hash of what you have read; it binds your word to just that.")
    comment: str | None = Field(None, max_length=COMMENT_LENGTH)


class AskedOut(BaseModel):
    """What an agent sees of its approval."""

    id: str
    state: ApprovalState
    payload_sha256: str
    comment: str | None
    expires_at: Instant


class ApprovalOut(BaseModel):
    id: str
    task: TaskNamed
    run_id: str
    agent: Named
    action: str
    summary: str
    payload: Any
    payload_sha256: str
    """SHA-256 of the payload as JSON with sorted members and no spaces."""
    state: ApprovalState
    expires_at: Instant
    decided_by: Named | None
    decided_at: Instant | None
    comment: str | None
    used_at: Instant | None
    created_at: Instant


class ApprovalsOut(BaseModel):
    items: list[ApprovalOut]
    """Newest first."""
    next: str | None


@agent_router.post("/runs/{run_id}/approvals", status_code=201, operation_id="request_approval")
async def request_approval(run_id: str, body: ApprovalIn, actor: AgentCaller, db: Db) -> AskedOut:
    """Ask a person whether you may do one thing. The word comes to your inbox. The same again is answered as it is."""
    new = NewApproval(body.action, body.payload, body.summary, body.expires_s)
    async with db.transaction() as tx:
        return _asked(await actions.ask(tx, actor, run_id, new, fence=body.fence))


@agent_router.get("/runs/{run_id}/approvals/{approval_id}", operation_id="check_approval")
async def check_approval(
    *,
    run_id: str,
    approval_id: str,
    actor: AgentCaller,
    db: Db,
    request: Request,
    wait_s: Annotated[int, Query(ge=0, le=MAX_WAIT_S, description="Wait so long for the word.")] = 0,
) -> AskedOut:
    """Whether a person has decided by now."""

    async def look() -> Approval:
        async with db.read() as tx:
            run = await run_actions.own(tx, actor, run_id)
            found = await actions.get(tx, actor.workspace_id, approval_id)
        if found.run_id != run.id:
            raise NotFound("Your run has asked for no such approval.")
        return found

    def decided(found: Approval) -> bool:
        return found.state is not ApprovalState.PENDING

    feed: EventFeed = request.app.state.feed
    return _asked(await until_settled(feed, actor.workspace_id, approval_id, look, decided, wait_s))


@agent_router.post("/runs/{run_id}/approvals/{approval_id}/use", operation_id="use_approval")
async def use_approval(run_id: str, approval_id: str, body: UseApprovalIn, actor: AgentCaller, db: Db) -> AskedOut:
    """Just before you do it: uses the approval up. Do it only if this answers 200."""
    async with db.transaction() as tx:
        return _asked(await actions.use(tx, actor, run_id, approval_id, body.payload, fence=body.fence))


@router.get("/approvals", operation_id="list_approvals")
async def list_approvals(
    *,
    actor: BodyReader,
    db: Db,
    state: Annotated[ApprovalState | None, Query()] = None,
    task_id: Annotated[str | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ApprovalsOut:
    """What agents asked to be allowed."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, state=state, task_id=task_id, after=after, limit=limit)
        return ApprovalsOut(items=await _shown(tx, actor.workspace_id, page.items), next=page.next)


@router.get("/approvals/{approval_id}", operation_id="get_approval")
async def get_approval(approval_id: str, actor: BodyReader, db: Db) -> ApprovalOut:
    """One of them, with all of its payload."""
    async with db.read() as tx:
        found = await actions.get(tx, actor.workspace_id, approval_id)
        return (await _shown(tx, actor.workspace_id, [found]))[0]


@router.post("/approvals/{approval_id}/decision", operation_id="decide_approval")
async def decide_approval(approval_id: str, body: DecisionIn, actor: Decider, db: Db) -> ApprovalOut:
    """Allow it or not. Your word holds for exactly the payload whose hash you name, once, until it expires."""
    async with db.transaction() as tx:
        found = await actions.decide(
            tx,
            actor,
            approval_id,
            body.payload_sha256,
            approve=body.verdict == "approve",
            comment=body.comment,
        )
        return (await _shown(tx, actor.workspace_id, [found]))[0]


def _asked(approval: Approval) -> AskedOut:
    return AskedOut(
        id=approval.id,
        state=approval.state,
        payload_sha256=approval.payload_sha256,
        comment=approval.comment,
        expires_at=iso(approval.expires_at),
    )


async def _shown(tx: Transaction, workspace_id: str, found: list[Approval]) -> list[ApprovalOut]:
    tasks = await task_store.named(tx, workspace_id, {one.task_id for one in found})
    people = {one.agent_id for one in found} | {one.decided_by for one in found if one.decided_by is not None}
    names = await names_of(tx, workspace_id, people)
    return [
        ApprovalOut(
            id=one.id,
            task=TaskNamed(id=one.task_id, ref=tasks[one.task_id].ref, title=tasks[one.task_id].title),
            run_id=one.run_id,
            agent=Named(id=one.agent_id, name=names.get(one.agent_id, "")),
            action=one.action,
            summary=one.summary,
            payload=json.loads(one.payload),
            payload_sha256=one.payload_sha256,
            state=one.state,
            expires_at=iso(one.expires_at),
            decided_by=None if one.decided_by is None else Named(id=one.decided_by, name=names.get(one.decided_by, "")),
            decided_at=shown(one.decided_at),
            comment=one.comment,
            used_at=shown(one.used_at),
            created_at=iso(one.created_at),
        )
        for one in found
    ]
