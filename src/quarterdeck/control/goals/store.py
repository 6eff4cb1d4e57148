"""All SQL of goals themselves. How their tasks stand: :mod:`standing`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.goals.model import Goal
from quarterdeck.control.goals.tables import goals
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.db import named as named_rows
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

_WHAT = "a goal"


@dataclass(frozen=True, slots=True)
class GoalFilter:
    """Which goals. None means all."""

    q: str | None = None
    """A part of the name."""
    project_id: str | None = None
    accountable_id: str | None = None
    serving_project_id: str | None = None
    """Belonging to this project, or served by a task of it."""


async def insert(tx: Transaction, goal: Goal) -> None:
    """Raises Changed `name_taken`."""
    await named_rows.insert(tx, goals, {name: getattr(goal, name) for name in Goal.__slots__}, _WHAT)


async def update(tx: Transaction, goal: Goal, values: Mapping[str, Any]) -> Goal:
    """Write `values` if the row is still at the version of `goal`. Raises Changed, also `name_taken`."""
    return _goal(await named_rows.update(tx, goals, goal, values, _WHAT))


async def delete(tx: Transaction, goal: Goal) -> bool:
    return await tx.changed(goals.delete().where(_is(goal.workspace_id, goal.id)))


async def find(tx: Transaction, workspace_id: str, goal_id: str) -> Goal | None:
    if not storable(goal_id):
        return None
    row = await tx.row(sa.select(goals).where(_is(workspace_id, goal_id)))
    return None if row is None else _goal(row)


async def lock(tx: Transaction, workspace_id: str, goal_id: str, *, shared: bool = False) -> Goal | None:
    """The goal, held until the transaction ends; `shared`: it only stays, and others may hold it so too."""
    if not storable(goal_id):
        return None
    query = sa.select(goals).where(_is(workspace_id, goal_id))
    row = await tx.row(query.with_for_update(read=shared, key_share=shared))
    return None if row is None else _goal(row)


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Goal | None:
    """The goal of that name, however it is written."""
    row = await tx.row(
        sa.select(goals).where(goals.c.workspace_id == workspace_id, goals.c.name_key == comparable(name))
    )
    return None if row is None else _goal(row)


async def leave_project(tx: Transaction, workspace_id: str, project_id: str) -> None:
    """Take its goals out of a project that is to go."""
    await tx.execute(
        goals.update()
        .where(goals.c.workspace_id == workspace_id, goals.c.project_id == project_id)
        .values(project_id=None, updated_at=tx.now, version=goals.c.version + 1)
    )


named = named_rows.names_of(goals)


async def page(
    tx: Transaction, workspace_id: str, which: GoalFilter, *, limit: int, after: str | None = None
) -> Page[Goal]:
    """By name. `after` is the id that the page before ended with."""
    query = sa.select(goals).where(goals.c.workspace_id == workspace_id)
    if which.q is not None and comparable(which.q):
        query = query.where(goals.c.name_key.contains(comparable(which.q), autoescape=True))
    if which.project_id is not None:
        query = query.where(goals.c.project_id == which.project_id)
    if which.accountable_id is not None:
        query = query.where(goals.c.accountable_id == which.accountable_id)
    if which.serving_project_id is not None:
        served = sa.select(tasks.c.goal_id).where(
            tasks.c.workspace_id == workspace_id, tasks.c.project_id == which.serving_project_id
        )
        query = query.where(sa.or_(goals.c.project_id == which.serving_project_id, goals.c.id.in_(served)))
    return await named_rows.page(tx, goals, workspace_id, query, _goal, limit=limit, after=after)


def _is(workspace_id: str, goal_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(goals.c.workspace_id == workspace_id, goals.c.id == goal_id)


def _goal(row: sa.RowMapping) -> Goal:
    return Goal(**{name: row[name] for name in Goal.__slots__})
