"""All SQL of budgets' rows and marks."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from quarterdeck.access.budgets.model import Ceiling, Mode, Window
from quarterdeck.access.budgets.tables import budget_marks, budgets
from quarterdeck.access.scopes import Scope
from quarterdeck.control.budgets.model import Budget
from quarterdeck.db import Prepared, Transaction

STOPPED = 0
"""The mark of a stop; other marks are levels in percent."""


async def insert(tx: Transaction, workspace_id: str, budget_id: str, values: Mapping[str, Any]) -> None:
    await tx.execute(
        budgets.insert().values(workspace_id=workspace_id, id=budget_id, created_at=tx.now, version=1, **values)
    )


async def update(tx: Transaction, budget: Budget, values: Mapping[str, Any]) -> Budget | None:
    """Write `values` if the row is still at the version of `budget`; None when it is not."""
    row = await tx.row(
        budgets.update()
        .where(_is(budget.workspace_id, budget.id), budgets.c.version == budget.version)
        .values(**values, version=budgets.c.version + 1)
        .returning(budgets)
    )
    return None if row is None else _budget(row)


async def delete(tx: Transaction, budget: Budget) -> bool:
    await forget_marks(tx, budget.workspace_id, budget.id)
    return await tx.changed(
        budgets.delete().where(_is(budget.workspace_id, budget.id), budgets.c.version == budget.version)
    )


async def find(tx: Transaction, workspace_id: str, budget_id: str) -> Budget | None:
    row = await tx.row(sa.select(budgets).where(_is(workspace_id, budget_id)))
    return None if row is None else _budget(row)


async def same(tx: Transaction, workspace_id: str, scope: Scope, window: Window, mode: Mode) -> Budget | None:
    """The budget on the same scope, window and mode: there is at most one."""
    row = await tx.row(
        sa.select(budgets).where(
            budgets.c.workspace_id == workspace_id,
            budgets.c.scope_kind == str(scope.kind),
            budgets.c.scope_value == scope.value,
            budgets.c.window_kind == window.value,
            budgets.c.mode == mode.value,
        )
    )
    return None if row is None else _budget(row)


_EACH = sa.select(budgets).order_by(budgets.c.workspace_id, budgets.c.id)
_ALL, _ALL_THERE = Prepared(_EACH), Prepared(_EACH.where(budgets.c.workspace_id == sa.bindparam("workspace_id")))


async def all_of(tx: Transaction, workspace_id: str | None = None) -> list[Budget]:
    """Every budget, oldest first; of one workspace, or of all."""
    if workspace_id is None:
        return [_budget(row) for row in await tx.fetch_named(_ALL)]
    return [_budget(row) for row in await tx.fetch_named(_ALL_THERE, workspace_id=workspace_id)]


async def marked(tx: Transaction) -> set[tuple[str, str, str, int]]:
    """What has been told: budget, value, window, level."""
    rows = await tx.rows(sa.select(budget_marks))
    return {(row["budget_id"], row["value"], row["window_key"], row["level"]) for row in rows}


async def mark(tx: Transaction, workspace_id: str, budget_id: str, value: str, window: str, level: int) -> bool:
    """Whether this is told for the first time."""
    statement = sa.text(
        "INSERT INTO budget_marks (workspace_id, budget_id, value, window_key, level, at)"
        " VALUES (:workspace_id, :budget_id, :value, :window, :level, :at) ON CONFLICT DO NOTHING"
    ).bindparams(workspace_id=workspace_id, budget_id=budget_id, value=value, window=window, level=level, at=tx.now)
    return await tx.changed(statement)


async def forget_marks(tx: Transaction, workspace_id: str, budget_id: str) -> None:
    """The budget has changed: what it stands at is told anew. A task's own budget has the task's id."""
    await tx.execute(
        budget_marks.delete().where(budget_marks.c.workspace_id == workspace_id, budget_marks.c.budget_id == budget_id)
    )


async def forget_marks_before(tx: Transaction, instant: int, total_ids: Collection[str]) -> int:
    """Forget marks made before an instant, apart from those of budgets whose window never ends."""
    return (
        await tx.execute(
            budget_marks.delete().where(budget_marks.c.at < instant, budget_marks.c.budget_id.not_in(sorted(total_ids)))
        )
    ).rowcount


def _is(workspace_id: str, budget_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(budgets.c.workspace_id == workspace_id, budgets.c.id == budget_id)


def _budget(row: Mapping[str, Any] | sa.RowMapping) -> Budget:
    ceiling = row["ceiling"]
    return Budget(
        id=row["id"],
        workspace_id=row["workspace_id"],
        scope=Scope(row["scope_kind"], row["scope_value"]),
        amount=row["amount"],
        window=Window(row["window_kind"]),
        mode=Mode(row["mode"]),
        warn=tuple(row["warn"]),
        ceiling=None if ceiling is None else msgspec.convert(ceiling, Ceiling),
        assumed_output=row["assumed_output"],
        declared=row["declared"],
        created_by=row["created_by"],
        created_at=row["created_at"],
        version=row["version"],
    )
