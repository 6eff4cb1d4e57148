"""What came of tasks, counted where their rows are, under who or what most of their calls are of."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.costs.counting import By
from quarterdeck.control.costs.grouped import counted, value_of
from quarterdeck.control.costs.work_store import SENT_BACK
from quarterdeck.control.reviews.model import OF_DRAFT
from quarterdeck.control.reviews.store import agent_reviews, reviews
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.ledger.derived_tables import work_costs


@dataclass(slots=True)
class Outcome:
    done: int = 0
    """Tasks that are done."""
    first_pass: int = 0
    """Those of them that every review approved, and that had one."""
    approved: int = 0
    """Their deliverables that a reviewer approved."""


async def of_done_tasks(
    tx: Transaction, workspace_id: str, by: By, begin: int, end: int, *, agent_id: str | None = None
) -> dict[str, Outcome]:
    """By value, of tasks with calls on days that begin in [begin, end). Replays are no work of theirs."""
    return await _came_of(tx, workspace_id, _done(workspace_id, by, begin, end, agent_id))


async def by_stretch(
    tx: Transaction, workspace_id: str, begin: int, end: int, span: int, *, agent_id: str | None = None
) -> dict[int, Outcome]:
    """The same of each stretch of `span` microseconds, whole days, that had any; by its number, counted from `begin`.

    A task is counted in each stretch that it had calls in.
    """
    number = (work_costs.c.day - sa.literal(begin, sa.BigInteger)) // sa.literal(span, sa.BigInteger)
    each = (
        sa.select(number.label("value"), work_costs.c.task_id)
        .where(*counted(workspace_id, begin, end, agent_id=agent_id, replays=False), work_costs.c.task_id != "")
        .distinct()
        .subquery()
    )
    there = sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.id == each.c.task_id)
    done = sa.select(each.c.task_id, each.c.value).select_from(each.join(tasks, there)).where(tasks.c.state == "done")
    return await _came_of(tx, workspace_id, done.cte("done"))


async def _came_of(tx: Transaction, workspace_id: str, done: sa.CTE) -> dict[Any, Outcome]:
    """What reviewers said of tasks that are done, by the value that each is counted under."""
    said = []
    for table, isouter in ((reviews, True), (agent_reviews, False)):
        about = sa.and_(
            table.c.workspace_id == workspace_id, table.c.task_id == done.c.task_id, table.c.round != OF_DRAFT
        )
        words = sa.select(done.c.value, done.c.task_id, table.c.verdict, table.c.deliverable_id)
        said.append(words.select_from(done.join(table, about, isouter=isouter)))
    each = sa.union_all(*said).subquery()
    bad, good = each.c.verdict.in_(SENT_BACK), each.c.verdict.not_in(SENT_BACK)
    task = (
        sa.select(
            each.c.value,
            sa.func.max(sa.case((bad, 1), else_=0)).label("bad"),
            sa.func.max(sa.case((good, 1), else_=0)).label("good"),
            sa.func.count(sa.distinct(sa.case((good, each.c.deliverable_id)))).label("approved"),
        )
        .group_by(each.c.value, each.c.task_id)
        .subquery()
    )
    first = sa.case((sa.and_(task.c.good == 1, task.c.bad == 0), 1), else_=0)
    query = sa.select(task.c.value, sa.func.count(), sa.func.sum(first), sa.func.sum(task.c.approved))
    rows = (await tx.execute(query.group_by(task.c.value))).all()
    return {value: Outcome(int(count), int(passed), int(approved)) for value, count, passed, approved in rows}


async def with_calls(
    tx: Transaction,
    workspace_id: str,
    begin: int,
    end: int,
    task_ids: Collection[str],
    *,
    agent_id: str | None = None,
) -> set[str]:
    """Those of these tasks that `of_done_tasks` looks at, done or not."""
    if not task_ids:
        return set()
    which = counted(workspace_id, begin, end, agent_id=agent_id, replays=False)
    query = sa.select(work_costs.c.task_id).distinct().where(*which, work_costs.c.task_id.in_(sorted(task_ids)))
    return set((await tx.execute(query)).scalars())


def _done(workspace_id: str, by: By, begin: int, end: int, agent_id: str | None) -> sa.CTE:
    """Tasks that are done, with whose or what most of their calls are; of several the last by name."""
    rows: sa.FromClause = work_costs
    if by == "instructions":
        whose = sa.and_(runs.c.workspace_id == work_costs.c.workspace_id, runs.c.id == work_costs.c.run_id)
        rows = work_costs.join(runs, whose, isouter=True)
    each = (
        sa.select(work_costs.c.task_id, value_of(by).label("value"), sa.func.sum(work_costs.c.calls).label("calls"))
        .select_from(rows)
        .where(*counted(workspace_id, begin, end, agent_id=agent_id, replays=False), work_costs.c.task_id != "")
        .group_by(work_costs.c.task_id, value_of(by))
        .subquery()
    )
    place = sa.func.row_number().over(partition_by=each.c.task_id, order_by=[each.c.calls.desc(), each.c.value.desc()])
    first = sa.select(each.c.task_id, each.c.value, place.label("place")).subquery()
    there = sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.id == first.c.task_id)
    return (
        sa.select(first.c.task_id, first.c.value)
        .select_from(first.join(tasks, there))
        .where(first.c.place == 1, tasks.c.state == "done")
        .cte("done")
    )
