"""All SQL of pauses."""

from typing import Any

import sqlalchemy as sa

from quarterdeck.control.lever.model import Pause, Scope
from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.text import storable

_STANDING = "lifted_at IS NULL"

pauses = sa.Table(
    "pauses",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("hold_s", sa.Integer, nullable=False),
    sa.Column("from_at", sa.BigInteger, nullable=False),
    sa.Column("until_at", sa.BigInteger),
    sa.Column("lifted_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index(
        "ix_pauses_standing",
        "workspace_id",
        "scope",
        "subject_id",
        sqlite_where=sa.text(_STANDING),
        postgresql_where=sa.text(_STANDING),
    ),
    sa.CheckConstraint("scope IN ('run', 'agent', 'task', 'project', 'all')", name="scope"),
)


async def insert(tx: Transaction, pause: Pause) -> None:
    await tx.execute(pauses.insert().values({name: getattr(pause, name) for name in Pause.__slots__}))


async def find(tx: Transaction, workspace_id: str, pause_id: str) -> Pause | None:
    if not storable(pause_id):
        return None
    row = await tx.row(sa.select(pauses).where(pauses.c.workspace_id == workspace_id, pauses.c.id == pause_id))
    return None if row is None else _pause(row)


async def lift(tx: Transaction, pause: Pause) -> bool:
    """Whether it stood until now."""
    here = sa.and_(pauses.c.workspace_id == pause.workspace_id, pauses.c.id == pause.id)
    return await tx.changed(pauses.update().where(here, sa.text(_STANDING)).values(lifted_at=tx.now))


async def standing(tx: Transaction, workspace_id: str | None = None) -> list[Pause]:
    """Pauses that are in force or will be, oldest first; of every workspace when none is named."""
    query = (
        sa.select(pauses)
        .where(sa.text(_STANDING), sa.or_(pauses.c.until_at.is_(None), pauses.c.until_at > tx.now))
        .order_by(pauses.c.id)
    )
    if workspace_id is not None:
        query = query.where(pauses.c.workspace_id == workspace_id)
    return [_pause(row) for row in await tx.rows(query)]


async def on(tx: Transaction, workspace_id: str, scope: Scope, subject_id: str) -> list[Pause]:
    """Those that stand on exactly this."""
    return [
        pause for pause in await standing(tx, workspace_id) if pause.scope is scope and pause.subject_id == subject_id
    ]


def _pause(row: sa.RowMapping) -> Pause:
    values: dict[str, Any] = {name: row[name] for name in Pause.__slots__}
    return Pause(**{**values, "scope": Scope(row["scope"])})
