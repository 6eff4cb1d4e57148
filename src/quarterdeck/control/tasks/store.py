"""All SQL of the board."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.dependencies.tables import is_blocked
from quarterdeck.control.tasks.model import (
    BOARD,
    BRIEF_IN_LISTS,
    CLOSED,
    Criterion,
    Priority,
    Task,
    TaskState,
)
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction, metadata
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import searchable, storable

NEVER_DUE = 1 << 62
"""Sorts behind every due time, so that one index gives the order of the board and of claims."""
_INT_MAX = (1 << 31) - 1
_CLAIMABLE = "(state = 'ready' OR state = 'in_progress' AND run_id IS NULL)"
"""Ready, or sent back by a review and nobody on it. The index and the claim must say it in the same words."""

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("brief", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("acceptance", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("taken", sa.Boolean, nullable=False),
    sa.Column("accountable_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("due_order", sa.BigInteger, nullable=False),
    sa.Column("review", sa.Text, nullable=False),
    sa.Column("attempt_limit", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("run_id", sa.Text),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("state_since", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], ["agents.workspace_id", "agents.id"]),
    sa.UniqueConstraint("workspace_id", "number"),
    sa.Index("ix_tasks_board", "workspace_id", "state", "priority", "due_order", "number"),
    sa.Index("ix_tasks_recent", "workspace_id", "state", "state_since", "number"),
    sa.Index("ix_tasks_agent", "workspace_id", "agent_id", "number"),
    sa.Index(
        "ix_tasks_claimable",
        "workspace_id",
        "priority",
        "due_order",
        "number",
        "agent_id",  # last, so that tasks of others are passed over without reading them
        sqlite_where=sa.text(_CLAIMABLE),
        postgresql_where=sa.text(_CLAIMABLE),
    ),
    sa.CheckConstraint(
        "state IN ('backlog', 'ready', 'in_progress', 'in_review', 'done', 'cancelled')",
        name="state",
    ),
    sa.CheckConstraint("run_id IS NULL OR state = 'in_progress'", name="run_only_in_progress"),
)

task_numbers = sa.Table(
    "task_numbers",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

_WHOLE = [column for column in tasks.c if column.name != "search"]
_IN_LISTS = [column for column in _WHOLE if column.name != "brief"] + [
    sa.func.substr(tasks.c.brief, 1, BRIEF_IN_LISTS).label("brief"),
    (sa.func.length(tasks.c.brief) > BRIEF_IN_LISTS).label("brief_cut"),
]


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks. None means all."""

    states: tuple[TaskState, ...] = ()
    agent_id: str | None = None
    q: str | None = None
    """Words in the title or the brief, or a `T-` number."""


async def insert(tx: Transaction, task: Task) -> Task:
    """Add it under the workspace's next T-number, and answer it so."""
    task = replace(task, number=await _next_number(tx, task.workspace_id))
    await tx.execute(
        tasks.insert().values(
            workspace_id=task.workspace_id,
            id=task.id,
            number=task.number,
            title=task.title,
            brief=task.brief,
            search=_search(task.title, task.brief),
            acceptance=_criteria(task.acceptance),
            state=task.state.value,
            priority=int(task.priority),
            labels=list(task.labels),
            agent_id=task.agent_id,
            taken=task.taken,
            accountable_id=task.accountable_id,
            due_order=_due_order(task.due_at),
            review=task.review.value,
            attempt_limit=task.attempt_limit,
            attempts=task.attempts,
            failures=task.failures,
            note=task.note,
            run_id=task.run_id,
            created_by=task.created_by,
            created_at=task.created_at,
            updated_at=task.updated_at,
            state_since=task.state_since,
            version=task.version,
        )
    )
    return task


async def find(tx: Transaction, workspace_id: str, task_id: str) -> Task | None:
    if not storable(task_id):
        return None
    row = await tx.row(sa.select(*_WHOLE).where(_is(workspace_id, task_id)))
    return None if row is None else _task(row)


async def by_number(tx: Transaction, workspace_id: str, number: int) -> Task | None:
    """The task that people call `T-<number>`."""
    row = await tx.row(sa.select(*_WHOLE).where(tasks.c.workspace_id == workspace_id, tasks.c.number == number))
    return None if row is None else _task(row)


async def of_agent(
    tx: Transaction, workspace_id: str, agent_id: str, states: Collection[TaskState], *, limit: int
) -> list[Task]:
    """Tasks that are the agent's, and ready ones that are nobody's: what it works on first, then most urgent first."""
    unassigned = sa.and_(tasks.c.agent_id.is_(None), tasks.c.state == TaskState.READY.value)
    rows = await tx.rows(
        sa.select(*_IN_LISTS)
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.state.in_([state.value for state in states]),
            sa.or_(tasks.c.agent_id == agent_id, unassigned),
        )
        .order_by(
            sa.case((tasks.c.state == TaskState.IN_PROGRESS.value, 0), else_=1),
            tasks.c.priority,
            tasks.c.due_order,
            tasks.c.number,
        )
        .limit(limit)
    )
    return [_task(row) for row in rows]


