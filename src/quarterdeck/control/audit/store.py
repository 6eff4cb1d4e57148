"""All SQL of the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.control.audit.model import FIRST, Entry, chained
from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text),
    sa.Column("on_behalf_of_id", sa.Text),
    sa.Column("request_id", sa.Text),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "seq"),
    sa.Index("ix_audit_entries_subject", "workspace_id", "subject_id", "seq"),
    sa.Index("ix_audit_entries_actor", "workspace_id", "actor_id", "seq"),
    sa.Index("ix_audit_entries_request", "workspace_id", "request_id"),
)

heads = sa.Table(
    "audit_heads",
    metadata,
    sa.Column("workspace_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
)

_INSERT = entries.insert()
_MOVE_HEAD = heads.update().where(heads.c.workspace_id == sa.bindparam("workspace")).values(hash=sa.bindparam("newest"))
_TAKE = (
    "INSERT INTO audit_heads (workspace_id, seq, hash) VALUES (:workspace_id, :count, :first)"
    " ON CONFLICT (workspace_id) DO UPDATE SET seq = audit_heads.seq + :count RETURNING seq, hash"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry as it stands in the table."""

    seq: int
    at: int
    kind: str
    subject_id: str
    actor_id: str | None
    on_behalf_of_id: str | None
    request_id: str | None
    body: str
    hash: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries; None means all. `kind` may end in `*`."""

    kind: str | None = None
    subject_id: str | None = None
    actor_id: str | None = None
    request_id: str | None = None
    since: int | None = None
    until: int | None = None


async def take_places(tx: Transaction, workspace_id: str, count: int) -> tuple[int, str]:
    """The number before the first of `count` new entries and the hash to chain to; held until commit."""
    named = {"workspace_id": workspace_id, "count": count, "first": FIRST}
    row = (await tx.execute(sa.text(_TAKE), named)).one()
    return int(row.seq) - count, str(row.hash)


async def append(tx: Transaction, workspace_id: str, made: Sequence[Entry], before: str) -> None:
    """Write entries that follow each other, the first chained to `before`, and move the head."""
    rows = []
    for entry in made:
        body = entry.body()
        before = chained(before, body)
        rows.append(
            {
                "workspace_id": workspace_id,
                "seq": entry.seq,
                "at": entry.at,
                "kind": entry.kind,
                "subject_id": entry.subject_id,
                "actor_id": entry.actor_id,
                "on_behalf_of_id": entry.on_behalf_of_id,
                "request_id": entry.request_id,
                "body": body,
                "hash": before,
            }
        )
    await tx.execute(_INSERT, rows)
    await tx.execute(_MOVE_HEAD, {"workspace": workspace_id, "newest": before})


async def head(tx: Transaction, workspace_id: str) -> tuple[int, str]:
    """The number and hash of the newest entry; (0, FIRST) when there is none."""
    row = await tx.row(sa.select(heads).where(heads.c.workspace_id == workspace_id))
    return (0, FIRST) if row is None else (int(row["seq"]), str(row["hash"]))


async def workspaces(tx: Transaction) -> list[str]:
    """Every workspace that has a log."""
    return [
        row["workspace_id"] for row in await tx.rows(sa.select(heads.c.workspace_id).order_by(heads.c.workspace_id))
    ]


async def after(tx: Transaction, workspace_id: str, seq: int, limit: int) -> list[Stored]:
    """Entries after that number, in their order."""
    rows = await tx.rows(
        sa.select(entries)
        .where(entries.c.workspace_id == workspace_id, entries.c.seq > seq)
        .order_by(entries.c.seq)
        .limit(limit)
    )
    return [_stored(row) for row in rows]


async def page(tx: Transaction, workspace_id: str, which: Filter, *, after: int | None, limit: int) -> Page[Stored]:
    """Newest first; `after` is the number that the page before ended with."""
    query = sa.select(entries).where(entries.c.workspace_id == workspace_id, *_matching(which))
    if after is not None:
        query = query.where(entries.c.seq < after)
    rows = await tx.rows(query.order_by(entries.c.seq.desc()).limit(limit + 1))
    found = [_stored(row) for row in rows]
    return Page(found[:limit], str(found[limit - 1].seq) if len(found) > limit else None)


def _matching(which: Filter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    for column, value in (
        (entries.c.subject_id, which.subject_id),
        (entries.c.actor_id, which.actor_id),
        (entries.c.request_id, which.request_id),
    ):
        if value is not None:
            found.append(column == value if storable(value) else sa.false())
    if which.kind is not None and storable(which.kind):
        prefix = which.kind.removesuffix("*")
        wild = prefix != which.kind
        found.append(entries.c.kind.startswith(prefix, autoescape=True) if wild else entries.c.kind == prefix)
    if which.since is not None:
        found.append(entries.c.at >= which.since)
    if which.until is not None:
        found.append(entries.c.at < which.until)
    return found


def _stored(row: sa.RowMapping) -> Stored:
    return Stored(**{name: row[name] for name in Stored.__slots__})
