"""All SQL of reviews."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.access.tables import members
from quarterdeck.control.reviews.model import Remark, Review, Verdict
from quarterdeck.db import Transaction, metadata

reviews = sa.Table(
    "reviews",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("round", sa.BigInteger, nullable=False),
    sa.Column("deliverable_id", sa.Text),
    sa.Column("version", sa.Integer),
    sa.Column("reviewer_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("remarks", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_reviews_task", "workspace_id", "task_id", "created_at"),
    sa.CheckConstraint("verdict IN ('approve', 'request_changes', 'reject')", name="verdict"),
)


async def insert(tx: Transaction, review: Review) -> None:
    values: dict[str, Any] = {name: getattr(review, name) for name in Review.__slots__}
    remarks = [
        {"text": one.text, "line_from": one.line_from, "line_to": one.line_to, "quote": one.quote}
        for one in review.remarks
    ]
    await tx.execute(reviews.insert().values({**values, "verdict": review.verdict.value, "remarks": remarks}))


async def of_task(tx: Transaction, workspace_id: str, task_id: str) -> list[Review]:
    """Newest first."""
    rows = await tx.rows(
        sa.select(reviews)
        .where(reviews.c.workspace_id == workspace_id, reviews.c.task_id == task_id)
        .order_by(reviews.c.created_at.desc(), reviews.c.id.desc())
    )
    return [_review(row) for row in rows]


async def last_of_reviewer(
    tx: Transaction, workspace_id: str, task_id: str, round_: int, reviewer_id: str
) -> Review | None:
    row = await tx.row(
        sa.select(reviews)
        .where(
            reviews.c.workspace_id == workspace_id,
            reviews.c.task_id == task_id,
            reviews.c.round == round_,
            reviews.c.reviewer_id == reviewer_id,
        )
        .order_by(reviews.c.created_at.desc(), reviews.c.id.desc())
        .limit(1)
    )
    return None if row is None else _review(row)


async def last_sent_back(tx: Transaction, workspace_id: str, task_id: str) -> Review | None:
    """The newest review that asked for changes."""
    row = await tx.row(
        sa.select(reviews)
        .where(
            reviews.c.workspace_id == workspace_id,
            reviews.c.task_id == task_id,
            reviews.c.verdict == Verdict.REQUEST_CHANGES.value,
        )
        .order_by(reviews.c.created_at.desc(), reviews.c.id.desc())
        .limit(1)
    )
    return None if row is None else _review(row)


async def approvers(tx: Transaction, workspace_id: str, task_id: str, round_: int) -> dict[str, Role]:
    """The members who approve of the task in this round, with the role that each has now."""
    rows = await tx.rows(
        sa.select(reviews.c.reviewer_id, members.c.role)
        .select_from(reviews.join(members, members.c.id == reviews.c.reviewer_id))
        .where(
            reviews.c.workspace_id == workspace_id,
            reviews.c.task_id == task_id,
            reviews.c.round == round_,
            reviews.c.verdict == Verdict.APPROVE.value,
        )
    )
    return {row["reviewer_id"]: Role(row["role"]) for row in rows}


async def approvals_of(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> set[tuple[str, int, str]]:
    """(task, round, reviewer) of all approvals of those tasks."""
    if not task_ids:
        return set()
    rows = await tx.rows(
        sa.select(reviews.c.task_id, reviews.c.round, reviews.c.reviewer_id).where(
            reviews.c.workspace_id == workspace_id,
            reviews.c.verdict == Verdict.APPROVE.value,
            reviews.c.task_id.in_(sorted(set(task_ids))),
        )
    )
    return {(row["task_id"], row["round"], row["reviewer_id"]) for row in rows}


def _review(row: sa.RowMapping) -> Review:
    values: dict[str, Any] = {name: row[name] for name in Review.__slots__}
    remarks = tuple(Remark(**one) for one in row["remarks"])
    return Review(**{**values, "verdict": Verdict(row["verdict"]), "remarks": remarks})
