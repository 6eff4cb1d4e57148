"""From journals to the store: rows and how far was read in one transaction, so that nothing is lost or doubled."""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import sqlalchemy as sa

from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck.kernel.events import Event
from quarterdeck.ledger import intake, partitions, rows, tables, writes
from quarterdeck.ledger.intake import Draft, Node, Poison, Redact
from quarterdeck.ledger.packs import Packs, Place
from quarterdeck.ledger.reader import START, Batch, JournalReader
from quarterdeck.ledger.record import decode
from quarterdeck.ledger.rows import ContentKey
from quarterdeck.ledger.segments import Position
from quarterdeck.ledger.writes import Keys

BATCH = 250
BATCH_BYTES = 8 << 20
POLL_S = 0.1
LINGER_S = 0.05
"""How long it waits for company: one transaction for many calls, and still on screen at once."""
RETRY_S = 1.0
SLICE_S = 0.002
"""How long the computing thread keeps the interpreter before it lets the event loop have a turn."""
KNOWN = 200_000
NAMED = 100
"""How many ids of calls an event names."""
MAX_REJECT = 4 << 20
log = logging.getLogger("quarterdeck.ingest")


@dataclass(frozen=True, slots=True)
class Backlog:
    """What has been written to journals and is not in the store yet."""

    records: int
    bytes: int
    lag_ms: int
    """The age of the oldest such record; 0 when there is none."""


class OffsetMoved(QuarterdeckError):
    """Somebody else has read this journal further; start again from there."""


@dataclass(frozen=True, slots=True)
class _Reject:
    position: Position
    reason: str
    payload: bytes


@dataclass(slots=True)
class _Work:
    """A batch on its way through."""

    batch: Batch
    drafts: list[Draft] = field(default_factory=list)
    origins: dict[str, tuple[Position, bytes]] = field(default_factory=dict)
    """By call: where in the journal it is and what it says."""
    rejects: list[_Reject] = field(default_factory=list)
    new_nodes: dict[tuple[str, int, bytes], Node] = field(default_factory=dict)
    wanted: dict[ContentKey, bytes] = field(default_factory=dict)
    shared: set[ContentKey] = field(default_factory=set)
    places: dict[ContentKey, Place] = field(default_factory=dict)


