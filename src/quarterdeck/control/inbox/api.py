"""/agent/inbox: what came for an agent, by long poll."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from quarterdeck.control.http import AgentCaller, Db
from quarterdeck.control.inbox import store
from quarterdeck.control.inbox.store import InboxKind, Item
from quarterdeck.control.shapes import Instant
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel.clock import iso

agent_router = APIRouter(tags=["agent protocol"])
MAX_WAIT_S = 60
PAGE = 100


class ItemOut(BaseModel):
    cursor: int
    kind: InboxKind
    subject_id: str
    """The comment, review, question or message it is about."""
    task_id: str | None
    sender_id: str | None
    body: str
    created_at: Instant


class InboxOut(BaseModel):
    items: list[ItemOut]
    """Oldest first."""
    cursor: int
    """Pass it as `after` next time: that acknowledges all that came with this answer."""


@agent_router.get("/agent/inbox", operation_id="read_inbox")
async def read_inbox(
    *,
    actor: AgentCaller,
    db: Db,
    request: Request,
    after: Annotated[int, Query(ge=0, le=2**31 - 1, description="Acknowledges everything up to it.")] = 0,
    wait_s: Annotated[int, Query(ge=0, le=MAX_WAIT_S, description="Wait so long for something to come.")] = 0,
) -> InboxOut:
    """Mentions, reviews, answers and messages for you. What is not acknowledged comes again."""
    if after > 0:
        async with db.transaction() as tx:
            await store.acknowledge(tx, actor.workspace_id, actor.id, after)
    feed: EventFeed = request.app.state.feed
    items = await _wait(db, feed, actor.workspace_id, actor.id, after, wait_s)
    shown = [
        ItemOut(
            cursor=item.seq,
            kind=item.kind,
            subject_id=item.subject_id,
            task_id=item.task_id,
            sender_id=item.sender_id,
            body=item.body,
            created_at=iso(item.created_at),
        )
        for item in items
    ]
    return InboxOut(items=shown, cursor=items[-1].seq if items else after)


async def _wait(
    db: Database, feed: EventFeed, workspace_id: str, agent_id: str, after: int, wait_s: float
) -> list[Item]:
    async def look() -> list[Item]:
        async with db.read() as tx:
            return await store.unread(tx, workspace_id, agent_id, after, limit=PAGE)

    found = await look()
    if found or wait_s <= 0:
        return found
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    async with feed.subscribe(workspace_id) as subscription:
        # Once more: something may have come between the first look and the subscription.
        found = await look()
        while not found and not subscription.over and loop.time() < deadline:
            happened = await subscription.next(deadline - loop.time())
            if any(event.kind == "inbox.delivered" and event.subject_id == agent_id for event in happened):
                found = await look()
    return found
