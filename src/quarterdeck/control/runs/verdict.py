"""What a run brought, counted from what it left behind and not from what its worker says of it."""

import sqlalchemy as sa

from quarterdeck.control.comments.store import comments
from quarterdeck.control.deliverables.store import versions
from quarterdeck.control.questions.store import questions
from quarterdeck.control.runs.model import Run, RunVerdict
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction


async def of_run(tx: Transaction, run: Run) -> RunVerdict:
    """Produced: a version that is no draft. Advanced: a draft, a subtask, a question, a comment. Else no progress."""

    async def any_in(table: sa.Table, column: sa.Column[str], *more: sa.ColumnElement[bool]) -> bool:
        query = sa.select(sa.literal(1)).where(table.c.workspace_id == run.workspace_id, column == run.id, *more)
        return await tx.scalar(query.limit(1)) is not None

    if await any_in(versions, versions.c.run_id, versions.c.draft.is_(False)):
        return RunVerdict.PRODUCED
    if await any_in(versions, versions.c.run_id) or await any_in(tasks, tasks.c.origin_run_id):
        return RunVerdict.ADVANCED
    asked = await any_in(questions, questions.c.run_id, questions.c.task_id == run.task_id)
    return RunVerdict.ADVANCED if asked or await _commented(tx, run) else RunVerdict.NO_PROGRESS


async def _commented(tx: Transaction, run: Run) -> bool:
    """Whether its agent said something on the task meanwhile. No other run of the task was open."""
    query = sa.select(comments.c.id).where(
        comments.c.workspace_id == run.workspace_id,
        comments.c.task_id == run.task_id,
        comments.c.author_id == run.agent_id,
        comments.c.created_at >= run.created_at,
    )
    return await tx.scalar(query.limit(1)) is not None