class Known:
    """Keys lately seen to be stored. Forgets the half that was not asked for when it is full."""

    def __init__(self, room: int) -> None:
        self._half = room // 2
        self._young: set[tuple[str, int, bytes]] = set()
        self._old: set[tuple[str, int, bytes]] = set()

    def __contains__(self, key: tuple[str, int, bytes]) -> bool:
        if key in self._young:
            return True
        if key in self._old:
            self._young.add(key)
            return True
        return False

    def update(self, keys: Iterable[tuple[str, int, bytes]]) -> None:
        self._young.update(keys)
        if len(self._young) > self._half:
            self._old, self._young = self._young, set()


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
    ) -> None:
        """`redact` takes out what must not be stored, from records whose body mode says redacted."""
        self._db = db
        self._journals = journals
        self._packs = packs
        self._redact = redact
        self._poll_s = poll_s
        self._linger_s = linger_s
        self._store = writes.store_for(db.is_sqlite)
        self._known_nodes = Known(KNOWN)
        self._known_contents = Known(KNOWN)
        self._partitions: set[tuple[int, int]] = set()
        self._offsets: dict[str, Position] = {}
        self._pending: dict[str, _Work] = {}
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Something was written: look now and not at the next poll."""
        self._awake.set()

    async def run(self) -> None:
        """Ingest until cancelled. A database that is away is waited for."""
        while True:
            try:
                count = await self.run_once()
                wait_s = 0.0 if count >= BATCH else self._linger_s if count else self._poll_s
            except (QuarterdeckError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("ingest_interrupted reason=%s", error)
                count, wait_s = 0, RETRY_S
            if wait_s:
                await self._rest(wait_s)

    async def run_once(self, max_records: int = BATCH) -> int:
        """Ingest one batch of each journal; how many records were taken, rejected ones included.

        Raises Unavailable when the database is away, OSError when the packs cannot be written.
        """
        total = 0
        for directory in await asyncio.to_thread(_journals, self._journals):
            total += await self._ingest(JournalReader(directory), max_records)
        return total

    def backlog(self) -> Backlog:
        """What waits, over all journals. Blocking: it reads files."""
        records = size = 0
        oldest: int | None = None
        for directory in _journals(self._journals):
            reader = JournalReader(directory)
            waiting = reader.backlog(self._offsets.get(reader.id, START))
            records, size = records + waiting.records, size + waiting.size
            began = _ended(waiting.oldest)
            if began is not None:
                oldest = began if oldest is None else min(oldest, began)
        lag_ms = 0 if oldest is None else max(0, self._db.clock.now() - oldest) // 1_000
        return Backlog(records, size, lag_ms)

    async def _rest(self, wait_s: float) -> None:
        try:
            await asyncio.wait_for(self._awake.wait(), wait_s)
            await asyncio.sleep(self._linger_s)
        except TimeoutError:
            pass
        self._awake.clear()

    async def _ingest(self, reader: JournalReader, max_records: int) -> int:
        journal_id = await asyncio.to_thread(lambda: reader.id)
        work = self._pending.pop(journal_id, None)
        if work is None:
            work = await self._prepare(reader, journal_id, max_records)
            if work is None:
                return 0
        # Kept until it is committed: what was written to the packs need not be written again when the store is back.
        self._pending[journal_id] = work
        await self._commit(journal_id, work)
        self._pending.pop(journal_id, None)
        await asyncio.to_thread(reader.delete_before, work.batch.next)
        return len(work.batch.payloads)

    async def _prepare(self, reader: JournalReader, journal_id: str, max_records: int) -> _Work | None:
        """Read a batch, find out what of it is new, and write that to the packs."""
        position = await self._position(journal_id)
        batch = await asyncio.to_thread(reader.read, position, max_records=max_records, max_bytes=BATCH_BYTES)
        if batch.next == position:
            return None
        for damage in batch.damage:
            log.error("journal_damaged journal=%s at=%s bytes=%d", journal_id, damage.at, damage.length)
        work = _Work(batch)
        await asyncio.to_thread(self._read_records, work)
        await self._ensure_partitions(work.drafts)
        await self._leave_out_known(work)
        await asyncio.to_thread(self._write_packs, work)
        return work

    async def _position(self, journal_id: str) -> Position:
        if journal_id not in self._offsets:
            query = sa.select(tables.ingest_offsets).where(tables.ingest_offsets.c.journal_id == journal_id)
            async with self._db.read() as tx:
                found = await tx.row(query)
            self._offsets[journal_id] = START if found is None else Position(found["segment"], found["place"])
        return self._offsets[journal_id]

    def _read_records(self, work: _Work) -> None:
        turn = _Turn()
        for payload, position in zip(work.batch.payloads, work.batch.positions, strict=True):
            try:
                draft = intake.read(payload, self._redact)
            except Poison as poison:
                work.rejects.append(_Reject(position, str(poison), payload))
                continue
            work.drafts.append(draft)
            work.origins[draft.record.id] = (position, payload)
            self._note_new(work, draft)
            turn.over()

    def _note_new(self, work: _Work, draft: Draft) -> None:
        """Note the nodes and contents of a call that are not known to be stored."""
        workspace_id, epoch = draft.record.workspace_id, draft.epoch
        for node in draft.nodes:
            key = (workspace_id, epoch, node.id)
            if key in self._known_nodes:
                # A node is stored with its message.
                draft.contents.pop(node.content, None)
            else:
                work.new_nodes[key] = node
        for content_hash, content in draft.contents.items():
            content_key = (workspace_id, epoch, content_hash)
            if content_key not in self._known_contents:
                work.wanted[content_key] = content
                if content_hash in draft.shared:
                    work.shared.add(content_key)
        draft.contents = {}

    async def _ensure_partitions(self, drafts: Sequence[Draft]) -> None:
        """Make partitions for these calls, and for those of the coming week while there is time."""
        instants = {draft.epoch: draft.instant for draft in drafts}
        months = {partitions.month_of(draft.instant).begin: draft.instant for draft in drafts}
        wanted = {*instants.values(), *months.values()}
        ahead = {instant + partitions.WEEK for instant in wanted}
        missing = {each for each in wanted | ahead if _coordinates(each) not in self._partitions}
        if missing:
            async with self._db.transaction() as tx:
                await partitions.ensure(tx, missing)
            self._partitions.update(map(_coordinates, missing))

    async def _leave_out_known(self, work: _Work) -> None:
        """Ask the store which calls, nodes and contents it has already."""
        ids: dict[str, set[str]] = {}
        for draft in work.drafts:
            ids.setdefault(draft.record.workspace_id, set()).add(draft.record.id)
        async with self._db.read() as tx:
            await tx.execute(sa.select(1))
            calls = await self._store.known_calls(tx, ids)
            nodes = await self._store.known(tx, tables.nodes, _grouped(work.new_nodes))
            contents = await self._store.known(tx, tables.contents, _grouped(work.shared))
        if calls:
            log.warning("calls_already_stored count=%d", len(calls))
        fresh: dict[str, Draft] = {}
        for draft in work.drafts:
            if draft.record.id not in calls:
                fresh.setdefault(draft.record.id, draft)
        work.drafts = list(fresh.values())
        for key in _flat(nodes):
            del work.new_nodes[key]
        for key in _flat(contents):
            del work.wanted[key]

    def _write_packs(self, work: _Work) -> None:
        by_week: dict[tuple[str, int], list[ContentKey]] = {}
        for key in work.wanted:
            by_week.setdefault(key[:2], []).append(key)
        for (workspace_id, epoch), keys in by_week.items():
            places = self._packs.add(workspace_id, epoch, [work.wanted[key] for key in keys])
            work.places.update(zip(keys, places, strict=True))
        work.wanted = {}

    async def _commit(self, journal_id: str, work: _Work) -> None:
        """Store the batch; a record that cannot be stored is found and set aside."""
        try:
            await self._store_batch(journal_id, work, work.drafts)
        except OffsetMoved:
            self._offsets.pop(journal_id, None)
            self._pending.pop(journal_id, None)
            raise
        except (Unavailable, OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
            raise
        except Exception as error:
            log.exception("batch_not_stored journal=%s records=%d", journal_id, len(work.drafts))
            good = await self._sift(journal_id, work, work.drafts, error)
            await self._store_batch(journal_id, work, good)
            work.drafts = good
        self._offsets[journal_id] = work.batch.next
        self._known_nodes.update(work.new_nodes)
        self._known_contents.update(work.places.keys() | work.shared)

    async def _sift(self, journal_id: str, work: _Work, drafts: list[Draft], error: Exception) -> list[Draft]:
        """The drafts that can be stored, by trying halves; the others become rejects."""
        if len(drafts) == 1:
            position, payload = work.origins[drafts[0].record.id]
            work.rejects.append(_Reject(position, f"not storable: {error}", payload))
            return []
        good: list[Draft] = []
        for half in (drafts[: len(drafts) // 2], drafts[len(drafts) // 2 :]):
            try:
                await self._store_batch(journal_id, work, half, keep=False)
                good += half
            except (Unavailable, OffsetMoved, OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError):
                raise
            except Exception as cause:
                good += await self._sift(journal_id, work, half, cause)
        return good

    async def _store_batch(self, journal_id: str, work: _Work, drafts: Sequence[Draft], *, keep: bool = True) -> None:
        """One transaction with everything of the batch; rolled back at its end when it is only tried."""
        nodes = [(workspace_id, epoch, node) for (workspace_id, epoch, _), node in work.new_nodes.items()]
        made = await asyncio.to_thread(rows.assemble, drafts, nodes, work.places)
        try:
            async with self._db.transaction() as tx:
                await self._move_offset(tx, journal_id, work)
                await self._store.write(tx, made)
                await _reject(tx, journal_id, work.rejects)
                for event in _events(drafts):
                    await tx.emit(event)
                if not keep:
                    raise _Undo
        except _Undo:
            pass

    async def _move_offset(self, tx: Transaction, journal_id: str, work: _Work) -> None:
        table, before, after = tables.ingest_offsets, self._offsets[journal_id], work.batch.next
        change = (
            table.update()
            .where(table.c.journal_id == journal_id, table.c.segment == before.segment, table.c.place == before.offset)
            .values(
                segment=after.segment,
                place=after.offset,
                records=table.c.records + len(work.batch.payloads),
                damaged=table.c.damaged + len(work.batch.damage),
                updated_at=tx.now,
            )
        )
        if await tx.changed(change):
            return
        first = sa.text(
            "INSERT INTO ingest_offsets (journal_id, segment, place, records, damaged, updated_at)"
            " VALUES (:journal_id, 0, 0, 0, 0, 0) ON CONFLICT DO NOTHING"
        ).bindparams(journal_id=journal_id)
        if before != START or not await tx.changed(first) or not await tx.changed(change):
            raise OffsetMoved(f"The journal {journal_id} is being read by another process.")


class _Undo(Exception):
    """The transaction was only a trial."""


class _Turn:
    """Lets other threads have the interpreter now and then."""

    def __init__(self) -> None:
        self._since = time.perf_counter()

    def over(self) -> None:
        if time.perf_counter() - self._since > SLICE_S:
            time.sleep(0)
            self._since = time.perf_counter()


async def _reject(tx: Transaction, journal_id: str, rejects: Sequence[_Reject]) -> None:
    for reject in rejects:
        log.error("record_rejected journal=%s before=%s reason=%s", journal_id, reject.position, reject.reason)
        await tx.execute(
            tables.ingest_rejects.insert().values(
                journal_id=journal_id,
                segment=reject.position.segment,
                place=reject.position.offset,
                at=tx.now,
                reason=reject.reason[:1_000].replace("\0", "\ufffd"),
                payload=reject.payload[:MAX_REJECT],
            )
        )


def _events(drafts: Sequence[Draft]) -> list[Event]:
    by_workspace: dict[str, list[Draft]] = {}
    for draft in drafts:
        by_workspace.setdefault(draft.record.workspace_id, []).append(draft)
    return [
        Event(
            workspace_id,
            "calls.ingested",
            workspace_id,
            {
                "count": len(some),
                "agent_ids": _distinct(draft.record.agent_id for draft in some),
                "task_ids": _distinct(draft.record.task_id for draft in some),
                "run_ids": _distinct(draft.record.run_id for draft in some),
                "conversation_ids": _distinct(draft.conversation_id for draft in some),
                "call_ids": [draft.record.id for draft in some[-NAMED:]],
            },
        )
        for workspace_id, some in by_workspace.items()
    ]


def _distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})


def _journals(directory: Path) -> list[Path]:
    return sorted(path for path in directory.iterdir() if path.is_dir()) if directory.is_dir() else []


def _coordinates(instant: int) -> tuple[int, int]:
    """What partitions the rows of an instant are in."""
    return partitions.month_of(instant).begin, partitions.epoch_of(instant)


def _grouped(keys: Iterable[tuple[str, int, bytes]]) -> Keys:
    found: Keys = {}
    for workspace_id, epoch, key in keys:
        found.setdefault((workspace_id, epoch), set()).add(key)
    return found


def _flat(keys: Keys) -> Iterable[tuple[str, int, bytes]]:
    return ((workspace_id, epoch, key) for (workspace_id, epoch), some in keys.items() for key in some)


def _ended(payload: bytes | None) -> int | None:
    """When the call of a record ended."""
    if payload is None:
        return None
    try:
        record: Any = decode(payload)
    except msgspec.DecodeError:
        return None
    return int(record.started + record.ended)
