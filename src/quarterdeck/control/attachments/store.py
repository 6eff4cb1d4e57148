"""All SQL of attachments."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.attachments.model import Attachment
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.kernel.text import storable

attachments = sa.Table(
    "attachments",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("media_type", sa.Text, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_attachments_task", "workspace_id", "task_id", "id"),
    sa.Index("ix_attachments_sha256", "workspace_id", "sha256"),
)

_COUNTS = Prepared(
    sa.select(attachments.c.task_id, sa.func.count())
    .where(attachments.c.workspace_id == sa.bindparam("workspace_id"), one_of(attachments.c.task_id, "ids"))
    .group_by(attachments.c.task_id)
)


async def insert(tx: Transaction, attachment: Attachment) -> None:
    await tx.execute(attachments.insert().values({name: getattr(attachment, name) for name in Attachment.__slots__}))


async def delete(tx: Transaction, attachment: Attachment) -> bool:
    return await tx.changed(attachments.delete().where(_is(attachment.workspace_id, attachment.id)))


async def find(tx: Transaction, workspace_id: str, attachment_id: str) -> Attachment | None:
    if not storable(attachment_id):
        return None
    row = await tx.row(sa.select(attachments).where(_is(workspace_id, attachment_id)))
    return None if row is None else _attachment(row)


async def of_task(tx: Transaction, workspace_id: str, task_id: str) -> list[Attachment]:
    """Oldest first."""
    rows = await tx.rows(
        sa.select(attachments)
        .where(attachments.c.workspace_id == workspace_id, attachments.c.task_id == task_id)
        .order_by(attachments.c.id)
    )
    return [_attachment(row) for row in rows]


async def kept_files(tx: Transaction, workspace_id: str, hashes: Collection[str]) -> set[str]:
    """Those of the hashes that some attachment has."""
    query = sa.select(attachments.c.sha256).where(
        attachments.c.workspace_id == workspace_id, attachments.c.sha256.in_(sorted(hashes))
    )
    return {row["sha256"] for row in await tx.rows(query.distinct())}


async def of_tasks(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> list[Attachment]:
    """All attachments of a page of tasks, oldest first."""
    if not task_ids:
        return []
    query = sa.select(attachments).where(
        attachments.c.workspace_id == workspace_id, attachments.c.task_id.in_(sorted(set(task_ids)))
    )
    return [_attachment(row) for row in await tx.rows(query.order_by(attachments.c.task_id, attachments.c.id))]


async def counts(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, int]:
    """How many each of a page of tasks has; none are left out."""
    if not task_ids:
        return {}
    rows = await tx.fetch(_COUNTS, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {row[0]: int(row[1]) for row in rows}


def _is(workspace_id: str, attachment_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(attachments.c.workspace_id == workspace_id, attachments.c.id == attachment_id)


def _attachment(row: sa.RowMapping) -> Attachment:
    values: dict[str, Any] = {name: row[name] for name in Attachment.__slots__}
    return Attachment(**values)
