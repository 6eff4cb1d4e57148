"""How far the index goes: forward through what is stored, and back through what was there before it."""

from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.ids import instant_of
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.search.tables import search_marks

FORWARD = ""
"""The name of the mark in the order in which calls are stored; the others are named by their workspace."""


@dataclass(frozen=True, slots=True)
class Mark:
    """`at` is an instant of storing, `call_id` the call that was the last."""

    at: int
    call_id: str


@dataclass(frozen=True, slots=True)
class Covered:
    """Instants. Calls stored after `until` are not indexed yet, nor those that began before `since`; None: all are."""

    until: int | None
    since: int | None


async def read(tx: Transaction, name: str) -> Mark | None:
    row = await tx.row(sa.select(search_marks).where(search_marks.c.name == name))
    return None if row is None else Mark(row["at"], row["call_id"])


async def move(tx: Transaction, name: str, to: Mark) -> None:
    change = search_marks.update().where(search_marks.c.name == name).values(at=to.at, call_id=to.call_id)
    if not await tx.changed(change):
        await tx.execute(search_marks.insert().values(name=name, at=to.at, call_id=to.call_id))


def stored_after(mark: Mark) -> sa.ColumnElement[bool]:
    """Of `turns`: calls that were stored after the mark's."""
    later = sa.or_(turns.c.ingested_at > mark.at, turns.c.call_id > mark.call_id)
    return sa.and_(turns.c.ingested_at >= mark.at, later)


async def covered(tx: Transaction, workspace_id: str) -> Covered:
    forward, back = await read(tx, FORWARD), await read(tx, workspace_id)
    if forward is None:
        return Covered(until=0, since=tx.now)
    waits = await tx.scalar(
        sa.select(turns.c.call_id).where(turns.c.workspace_id == workspace_id, stored_after(forward)).limit(1)
    )
    since = forward.at if back is None else instant_of(back.call_id) if back.call_id else None
    return Covered(until=None if waits is None else forward.at, since=since)
