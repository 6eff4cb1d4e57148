"""All SQL of questions."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.questions.model import Question, QuestionState
from quarterdeck.db import Prepared, Transaction, metadata
from quarterdeck.kernel.text import storable

_OPEN = "state = 'open'"

questions = sa.Table(
    "questions",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("options", sa.JSON, nullable=False),
    sa.Column("free_text", sa.Boolean, nullable=False),
    sa.Column("default_answer", sa.Text),
    sa.Column("deadline_at", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("answer", sa.Text),
    sa.Column("answered_by", sa.Text),
    sa.Column("answered_at", sa.BigInteger),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "run_id"], ["runs.workspace_id", "runs.id"]),
    sa.Index("ix_questions_task", "workspace_id", "task_id", "created_at"),
    sa.Index(
        "ix_questions_open", "workspace_id", "task_id", sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN)
    ),
    sa.Index("ix_questions_deadline", "deadline_at", sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN)),
    sa.CheckConstraint("state IN ('open', 'answered', 'defaulted', 'expired')", name="state"),
)


async def insert(tx: Transaction, question: Question) -> None:
    values: dict[str, Any] = {name: getattr(question, name) for name in Question.__slots__}
    values |= {"options": list(question.options), "state": question.state.value}
    await tx.execute(questions.insert().values(values))


async def find(tx: Transaction, workspace_id: str, question_id: str) -> Question | None:
    if not storable(question_id):
        return None
    row = await tx.row(
        sa.select(questions).where(questions.c.workspace_id == workspace_id, questions.c.id == question_id)
    )
    return None if row is None else _question(row)


async def close(
    tx: Transaction, question: Question, to: QuestionState, answer: str | None, answered_by: str | None
) -> Question | None:
    """Write the answer if the question is open; None when it is not."""
    row = await tx.row(
        questions.update()
        .where(
            questions.c.workspace_id == question.workspace_id,
            questions.c.id == question.id,
            questions.c.state == QuestionState.OPEN.value,
        )
        .values(state=to.value, answer=answer, answered_by=answered_by, answered_at=tx.now)
        .returning(questions)
    )
    return None if row is None else _question(row)


async def of_task(tx: Transaction, workspace_id: str, task_id: str) -> list[Question]:
    """Newest first."""
    rows = await tx.rows(
        sa.select(questions)
        .where(questions.c.workspace_id == workspace_id, questions.c.task_id == task_id)
        .order_by(questions.c.created_at.desc(), questions.c.id.desc())
    )
    return [_question(row) for row in rows]


_OVERDUE = Prepared(
    sa.select(questions)
    .where(sa.text(_OPEN), questions.c.deadline_at <= sa.bindparam("now", type_=sa.BigInteger))
    .order_by(questions.c.deadline_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


async def overdue(tx: Transaction, limit: int) -> list[Question]:
    """Open questions of every workspace whose deadline has passed, longest overdue first."""
    return [_question(row) for row in await tx.fetch_named(_OVERDUE, now=tx.now, limit=limit)]


def _question(row: Mapping[str, Any] | sa.RowMapping) -> Question:
    values: dict[str, Any] = {name: row[name] for name in Question.__slots__}
    return Question(**{**values, "options": tuple(row["options"]), "state": QuestionState(row["state"])})
