"""All SQL of what peers said: which task a message made or continued, and in which context."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.control.tasks.model import Task
from quarterdeck.control.tasks.store import task_of
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

peer_messages = sa.Table(
    "peer_messages",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Text, nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("context_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "sender_id", "message_id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_peer_messages_context", "workspace_id", "context_id"),
    sa.Index("ix_peer_messages_task", "workspace_id", "task_id", "created_at"),
)


@dataclass(frozen=True, slots=True)
class PeerFilter:
    """Which tasks. None means all."""

    agent_id: str | None = None
    context_id: str | None = None


async def task_of_message(tx: Transaction, workspace_id: str, sender_id: str, message_id: str) -> str | None:
    """The task that a message of this sender was about; None when it is new."""
    row = await tx.row(
        sa.select(peer_messages.c.task_id).where(
            peer_messages.c.workspace_id == workspace_id,
            peer_messages.c.sender_id == sender_id,
            peer_messages.c.message_id == message_id,
        )
    )
    return None if row is None else str(row["task_id"])


async def insert(
    tx: Transaction, workspace_id: str, sender_id: str, message_id: str, *, context_id: str, task_id: str
) -> bool:
    """Whether the message is new: of two that come at once, one is."""
    statement = sa.text(
        "INSERT INTO peer_messages (workspace_id, sender_id, message_id, context_id, task_id, created_at)"
        " VALUES (:workspace_id, :sender_id, :message_id, :context_id, :task_id, :created_at)"
        " ON CONFLICT (workspace_id, sender_id, message_id) DO NOTHING"
    )
    values = {
        "workspace_id": workspace_id,
        "sender_id": sender_id,
        "message_id": message_id,
        "context_id": context_id,
        "task_id": task_id,
        "created_at": tx.now,
    }
    return bool((await tx.execute(statement, values)).rowcount)


async def contexts(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, str]:
    """By task, the context its first message named."""
    if not task_ids:
        return {}
    rows = await tx.rows(
        sa.select(peer_messages.c.task_id, peer_messages.c.context_id)
        .where(peer_messages.c.workspace_id == workspace_id, peer_messages.c.task_id.in_(sorted(set(task_ids))))
        .order_by(peer_messages.c.created_at.desc())
    )
    return {row["task_id"]: row["context_id"] for row in rows}


async def page(tx: Transaction, workspace_id: str, which: PeerFilter, *, limit: int, before: int | None) -> Page[Task]:
    """Newest first; `before` is the number that the page before ended with."""
    query = sa.select(tasks).where(*_matching(workspace_id, which))
    if before is not None:
        query = query.where(tasks.c.number < before)
    rows = await tx.rows(query.order_by(tasks.c.number.desc()).limit(limit + 1))
    found = [task_of(row) for row in rows]
    return Page(found[:limit], str(found[limit - 1].number) if len(found) > limit else None)


async def count(tx: Transaction, workspace_id: str, which: PeerFilter) -> int:
    found: int = await tx.scalar(sa.select(sa.func.count()).select_from(tasks).where(*_matching(workspace_id, which)))
    return found


def _matching(workspace_id: str, which: PeerFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [tasks.c.workspace_id == workspace_id]
    if which.agent_id is not None:
        found.append(tasks.c.agent_id == which.agent_id)
    if which.context_id is not None:
        fitting = which.context_id if storable(which.context_id) else ""
        found.append(
            sa.or_(
                tasks.c.id == fitting,
                sa.exists().where(
                    peer_messages.c.workspace_id == workspace_id,
                    peer_messages.c.context_id == fitting,
                    peer_messages.c.task_id == tasks.c.id,
                ),
            )
        )
    return found
