"""A batch's results cost what they cost once: of several readings the first one stored counts."""

from collections.abc import Iterable, Sequence

import msgspec
import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.ledger.intake import Draft
from quarterdeck.ledger.tables import batch_readings

Reading = tuple[str, str]
"""Workspace, and what names the results."""


async def leave_out_counted(tx: Transaction, drafts: Sequence[Draft]) -> None:
    """Take usage and cost off the readings of results that another call has counted already."""
    mine = [(draft, reading) for draft in drafts if (reading := reading_of(draft)) is not None]
    if not mine:
        return
    counted = await _counted(tx, {reading for _, reading in mine})
    for draft, reading in mine:
        by = counted.setdefault(reading, draft.record.id)
        if by != draft.record.id:
            draft.record = msgspec.structs.replace(draft.record, usage=None, usage_source="none", cost=0, price=None)


async def remember(tx: Transaction, drafts: Iterable[Draft]) -> None:
    """Write down which calls count, in the transaction that stores them."""
    rows = [
        {"workspace_id": reading[0], "results": reading[1], "call_id": draft.record.id}
        for draft in drafts
        if draft.record.usage is not None and (reading := reading_of(draft)) is not None
    ]
    text = "INSERT INTO batch_readings (workspace_id, results, call_id) VALUES (:workspace_id, :results, :call_id)"
    for row in rows:
        await tx.execute(sa.text(f"{text} ON CONFLICT DO NOTHING").bindparams(**row))


def reading_of(draft: Draft) -> Reading | None:
    named = draft.record.extra.get("batch_results")
    return (draft.record.workspace_id, named) if isinstance(named, str) else None


async def _counted(tx: Transaction, readings: set[Reading]) -> dict[Reading, str]:
    query = sa.select(batch_readings).where(
        sa.tuple_(batch_readings.c.workspace_id, batch_readings.c.results).in_(sorted(readings))
    )
    return {(row.workspace_id, row.results): row.call_id for row in (await tx.execute(query)).all()}
