"""/channels: where notifications go."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.access.actors import Actor
from quarterdeck.control.channels import actions, apprise_process, store
from quarterdeck.control.channels.actions import Wanted
from quarterdeck.control.channels.model import (
    KIND_LENGTH,
    MAX_KINDS,
    NAME_LENGTH,
    URL_LENGTH,
    ChannelKind,
    Delivery,
    DeliveryState,
    checked_url,
)
from quarterdeck.control.channels.views import ChannelOut, shown_channel
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, IfMatch, Limit, Sealing, Self
from quarterdeck.control.shapes import Instant, RequestBody, shown
from quarterdeck.db import Database
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["channels"])
MAX_WAIT_S = 40
POLL_S = 0.1
Url = Annotated[str, Field(min_length=1, max_length=URL_LENGTH, description="Write-only: it is never shown again.")]
Kinds = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=KIND_LENGTH)]],
    Field(max_length=MAX_KINDS, description="Kinds of events sent by themselves, such as `task.*`; shared ones only."),
]


class ChannelsOut(BaseModel):
    items: list[ChannelOut]


class AddedChannelOut(ChannelOut):
    secret: str | None
    """Of a webhook whose secret was made just now; shown this once."""


class ChannelIn(RequestBody):
    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    kind: ChannelKind
    url: Url
    secret: str | None = Field(None, max_length=200, description="Of a webhook: `whsec_…`; made when absent.")
    shared: bool = Field(False, description="For the whole workspace; an admin's to set.")
    kinds: Kinds = []
    enabled: bool = True
    allow_private: bool = Field(False, description="Its host may have a private address; an admin's to set.")


class ChannelPatch(RequestBody):
    name: str | None = Field(None, min_length=1, max_length=NAME_LENGTH)
    url: Url | None = None
    secret: str | None = Field(None, max_length=200)
    kinds: Kinds | None = None
    enabled: bool | None = None
    allow_private: bool | None = None


class DeliveryOut(BaseModel):
    id: str
    channel_id: str
    kind: str
    state: DeliveryState
    attempts: int
    next_at: Instant | None
    """When it is tried next."""
    last_status: int | None
    last_error: str | None
    created_at: Instant
    done_at: Instant | None
    payload: dict[str, Any]


class DeliveriesOut(BaseModel):
    items: list[DeliveryOut]
    """Newest first."""
    next: str | None


class ReplayedOut(BaseModel):
    count: int


@router.get("/channels", operation_id="list_channels")
async def list_channels(actor: Self, db: Db) -> ChannelsOut:
    """The workspace's channels and your own."""
    async with db.read() as tx:
        found = await store.all_of(tx, actor.workspace_id)
        counts = await store.counts(tx, actor.workspace_id)
    return ChannelsOut(items=[shown_channel(one, counts) for one in found if one.member_id in (None, actor.id)])


@router.post("/channels", status_code=201, operation_id="add_channel")
async def add_channel(body: ChannelIn, actor: Self, db: Db, vault: Sealing) -> AddedChannelOut:
    """Add a webhook, or anything Apprise reaches: `mailto://`, `slack://`, `ntfy://`, …"""
    if body.shared or body.allow_private:
        actions.must_administer(actor)
    service = await _service(body.kind, body.url, allow_private=body.allow_private)
    wanted = Wanted(body.name, body.url, body.secret, tuple(body.kinds), body.enabled, body.allow_private)
    async with db.transaction() as tx:
        added = await actions.add(tx, vault, actor, body.kind, wanted, shared=body.shared, service=service)
    return AddedChannelOut(**shown_channel(added.channel, {}).model_dump(), secret=added.secret)


@router.get("/channels/{channel_id}", operation_id="get_channel")
async def get_channel(channel_id: str, actor: Self, db: Db) -> ChannelOut:
    """One channel."""
    async with db.read() as tx:
        channel = await actions.get(tx, actor, channel_id)
        return shown_channel(channel, await store.counts(tx, actor.workspace_id))


