"""Reading back what happened: events in the order they were committed, and one feed of them for a whole process."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import asyncpg
import sqlalchemy as sa

from quarterdeck.db.engine import NOTIFY_CHANNEL, Database, Transaction
from quarterdeck.db.prepared import Prepared
from quarterdeck.db.schema import events
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event

POLL_S = 0.1
"""How long an event of another process may go unseen on SQLite, which cannot call us."""
LISTENING_POLL_S = 5.0
"""The same where the database calls: only in case a call was lost."""
RETRY_S = 1.0
STOP_S = 2.0
BATCH = 500
ROOM = 1_000
log = logging.getLogger("quarterdeck.db")


async def wait_up_to(event: asyncio.Event, timeout_s: float) -> None:
    """Return when the event is set, or after that many seconds.

    Not by `asyncio.wait_for`: before Python 3.12 it may lose a cancellation that arrives as the event is set, and a
    loop that waits so is then never ended.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it stands in the outbox. `seq` grows in the order of commits; `at` is its instant."""

    seq: int
    workspace_id: str
    kind: str
    subject_id: str
    actor: str | None
    at: int
    data: dict[str, Any]


_AFTER = Prepared(
    sa.select(events)
    .where(events.c.seq > sa.bindparam("seq"))
    .order_by(events.c.seq)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


_OLDEST = Prepared(sa.select(sa.func.min(events.c.seq)))


async def read_after(
    tx: Transaction, seq: int, *, workspace_id: str | None = None, until: int | None = None, limit: int = BATCH
) -> list[StoredEvent]:
    """Events after `seq` and up to `until`, oldest first; of every workspace when none is named."""
    if workspace_id is None and until is None:
        return [StoredEvent(**row) for row in await tx.fetch_named(_AFTER, seq=seq, limit=limit)]
    query = sa.select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    if workspace_id is not None:
        query = query.where(events.c.workspace_id == workspace_id)
    if until is not None:
        query = query.where(events.c.seq <= until)
    return [StoredEvent(**row) for row in await tx.rows(query)]


async def latest_seq(tx: Transaction) -> int:
    """The newest event's number; 0 when nothing ever happened."""
    return int(await tx.scalar(sa.select(sa.func.max(events.c.seq))) or 0)


async def oldest_seq(tx: Transaction) -> int | None:
    """The oldest event still kept."""
    found = (await tx.fetch(_OLDEST))[0][0]
    return None if found is None else int(found)


async def prune(tx: Transaction, before: int, *, limit: int = 10_000) -> int:
    """Forget events older than the instant `before`, but never the newest. Returns how many, `limit` at the most."""
    newest = sa.select(sa.func.max(events.c.seq)).scalar_subquery()
    doomed = (
        sa.select(events.c.seq).where(events.c.at < before, events.c.seq < newest).order_by(events.c.seq).limit(limit)
    )
    return (await tx.execute(events.delete().where(events.c.seq.in_(doomed)))).rowcount


class Subscription:
    """What one listener has yet to read. It never grows past `room`: who falls behind is cut off, not waited for."""

    def __init__(self, workspace_id: str | None, since: int, room: int) -> None:
        self.since = since
        """The feed's position when this began: every later event of the workspace arrives here."""
        self.over = False
        """Nothing more will come: the feed closed, or this listener fell behind."""
        self._workspace_id = workspace_id
        self._room = room
        self._waiting: deque[StoredEvent] = deque()
        self._wake = asyncio.Event()

    async def next(self, timeout_s: float) -> list[StoredEvent]:
        """All that has arrived, at once; an empty list after `timeout_s` seconds without any, or when it is over."""
        if not self._waiting and not self.over:
            await wait_up_to(self._wake, timeout_s)
        self._wake.clear()
        found = list(self._waiting)
        self._waiting.clear()
        return found

    def offer(self, batch: Sequence[StoredEvent]) -> None:
        for event in batch:
            if self._workspace_id is not None and event.workspace_id != self._workspace_id:
                continue
            if len(self._waiting) >= self._room:
                self.end()
                return
            self._waiting.append(event)
        if self._waiting:
            self._wake.set()

    def end(self) -> None:
        self.over = True
        self._wake.set()


class EventFeed:
    """Reads each new event once per process, whoever wrote it, and hands it to every subscription."""

    def __init__(self, db: Database, *, poll_s: float = POLL_S) -> None:
        self._db = db
        self._poll_s = poll_s if db.is_sqlite else LISTENING_POLL_S
        self._position = 0
        self._ready = asyncio.Event()
        self._wake = asyncio.Event()
        self._subscriptions: set[Subscription] = set()
        self._closed = False
        db.on_commit(lambda _: self._wake.set())

    @asynccontextmanager
    async def subscribe(self, workspace_id: str | None = None, *, room: int = ROOM) -> AsyncIterator[Subscription]:
        """Every event after this moment, of one workspace or of all. Waits until the feed runs."""
        await self._ready.wait()
        subscription = Subscription(workspace_id, self._position, room)
        self._subscriptions.add(subscription)
        if self._closed:
            subscription.end()
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["EventFeed"]:
        """Feed while the block runs; subscriptions end with it."""
        task = asyncio.create_task(self._run())
        try:
            yield self
        finally:
            self.close()
            # A look at the database that is cut off costs its connection, so it may end first.
            await asyncio.wait({task}, timeout=STOP_S)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def pass_on(self, event: Event) -> None:
        """Hand something to every subscription that is true for the moment only, and so is stored nowhere.

        It carries the number of the newest stored event: who resumes after it misses nothing that is kept.
        """
        told = StoredEvent(
            self._position,
            event.workspace_id,
            event.kind,
            event.subject_id,
            event.actor,
            self._db.clock.now(),
            event.data,
        )
        for subscription in self._subscriptions:
            subscription.offer([told])

    def close(self) -> None:
        """End every subscription, so that streams to browsers can be shut down before the server is."""
        self._closed = True
        self._wake.set()
        for subscription in self._subscriptions:
            subscription.end()

    async def _run(self) -> None:
        while not self._closed:
            try:
                async with self._called():
                    await self._follow()
            except (QuarterdeckError, sa.exc.SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
                log.warning("event_feed_interrupted reason=%s", error)
                await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        if not self._ready.is_set():
            async with self._db.read() as tx:
                self._position = await latest_seq(tx)
            self._ready.set()
        while not self._closed:
            self._wake.clear()
            marker = self._db.marker()
            async with self._db.read() as tx:
                batch = await read_after(tx, self._position)
            if batch:
                self._position = batch[-1].seq
                for subscription in self._subscriptions:
                    subscription.offer(batch)
            if len(batch) < BATCH and not self._closed:
                await self._news(marker)

    async def _news(self, marker: int | None) -> None:
        """Wait until there may be something to read: nothing was committed since while the marker is the same."""
        while not self._closed:
            await wait_up_to(self._wake, self._poll_s)
            if self._wake.is_set() or marker is None or self._db.marker() != marker:
                return

    @asynccontextmanager
    async def _called(self) -> AsyncIterator[None]:
        """On PostgreSQL, let commits of other processes wake us."""
        if self._db.is_sqlite:
            yield
            return
        url = self._db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = await asyncpg.connect(url)
        try:
            await connection.add_listener(NOTIFY_CHANNEL, lambda *_: self._wake.set())
            connection.add_termination_listener(lambda _: self._wake.set())
            yield
        finally:
            await connection.close(timeout=1.0)


__all__ = ["EventFeed", "StoredEvent", "Subscription", "latest_seq", "oldest_seq", "prune", "read_after"]
