"""/channels/push: notifications in a member's own browsers."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from quarterdeck.control.channels import push, store, webpush
from quarterdeck.control.channels.model import NAME_LENGTH, URL_LENGTH
from quarterdeck.control.channels.views import ChannelOut, shown_channel
from quarterdeck.control.http import Db, Sealing, Self
from quarterdeck.control.shapes import RequestBody

router = APIRouter(tags=["channels"])


class PushKeyOut(BaseModel):
    key: str
    """The `applicationServerKey` of a subscription: base64url of an uncompressed point."""


class PushKeys(RequestBody):
    p256dh: Annotated[str, Field(max_length=200)]
    auth: Annotated[str, Field(max_length=100)]


class PushIn(RequestBody):
    """What `PushSubscription.toJSON()` says, and what the browser is to be called."""

    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    endpoint: Annotated[str, Field(min_length=1, max_length=URL_LENGTH, description="Write-only.")]
    keys: PushKeys


@router.get("/channels/push/key", operation_id="get_push_key")
async def get_push_key(actor: Self, db: Db, vault: Sealing) -> PushKeyOut:
    """The public key that a browser subscribes with. It is made when first asked for."""
    async with db.transaction() as tx:
        private = await push.own_key(tx, vault, actor.workspace_id)
    return PushKeyOut(key=webpush.encoded(webpush.public_of(private)))


@router.post("/channels/push", status_code=201, operation_id="add_push_channel")
async def add_push_channel(body: PushIn, actor: Self, db: Db, vault: Sealing, request: Request) -> ChannelOut:
    """Have your notifications sent to this browser. Asked again for the same subscription, it is the same channel."""
    keys = webpush.browser_keys(body.keys.p256dh, body.keys.auth)
    hosts: frozenset[str] = request.app.state.web_push_hosts
    async with db.transaction() as tx:
        channel = await push.subscribe(tx, vault, actor, name=body.name, endpoint=body.endpoint, keys=keys, hosts=hosts)
        return shown_channel(channel, await store.counts(tx, actor.workspace_id))
