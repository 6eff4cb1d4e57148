"""Feedback: what people and programs thought of an answer, by the trace or the call it belongs to."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Transaction, metadata

feedback = sa.Table(
    "feedback",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("value", sa.Integer, nullable=False),
    sa.Column("weight", sa.Float, nullable=False),
    sa.Column("metadata", sa.JSON, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_feedback_trace", "workspace_id", "trace_id"),
)


@dataclass(frozen=True, slots=True)
class Feedback:
    """Instants are microseconds since the epoch. `trace_id` is a trace's, or the id of a call of ours."""

    id: str
    trace_id: str
    value: int
    weight: float
    metadata: dict[str, Any]
    given_by: str
    """Id of the member or agent."""
    created_at: int
    updated_at: int


async def insert(tx: Transaction, workspace_id: str, rows: Sequence[Feedback]) -> None:
    values = [
        {"workspace_id": workspace_id, **{name: getattr(row, name) for name in Feedback.__slots__}} for row in rows
    ]
    await tx.execute(feedback.insert(), values)


async def change(tx: Transaction, workspace_id: str, feedback_id: str, values: dict[str, Any], given_by: str) -> bool:
    """False when there is none, or somebody else gave it."""
    mine = (
        feedback.c.workspace_id == workspace_id,
        feedback.c.id == feedback_id,
        feedback.c.given_by == given_by,
    )
    return await tx.changed(feedback.update().where(*mine).values(**values, updated_at=tx.now))


async def of(tx: Transaction, workspace_id: str, trace_ids: Collection[str]) -> list[Feedback]:
    """What was said of these traces or calls, oldest first."""
    query = (
        sa.select(feedback)
        .where(feedback.c.workspace_id == workspace_id, feedback.c.trace_id.in_(trace_ids))
        .order_by(feedback.c.created_at, feedback.c.id)
        .limit(200)
    )
    return [Feedback(**{name: row[name] for name in Feedback.__slots__}) for row in await tx.rows(query)]


async def between(tx: Transaction, workspace_id: str, begin: int, end: int) -> list[tuple[int, int, float]]:
    """(instant, value, weight) of what was given in [begin, end)."""
    query = sa.select(feedback.c.created_at, feedback.c.value, feedback.c.weight).where(
        feedback.c.workspace_id == workspace_id, feedback.c.created_at >= begin, feedback.c.created_at < end
    )
    return [(row["created_at"], row["value"], row["weight"]) for row in await tx.rows(query.limit(100_000))]
