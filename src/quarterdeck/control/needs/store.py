"""All SQL of what members have put off or handed on, and of what came to them because it waited too long."""

from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction, metadata

_OPEN = "closed_at IS NULL"

marks = sa.Table(
    "need_marks",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("member_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("snoozed_until", sa.BigInteger),
    sa.Column("delegated_to_id", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "member_id", "key"),
    sa.Index("ix_need_marks_delegated", "workspace_id", "delegated_to_id"),
)

escalations = sa.Table(
    "need_escalations",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("member_id", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "key", "since", "level"),
)
"""`since` is that of the need: what waits anew under an old key begins at the bottom again."""


items = sa.Table(
    "need_items",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text),
    sa.Column("agent_id", sa.Text),
    sa.Column("member_id", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("closed_at", sa.BigInteger),
    sa.PrimaryKeyConstraint("workspace_id", "key", "since"),
    sa.Index("ix_need_items_open", "workspace_id", sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN)),
)


@dataclass(frozen=True, slots=True)
class Mark:
    snoozed_until: int | None
    delegated_to_id: str | None
    at: int = 0
    member_id: str = ""


@dataclass(frozen=True, slots=True)
class Escalation:
    key: str
    since: int
    level: int
    member_id: str
    at: int


async def marks_of(tx: Transaction, workspace_id: str, member_id: str | None = None) -> dict[tuple[str, str], Mark]:
    """By key and member, of one member or of all."""
    query = sa.select(marks).where(marks.c.workspace_id == workspace_id)
    if member_id is not None:
        query = query.where(sa.or_(marks.c.member_id == member_id, marks.c.delegated_to_id == member_id))
    return {
        (row["key"], row["member_id"]): Mark(row["snoozed_until"], row["delegated_to_id"], row["at"], row["member_id"])
        for row in await tx.rows(query)
    }


async def mark(tx: Transaction, workspace_id: str, member_id: str, key: str, mark: Mark) -> None:
    """Put it off, or hand it on; the last word holds."""
    there = sa.and_(marks.c.workspace_id == workspace_id, marks.c.member_id == member_id, marks.c.key == key)
    values = {"snoozed_until": mark.snoozed_until, "delegated_to_id": mark.delegated_to_id, "at": tx.now}
    if not await tx.changed(marks.update().where(there).values(**values)):
        await tx.execute(marks.insert().values(workspace_id=workspace_id, member_id=member_id, key=key, **values))


async def escalations_of(tx: Transaction, workspace_id: str) -> dict[tuple[str, int], list[Escalation]]:
    """By key and instant of the need, from the first to the last."""
    rows = await tx.rows(
        sa.select(escalations).where(escalations.c.workspace_id == workspace_id).order_by(escalations.c.level)
    )
    found: dict[tuple[str, int], list[Escalation]] = {}
    for row in rows:
        one = Escalation(row["key"], row["since"], row["level"], row["member_id"], row["at"])
        found.setdefault((one.key, one.since), []).append(one)
    return found


async def escalate(tx: Transaction, workspace_id: str, to: Escalation) -> bool:
    """Whether it is new: of several processes one does it."""
    statement = sa.text(
        "INSERT INTO need_escalations (workspace_id, key, since, level, member_id, at)"
        " VALUES (:workspace_id, :key, :since, :level, :member_id, :at) ON CONFLICT DO NOTHING"
    )
    values = {
        "workspace_id": workspace_id,
        "key": to.key,
        "since": to.since,
        "level": to.level,
        "member_id": to.member_id,
        "at": to.at,
    }
    return (await tx.execute(statement, values)).rowcount > 0


async def reassign(tx: Transaction, workspace_id: str, frm: str, to: str) -> None:
    """What an event made wait for one member waits for another."""
    await tx.execute(
        items.update()
        .where(items.c.workspace_id == workspace_id, items.c.member_id == frm, sa.text(_OPEN))
        .values(member_id=to)
    )


async def forget_member(tx: Transaction, workspace_id: str, member_id: str) -> None:
    """What it put off, and what was handed on to it: that waits for whom it waited before."""
    await tx.execute(
        marks.delete().where(
            marks.c.workspace_id == workspace_id,
            sa.or_(marks.c.member_id == member_id, marks.c.delegated_to_id == member_id),
        )
    )