async def lock(tx: Transaction, workspace_id: str, task_id: str) -> Task | None:
    """The task, held until the transaction ends. Whoever also touches its run locks the task first."""
    if not storable(task_id):
        return None
    row = await tx.row(sa.select(*_WHOLE).where(_is(workspace_id, task_id)).with_for_update(key_share=True))
    return None if row is None else _task(row)


async def update(tx: Transaction, task: Task, values: Mapping[str, Any]) -> Task | None:
    """Write fields of :class:`Task` if the row is still at the version of `task`; None when it is not."""
    written = dict(values)
    if "title" in written or "brief" in written:
        written["search"] = _search(written.get("title", task.title), written.get("brief", task.brief))
    if "acceptance" in written:
        written["acceptance"] = _criteria(written["acceptance"])
    if "labels" in written:
        written["labels"] = list(written["labels"])
    if "due_at" in written:
        written["due_order"] = _due_order(written.pop("due_at"))
    if "priority" in written:
        written["priority"] = int(written["priority"])
    if "review" in written:
        written["review"] = written["review"].value
    row = await tx.row(
        tasks.update()
        .where(_is(task.workspace_id, task.id), tasks.c.version == task.version)
        .values(**written, updated_at=tx.now, version=tasks.c.version + 1)
        .returning(*_WHOLE)
    )
    return None if row is None else _task(row)


def most_urgent(workspace_id: str, agent_id: str, task_id: str | None) -> sa.Select[str]:
    """The id of the task that `agent_id` should do next."""
    candidate = tasks.alias("candidate")
    choice = (
        sa.select(candidate.c.id)
        .where(
            candidate.c.workspace_id == workspace_id,
            sa.text(_CLAIMABLE),
            sa.or_(candidate.c.agent_id.is_(None), candidate.c.agent_id == agent_id),
            ~is_blocked(candidate, tasks),
        )
        .order_by(candidate.c.priority, candidate.c.due_order, candidate.c.number)
        .limit(1)
    )
    return choice if task_id is None else choice.where(candidate.c.id == task_id)


async def take(
    tx: Transaction, workspace_id: str, agent_id: str, run_id: str, *, task_id: str | None = None
) -> Task | None:
    """Claim the most urgent task that `agent_id` may have, in one statement: of any number of takers one gets it.

    Priority first, then due time, then age. None when there is nothing (`task_id` narrows it to one task).
    """
    choice = most_urgent(workspace_id, agent_id, task_id).with_for_update(skip_locked=True)
    row = await tx.row(
        tasks.update()
        .where(tasks.c.workspace_id == workspace_id, tasks.c.id == choice.scalar_subquery())
        .values(
            state=TaskState.IN_PROGRESS.value,
            state_since=sa.case((tasks.c.state == TaskState.READY.value, tx.now), else_=tasks.c.state_since),
            taken=sa.case((tasks.c.agent_id.is_(None), sa.true()), else_=tasks.c.taken),
            agent_id=sa.func.coalesce(tasks.c.agent_id, agent_id),
            run_id=run_id,
            attempts=tasks.c.attempts + 1,
            updated_at=tx.now,
            version=tasks.c.version + 1,
        )
        .returning(*_WHOLE)
    )
    return None if row is None else _task(row)


