"""Publishing the gateways' picture of the world when something they act on has changed."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from quarterdeck.access.entries import key_entry
from quarterdeck.access.snapshot import KeyEntry, Snapshot
from quarterdeck.access.vault import Vault
from quarterdeck.db import Database, Transaction
from quarterdeck.db.outbox import BATCH, EventFeed, latest_seq, read_after, wait_up_to
from quarterdeck.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck.worker import picture
from quarterdeck.worker.picture import Rows

DEBOUNCE_S = 0.02
REFRESH_S = 30.0
"""Secrets in files and in the environment change without an event, and keys that are over are forgotten."""
REST = 24
"""After a build of t seconds, unasked-for builds rest REST times t: they take at most a twenty-fifth of a core."""
PUBLISH_TIMEOUT_S = 5.0
RETRY_S = 1.0
Publish = Callable[[Snapshot], Awaitable[None]]
log = logging.getLogger("quarterdeck.snapshots")


async def build_snapshot(db: Database, vault: Vault, version: int) -> Snapshot:
    """One consistent look at everything the gateways act on. Raises Unavailable."""
    async with db.read() as tx:
        return await picture.put_together(tx, await picture.read_all(tx, vault), version)


async def lookup(db: Database, key_hash: bytes) -> KeyEntry | None:
    """The entry of one key, straight from its row: for a key a gateway has not heard of yet."""
    async with db.read() as tx:
        return await key_entry(tx, key_hash)


class Publisher:
    """Keeps gateways up to date: rebuilds after relevant events, and at once for a verb that waits for it."""

    def __init__(self, db: Database, vault: Vault, publish: Publish, feed: EventFeed) -> None:
        self._db = db
        self._vault = vault
        self._publish = publish
        self._feed = feed
        self._asked = 1
        """Number of the newest wish; the first is to publish at all."""
        self._done = 0
        """Number of the newest wish that gateways have acknowledged."""
        self._urgent = asyncio.Event()
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._last: Snapshot | None = None
        self._rows: Rows | None = None
        """As of the event with the number `_seq`."""
        self._seq = 0
        self._read_all_at = 0.0
        self._by_verb = False
        """Whether a verb waits: something was changed, whatever the events say."""

    async def run(self) -> None:
        """Publish until cancelled. Start it as a task beside the feed."""
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                await self._publish_once()
                await wait_up_to(self._wake, REFRESH_S)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def ensure_published(self) -> None:
        """Return once every gateway acts on all that was committed before this call.

        Raises Unavailable `not_published` when that takes more than a few seconds: what was saved stays saved.
        """
        self._by_verb = True
        await self._published()

    async def _published(self) -> None:
        self._asked = mine = self._asked + 1
        self._urgent.set()
        self._wake.set()
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S), self._progress:
                await self._progress.wait_for(lambda: self._done >= mine)
        except TimeoutError:
            raise Unavailable(
                "It is saved, but the gateways have not confirmed it yet; they will act on it as soon as they can.",
                code="not_published",
                retry_after_s=1,
            ) from None

    async def knows(self, key_hash: bytes) -> bool:
        """Whether such a key exists; if so, gateways hold it when this returns."""
        if await lookup(self._db, key_hash) is None:
            return False
        if self._last is None or key_hash not in self._last.keys:
            await self._published()
        return True

    async def _publish_once(self) -> None:
        self._wake.clear()
        self._urgent.clear()
        wish = self._asked
        started = self._db.clock.monotonic()
        try:
            snapshot = await self.look()
            if self._last is None or not _same(snapshot, self._last):
                await self._publish(snapshot)
                self._last = snapshot
        except (QuarterdeckError, sa.exc.SQLAlchemyError, OSError) as error:
            log.warning("snapshot_not_published reason=%s", error)
            self._rows = None
            await asyncio.sleep(RETRY_S)
            self._wake.set()
            return
        async with self._progress:
            self._done = wish
            self._progress.notify_all()
        rest = max(DEBOUNCE_S, REST * (self._db.clock.monotonic() - started))
        await wait_up_to(self._urgent, rest)

    async def look(self) -> Snapshot:
        """The picture now. Rows are read again as the events say that have been stored up to this very look."""
        by_verb, self._by_verb = self._by_verb, False
        async with self._db.read() as tx:
            run_ids = await self._runs_changed(tx, by_verb=by_verb)
            seq = await latest_seq(tx)
            if self._rows is None or run_ids is None:
                self._read_all_at = time.monotonic()
                rows = await picture.read_all(tx, self._vault)
            else:
                rows = await picture.renewed(tx, self._rows, run_ids)
            snapshot = await picture.put_together(tx, rows, self._next_version())
        self._rows, self._seq = rows, seq
        return snapshot

    async def _runs_changed(self, tx: Transaction, *, by_verb: bool) -> set[str] | None:
        """Which runs are to be read again; None: everything."""
        if self._rows is None or time.monotonic() - self._read_all_at >= REFRESH_S:
            return None
        happened = await read_after(tx, self._seq, limit=BATCH)
        told = any(event.kind.startswith(picture.RELEVANT) for event in happened)
        if len(happened) == BATCH or (by_verb and not told):
            return None
        return picture.runs_changed(happened)

    async def _watch(self) -> None:
        """Turn events into wishes. A listener that fell behind wishes once for all it missed."""
        while True:
            async with self._feed.subscribe() as subscription:
                self._wish()
                while not subscription.over:
                    batch = await subscription.next(REFRESH_S)
                    if any(event.kind.startswith(picture.RELEVANT) for event in batch):
                        self._wish()
            await asyncio.sleep(DEBOUNCE_S)

    def _wish(self) -> None:
        self._asked += 1
        self._wake.set()

    def _next_version(self) -> int:
        """Grows across restarts too, because it is the time, unless the clock was set back while we run."""
        return max(self._db.clock.now(), 0 if self._last is None else self._last.version + 1)


def _same(one: Snapshot, other: Snapshot) -> bool:
    return one.keys == other.keys and one.workspaces == other.workspaces
