"""GET /events: one resumable stream of what happens, for browsers, agents and integrations."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.http import Db, Listener
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed, StoredEvent, Subscription, latest_seq, oldest_seq, read_after
from quarterdeck.kernel.clock import Clock, iso

router = APIRouter(tags=["live"])
HEARTBEAT_S = 15.0
SEND_TIMEOUT_S = 10.0
"""A reader that does not take what we send for so long is cut off; it resumes where it was."""
MAX_STREAM_S = 3600.0
"""Then the reader connects again and shows anew who it is."""


@router.get(
    "/events",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {}}, "description": "Events until you leave."}},
)
async def follow_events(
    *,
    actor: Listener,
    db: Db,
    request: Request,
    kinds: Annotated[str | None, Query(description="Only these, such as `task.*,run.ended`.")] = None,
    subject_id: Annotated[str | None, Query(description="Only events about this row.")] = None,
    last_event_id: Annotated[str | None, Header(description="Resume after this event.")] = None,
) -> Response:
    """Server-sent events. Reconnect with `Last-Event-ID` and nothing is missed; `stream.reset` says: load anew."""
    wanted = Wanted(actor, tuple(kinds.split(",")) if kinds else (), subject_id)
    last = int(last_event_id) if last_event_id is not None and last_event_id.isdecimal() else None
    return EventStream(request.app.state.feed, db, wanted, last)


class Wanted:
    """Which events one reader gets: those it asked for, among those it may see."""

    def __init__(self, actor: Actor, kinds: tuple[str, ...] = (), subject_id: str | None = None) -> None:
        self.actor = actor
        self._kinds = tuple(kind.strip() for kind in kinds)
        self._subject_id = subject_id

    def takes(self, event: StoredEvent) -> bool:
        if self._subject_id is not None and event.subject_id != self._subject_id:
            return False
        if self._kinds and not any(fnmatchcase(event.kind, kind) for kind in self._kinds):
            return False
        return self.actor.kind is ActorKind.MEMBER or self._concerns_agent(event)

    def ends_rights(self, event: StoredEvent) -> bool:
        """Whether the event may have changed what this reader may see, so that it must show again who it is."""
        return (event.kind == "key.revoked" and event.subject_id == self.actor.key_id) or (
            event.kind in ("member.changed", "member.removed") and event.subject_id == self.actor.id
        )

    def _concerns_agent(self, event: StoredEvent) -> bool:
        if self.actor.kind is ActorKind.RUN:
            return self.actor.run_id in (event.subject_id, event.data.get("run_id"))
        return self.actor.id in (event.subject_id, event.data.get("agent_id"))


class EventStream(Response):
    """Sends as it happens; a reader that stalls is cut off instead of buffered for."""

    media_type = "text/event-stream"

    def __init__(self, feed: EventFeed, db: Database, wanted: Wanted, last: int | None) -> None:
        super().__init__(headers={"cache-control": "no-store", "x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._feed = feed
        self._db = db
        self._wanted = wanted
        self._last = last

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._feed.subscribe(self._wanted.actor.workspace_id) as subscription:
            # Only now: what a reader asks for once it sees the stream open is never older than the stream.
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            sending = asyncio.create_task(self._send_all(send, subscription))
            leaving = asyncio.create_task(_disconnected(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sending.cancel()
                leaving.cancel()
                await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send_all(self, send: Send, subscription: Subscription) -> None:
        try:
            async with asyncio.timeout(MAX_STREAM_S):
                async for chunk in self._chunks(subscription):
                    body = {"type": "http.response.body", "body": chunk, "more_body": True}
                    async with asyncio.timeout(SEND_TIMEOUT_S):
                        await send(body)
        except TimeoutError:
            pass
        with suppress(TimeoutError):
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send({"type": "http.response.body", "body": b""})

    async def _chunks(self, subscription: Subscription) -> AsyncIterator[bytes]:
        yield b"retry: 1000\n\n"
        if self._last is not None:
            async for chunk in self._missed(subscription, self._last):
                yield chunk
        while True:
            batch = await subscription.next(HEARTBEAT_S)
            chunk = b"".join(_frame(event) for event in batch if self._wanted.takes(event))
            if chunk:
                yield chunk
            if any(self._wanted.ends_rights(event) for event in batch) or (subscription.over and not batch):
                return
            if not batch:
                yield b": still here\n\n"

    async def _missed(self, subscription: Subscription, last: int) -> AsyncIterator[bytes]:
        """What happened between the reader's last event and the subscription; or a reset when that is not kept."""
        async with self._db.read() as tx:
            oldest, newest = await oldest_seq(tx), await latest_seq(tx)
        if last > max(newest, subscription.since) or (oldest is not None and last + 1 < oldest):
            yield _reset(self._wanted.actor, subscription.since, self._db.clock)
            return
        while True:
            async with self._db.read() as tx:
                batch = await read_after(
                    tx, last, workspace_id=self._wanted.actor.workspace_id, until=subscription.since
                )
            if not batch:
                return
            last = batch[-1].seq
            chunk = b"".join(_frame(event) for event in batch if self._wanted.takes(event))
            if chunk:
                yield chunk


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _frame(event: StoredEvent) -> bytes:
    data = {
        "seq": event.seq,
        "kind": event.kind,
        "subject_id": event.subject_id,
        "at": iso(event.at),
        "actor": event.actor,
        "data": event.data,
    }
    return f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n".encode()


def _reset(actor: Actor, seq: int, clock: Clock) -> bytes:
    return _frame(StoredEvent(seq, actor.workspace_id, "stream.reset", actor.workspace_id, None, clock.now(), {}))
