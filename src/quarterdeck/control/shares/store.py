"""All SQL of shares. Of a link's token only the hash is kept."""

import hashlib
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.clock import HOUR

shares = sa.Table(
    "shares",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("task_id", sa.Text),
    sa.Column("costs", sa.JSON),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("opened_at", sa.BigInteger),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_shares_task", "workspace_id", "task_id"),
)
OPENED_GRAIN = HOUR
"""How stale `opened_at` may be: a link that is read costs one write an hour."""


@dataclass(frozen=True, slots=True)
class Share:
    """One link: to a task, or to a report of costs. Instants are microseconds since the epoch."""

    workspace_id: str
    id: str
    task_id: str | None
    costs: dict[str, str] | None
    """`by` and `span` of the report."""
    created_by: str
    created_at: int
    expires_at: int
    opened_at: int | None
    """When it was last read, to the hour; None: never."""


async def insert(tx: Transaction, share: Share, token: str) -> None:
    values = {name: getattr(share, name) for name in Share.__slots__}
    await tx.execute(shares.insert().values(**values, hash=_hash(token)))


async def by_token(tx: Transaction, token: str) -> Share | None:
    """The link of a token that has not expired."""
    row = await tx.row(sa.select(*_COLUMNS).where(shares.c.hash == _hash(token), shares.c.expires_at > tx.now))
    return None if row is None else Share(**row)


async def standing(tx: Transaction, workspace_id: str, task_id: str | None) -> list[Share]:
    """Links that may still be read, the newest first: of a task, or (None) of costs."""
    whose = shares.c.task_id.is_(None) if task_id is None else shares.c.task_id == task_id
    rows = await tx.rows(
        sa.select(*_COLUMNS)
        .where(shares.c.workspace_id == workspace_id, whose, shares.c.expires_at > tx.now)
        .order_by(shares.c.created_at.desc(), shares.c.id.desc())
    )
    return [Share(**row) for row in rows]


async def delete(tx: Transaction, workspace_id: str, share_id: str) -> Share | None:
    """The link that is gone now; None when there was none."""
    here = sa.and_(shares.c.workspace_id == workspace_id, shares.c.id == share_id)
    row = await tx.row(sa.select(*_COLUMNS).where(here))
    if row is None or not await tx.changed(shares.delete().where(here)):
        return None
    return Share(**row)


async def mark_opened(tx: Transaction, share: Share) -> None:
    await tx.execute(
        shares.update()
        .where(shares.c.workspace_id == share.workspace_id, shares.c.id == share.id)
        .values(opened_at=tx.now)
    )


async def forget_expired(tx: Transaction) -> None:
    await tx.execute(shares.delete().where(shares.c.expires_at <= tx.now))


_COLUMNS = [shares.c[name] for name in Share.__slots__]


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
