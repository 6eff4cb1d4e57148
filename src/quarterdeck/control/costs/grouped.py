"""The waste ledger summed where the rows are: one query for a page, however many runs stand behind it."""

from typing import Any

import sqlalchemy as sa

from quarterdeck.control.costs.counting import By
from quarterdeck.control.costs.waste import RunFacts, Sums, TaskFacts, class_from
from quarterdeck.control.costs.work_store import SENT_BACK
from quarterdeck.control.reviews.store import agent_reviews, reviews
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger.tables import work_costs
from quarterdeck.ledger.work_costs import Fact

_NONE = sa.literal("")
_VALUES: dict[By, sa.ColumnElement[Any]] = {
    "total": _NONE,
    "agent": work_costs.c.agent_id,
    "task": work_costs.c.task_id,
    "run": work_costs.c.run_id,
    "model": work_costs.c.model,
    "day": work_costs.c.day,
    "project": sa.func.coalesce(tasks.c.project_id, ""),
    "person": sa.func.coalesce(tasks.c.accountable_id, ""),
    "schedule": sa.func.coalesce(tasks.c.schedule_id, ""),
    "instructions": sa.case(
        (runs.c.instructions.is_not(None), runs.c.agent_id + "@" + sa.cast(runs.c.instructions, sa.Text)),
        else_=sa.func.coalesce(runs.c.agent_id, ""),
    ),
}


async def sums(tx: Transaction, workspace_id: str, by: By, begin: int, end: int) -> dict[str, Sums]:
    """What calls cost on days that begin in [begin, end), by value and class."""
    back = _sent_back(workspace_id)
    again = sa.case((sa.and_(back.c.at.is_not(None), runs.c.created_at >= back.c.at), 1), else_=0)
    keys = (
        _VALUES[by].label("value"),
        work_costs.c.fact.label("fact"),
        runs.c.state.label("run_state"),
        tasks.c.state.label("task_state"),
        again.label("again"),
    )
    added = [sa.func.sum(work_costs.c[name]).label(name) for name in ("calls", "cost", "unpriced_calls")]
    there = work_costs.join(runs, _same(runs, sa.and_(runs.c.id == work_costs.c.run_id)), isouter=True).join(
        tasks, _same(tasks, tasks.c.id == sa.func.coalesce(runs.c.task_id, work_costs.c.task_id)), isouter=True
    )
    there = there.join(back, back.c.task_id == tasks.c.id, isouter=True)
    query = (
        sa.select(*keys, *added)
        .select_from(there)
        .where(work_costs.c.workspace_id == workspace_id, work_costs.c.day >= begin, work_costs.c.day < end)
        .group_by(*(key.element for key in keys if key.element is not _NONE))
    )
    found: dict[str, Sums] = {}
    for row in await tx.rows(query):
        value = iso(row["value"]) if by == "day" else row["value"]
        task = None if row["task_state"] is None else TaskFacts(row["task_state"], 1 if row["again"] else None)
        run = None if row["run_state"] is None else RunFacts(row["run_state"], 1, task)
        mine = found.setdefault(value, Sums.none())
        mine.cost[class_from(Fact(row["fact"]), run, task)] += int(row["cost"])
        mine.calls += int(row["calls"])
        mine.unpriced_calls += int(row["unpriced_calls"])
    return found


def _same(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.workspace_id == work_costs.c.workspace_id, condition)


def _sent_back(workspace_id: str) -> sa.Subquery:
    """When a reviewer, a person or an agent, first sent each task back."""
    both = [
        sa.select(table.c.task_id, table.c.created_at).where(
            table.c.workspace_id == workspace_id, table.c.verdict.in_(SENT_BACK)
        )
        for table in (reviews, agent_reviews)
    ]
    union = sa.union_all(*both).subquery()
    return sa.select(union.c.task_id, sa.func.min(union.c.created_at).label("at")).group_by(union.c.task_id).subquery()
