"""The table of inserted logs, apart from the calls: nothing that sums money reads it."""

from collections.abc import Sequence
from dataclasses import asdict

import sqlalchemy as sa

from quarterdeck.control.portkey.inserted.model import Inserted
from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.errors import NotFound

inserted_logs = sa.Table(
    "inserted_logs",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("given_by", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("trace_id", sa.Text),
    sa.Column("span_id", sa.Text),
    sa.Column("parent_span_id", sa.Text),
    sa.Column("span_name", sa.Text),
    sa.Column("provider", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("url", sa.Text),
    sa.Column("method", sa.Text),
    sa.Column("status", sa.Integer),
    sa.Column("response_ms", sa.BigInteger),
    sa.Column("input_tokens", sa.BigInteger),
    sa.Column("output_tokens", sa.BigInteger),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("bodies", sa.LargeBinary),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_inserted_logs_at", "workspace_id", "at"),
)


async def insert(tx: Transaction, logs: Sequence[Inserted]) -> None:
    await tx.execute(inserted_logs.insert(), [asdict(log) for log in logs])


async def get(tx: Transaction, workspace_id: str, log_id: str) -> Inserted:
    """Raises NotFound."""
    where = (inserted_logs.c.workspace_id == workspace_id, inserted_logs.c.id == log_id)
    row = await tx.row(sa.select(inserted_logs).where(*where))
    if row is None:
        raise NotFound(f"There is no log {log_id!r} in this workspace.")
    return Inserted(**row)


async def of(
    tx: Transaction,
    workspace_id: str,
    *,
    begin: int | None,
    end: int | None,
    status: int | None,
    model: str | None,
    limit: int,
) -> list[Inserted]:
    """Those inserted in [begin, end), newest first, without their bodies."""
    columns = inserted_logs.c
    shown = [column if column is not columns.bodies else sa.null().label("bodies") for column in columns]
    query = sa.select(*shown).where(columns.workspace_id == workspace_id)
    if begin is not None:
        query = query.where(columns.at >= begin)
    if end is not None:
        query = query.where(columns.at < end)
    if status is not None:
        query = query.where(columns.status == status)
    if model is not None:
        query = query.where(columns.model == model)
    return [Inserted(**row) for row in await tx.rows(query.order_by(columns.id.desc()).limit(limit))]


async def forget(tx: Transaction, workspace_id: str, before: int, limit: int) -> int:
    """Delete what was inserted before an instant; how many were."""
    where = (inserted_logs.c.workspace_id == workspace_id, inserted_logs.c.at < before)
    some = (await tx.execute(sa.select(inserted_logs.c.id).where(*where).limit(limit))).scalars().all()
    if some:
        await tx.execute(
            inserted_logs.delete().where(inserted_logs.c.workspace_id == workspace_id, inserted_logs.c.id.in_(some))
        )
    return len(some)
