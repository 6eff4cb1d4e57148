"""The waste ledger summed where the rows are: one query for a page, however many runs stand behind it."""

from typing import Any

import sqlalchemy as sa

from quarterdeck.control.costs.counting import By
from quarterdeck.control.costs.waste import RunFacts, Sums, TaskFacts, class_from
from quarterdeck.control.costs.work_store import SENT_BACK
from quarterdeck.control.reviews.model import OF_DRAFT
from quarterdeck.control.reviews.store import agent_reviews, reviews
from quarterdeck.control.runs.store import runs
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger.derived_tables import work_costs
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


_OF_ITSELF = ("total", "agent", "model", "day")
"""What a row is counted under is written in it: what came of its run is not asked where its calls say the class."""


async def sums(
    tx: Transaction,
    workspace_id: str,
    by: By,
    begin: int,
    end: int,
    *,
    agent_id: str | None = None,
    replays: bool = True,
) -> dict[str, Sums]:
    """What calls cost on days that begin in [begin, end), by value and class: of one agent, and without replays, where
    that is asked for."""
    plain = work_costs.c.fact == Fact.PLAIN.value if by in _OF_ITSELF else sa.true()
    again = sa.case((sa.and_(runs.c.state == "succeeded", tasks.c.state == "done", _sent_back_before()), 1), else_=0)
    keys = (
        value_of(by).label("value"),
        work_costs.c.fact.label("fact"),
        runs.c.state.label("run_state"),
        tasks.c.state.label("task_state"),
        again.label("again"),
    )
    added = [sa.func.sum(work_costs.c[name]).label(name) for name in ("calls", "cost", "unpriced_calls")]
    there = work_costs.join(runs, _same(runs, sa.and_(runs.c.id == work_costs.c.run_id, plain)), isouter=True).join(
        tasks,
        _same(tasks, sa.and_(tasks.c.id == sa.func.coalesce(runs.c.task_id, work_costs.c.task_id), plain)),
        isouter=True,
    )
    query = (
        sa.select(*keys, *added)
        .select_from(there)
        .where(*counted(workspace_id, begin, end, agent_id=agent_id, replays=replays))
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


def value_of(by: By) -> sa.ColumnElement[Any]:
    """Under what a row of `work_costs` is counted, where its run and task are joined to it."""
    return _VALUES[by]


def counted(
    workspace_id: str, begin: int, end: int, *, agent_id: str | None, replays: bool
) -> list[sa.ColumnElement[bool]]:
    """Which rows of `work_costs`."""
    c = work_costs.c
    rows = [c.workspace_id == workspace_id, c.day >= begin, c.day < end]
    if agent_id is not None:
        rows.append(c.agent_id == agent_id)
    if not replays:
        rows.append(c.fact != Fact.REPLAY.value)
    return rows


def _same(table: sa.Table, condition: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.workspace_id == work_costs.c.workspace_id, condition)


def _sent_back_before() -> sa.ColumnElement[bool]:
    """Whether a reviewer, a person or an agent, had sent the task back when the run began."""
    return sa.or_(
        *(
            sa.exists().where(
                table.c.workspace_id == tasks.c.workspace_id,
                table.c.task_id == tasks.c.id,
                table.c.created_at <= runs.c.created_at,
                table.c.verdict.in_(SENT_BACK),
                table.c.round != OF_DRAFT,
            )
            for table in (reviews, agent_reviews)
        )
    )
