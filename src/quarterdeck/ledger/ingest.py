"""From journals to the store: rows and how far was read in one transaction, so that nothing is lost or doubled."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from quarterdeck.db import Database
from quarterdeck.db.outbox import wait_up_to
from quarterdeck.ledger import tables, writes
from quarterdeck.ledger.batches import Preparer, Work
from quarterdeck.ledger.commit import AWAY, Committer, OffsetMoved
from quarterdeck.ledger.intake import Redact
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.reader import START, JournalReader
from quarterdeck.ledger.record import CallRecord, decode
from quarterdeck.ledger.redact import Redactor
from quarterdeck.ledger.segments import Position

BATCH = 500
BATCH_BYTES = 8 << 20
POLL_S = 0.1
QUIET_POLL_S = 1.0
"""How rarely it is looked for news that nobody told of, when there was none for a while."""
LINGER_S = 0.05
"""How long it waits for company: one transaction for many calls, and still on screen at once."""
RETRY_S = 1.0
log = logging.getLogger("quarterdeck.ingest")


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has been written to journals and is not in the store yet."""

    records: int
    bytes: int
    lag_ms: int
    """The age of the oldest such record; 0 when there is none."""


class Ingester:
    """Reads every journal below a directory into the store. One `run_once` at a time."""

    def __init__(
        self,
        db: Database,
        journals: Path,
        packs: Packs,
        *,
        redact: Redact | None = None,
        poll_s: float = POLL_S,
        linger_s: float = LINGER_S,
        stored: Callable[[Sequence[CallRecord]], None] | None = None,
    ) -> None:
        """`redact` takes out what must not be stored, from records whose body mode says redacted; None: the usual.

        `stored` is told of calls once they stand in the store; whoever has to know of each for sure reads events.
        """
        self._db = db
        self._journals = journals
        self._stored = stored
        self._poll_s = poll_s
        self._linger_s = linger_s
        store = writes.store_for(db.is_sqlite)
        self._preparer = Preparer(db, store, packs, redact or Redactor())
        self._committer = Committer(db, store)
        self._offsets: dict[str, Position] = {}
        self._pending: dict[str, Work] = {}
        self._awake = asyncio.Event()
        self.keep: Callable[[str], Position | None] | None = None
        """Asked from which place on a journal is still needed by others; None: by nobody."""

    def wake(self) -> None:
        """Something was written: look now and not at the next poll."""
        self._awake.set()

    async def run(self) -> None:
        """Ingest until cancelled. A database or a disk that is away is waited for."""
        quiet_s = self._poll_s
        while True:
            try:
                count = await self.run_once()
                # Gateways wake us; a look without that is for what was written while nobody could. It may be rare.
                quiet_s = self._poll_s if count else min(quiet_s * 1.5, max(self._poll_s, QUIET_POLL_S))
                wait_s = 0.0 if count >= BATCH else self._linger_s if count else quiet_s
            except (*AWAY, OffsetMoved) as error:
                log.warning("ingest_interrupted reason=%s", error)
                count, wait_s = 0, RETRY_S
            if count:
                await asyncio.sleep(wait_s)
            else:
                await self._rest(wait_s)

    async def run_once(self, max_records: int = BATCH) -> int:
        """Ingest one batch of each journal; how many records were taken, rejected ones included.

        Raises Unavailable when the database is away, OSError when the packs cannot be written, OffsetMoved when
        another process has taken the same records.
        """
        total = 0
        for directory in await asyncio.to_thread(_below, self._journals):
            total += await self._ingest(JournalReader(directory), max_records)
        return total

    def backlog(self) -> Backlog:
        """What waits, over all journals. Blocking: it reads files."""
        records = size = 0
        oldest: list[int] = []
        for directory in _below(self._journals):
            reader = JournalReader(directory)
            waiting = reader.backlog(self._offsets.get(reader.id, START))
            records, size = records + waiting.records, size + waiting.size
            if waiting.oldest is not None:
                with suppress(msgspec.DecodeError):
                    first = decode(waiting.oldest)
                    oldest.append(first.started + first.ended)
        lag_ms = max(0, self._db.clock.now() - min(oldest)) // 1_000 if oldest else 0
        return Backlog(records, size, lag_ms)

    async def _rest(self, wait_s: float) -> None:
        await wait_up_to(self._awake, wait_s)
        if self._awake.is_set():
            await asyncio.sleep(self._linger_s)
        self._awake.clear()

    async def _ingest(self, reader: JournalReader, max_records: int) -> int:
        journal_id = await asyncio.to_thread(lambda: reader.id)
        work = self._pending.get(journal_id)
        if work is None:
            before = await self._position(journal_id)
            batch = await asyncio.to_thread(reader.read, before, max_records=max_records, max_bytes=BATCH_BYTES)
            if batch.next == before:
                return 0
            for damage in batch.damage:
                log.error("journal_damaged journal=%s at=%s bytes=%d", journal_id, damage.at, damage.length)
            # Kept until it is committed: what stands in the packs need not be written again when the store is back.
            work = self._pending[journal_id] = await self._preparer.prepare(batch)
        await self._commit(journal_id, work)
        kept = self.keep(journal_id) if self.keep is not None else None
        done = work.batch.next if kept is None else min(work.batch.next, kept)
        await asyncio.to_thread(reader.delete_before, done)
        return len(work.batch.payloads)

    async def _position(self, journal_id: str) -> Position:
        if journal_id not in self._offsets:
            query = sa.select(tables.ingest_offsets).where(tables.ingest_offsets.c.journal_id == journal_id)
            async with self._db.read() as tx:
                found = await tx.row(query)
            self._offsets[journal_id] = START if found is None else Position(found["segment"], found["place"])
        return self._offsets[journal_id]

    async def _commit(self, journal_id: str, work: Work) -> None:
        before = self._offsets[journal_id]
        try:
            try:
                await self._committer.commit(journal_id, before, work)
            except (*AWAY, OffsetMoved):
                raise
            except Exception:
                # Whether it is a record's fault, or a partition's that is gone, shows when it is tried again.
                log.exception("batch_not_stored journal=%s records=%d", journal_id, len(work.drafts))
                self._preparer.forget()
                await self._preparer.ensure_partitions(work.drafts)
                await self._committer.commit_storable(journal_id, before, work)
        except OffsetMoved:
            del self._offsets[journal_id], self._pending[journal_id]
            raise
        del self._pending[journal_id]
        self._offsets[journal_id] = work.batch.next
        self._preparer.remember(work)
        if self._stored is not None:
            self._stored([draft.record for draft in work.drafts])


def _below(directory: Path) -> Sequence[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []
