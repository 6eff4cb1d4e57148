"""Verbs on budgets: add, change, remove; and what is told when one is reached."""

from dataclasses import replace
from typing import Any

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry, Mode
from quarterdeck.access.scopes import Scope
from quarterdeck.control import scopes
from quarterdeck.control.budgets import store
from quarterdeck.control.budgets.model import Budget, Wanted
from quarterdeck.db import Transaction
from quarterdeck.db.named import changed, must_be_open
from quarterdeck.kernel.errors import Changed, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id


async def add(
    tx: Transaction, workspace_id: str, wanted: Wanted, *, declared: bool = False, actor: str | None = None
) -> Budget:
    """Raises Invalid; Changed `budget_exists` when the scope has one for this window and mode."""
    values = wanted.checked()
    if await store.same(tx, workspace_id, wanted.scope, wanted.window, wanted.mode) is not None:
        raise Changed(
            "There is a budget on this scope for this window and mode already; change that one.", code="budget_exists"
        )
    budget_id = new_id("bud")
    await store.insert(tx, workspace_id, budget_id, {**values, "declared": declared, "created_by": actor})
    budget = await get(tx, workspace_id, budget_id)
    await tell(tx, budget, "added", actor)
    return budget


async def change(
    tx: Transaction, budget: Budget, wanted: Wanted, *, version: int | None = None, actor: str | None = None
) -> Budget:
    """Make it as wanted; its scope and window stay. From the next call on that is what holds.

    Raises Invalid; Changed when it is declared, no longer at `version`, or another one is like it.
    """
    must_be_open(budget, version)
    values = replace(wanted, scope=budget.scope, window=budget.window).checked()
    if wanted.mode is not budget.mode:
        other = await store.same(tx, budget.workspace_id, budget.scope, budget.window, wanted.mode)
        if other is not None:
            raise Changed("There is such a budget in that mode already; change that one.", code="budget_exists")
    fresh = await store.update(tx, budget, values)
    if fresh is None:
        raise changed(budget)
    await store.forget_marks(tx, fresh.workspace_id, fresh.id)
    await tell(tx, fresh, "changed", actor)
    return fresh


async def remove(tx: Transaction, budget: Budget, *, version: int | None = None, actor: str | None = None) -> None:
    """Raises Changed when it is declared or no longer at `version`."""
    must_be_open(budget, version)
    if not await store.delete(tx, budget):
        raise changed(budget)
    await tell(tx, budget, "removed", actor)


async def get(tx: Transaction, workspace_id: str, budget_id: str) -> Budget:
    """Raises NotFound."""
    budget = await store.find(tx, workspace_id, budget_id)
    if budget is None:
        raise NotFound("There is no such budget in this workspace.")
    return budget


async def tell(tx: Transaction, budget: Budget, what: str, actor: str | None) -> None:
    data: dict[str, Any] = {"what": what, "scope": str(budget.scope), "amount_nano": budget.amount}
    await tx.emit(Event(budget.workspace_id, "budget.changed", budget.id, data, actor))


async def tell_level(tx: Transaction, workspace_id: str, entry: BudgetEntry, row: wire.SpentRow, level: int) -> None:
    """A window has reached a warn level; told once. The highest of several reached at once is enough."""
    reached = [each for each in entry.warn if each <= level]
    fresh = [each for each in reached if await store.mark(tx, workspace_id, entry.id, row.value, row.window, each)]
    if level in fresh:
        of = await _of(tx, workspace_id, entry, row.value, row.window)
        data = {**of, "level": level, "spent_nano": row.amount}
        await tx.emit(Event(workspace_id, "budget.warned", entry.id, data))


async def tell_stop(tx: Transaction, entry: BudgetEntry, stop: wire.Stop) -> None:
    """A call was stopped, or in mode shadow would have been; told once for each window."""
    if await store.mark(tx, stop.workspace_id, stop.budget_id, stop.value, stop.window, store.STOPPED):
        who = {"agent_id": stop.agent_id, "task_id": stop.task_id, "run_id": stop.run_id}
        kind = "budget.would_stop" if stop.mode == Mode.SHADOW else "budget.stopped"
        of = await _of(tx, stop.workspace_id, entry, stop.value, stop.window)
        await tx.emit(Event(stop.workspace_id, kind, stop.budget_id, {**of, **who}))


async def _of(tx: Transaction, workspace_id: str, entry: BudgetEntry, value: str, window: str) -> dict[str, Any]:
    """`shown` says in plain words whose budget it is; of one that counts each apart, which one."""
    whose = Scope(entry.scope.kind, value) if entry.scope.each else entry.scope
    return {
        "scope": str(entry.scope),
        "shown": await scopes.in_words(tx, workspace_id, whose),
        "value": value,
        "window": entry.window,
        "window_key": window,
        "mode": entry.mode,
        "amount_nano": entry.amount,
    }
