"""Storing a batch: everything of it and how far its journal was read, in one transaction."""

import asyncio
import logging
from collections.abc import Iterable, Sequence

import asyncpg
import sqlalchemy as sa

from quarterdeck.db import Database, Prepared, Transaction
from quarterdeck.kernel.clock import MS
from quarterdeck.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck.kernel.events import Event
from quarterdeck.ledger import batch_readings, rows, tables
from quarterdeck.ledger.batches import Reject, Work
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.intake import Draft
from quarterdeck.ledger.reader import START
from quarterdeck.ledger.rows import BatchRows
from quarterdeck.ledger.segments import Position
from quarterdeck.ledger.writes import Store

NAMED = 100
"""How many calls an event names."""
MAX_REJECT = 4 << 20
AWAY = (Unavailable, OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
"""What is raised while a database is away, and says nothing about the rows."""
STEP = MS
"""From one batch to the next while the clock is behind what is stored."""
_INGESTED_AT = list(turns.c).index(turns.c.ingested_at)
_NEWEST = Prepared(sa.select(sa.func.max(turns.c.ingested_at)))
log = logging.getLogger("quarterdeck.ingest")


class OffsetMoved(QuarterdeckError):
    """Somebody else has read this journal; begin again from where it stands now."""

    code = "offset_moved"


class Committer:
    """Commits batches, each once: the offset moves only from where the batch began."""

    def __init__(self, db: Database, store: Store) -> None:
        self._db = db
        self._store = store

    async def commit(self, journal_id: str, before: Position, work: Work) -> None:
        """Raises OffsetMoved, one of AWAY, or what the driver says of a row that cannot be stored."""
        await self._write(journal_id, before, work, work.drafts)

    async def commit_storable(self, journal_id: str, before: Position, work: Work) -> None:
        """The same, leaving out (as rejects) what cannot be stored: found by trying halves."""
        work.drafts = await self._sift(journal_id, before, work, work.drafts)
        await self._write(journal_id, before, work, work.drafts)

    async def _sift(self, journal_id: str, before: Position, work: Work, drafts: list[Draft]) -> list[Draft]:
        try:
            await self._write(journal_id, before, work, drafts, keep=False)
            return drafts
        except (*AWAY, OffsetMoved):
            raise
        except Exception as error:
            if len(drafts) > 1:
                middle = len(drafts) // 2
                first = await self._sift(journal_id, before, work, drafts[:middle])
                return first + await self._sift(journal_id, before, work, drafts[middle:])
            if not drafts:
                raise
            position, payload = work.origins[drafts[0].record.id]
            work.rejects.append(Reject(position, f"cannot be stored: {error}", payload))
            return []

    async def _write(
        self, journal_id: str, before: Position, work: Work, drafts: Sequence[Draft], *, keep: bool = True
    ) -> None:
        """All in one transaction; `keep` says whether it stands or is undone at its end, having shown that it could."""
        nodes = [(workspace_id, epoch, node) for (workspace_id, epoch, _), node in work.nodes.items()]
        made = await asyncio.to_thread(rows.assemble, drafts, nodes, work.places, self._db.clock.now())
        try:
            async with self._db.transaction() as tx:
                await _move_offset(tx, journal_id, before, work)
                await _put_last(tx, made)
                await self._store.write(tx, made)
                await batch_readings.remember(tx, drafts)
                await _set_aside(tx, journal_id, work.rejects)
                for event in (*_events(drafts), *_mismatches(drafts)):
                    await tx.emit(event)
                if not keep:
                    raise _Undo
        except _Undo:
            pass


class _Undo(Exception):
    """It was a trial."""


async def _move_offset(tx: Transaction, journal_id: str, before: Position, work: Work) -> None:
    table, after = tables.ingest_offsets, work.batch.next
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
        raise OffsetMoved(f"The journal {journal_id} is read by another process.")


async def _put_last(tx: Transaction, made: BatchRows) -> None:
    """Number the batch after what is stored, also when the clock was set back: it is read on from where one stood."""
    if not made.turns:
        return
    [(newest,)] = await tx.fetch(_NEWEST)
    if newest is not None and newest >= made.turns[0][_INGESTED_AT]:
        at = newest + STEP
        made.turns = [(*row[:_INGESTED_AT], at, *row[_INGESTED_AT + 1 :]) for row in made.turns]


async def _set_aside(tx: Transaction, journal_id: str, rejects: Sequence[Reject]) -> None:
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


def _mismatches(drafts: Sequence[Draft]) -> list[Event]:
    """Calls that claimed to belong to a run their key may not speak for: each is told, for the audit log."""
    return [
        Event(
            draft.record.workspace_id,
            "call.attribution_refused",
            draft.record.id,
            {"agent_id": draft.record.agent_id, "run_id": draft.record.run_id, "claimed": str(claimed)[:200]},
            draft.record.agent_id,
        )
        for draft, claimed in ((each, each.record.extra.get("mismatch")) for each in drafts)
        if claimed is not None
    ][:NAMED]


def _distinct(values: Iterable[str | None]) -> list[str]:
    return sorted({value for value in values if value is not None})
