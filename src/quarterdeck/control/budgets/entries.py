"""Every budget as gateways hold it: the rows, and what tasks that are worked on may cost."""

from collections import defaultdict

import sqlalchemy as sa

from quarterdeck.access.budgets.model import DEFAULT_WARN, BudgetEntry, Mode, Window
from quarterdeck.access.scopes import Scope, ScopeKind
from quarterdeck.control import scopes
from quarterdeck.control.budgets import store
from quarterdeck.control.budgets.model import Budget
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction


async def entries_of(
    tx: Transaction, workspace_id: str | None = None, *, task_id: str | None = None, named: bool = True
) -> dict[str, list[BudgetEntry]]:
    """By workspace; of one, or of all. With `task_id`, without the budgets of other tasks. Not `named`: for sums alone,
    without the words that people are told."""
    rows: dict[str, list[Budget]] = defaultdict(list)
    for budget in await store.all_of(tx, workspace_id):
        rows[budget.workspace_id].append(budget)
    found: dict[str, list[BudgetEntry]] = defaultdict(list)
    for owner, some in rows.items():
        names = await scopes.shown(tx, owner, [budget.scope for budget in some]) if named else {}
        found[owner] = [budget.entry(names.get(budget.scope, "")) for budget in some]
    for owner, entry in await _of_tasks(tx, workspace_id, task_id):
        found[owner].append(entry)
    return found


async def _of_tasks(tx: Transaction, workspace_id: str | None, task_id: str | None) -> list[tuple[str, BudgetEntry]]:
    """A task with a budget of its own is a hard budget on it, while it is in progress."""
    query = sa.select(tasks.c.workspace_id, tasks.c.id, tasks.c.number, tasks.c.budget).where(
        tasks.c.state == TaskState.IN_PROGRESS.value, tasks.c.budget.is_not(None)
    )
    if workspace_id is not None:
        query = query.where(tasks.c.workspace_id == workspace_id)
    if task_id is not None:
        query = query.where(tasks.c.id == task_id)
    # Sorted here: asked to, SQLite would walk through all tasks by id instead of those that have a budget.
    rows = sorted((await tx.execute(query)).all(), key=lambda row: row.id)
    return [
        (
            owner,
            BudgetEntry(
                id=found_id,
                scope=Scope(ScopeKind.TASK.value, found_id),
                amount=amount,
                window=Window.TOTAL.value,
                mode=Mode.HARD.value,
                warn=list(DEFAULT_WARN),
                shown=f"T-{number}",
            ),
        )
        for owner, found_id, number, amount in rows
    ]
