"""Tasks by the page: filters, the orders of the board, full-text search, counts."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from quarterdeck.control.dependencies.tables import is_blocked
from quarterdeck.control.tasks import texts
from quarterdeck.control.tasks.model import BOARD, BRIEF_IN_LISTS, CLOSED, Priority, Task, TaskState
from quarterdeck.control.tasks.store import in_lists, task_from, task_of
from quarterdeck.control.tasks.tables import NEVER_DUE, task_watchers, tasks
from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.pages import Page

NOBODY = "none"
"""In place of an id: tasks that have no agent, squad, project, parent or goal."""
_INT_MAX = (1 << 31) - 1
_REF = re.compile(r"[tT]-([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """Which tasks. None means all."""

    states: tuple[TaskState, ...] = ()
    agent_id: str | None = None
    squad_id: str | None = None
    q: str | None = None
    """Words, or beginnings of words, in title, brief or labels; or a `T-` number."""
    project_id: str | None = None
    parent_id: str | None = None
    goal_id: str | None = None
    accountable_id: str | None = None
    watcher_id: str | None = None
    label: str | None = None
    """As it is written."""
    priority: Priority | None = None
    blocked: bool | None = None
    held: bool | None = None
    overdue: bool | None = None
    schedule_id: str | None = None
    done_since: int | None = None
    """Done since that instant and still."""


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
    order = _order(which)
    place = {} if after is None else _place(after, order)
    prepared = _page(_shape(tx, which), order, bool(place), brief)
    rows = await tx.fetch(prepared, limit=limit + 1, **place, **_values(tx, workspace_id, which))
    found = [task_from(row) for row in rows[:limit]]
    cursor = None
    if len(rows) > limit:
        last = rows[limit - 1]
        cursor = ".".join(str(last[prepared.names.index(column.name)]) for column, _ in order.columns)
    return Page(found, cursor)


async def oldest(tx: Transaction, workspace_id: str, which: TaskFilter, *, after: int, limit: int) -> list[Task]:
    """Whole tasks by number, from the one after that number on."""
    query = sa.select(*tasks.c).where(tasks.c.number > after, *_matching(_shape(tx, which)))
    rows = await tx.execute(query.order_by(tasks.c.number).limit(limit), _values(tx, workspace_id, which))
    return [task_of(row) for row in rows.mappings()]


async def counts(tx: Transaction, workspace_id: str, which: TaskFilter) -> dict[TaskState, int]:
    """How many tasks stand in each column of the board."""
    rows = await tx.fetch(_counts(_shape(tx, which)), **_values(tx, workspace_id, which))
    found = {TaskState(state): int(count) for state, count in rows}
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


def _place(after: str, order: _Order) -> dict[str, int]:
    """Where a page goes on, by column. Raises Invalid."""
    parts = after.split(".")
    if len(parts) != len(order.columns) or not all(re.fullmatch(r"-?[0-9]{1,19}", part) for part in parts):
        raise Invalid("`after` is not the `next` of a page of this list.", field="after")
    pairs = zip(parts, order.columns, strict=True)
    return {f"after_{column.name}": max(-largest, min(int(part), largest)) for part, (column, largest) in pairs}


Shape = tuple[tuple[str, str], ...]
"""Which conditions a filter sets, apart from their values: lists of one shape are one statement."""


_WORDS_ALONE: Shape = (("q", "words sqlite"),)


@lru_cache(maxsize=500)
def _page(shape: Shape, order: _Order, goes_on: bool, brief: int) -> Prepared:
    query = sa.select(*in_lists(brief)).where(*_matching(shape))
    in_order = [column.desc() if order.descending else column for column, _ in order.columns]
    if shape == _WORDS_ALONE:
        behind_words, fits = texts.joined()
        there = tasks.c.workspace_id == _bind(tasks.c.workspace_id)
        query = sa.select(*in_lists(brief)).select_from(behind_words).where(there, fits)
        in_order = [texts.NEWEST_FIRST]
    if goes_on:
        place = sa.tuple_(*[sa.bindparam(f"after_{column.name}", type_=column.type) for column, _ in order.columns])
        columns = sa.tuple_(*[column for column, _ in order.columns])
        query = query.where(columns < place if order.descending else columns > place)
    return Prepared(query.order_by(*in_order).limit(sa.bindparam("limit", type_=sa.Integer)))


@lru_cache(maxsize=100)
def _counts(shape: Shape) -> Prepared:
    return Prepared(sa.select(tasks.c.state, sa.func.count()).where(*_matching(shape)).group_by(tasks.c.state))


_PLAIN = ("agent_id", "squad_id", "project_id", "parent_id", "goal_id", "accountable_id", "schedule_id")
_TRUTHS = ("held", "blocked", "overdue")


def _shape(tx: Transaction, which: TaskFilter) -> Shape:
    found = [(f"among_{n}", "is") for n in range(len(which.states))]
    for name in _PLAIN:
        if (value := getattr(which, name)) is not None:
            found.append((name, "none" if value == NOBODY else "is"))
    found += [
        (name, "is") for name in ("priority", "watcher_id", "label", "done_since") if getattr(which, name) is not None
    ]
    found += [(name, str(value)) for name in _TRUTHS if (value := getattr(which, name)) is not None]
    if which.q is not None and (words := which.q.strip()):
        kind = "number" if _REF.fullmatch(words) else "words" if texts.wanted(words) else "nothing"
        found.append(("q", f"{kind} {tx.connection.dialect.name}"))
    return tuple(found)


def _values(tx: Transaction, workspace_id: str, which: TaskFilter) -> dict[str, Any]:
    """What the statement of that shape asks for."""
    found: dict[str, Any] = {"workspace_id": workspace_id, "now": tx.now}
    found |= {f"among_{n}": state.value for n, state in enumerate(which.states)}
    found |= {name: getattr(which, name) for name in (*_PLAIN, "watcher_id", "label", "done_since")}
    if which.priority is not None:
        found["priority"] = int(which.priority)
    if which.q is not None and (words := which.q.strip()):
        if (ref := _REF.fullmatch(words)) is not None:
            found["number"] = int(ref[1])
        else:
            found["fts"] = texts.expression(texts.wanted(words), is_sqlite=tx.connection.dialect.name == "sqlite")
    return found


def _matching(shape: Shape) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [tasks.c.workspace_id == _bind(tasks.c.workspace_id)]
    states = [sa.bindparam(name, type_=sa.Text) for name, _ in shape if name.startswith("among_")]
    if states:
        found.append(tasks.c.state == states[0] if len(states) == 1 else tasks.c.state.in_(states))
    for name, kind in shape:
        if name in _PLAIN or name == "priority":
            found.append(tasks.c[name].is_(None) if kind == "none" else tasks.c[name] == _bind(tasks.c[name]))
        elif name in _TRUTHS:
            condition = _truth(name)
            found.append(condition if kind == "True" else ~condition)
        elif name == "watcher_id":
            watched = sa.select(task_watchers.c.task_id).where(
                task_watchers.c.workspace_id == _bind(tasks.c.workspace_id),
                task_watchers.c.member_id == sa.bindparam("watcher_id"),
            )
            found.append(tasks.c.id.in_(watched))
        elif name == "label":
            item = _items(tasks.c.labels).table_valued("value")
            found.append(sa.exists().select_from(item).where(item.c.value == sa.bindparam("label")))
        elif name == "done_since":
            since = sa.bindparam("done_since", type_=sa.BigInteger)
            found.append(sa.and_(tasks.c.state == TaskState.DONE.value, tasks.c.state_since >= since))
        elif name == "q":
            found.append(_words(kind))
    return found


def _truth(name: str) -> sa.ColumnElement[bool]:
    is_open = tasks.c.state.not_in([state.value for state in CLOSED])
    if name == "blocked":
        return sa.and_(is_open, is_blocked(tasks, tasks))
    if name == "overdue":
        return sa.and_(tasks.c.due_order < sa.bindparam("now", type_=sa.BigInteger), is_open)
    return tasks.c.held


def _words(kind: str) -> sa.ColumnElement[bool]:
    what, _, store = kind.partition(" ")
    if what == "number":
        return tasks.c.number == _bind(tasks.c.number)
    if what == "nothing":
        return sa.false()
    ids = texts.matching(is_sqlite=store == "sqlite")
    # As an array PostgreSQL looks the words up once; joined, it may do so for every task.
    return tasks.c.id.in_(ids) if store == "sqlite" else tasks.c.id == sa.any_(sa.func.array(ids.scalar_subquery()))


def _bind(column: sa.Column[Any]) -> sa.BindParameter[Any]:
    return sa.bindparam(column.name, type_=column.type)


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
