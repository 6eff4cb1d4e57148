"""Verbs on goals. They stand below tasks' verbs, which ask whether a goal is there."""

from typing import Any

from quarterdeck.control.agents import people
from quarterdeck.control.goals import standing, store
from quarterdeck.control.goals.model import NAME_LENGTH, STATEMENT_LENGTH, Goal, GoalChange
from quarterdeck.control.projects import store as projects
from quarterdeck.db import Transaction
from quarterdeck.db.named import must_be_at
from quarterdeck.kernel.errors import NotFound, names_nothing
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name, a_text


async def create(
    tx: Transaction,
    workspace_id: str,
    *,
    name: str,
    accountable_id: str,
    statement: str = "",
    project_id: str | None = None,
    due_at: int | None = None,
    actor: str | None = None,
) -> Goal:
    """Add a goal and tell `goal.created`. Raises Invalid; Changed `name_taken`."""
    await _must_be_sound(tx, workspace_id, project_id, accountable_id)
    goal = Goal(
        id=new_id("gol"),
        workspace_id=workspace_id,
        name=a_name(name, "name", NAME_LENGTH),
        statement=a_text(statement, "statement", STATEMENT_LENGTH),
        project_id=project_id,
        accountable_id=accountable_id,
        due_at=due_at,
        created_by=actor,
        created_at=tx.now,
        updated_at=tx.now,
        version=1,
    )
    await store.insert(tx, goal)
    await _tell(tx, "goal.created", goal, actor)
    return goal


async def change(
    tx: Transaction,
    workspace_id: str,
    goal_id: str,
    change: GoalChange,
    *,
    version: int | None = None,
    actor: str | None = None,
) -> Goal:
    """Write what differs and tell `goal.changed`; nothing differs, nothing is written.

    Raises NotFound; Invalid; Changed when `version` is not the row's any more, `name_taken`.
    """
    goal = await _at(tx, workspace_id, goal_id, version)
    await _must_be_sound(tx, workspace_id, change.project_id, change.accountable_id)
    values: dict[str, Any] = {}
    if change.name is not None:
        values["name"] = a_name(change.name, "name", NAME_LENGTH)
    if change.statement is not None:
        values["statement"] = a_text(change.statement, "statement", STATEMENT_LENGTH)
    if change.project_id is not None or change.no_project:
        values["project_id"] = change.project_id
    if change.accountable_id is not None:
        values["accountable_id"] = change.accountable_id
    if change.due_at is not None or change.never_due:
        values["due_at"] = change.due_at
    differing = {field: value for field, value in values.items() if getattr(goal, field) != value}
    if not differing:
        return goal
    fresh = await store.update(tx, goal, differing)
    await _tell(tx, "goal.changed", fresh, actor, {"fields": sorted(differing)})
    return fresh


async def delete(
    tx: Transaction, workspace_id: str, goal_id: str, *, version: int | None = None, actor: str | None = None
) -> None:
    """Forget a goal; its tasks stay, without it. Raises NotFound; Changed when `version` is not the row's any more."""
    goal = await _at(tx, workspace_id, goal_id, version)
    tasks = await standing.let_go(tx, workspace_id, goal.id)
    await store.delete(tx, goal)
    await _tell(tx, "goal.deleted", goal, actor, {"tasks": tasks})


async def get(tx: Transaction, workspace_id: str, goal_id: str) -> Goal:
    """Raises NotFound."""
    goal = await store.find(tx, workspace_id, goal_id)
    if goal is None:
        raise _unknown()
    return goal


async def for_work(tx: Transaction, workspace_id: str, goal_id: str) -> Goal:
    """The goal that a task is to serve, which stays until the transaction ends. Raises Invalid naming goal_id.

    Whoever also locks the task comes here first.
    """
    goal = await store.lock(tx, workspace_id, goal_id, shared=True)
    if goal is None:
        raise names_nothing("goal_id", "goal")
    return goal


async def _at(tx: Transaction, workspace_id: str, goal_id: str, version: int | None) -> Goal:
    goal = await store.lock(tx, workspace_id, goal_id)
    if goal is None:
        raise _unknown()
    must_be_at(goal, version)
    return goal


async def _must_be_sound(
    tx: Transaction, workspace_id: str, project_id: str | None, accountable_id: str | None
) -> None:
    if project_id is not None and await projects.find(tx, workspace_id, project_id) is None:
        raise names_nothing("project_id", "project")
    if accountable_id is not None:
        await people.must_exist(tx, workspace_id, accountable_id, "accountable_id")


async def _tell(tx: Transaction, kind: str, goal: Goal, actor: str | None, data: dict[str, Any] | None = None) -> None:
    common = {"name": goal.name, "project_id": goal.project_id}
    await tx.emit(Event(goal.workspace_id, kind, goal.id, {**common, **(data or {})}, actor))


def _unknown() -> NotFound:
    return NotFound("There is no such goal in this workspace.")
