"""All SQL of single tasks: writing them, locking them, the tree they stand in. Claiming them: :mod:`claiming`."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks import texts
from quarterdeck.control.tasks.model import BRIEF_IN_LISTS, CLOSED, MAX_DEPTH, Criterion, Priority, Task, TaskState
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.tasks.tables import NEVER_DUE, task_numbers, task_watchers, tasks
from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.text import storable

_CHUNK = 500
"""How many ids one statement names: SQLite has a limit on parameters."""
_WHOLE = list(tasks.c)
_FIELDS = tuple(name for name in Task.__struct_fields__ if name != "brief_cut")
_NAMES = tuple("due_order" if name == "due_at" else name for name in _FIELDS)
"""The columns that hold them."""
_AT = {name: at for at, name in enumerate(_FIELDS)}
_ACCEPTANCE, _STATE, _PRIORITY, _LABELS, _DUE_AT, _REVIEW = (
    _AT[name] for name in ("acceptance", "state", "priority", "labels", "due_at", "review")
)
_STATES = {state.value: state for state in TaskState}
_PRIORITIES = {priority.value: priority for priority in Priority}
_policy = lru_cache(maxsize=1_000)(ReviewPolicy)
_WORKSPACE: sa.BindParameter[str] = sa.bindparam("workspace_id")


def in_lists(brief: int = BRIEF_IN_LISTS) -> list[Any]:
    """The columns of a task as lists show it, in the order of :class:`Task`: with the beginning of its brief."""
    # Part of the text, for it never differs; SQLite would not keep the statement otherwise.
    most = sa.literal_column(str(brief), sa.Integer)
    columns: list[Any] = [tasks.c[name] for name in _NAMES]
    columns[_NAMES.index("brief")] = sa.func.substr(tasks.c.brief, 1, most).label("brief")
    return [*columns, (sa.func.length(tasks.c.brief) > most).label("brief_cut")]


_ONE = sa.select(*[tasks.c[name] for name in _NAMES]).where(
    tasks.c.workspace_id == _WORKSPACE, tasks.c.id == sa.bindparam("id")
)
_FIND, _LOCK = Prepared(_ONE), Prepared(_ONE.with_for_update(key_share=True))
_CALLED = Prepared(
    sa.select(tasks.c.id, tasks.c.number, tasks.c.title).where(
        tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.id, "ids")
    )
)
_BRIEFLY = Prepared(
    sa.select(tasks.c.id, tasks.c.number, tasks.c.project_id).where(
        tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.id, "ids")
    )
)
_BUDGETS = Prepared(
    sa.select(tasks.c.id, tasks.c.budget).where(
        tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.id, "ids"), tasks.c.budget.is_not(None)
    )
)
_SUBTASKS = Prepared(
    sa.select(
        tasks.c.parent_id,
        sa.func.count(),
        sa.func.sum(sa.case((tasks.c.state.in_([state.value for state in CLOSED]), 1), else_=0)),
    )
    .where(tasks.c.workspace_id == _WORKSPACE, one_of(tasks.c.parent_id, "ids"))
    .group_by(tasks.c.parent_id)
)
_WATCHERS = Prepared(
    sa.select(task_watchers.c.task_id, task_watchers.c.member_id)
    .where(task_watchers.c.workspace_id == _WORKSPACE, one_of(task_watchers.c.task_id, "ids"))
    .order_by(task_watchers.c.created_at, task_watchers.c.member_id)
)


async def insert(tx: Transaction, task: Task) -> None:
    """Add it; its number comes from :func:`next_number`."""
    await tx.execute(tasks.insert().values(_columns({name: getattr(task, name) for name in _FIELDS})))
    await texts.write(tx, task, new=True)


async def find(tx: Transaction, workspace_id: str, task_id: str) -> Task | None:
    if not storable(task_id):
        return None
    rows = await tx.fetch(_FIND, workspace_id=workspace_id, id=task_id)
    return task_from(rows[0]) if rows else None


async def by_number(tx: Transaction, workspace_id: str, number: int) -> Task | None:
    """The task that people call `T-<number>`."""
    row = await tx.row(sa.select(*_WHOLE).where(tasks.c.workspace_id == workspace_id, tasks.c.number == number))
    return None if row is None else task_of(row)


async def of_agent(
    tx: Transaction, workspace_id: str, agent_id: str, states: Collection[TaskState], *, limit: int
) -> list[Task]:
    """Tasks that are the agent's, and ready ones that it may claim: what it works on first, then most urgent first."""
    offered = sa.or_(tasks.c.squad_id.is_(None), tasks.c.squad_id.in_(squads.of_agent(workspace_id, agent_id)))
    unassigned = sa.and_(tasks.c.agent_id.is_(None), tasks.c.state == TaskState.READY.value, offered)
    rows = await tx.rows(
        sa.select(*in_lists())
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
    return [task_of(row) for row in rows]


async def lock(tx: Transaction, workspace_id: str, task_id: str) -> Task | None:
    """The task, held until the transaction ends. Whoever also touches its run locks the task first."""
    if not storable(task_id):
        return None
    rows = await tx.fetch(_LOCK, workspace_id=workspace_id, id=task_id)
    return task_from(rows[0]) if rows else None


async def update(tx: Transaction, task: Task, values: Mapping[str, Any]) -> Task | None:
    """Write fields of :class:`Task` if the row is still at the version of `task`; None when it is not."""
    written = _columns(values)
    row = await tx.row(
        tasks.update()
        .where(_is(task.workspace_id, task.id), tasks.c.version == task.version)
        .values(**written, updated_at=tx.now, version=tasks.c.version + 1)
        .returning(*_WHOLE)
    )
    if row is None:
        return None
    fresh = task_of(row)
    if not written.keys().isdisjoint(("title", "brief", "labels")):
        await texts.write(tx, fresh)
    return fresh


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A task as the tree of subtasks knows it. `depth` counts from where the look began."""

    id: str
    parent_id: str | None
    held: bool
    held_at: int | None
    run_id: str | None
    depth: int


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
    rows = await tx.fetch(_CALLED, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {task_id: TaskName(task_id, f"T-{number}", title) for task_id, number, title in rows}


async def next_number(tx: Transaction, workspace_id: str) -> int:
    """The workspace's next T-number.

    Two creators take turns at this row until they commit, so numbers have no holes and no twins, and what stands in the
    tree of tasks does not move while one is added to it. Always the first lock that is taken.
    """
    statement = sa.text(
        "INSERT INTO task_numbers (workspace_id, last) VALUES (:workspace_id, 1)"
        " ON CONFLICT (workspace_id) DO UPDATE SET last = task_numbers.last + 1 RETURNING last"
    )
    number: int = (await tx.execute(statement, {"workspace_id": workspace_id})).scalar_one()
    return number


async def lock_tree(tx: Transaction, workspace_id: str) -> None:
    """Hold who is whose parent until the transaction ends. Always the first lock that is taken."""
    await tx.row(sa.select(task_numbers.c.last).where(task_numbers.c.workspace_id == workspace_id).with_for_update())


async def subtree(tx: Transaction, workspace_id: str, task_id: str) -> list[TreeNode]:
    """A task and all below it, parents before children."""
    below = (
        sa.select(tasks.c.id, sa.literal(0).label("depth"))
        .where(_is(workspace_id, task_id))
        .cte("below", recursive=True)
    )
    below = below.union_all(
        sa.select(tasks.c.id, below.c.depth + 1).where(
            tasks.c.workspace_id == workspace_id, tasks.c.parent_id == below.c.id
        )
    )
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.parent_id, tasks.c.held, tasks.c.held_at, tasks.c.run_id, below.c.depth)
        .select_from(below.join(tasks, sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.id == below.c.id)))
        .order_by(below.c.depth, tasks.c.number)
    )
    return [TreeNode(**row) for row in rows]


async def above(tx: Transaction, workspace_id: str, task_id: str) -> list[str]:
    """Ids of the task's parent, its parent's parent and so on, nearest first."""
    found: list[str] = []
    here: str | None = task_id
    while here is not None and len(found) <= MAX_DEPTH + 1:
        here = await tx.scalar(sa.select(tasks.c.parent_id).where(_is(workspace_id, here)))
        if here is not None:
            found.append(here)
    return found


async def set_held(tx: Transaction, workspace_id: str, task_ids: Collection[str], held: bool) -> None:
    """Write whether a hold, their own or one above them, keeps these tasks from being claimed."""
    wanted = sorted(task_ids)
    for at in range(0, len(wanted), _CHUNK):
        await tx.execute(
            tasks.update()
            .where(tasks.c.workspace_id == workspace_id, tasks.c.id.in_(wanted[at : at + _CHUNK]))
            .values(held=held, updated_at=tx.now, version=tasks.c.version + 1)
        )


@dataclass(frozen=True, slots=True)
class Brief:
    """As much of a task as others refer to it by."""

    ref: str
    project_id: str | None


async def briefly(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, Brief]:
    """By id, however many."""
    if not task_ids:
        return {}
    rows = await tx.fetch(_BRIEFLY, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {task_id: Brief(f"T-{number}", project_id) for task_id, number, project_id in rows}


@dataclass(frozen=True, slots=True)
class SubtaskCount:
    total: int
    closed: int


async def subtasks_of(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, SubtaskCount]:
    """How many subtasks each of a page of tasks has, and how many of those are done or cancelled."""
    if not task_ids:
        return {}
    rows = await tx.fetch(_SUBTASKS, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {parent_id: SubtaskCount(int(total), int(closed)) for parent_id, total, closed in rows}


async def budgets_of(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, int]:
    """What each of these tasks may cost, in nano-dollars; those without a budget are left out."""
    if not task_ids:
        return {}
    rows = await tx.fetch(_BUDGETS, workspace_id=workspace_id, ids=sorted(set(task_ids)))
    return {task_id: int(budget) for task_id, budget in rows}


async def budgets_below(tx: Transaction, workspace_id: str, task_id: str) -> int:
    """What the task's own subtasks may cost together, in nano-dollars."""
    total: int = await tx.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(tasks.c.budget), 0)).where(
            tasks.c.workspace_id == workspace_id, tasks.c.parent_id == task_id
        )
    )
    return int(total)