async def is_claimable(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether a claim would find something now: a look that takes no lock, for those who wait."""
    found = await tx.scalar(most_urgent(workspace_id, agent_id, None))
    return found is not None


async def page(
    tx: Transaction, workspace_id: str, which: TaskFilter, *, limit: int, after: str | None = None
) -> Page[Task]:
    """Tasks of one state in the order of their column, else newest first.

    Columns of open tasks sort by priority, due time and age; done and cancelled by when they got there, latest first.
    Raises Invalid when `after` is no cursor of such a page.
    """
    query = sa.select(*_IN_LISTS).where(tasks.c.workspace_id == workspace_id, *_matching(which))
    order = _order(which)
    if after is not None:
        place = _place(after, order)
        columns = sa.tuple_(*[column for column, _ in order.columns])
        query = query.where(columns < place if order.descending else columns > place)
    columns_in_order = [column.desc() if order.descending else column for column, _ in order.columns]
    rows = await tx.rows(query.order_by(*columns_in_order).limit(limit + 1))
    cursor = None
    if len(rows) > limit:
        cursor = ".".join(str(rows[limit - 1][column.name]) for column, _ in order.columns)
    return Page([_task(row) for row in rows[:limit]], cursor)


async def counts(tx: Transaction, workspace_id: str, which: TaskFilter) -> dict[TaskState, int]:
    """How many tasks stand in each column of the board."""
    rows = await tx.rows(
        sa.select(tasks.c.state, sa.func.count().label("count"))
        .where(tasks.c.workspace_id == workspace_id, *_matching(which))
        .group_by(tasks.c.state)
    )
    found = {TaskState(row["state"]): int(row["count"]) for row in rows}
    return {state: found.get(state, 0) for state in BOARD}


@dataclass(frozen=True, slots=True)
class TaskName:
    """What other pages call a task."""

    id: str
    ref: str
    title: str


async def named(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, TaskName]:
    """Names by id, for a page of rows that mention tasks."""
    if not task_ids:
        return {}
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.number, tasks.c.title).where(
            tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted(set(task_ids)))
        )
    )
    return {row["id"]: TaskName(row["id"], f"T-{row['number']}", row["title"]) for row in rows}


@dataclass(frozen=True, slots=True)
class _Order:
    """The sort of a list: columns with the largest value each can hold, and the direction they share."""

    columns: tuple[tuple[sa.Column[Any], int], ...]
    descending: bool


_AS_COLUMN = _Order(((tasks.c.priority, _INT_MAX), (tasks.c.due_order, NEVER_DUE), (tasks.c.number, _INT_MAX)), False)
_LATEST_THERE = _Order(((tasks.c.state_since, NEVER_DUE), (tasks.c.number, _INT_MAX)), True)
_NEWEST = _Order(((tasks.c.number, _INT_MAX),), True)


def _order(which: TaskFilter) -> _Order:
    if len(which.states) != 1:
        return _NEWEST
    return _LATEST_THERE if which.states[0] in CLOSED else _AS_COLUMN


def _place(after: str, order: _Order) -> sa.ColumnElement[Any]:
    parts = after.split(".")
    if len(parts) != len(order.columns) or not all(re.fullmatch(r"-?[0-9]{1,19}", part) for part in parts):
        raise Invalid("`after` is not the `next` of a page of this list.", field="after")
    values = [max(-largest, min(int(part), largest)) for part, (_, largest) in zip(parts, order.columns, strict=True)]
    return sa.tuple_(
        *[sa.literal(value, column.type) for value, (column, _) in zip(values, order.columns, strict=True)]
    )


def _matching(which: TaskFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if which.states:
        found.append(tasks.c.state.in_([state.value for state in which.states]))
    if which.agent_id is not None:
        found.append(tasks.c.agent_id == which.agent_id)
    if which.q is not None and which.q.strip():
        text = searchable(which.q.strip())
        match: sa.ColumnElement[bool] = tasks.c.search.contains(text, autoescape=True)
        if (ref := re.fullmatch(r"t-([0-9]{1,9})", text)) is not None:
            match = match | (tasks.c.number == int(ref[1]))
        found.append(match)
    return found


async def _next_number(tx: Transaction, workspace_id: str) -> int:
    # Two creators take turns at this row, so numbers have no holes and no twins.
    statement = sa.text(
        "INSERT INTO task_numbers (workspace_id, last) VALUES (:workspace_id, 1)"
        " ON CONFLICT (workspace_id) DO UPDATE SET last = task_numbers.last + 1 RETURNING last"
    )
    number: int = (await tx.execute(statement, {"workspace_id": workspace_id})).scalar_one()
    return number


def _is(workspace_id: str, task_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.id == task_id)


def _search(title: str, brief: str) -> str:
    return searchable(f"{title}\n{brief}")


def _due_order(due_at: int | None) -> int:
    return NEVER_DUE if due_at is None else due_at


def _criteria(criteria: tuple[Criterion, ...]) -> list[dict[str, Any]]:
    return [{"text": one.text, "met": one.met} for one in criteria]


def _task(row: sa.RowMapping) -> Task:
    return Task(
        id=row["id"],
        workspace_id=row["workspace_id"],
        number=row["number"],
        title=row["title"],
        brief=row["brief"],
        acceptance=tuple(Criterion(one["text"], one["met"]) for one in row["acceptance"]),
        state=TaskState(row["state"]),
        priority=Priority(row["priority"]),
        labels=tuple(row["labels"]),
        agent_id=row["agent_id"],
        taken=row["taken"],
        accountable_id=row["accountable_id"],
        due_at=None if row["due_order"] == NEVER_DUE else row["due_order"],
        review=ReviewPolicy(row["review"]),
        attempt_limit=row["attempt_limit"],
        attempts=row["attempts"],
        failures=row["failures"],
        note=row["note"],
        run_id=row["run_id"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        state_since=row["state_since"],
        version=row["version"],
        brief_cut=row.get("brief_cut", False),
    )
