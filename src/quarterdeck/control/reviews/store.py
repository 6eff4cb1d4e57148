"""All SQL of reviews."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.actors import Role
from quarterdeck.access.tables import members
from quarterdeck.control.reviews.model import Remark, Review, Verdict
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Prepared, Transaction, metadata, one_of

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


agent_reviews = sa.Table(
    "agent_reviews",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("round", sa.BigInteger, nullable=False),
    sa.Column("deliverable_id", sa.Text),
    sa.Column("version", sa.Integer),
    sa.Column("reviewer_id", sa.Text, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("remarks", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "reviewer_id"], ["agents.workspace_id", "agents.id"]),
    sa.Index("ix_agent_reviews_task", "workspace_id", "task_id", "created_at"),
    sa.CheckConstraint("verdict IN ('approve', 'request_changes')", name="verdict"),
)

review_tasks = sa.Table(
    "review_tasks",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("reviewed_id", sa.Text, nullable=False),
    sa.Column("round", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "task_id"),
    sa.UniqueConstraint("workspace_id", "reviewed_id", "round"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "reviewed_id"], ["tasks.workspace_id", "tasks.id"]),
)
"""Tasks on which an agent looks at another task's work: what their runs cost is the price of the review."""

_APPROVALS = Prepared(
    sa.select(reviews.c.task_id, reviews.c.round, reviews.c.reviewer_id).where(
        reviews.c.workspace_id == sa.bindparam("workspace_id"),
        reviews.c.verdict == Verdict.APPROVE.value,
        one_of(reviews.c.task_id, "task_ids"),
    )
)


@dataclass(frozen=True, slots=True)
class ReviewTask:
    task_id: str
    reviewed_id: str
    round: int


async def insert_by_agent(tx: Transaction, review: Review) -> None:
    values: dict[str, Any] = {name: getattr(review, name) for name in Review.__slots__}
    remarks = [
        {"text": one.text, "line_from": one.line_from, "line_to": one.line_to, "quote": one.quote}
        for one in review.remarks
    ]
    await tx.execute(agent_reviews.insert().values({**values, "verdict": review.verdict.value, "remarks": remarks}))


async def agent_approved(tx: Transaction, workspace_id: str, task_id: str, round_: int, agent_id: str) -> bool:
    """Whether the last word of that agent in this round is an approval."""
    last = await tx.scalar(
        sa.select(agent_reviews.c.verdict)
        .where(
            agent_reviews.c.workspace_id == workspace_id,
            agent_reviews.c.task_id == task_id,
            agent_reviews.c.round == round_,
            agent_reviews.c.reviewer_id == agent_id,
        )
        .order_by(agent_reviews.c.created_at.desc(), agent_reviews.c.id.desc())
        .limit(1)
    )
    return bool(last == Verdict.APPROVE.value)


async def begin_review_task(tx: Transaction, workspace_id: str, begun: ReviewTask) -> None:
    await tx.execute(
        review_tasks.insert().values(
            workspace_id=workspace_id, task_id=begun.task_id, reviewed_id=begun.reviewed_id, round=begun.round
        )
    )


async def review_task(tx: Transaction, workspace_id: str, task_id: str) -> ReviewTask | None:
    """What a task reviews; None when it is no review."""
    row = await tx.row(
        sa.select(review_tasks).where(review_tasks.c.workspace_id == workspace_id, review_tasks.c.task_id == task_id)
    )
    return None if row is None else ReviewTask(row["task_id"], row["reviewed_id"], row["round"])


async def review_tasks_of(tx: Transaction, workspace_id: str, reviewed_id: str) -> list[ReviewTask]:
    """The tasks on which agents looked at a task's work, oldest first."""
    rows = await tx.rows(
        sa.select(review_tasks)
        .where(review_tasks.c.workspace_id == workspace_id, review_tasks.c.reviewed_id == reviewed_id)
        .order_by(review_tasks.c.round)
    )
    return [ReviewTask(row["task_id"], row["reviewed_id"], row["round"]) for row in rows]


async def under_review_by_agents(tx: Transaction, workspace_id: str) -> set[tuple[str, int]]:
    """(task, round) of what an agent has yet to look at."""
    rows = await tx.rows(
        sa.select(review_tasks.c.reviewed_id, review_tasks.c.round)
        .join(
            tasks,
            sa.and_(tasks.c.workspace_id == review_tasks.c.workspace_id, tasks.c.id == review_tasks.c.task_id),
        )
        .where(
            review_tasks.c.workspace_id == workspace_id,
            tasks.c.state.not_in(["done", "cancelled"]),
            ~sa.exists().where(
                agent_reviews.c.workspace_id == review_tasks.c.workspace_id,
                agent_reviews.c.task_id == review_tasks.c.reviewed_id,
                agent_reviews.c.round == review_tasks.c.round,
            ),
        )
    )
    return {(row["reviewed_id"], row["round"]) for row in rows}


async def insert(tx: Transaction, review: Review) -> None:
    values: dict[str, Any] = {name: getattr(review, name) for name in Review.__slots__}
    remarks = [
        {"text": one.text, "line_from": one.line_from, "line_to": one.line_to, "quote": one.quote}
        for one in review.remarks
    ]
    await tx.execute(reviews.insert().values({**values, "verdict": review.verdict.value, "remarks": remarks}))


async def of_task(tx: Transaction, workspace_id: str, task_id: str) -> list[Review]:
    """Of members and of agents, newest first."""
    found = [
        _review(row)
        for table in (reviews, agent_reviews)
        for row in await tx.rows(
            sa.select(table).where(table.c.workspace_id == workspace_id, table.c.task_id == task_id)
        )
    ]
    return sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)


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
    found = await of_task(tx, workspace_id, task_id)
    return next((one for one in found if one.verdict is Verdict.REQUEST_CHANGES), None)


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
    rows = await tx.fetch(_APPROVALS, workspace_id=workspace_id, task_ids=sorted(set(task_ids)))
    return {(task_id, number, reviewer_id) for task_id, number, reviewer_id in rows}


def _review(row: sa.RowMapping) -> Review:
    values: dict[str, Any] = {name: row[name] for name in Review.__slots__}
    remarks = tuple(Remark(**one) for one in row["remarks"])
    return Review(**{**values, "verdict": Verdict(row["verdict"]), "remarks": remarks})