async def made_by_run(tx: Transaction, workspace_id: str, run_id: str) -> int:
    """How many tasks a run has created."""
    found: int = await tx.scalar(
        sa.select(sa.func.count()).where(tasks.c.workspace_id == workspace_id, tasks.c.origin_run_id == run_id)
    )
    return found


async def watchers_of(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> dict[str, list[str]]:
    """Who watches each of a page of tasks, oldest watcher first."""
    found: dict[str, list[str]] = {task_id: [] for task_id in task_ids}
    if found:
        for task_id, member_id in await tx.fetch(_WATCHERS, workspace_id=workspace_id, ids=sorted(found)):
            found[task_id].append(member_id)
    return found


async def watch(tx: Transaction, workspace_id: str, task_id: str, member_id: str) -> bool:
    """Whether the member did not watch before."""
    statement = sa.text(
        "INSERT INTO task_watchers (workspace_id, task_id, member_id, created_at)"
        " VALUES (:workspace_id, :task_id, :member_id, :now) ON CONFLICT DO NOTHING"
    )
    values = {"workspace_id": workspace_id, "task_id": task_id, "member_id": member_id, "now": tx.now}
    return (await tx.execute(statement, values)).rowcount > 0


async def unwatch(tx: Transaction, workspace_id: str, task_id: str, member_id: str) -> bool:
    """Whether the member did watch."""
    return await tx.changed(
        task_watchers.delete().where(
            task_watchers.c.workspace_id == workspace_id,
            task_watchers.c.task_id == task_id,
            task_watchers.c.member_id == member_id,
        )
    )


async def open_of_accountable(tx: Transaction, workspace_id: str, member_id: str) -> list[str]:
    """Ids of the open tasks that a member answers for, oldest first."""
    rows = await tx.rows(
        sa.select(tasks.c.id)
        .where(
            tasks.c.workspace_id == workspace_id,
            tasks.c.accountable_id == member_id,
            tasks.c.state.not_in([state.value for state in CLOSED]),
        )
        .order_by(tasks.c.number)
    )
    return [row["id"] for row in rows]


def _is(workspace_id: str, task_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.id == task_id)


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of :class:`Task` as the table holds them."""
    written = dict(values)
    if "due_at" in written:
        due_at = written.pop("due_at")
        written["due_order"] = NEVER_DUE if due_at is None else due_at
    if "acceptance" in written:
        written["acceptance"] = [
            {"text": one.text, "met": one.met, **({"deliverable": True} if one.deliverable else {})}
            for one in written["acceptance"]
        ]
    if "labels" in written:
        written["labels"] = list(written["labels"])
    if "priority" in written:
        written["priority"] = int(written["priority"])
    if "review" in written:
        written["review"] = written["review"].value
    if isinstance(written.get("state"), TaskState):
        written["state"] = written["state"].value
    return written


def task_of(row: sa.RowMapping) -> Task:
    return task_from([*(row[name] for name in _NAMES), row.get("brief_cut", False)])


def task_from(row: Sequence[Any]) -> Task:
    """From values in the order of :func:`in_lists`."""
    values = list(row)
    values[_ACCEPTANCE] = tuple(
        [Criterion(one["text"], one["met"], one.get("deliverable", False)) for one in values[_ACCEPTANCE]]
    )
    values[_STATE] = _STATES[values[_STATE]]
    values[_PRIORITY] = _PRIORITIES[values[_PRIORITY]]
    values[_LABELS] = tuple(values[_LABELS])
    if values[_DUE_AT] == NEVER_DUE:
        values[_DUE_AT] = None
    values[_REVIEW] = _policy(values[_REVIEW])
    return Task(*values)
