"""Sessions that a person gave to a task with a conversation of theirs: later calls of them are the task's."""

from collections.abc import Collection
from typing import NamedTuple

import sqlalchemy as sa

from quarterdeck.control.tasks.model import CLOSED
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction, metadata

Session = tuple[str, str]
"""Agent, and what its client calls the session."""

adopted_sessions = sa.Table(
    "adopted_sessions",
    metadata,
    sa.Column("workspace_id", sa.Text, primary_key=True),
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("session", sa.Text, primary_key=True),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("adopted_at", sa.BigInteger, nullable=False),
    sa.Index("ix_adopted_sessions_task", "workspace_id", "task_id"),
)
_HOLD = sa.text(
    "INSERT INTO adopted_sessions (workspace_id, agent_id, session, task_id, adopted_at)"
    " VALUES (:workspace_id, :agent_id, :session, :task_id, :adopted_at)"
    " ON CONFLICT (workspace_id, agent_id, session) DO UPDATE"
    " SET task_id = excluded.task_id, adopted_at = excluded.adopted_at"
)


class HeldSession(NamedTuple):
    workspace_id: str
    agent_id: str
    session: str
    task_id: str


async def hold(tx: Transaction, workspace_id: str, sessions: Collection[Session], task_id: str) -> None:
    """Let the task have these sessions from now on, whoever had them."""
    same = {"workspace_id": workspace_id, "task_id": task_id, "adopted_at": tx.now}
    if sessions:
        rows = [{**same, "agent_id": agent_id, "session": session} for agent_id, session in sorted(sessions)]
        await tx.execute(_HOLD, rows)


async def let_go(tx: Transaction, workspace_id: str, sessions: Collection[Session], task_id: str) -> None:
    """Take these sessions from the task, where it has them."""
    c = adopted_sessions.c
    for agent_id, session in sorted(sessions):
        here = c.workspace_id == workspace_id, c.agent_id == agent_id, c.session == session, c.task_id == task_id
        await tx.execute(adopted_sessions.delete().where(*here))


async def held(tx: Transaction) -> list[HeldSession]:
    """The sessions that open tasks have, of every workspace."""
    c = adopted_sessions.c
    same = sa.and_(tasks.c.workspace_id == c.workspace_id, tasks.c.id == c.task_id)
    query = sa.select(c.workspace_id, c.agent_id, c.session, c.task_id).join(tasks, same)
    rows = await tx.execute(query.where(tasks.c.state.not_in([state.value for state in CLOSED])))
    return [HeldSession(*row) for row in rows.all()]


async def forget_closed(tx: Transaction) -> None:
    """Forget the sessions of tasks that are closed: none is opened again."""
    closed = tasks.c.state.in_([state.value for state in CLOSED])
    old = sa.select(tasks.c.id).where(
        tasks.c.workspace_id == adopted_sessions.c.workspace_id,
        tasks.c.id == adopted_sessions.c.task_id,
        closed,
    )
    await tx.execute(adopted_sessions.delete().where(old.exists()))
