"""All SQL of inboxes: numbered per recipient in the order of commits, so that a cursor misses nothing."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.events import Event

inbox_heads = sa.Table(
    "inbox_heads",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("recipient_id", sa.Text, nullable=False),
    sa.Column("last", sa.Integer, nullable=False),
    sa.Column("acked", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "recipient_id"),
)

inbox_items = sa.Table(
    "inbox_items",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("recipient_id", sa.Text, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text),
    sa.Column("sender_id", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "recipient_id", "seq"),
    sa.CheckConstraint("kind IN ('mention', 'review', 'answer', 'message', 'command')", name="kind"),
)


class InboxKind(StrEnum):
    MENTION = "mention"
    REVIEW = "review"
    ANSWER = "answer"
    MESSAGE = "message"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Item:
    """Something for one recipient, an agent or a member. `subject_id` is the comment, review, question or message."""

    seq: int
    kind: InboxKind
    subject_id: str
    task_id: str | None
    sender_id: str | None
    body: str
    created_at: int


async def put(
    tx: Transaction,
    workspace_id: str,
    recipient_id: str,
    kind: InboxKind,
    subject_id: str,
    body: str,
    *,
    task_id: str | None = None,
    sender_id: str | None = None,
) -> None:
    """Deliver it and tell `inbox.delivered`. Who delivers to several does it in the order of their ids."""
    # Two who deliver to one recipient take turns at this row, so the numbers become visible in their order.
    statement = sa.text(
        "INSERT INTO inbox_heads (workspace_id, recipient_id, last, acked) VALUES (:workspace_id, :recipient_id, 1, 0)"
        " ON CONFLICT (workspace_id, recipient_id) DO UPDATE SET last = inbox_heads.last + 1 RETURNING last"
    )
    named = {"workspace_id": workspace_id, "recipient_id": recipient_id}
    seq: int = (await tx.execute(statement, named)).scalar_one()
    row = {**named, "seq": seq, "kind": kind.value, "subject_id": subject_id, "body": body, "created_at": tx.now}
    await tx.execute(inbox_items.insert().values(**row, task_id=task_id, sender_id=sender_id))
    data = {"kind": kind.value, "agent_id": recipient_id, "task_id": task_id, "seq": seq}
    await tx.emit(Event(workspace_id, "inbox.delivered", recipient_id, data, sender_id))


async def unread(
    tx: Transaction, workspace_id: str, recipient_id: str, after: int, *, limit: int, kind: InboxKind | None = None
) -> list[Item]:
    """What came after that number and is not acknowledged, oldest first."""
    head = sa.select(inbox_heads.c.acked).where(_is(inbox_heads, workspace_id, recipient_id)).scalar_subquery()
    query = sa.select(inbox_items).where(
        _is(inbox_items, workspace_id, recipient_id),
        inbox_items.c.seq > after,
        inbox_items.c.seq > sa.func.coalesce(head, 0),
    )
    if kind is not None:
        query = query.where(inbox_items.c.kind == kind.value)
    rows = await tx.rows(query.order_by(inbox_items.c.seq).limit(limit))
    return [_item(row) for row in rows]


async def got_any_about(tx: Transaction, workspace_id: str, recipient_id: str, task_id: str) -> bool:
    """Whether anything about that task ever came for the recipient."""
    found = await tx.row(
        sa.select(inbox_items.c.seq)
        .where(_is(inbox_items, workspace_id, recipient_id), inbox_items.c.task_id == task_id)
        .limit(1)
    )
    return found is not None


async def acknowledge(tx: Transaction, workspace_id: str, recipient_id: str, upto: int) -> bool:
    """Whether that said anything new. What has not been delivered yet cannot be acknowledged."""
    return await tx.changed(
        inbox_heads.update()
        .where(_is(inbox_heads, workspace_id, recipient_id), inbox_heads.c.acked < upto, inbox_heads.c.last >= upto)
        .values(acked=upto)
    )


def _is(table: sa.Table, workspace_id: str, recipient_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.workspace_id == workspace_id, table.c.recipient_id == recipient_id)


def _item(row: sa.RowMapping) -> Item:
    values: dict[str, Any] = {name: row[name] for name in Item.__slots__}
    return Item(**{**values, "kind": InboxKind(row["kind"])})
