"""What was shown of agents, for the days it is kept. A record of what people saw: nothing reads it as a truth."""

from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from quarterdeck.control.status.model import State, WaitsFor
from quarterdeck.control.status.stretches import Stretch, closed
from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.clock import DAY

KEPT = 8 * DAY
_shown = msgspec.json.Decoder(dict[State, int])

shown_states = sa.Table(
    "shown_states",
    metadata,
    sa.Column("workspace_id", sa.Text, primary_key=True),
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("began", sa.BigInteger, primary_key=True),
    sa.Column("until", sa.BigInteger),
    sa.Column("shown", sa.Text, nullable=False),  # JSON: microseconds by state
    sa.Column("run_id", sa.Text),
    sa.Column("waits_for", sa.Text),  # status.model.WaitsFor
    sa.Column("waits_name", sa.Text),
    sa.Index("ix_shown_states_began", "began"),
    sa.Index(
        "ix_shown_states_open",
        "workspace_id",
        "agent_id",
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    ),
    sqlite_with_rowid=False,
)
_PUT = sa.text(
    "INSERT INTO shown_states (workspace_id, agent_id, began, until, shown, run_id, waits_for, waits_name)"
    " VALUES (:workspace_id, :agent_id, :began, :until, :shown, :run_id, :waits_for, :waits_name)"
    " ON CONFLICT (workspace_id, agent_id, began) DO UPDATE SET until = excluded.until, shown = excluded.shown"
)


async def put(tx: Transaction, stretches: Sequence[Stretch]) -> None:
    """Write these; one that begins as another of its agent does replaces it."""
    if stretches:
        await tx.execute(_PUT, [_row(each) for each in stretches])


async def close_open(tx: Transaction, at: int) -> None:
    """End at that instant what nobody ended: who watched was gone then."""
    rows = await tx.rows(sa.select(shown_states).where(shown_states.c.until.is_(None)))
    await put(tx, [closed(_of(row), at) for row in rows])


async def between(
    tx: Transaction, workspace_id: str, agent_id: str, begin: int, end: int, *, limit: int
) -> list[Stretch]:
    """An agent's stretches of that time, oldest first, with the one that had begun before it."""
    c = shown_states.c
    here = c.workspace_id == workspace_id, c.agent_id == agent_id
    before = sa.select(sa.func.max(c.began)).where(*here, c.began <= begin).scalar_subquery()
    query = sa.select(shown_states).where(*here, c.began >= sa.func.coalesce(before, begin), c.began < end)
    return [_of(row) for row in await tx.rows(query.order_by(c.began).limit(limit))]


async def forget(tx: Transaction, before: int, limit: int) -> int:
    """Delete what began before that instant and is over, as many as `limit`; how many."""
    c = shown_states.c
    old = sa.select(c.workspace_id, c.agent_id, c.began).where(c.began < before, c.until.is_not(None)).limit(limit)
    keys = [tuple(row) for row in (await tx.execute(old)).all()]
    if keys:
        await tx.execute(shown_states.delete().where(sa.tuple_(c.workspace_id, c.agent_id, c.began).in_(keys)))
    return len(keys)


def _row(each: Stretch) -> dict[str, Any]:
    return {
        "workspace_id": each.workspace_id,
        "agent_id": each.agent_id,
        "began": each.began,
        "until": each.until,
        "shown": msgspec.json.encode(each.shown).decode(),
        "run_id": each.run_id,
        "waits_for": each.waits_for,
        "waits_name": each.waits_name,
    }


def _of(row: sa.RowMapping) -> Stretch:
    waits_for = None if row["waits_for"] is None else WaitsFor(row["waits_for"])
    return Stretch(**{**row, "shown": _shown.decode(row["shown"]), "waits_for": waits_for})