@router.patch("/channels/{channel_id}", operation_id="change_channel")
async def change_channel(
    *, channel_id: str, body: ChannelPatch, actor: Self, db: Db, version: IfMatch, vault: Sealing
) -> ChannelOut:
    """Change a channel; a new `url` replaces the old one whole."""
    async with db.read() as tx:
        channel = await actions.get_own(tx, actor, channel_id)
    service = ""
    if body.url is not None:
        private = channel.allow_private if body.allow_private is None else body.allow_private
        service = await _service(channel.kind, body.url, allow_private=private)
    kinds = None if body.kinds is None else tuple(body.kinds)
    wanted = Wanted(body.name, body.url, body.secret, kinds, body.enabled, body.allow_private)
    async with db.transaction() as tx:
        channel = await actions.get_own(tx, actor, channel_id)
        fresh = await actions.change(tx, vault, actor, channel, wanted, service=service, version=version)
        return shown_channel(fresh, await store.counts(tx, actor.workspace_id))


@router.delete("/channels/{channel_id}", status_code=204, operation_id="remove_channel")
async def remove_channel(channel_id: str, actor: Self, db: Db, version: IfMatch) -> None:
    """Remove a channel, and what is on its way to it."""
    async with db.transaction() as tx:
        await actions.remove(tx, actor, await actions.get_own(tx, actor, channel_id), version=version)


@router.post("/channels/{channel_id}/test", operation_id="test_channel")
async def test_channel(
    channel_id: str,
    actor: Self,
    db: Db,
    wait_s: Annotated[int, Query(ge=0, le=MAX_WAIT_S, description="Wait so long for how it went.")] = 0,
) -> DeliveryOut:
    """Send a test message through it. The first attempt's outcome stands in the answer if it came within `wait_s`."""
    async with db.transaction() as tx:
        made = await actions.test(tx, actor, await actions.get_own(tx, actor, channel_id))
    return _shown_delivery(await _tried(db, actor, made, wait_s))


@router.get("/channels/{channel_id}/deliveries", operation_id="list_deliveries")
async def list_deliveries(
    *,
    channel_id: str,
    actor: Self,
    db: Db,
    state: Annotated[DeliveryState | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> DeliveriesOut:
    """What went through a channel, is on its way, or was given up."""
    async with db.read() as tx:
        channel = await actions.get_own(tx, actor, channel_id)
        page = await store.page(tx, actor.workspace_id, channel.id, state=state, after=after, limit=limit)
    return DeliveriesOut(items=[_shown_delivery(one) for one in page.items], next=page.next)


@router.post("/channels/{channel_id}/replay", operation_id="replay_deliveries")
async def replay_deliveries(
    channel_id: str,
    actor: Self,
    db: Db,
    delivery_id: Annotated[str | None, Query(description="Only this one; all dead ones when absent.")] = None,
) -> ReplayedOut:
    """Try again what was given up. A webhook's receiver sees the same `webhook-id` as before."""
    async with db.transaction() as tx:
        channel = await actions.get_own(tx, actor, channel_id)
        return ReplayedOut(count=await actions.replay(tx, actor, channel, delivery_id))


async def _service(kind: ChannelKind, url: str, *, allow_private: bool) -> str:
    checked = checked_url(kind, url, allow_private=allow_private)
    return (await apprise_process.check(checked)).name if kind is ChannelKind.APPRISE else ""


async def _tried(db: Database, actor: Actor, made: Delivery, wait_s: float) -> Delivery:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    found: Delivery | None = made
    while found is not None and found.attempts == 0 and found.done_at is None and loop.time() < deadline:
        await asyncio.sleep(POLL_S)
        async with db.read() as tx:
            found = await store.delivery(tx, actor.workspace_id, made.id)
    return found or made


def _shown_delivery(delivery: Delivery) -> DeliveryOut:
    pending = delivery.state is DeliveryState.PENDING
    return DeliveryOut(
        id=delivery.id,
        channel_id=delivery.channel_id,
        kind=delivery.kind,
        state=delivery.state,
        attempts=delivery.attempts,
        next_at=shown(delivery.next_at) if pending else None,
        last_status=delivery.last_status,
        last_error=delivery.last_error,
        created_at=iso(delivery.created_at),
        done_at=shown(delivery.done_at),
        payload=delivery.payload,
    )
