"""All SQL of the queue: what is open for a member, and what it has put off or handed on."""

from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.control.reviews import store as reviews
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction, metadata

MAX_LOOKED_AT = 2_000

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


@dataclass(frozen=True, slots=True)
class Waiting:
    """A task in review that the member can approve."""

    task_id: str
    title: str
    since: int
    mine: bool
    """It is this member's by its policy, or because the member answers for the task; else it was handed on."""


@dataclass(frozen=True, slots=True)
class Mark:
    snoozed_until: int | None
    delegated_to_id: str | None


async def reviews_for(tx: Transaction, workspace_id: str, member_id: str, role: Role) -> list[Waiting]:
    """Tasks in review that this member can approve and has not approved in this round, oldest first."""
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.title, tasks.c.review, tasks.c.state_since, tasks.c.accountable_id)
        .where(tasks.c.workspace_id == workspace_id, tasks.c.state == "in_review")
        .order_by(tasks.c.state_since)
        .limit(MAX_LOOKED_AT)
    )
    approved = await reviews.approved_by(tx, workspace_id, member_id, [row["id"] for row in rows])
    found = []
    for row in rows:
        policy = ReviewPolicy(row["review"])
        if (row["id"], row["state_since"]) in approved or not policy.counts(member_id, role):
            continue
        for_anyone = policy in (ReviewPolicy.NONE, ReviewPolicy.ONE)
        mine = row["accountable_id"] == member_id if for_anyone else True
        found.append(Waiting(row["id"], row["title"], row["state_since"], mine))
    return found


async def marks_of(tx: Transaction, workspace_id: str, member_id: str) -> dict[str, Mark]:
    rows = await tx.rows(sa.select(marks).where(marks.c.workspace_id == workspace_id, marks.c.member_id == member_id))
    return {row["key"]: Mark(row["snoozed_until"], row["delegated_to_id"]) for row in rows}


async def handed_to(tx: Transaction, workspace_id: str, member_id: str) -> set[str]:
    """Keys that somebody else has handed on to this member."""
    rows = await tx.rows(
        sa.select(marks.c.key).where(marks.c.workspace_id == workspace_id, marks.c.delegated_to_id == member_id)
    )
    return {row["key"] for row in rows}


async def mark(tx: Transaction, workspace_id: str, member_id: str, key: str, mark: Mark) -> None:
    """Put it off, or hand it on; the last word holds."""
    there = sa.and_(marks.c.workspace_id == workspace_id, marks.c.member_id == member_id, marks.c.key == key)
    values = {"snoozed_until": mark.snoozed_until, "delegated_to_id": mark.delegated_to_id, "at": tx.now}
    if not await tx.changed(marks.update().where(there).values(**values)):
        await tx.execute(marks.insert().values(workspace_id=workspace_id, member_id=member_id, key=key, **values))
