"""Tasks by the page: filters, the orders of the board, full-text search, counts."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from quarterdeck.control.dependencies.tables import is_blocked
from quarterdeck.control.tasks import texts
from quarterdeck.control.tasks.model import BOARD, BRIEF_IN_LISTS, CLOSED, Priority, Task, TaskState
from quarterdeck.control.tasks.store import in_lists, task_of
from quarterdeck.control.tasks.tables import NEVER_DUE, task_watchers, tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.pages import Page

NOBODY = "none"
"""In place of an id: tasks that have no agent, project or parent."""
_INT_MAX = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks. None means all."""

    states: tuple[TaskState, ...] = ()
    agent_id: str | None = None
    q: str | None = None
    """Words, or beginnings of words, in title, brief or labels; or a `T-` number."""
    project_id: str | None = None
    parent_id: str | None = None
    accountable_id: str | None = None
    watcher_id: str | None = None
    label: str | None = None
    """As it is written."""
    priority: Priority | None = None
    blocked: bool | None = None
    held: bool | None = None
    overdue: bool | None = None
    schedule_id: str | None = None


async def page(
    tx: Transaction,
    workspace_id: str,
    which: TaskFilter,
    *,
    limit: int,
    after: str | None = None,
    brief: int = BRIEF_IN_LISTS,
) -> Page[Task]:
    """Tasks of one state in the order of their column, else newest first. Of a brief its first `brief` characters.

    Columns of open tasks sort by priority, due time and age; done and cancelled by when they got there, latest first.
    Raises Invalid when `after` is no cursor of such a page.
    """
    query = sa.select(*in_lists(brief)).where(tasks.c.workspace_id == workspace_id, *_matching(tx, workspace_id, which))
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
    return Page([task_of(row) for row in rows[:limit]], cursor)


async def oldest(tx: Transaction, workspace_id: str, which: TaskFilter, *, after: int, limit: int) -> list[Task]:
    """Whole tasks by number, from the one after that number on."""
    rows = await tx.rows(
        sa.select(*tasks.c)
        .where(tasks.c.workspace_id == workspace_id, tasks.c.number > after, *_matching(tx, workspace_id, which))
        .order_by(tasks.c.number)
        .limit(limit)
    )
    return [task_of(row) for row in rows]


async def counts(tx: Transaction, workspace_id: str, which: TaskFilter) -> dict[TaskState, int]:
    """How many tasks stand in each column of the board."""
    rows = await tx.rows(
        sa.select(tasks.c.state, sa.func.count().label("count"))
        .where(tasks.c.workspace_id == workspace_id, *_matching(tx, workspace_id, which))
        .group_by(tasks.c.state)
    )
    found = {TaskState(row["state"]): int(row["count"]) for row in rows}
    return {state: found.get(state, 0) for state in BOARD}


async def of_projects(
    tx: Transaction, workspace_id: str, project_ids: Collection[str]
) -> dict[str, dict[TaskState, int]]:
    """How many tasks of each project stand where."""
    if not project_ids:
        return {}
    rows = await tx.rows(
        sa.select(tasks.c.project_id, tasks.c.state, sa.func.count().label("count"))
        .where(tasks.c.workspace_id == workspace_id, tasks.c.project_id.in_(sorted(set(project_ids))))
        .group_by(tasks.c.project_id, tasks.c.state)
    )
    found: dict[str, dict[TaskState, int]] = {}
    for row in rows:
        found.setdefault(row["project_id"], {})[TaskState(row["state"])] = int(row["count"])
    return found


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


def _matching(tx: Transaction, workspace_id: str, which: TaskFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if which.states:
        found.append(tasks.c.state.in_([state.value for state in which.states]))
    for name in ("agent_id", "project_id", "parent_id", "accountable_id", "schedule_id"):
        if (value := getattr(which, name)) is not None:
            found.append(tasks.c[name].is_(None) if value == NOBODY else tasks.c[name] == value)
    if which.priority is not None:
        found.append(tasks.c.priority == int(which.priority))
    if which.held is not None:
        found.append(tasks.c.held if which.held else ~tasks.c.held)
    if which.watcher_id is not None:
        watched = sa.select(task_watchers.c.task_id).where(
            task_watchers.c.workspace_id == workspace_id, task_watchers.c.member_id == which.watcher_id
        )
        found.append(tasks.c.id.in_(watched))
    if which.label is not None:
        item = _items(tasks.c.labels).table_valued("value")
        found.append(sa.exists().select_from(item).where(item.c.value == which.label))
    if which.blocked is not None:
        blocked = sa.and_(tasks.c.state.not_in([state.value for state in CLOSED]), is_blocked(tasks, tasks))
        found.append(blocked if which.blocked else ~blocked)
    if which.overdue is not None:
        overdue = sa.and_(tasks.c.due_order < tx.now, tasks.c.state.not_in([state.value for state in CLOSED]))
        found.append(overdue if which.overdue else ~overdue)
    if which.q is not None and which.q.strip():
        found.append(_words(tx, workspace_id, which.q.strip()))
    return found


def _words(tx: Transaction, workspace_id: str, words: str) -> sa.ColumnElement[bool]:
    if (ref := re.fullmatch(r"[tT]-([0-9]{1,9})", words)) is not None:
        return tasks.c.number == int(ref[1])
    is_sqlite = tx.connection.dialect.name == "sqlite"
    ids = texts.matching(workspace_id, words, is_sqlite=is_sqlite)
    if ids is None:
        return sa.false()
    # As an array PostgreSQL looks the words up once; joined, it may do so for every task.
    return tasks.c.id.in_(ids) if is_sqlite else tasks.c.id == sa.any_(sa.func.array(ids.scalar_subquery()))


class _items(FunctionElement[Any]):
    """The items of a JSON list of texts, as rows."""

    inherit_cache = True
    name = "json_items"


@compiles(_items, "sqlite")
def _items_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **kw)})"


@compiles(_items, "postgresql")
def _items_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"json_array_elements_text({compiler.process(element.clauses, **kw)})"
