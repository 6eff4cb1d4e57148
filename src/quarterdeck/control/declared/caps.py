"""Budgets and limits in the file: reading them, and making them so."""

from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from quarterdeck.access.budgets.model import (
    ASSUMED_OUTPUT,
    DEFAULT_WARN,
    MAX_AMOUNT,
    MAX_ASSUMED_OUTPUT,
    Ceiling,
    Mode,
    Window,
)
from quarterdeck.access.budgets.model import SCOPES as BUDGET_SCOPES
from quarterdeck.access.limits.model import MAX_COUNT, MAX_WAIT_MS, MAX_WEIGHT, Measure, Period
from quarterdeck.access.limits.model import SCOPES as LIMIT_SCOPES
from quarterdeck.access.scopes import Scope, parse_scope
from quarterdeck.control import scopes
from quarterdeck.control.budgets import actions as budget_actions
from quarterdeck.control.budgets import store as budgets
from quarterdeck.control.budgets.model import Budget
from quarterdeck.control.budgets.model import Wanted as WantedBudget
from quarterdeck.control.declared.applying import Applying
from quarterdeck.control.declared.fields import Table
from quarterdeck.control.declared.model import DeclaredBudget, DeclaredLimit
from quarterdeck.control.limits import actions as limit_actions
from quarterdeck.control.limits import store as limits
from quarterdeck.control.limits.model import Limit
from quarterdeck.control.limits.model import Wanted as WantedLimit
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.money import usd_to_nano


def a_budget(table: Table) -> DeclaredBudget | None:
    """None when it cannot be; what is wrong has been noted."""
    scope, amount = table.required("scope"), _usd(table, "usd")
    window, mode = table.one_of("window", list(Window)), table.one_of("mode", list(Mode))
    wanted = WantedBudget(
        scope=Scope("workspace"),
        amount=amount or 0,
        window=Window(window or Window.TOTAL),
        mode=Mode(mode or Mode.HARD),
        warn=_levels(table),
        ceiling=_ceiling(table),
        assumed_output=table.whole("assumed_output_tokens", 1, MAX_ASSUMED_OUTPUT) or ASSUMED_OUTPUT,
    )
    if amount is None and "usd" not in table.names():
        table.problems.add(table.where, "needs usd = an amount, such as 5.0")
    if window is None and "window" not in table.names():
        table.problems.add(table.where, f"needs window = one of {', '.join(Window)}")
    table.done()
    return DeclaredBudget(table.where, scope, wanted) if scope and _is_sound(table, wanted, scope) else None


def a_limit(table: Table) -> DeclaredLimit | None:
    """None when it cannot be; what is wrong has been noted."""
    scope = table.required("scope")
    measures = [measure for measure in Measure if measure in table.names()]
    amounts = {measure: table.whole(measure, 1, MAX_COUNT) for measure in Measure}
    per = table.one_of("per", list(Period))
    burst, wait = table.whole("burst", 1, MAX_COUNT), table.whole("max_wait_ms", 0, MAX_WAIT_MS)
    weights = _weights(table)
    table.done()
    if len(measures) != 1:
        table.problems.add(table.where, "needs exactly one of requests, tokens and concurrent = a whole number")
        return None
    (measure,) = measures
    wanted = WantedLimit(
        Scope("workspace"), measure, amounts[measure] or 1, Period(per) if per else None, burst, wait, weights
    )
    return DeclaredLimit(table.where, scope, wanted) if scope and _is_sound(table, wanted, scope) else None


async def apply_budgets(on: Applying, declared: list[DeclaredBudget]) -> None:
    """Make the declared budgets so; one the file names no more is removed."""
    kept: set[str] = set()
    for each in declared:
        with on.at(each.where):
            scope = await scopes.resolved(on.tx, on.workspace_id, each.scope, BUDGET_SCOPES)
            kept.add((await _apply_budget(on, each.scope, replace(each.wanted, scope=scope))).id)
    for budget in await budgets.all_of(on.tx, on.workspace_id):
        if budget.declared and budget.id not in kept:
            await budgets.delete(on.tx, budget)
            await budget_actions.tell(on.tx, budget, "removed", None)
            names = await scopes.shown(on.tx, on.workspace_id, [budget.scope])
            on.note("removed", f"budget of {names[budget.scope]} per {budget.window}")


async def apply_limits(on: Applying, declared: list[DeclaredLimit]) -> None:
    """The same for limits."""
    kept: set[str] = set()
    for each in declared:
        with on.at(each.where):
            scope = await scopes.resolved(on.tx, on.workspace_id, each.scope, LIMIT_SCOPES)
            weights = await limit_actions.weights_by_id(on.tx, on.workspace_id, each.wanted.weights)
            kept.add((await _apply_limit(on, each.scope, replace(each.wanted, scope=scope, weights=weights))).id)
    for limit in await limits.all_of(on.tx, on.workspace_id):
        if limit.declared and limit.id not in kept:
            await limits.delete(on.tx, limit)
            await limit_actions.tell(on.tx, limit, "removed", None)
            names = await scopes.shown(on.tx, on.workspace_id, [limit.scope])
            on.note("removed", f"limit of {names[limit.scope]} on {limit.measure}")


async def _apply_budget(on: Applying, written: str, wanted: WantedBudget) -> Budget:
    what = f"budget of {written} per {wanted.window}"
    values = {**wanted.checked(), "declared": True}
    found = await budgets.same(on.tx, on.workspace_id, wanted.scope, wanted.window, wanted.mode)
    if found is None:
        on.note("added", what)
        return await budget_actions.add(on.tx, on.workspace_id, wanted, declared=True)
    if found.wanted == wanted and found.declared:
        return found
    fresh = await budgets.update(on.tx, found, values) or found
    await budgets.forget_marks(on.tx, fresh.workspace_id, fresh.id)
    await budget_actions.tell(on.tx, fresh, "changed", None)
    on.note("changed", what)
    return fresh


async def _apply_limit(on: Applying, written: str, wanted: WantedLimit) -> Limit:
    what = f"limit of {written} on {wanted.measure}"
    values = {**wanted.checked(), "declared": True}
    found = await limits.same(on.tx, on.workspace_id, wanted.scope, wanted.measure, wanted.period)
    if found is None:
        on.note("added", what)
        return await limit_actions.add(on.tx, on.workspace_id, wanted, declared=True)
    same = (found.amount, found.burst, found.max_wait_ms, found.weights) == tuple(
        values[name] for name in ("amount", "burst", "max_wait_ms", "weights")
    )
    if same and found.declared:
        return found
    fresh = await limits.update(on.tx, found, values) or found
    await limit_actions.tell(on.tx, fresh, "changed", None)
    on.note("changed", what)
    return fresh


def _is_sound(table: Table, wanted: WantedBudget | WantedLimit, scope: str) -> bool:
    kinds = BUDGET_SCOPES if isinstance(wanted, WantedBudget) else LIMIT_SCOPES
    try:
        replace(wanted, scope=parse_scope(scope, kinds)).checked()
    except Invalid as error:
        table.wrong(str(error.extra.get("field", "scope")), error.message)
        return False
    return True


def _usd(table: Table, name: str) -> int | None:
    """Nano-dollars. TOML's floats are binary, but what is written with nine decimals or fewer comes out exactly."""
    value: Any = table.anything(name)
    if value is None:
        return None
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            amount = Decimal(str(value))
            if amount.is_finite() and 0 <= amount * 10**9 <= MAX_AMOUNT:
                return usd_to_nano(amount)
        except (InvalidOperation, ValueError):
            pass
    table.wrong(name, 'expected dollars with at most nine decimals, such as 5.0 or "0.25"')
    return None


def _levels(table: Table) -> tuple[int, ...]:
    value: Any = table.anything("warn")
    if value is None:
        return DEFAULT_WARN
    if isinstance(value, list) and all(type(level) is int for level in value):
        return tuple(sorted(set(value)))
    table.wrong("warn", "expected a list of percents such as [50, 80]")
    return DEFAULT_WARN


def _ceiling(table: Table) -> Ceiling | None:
    inner = table.table("ceiling")
    if inner is None:
        return None
    found = Ceiling(
        _usd(inner, "input_per_mtok") or 0,
        _usd(inner, "output_per_mtok") or 0,
        (_usd(inner, "per_request") or 0) * 1_000_000,
    )
    inner.done()
    return found


def _weights(table: Table) -> dict[str, int]:
    inner = table.table("weights")
    if inner is None:
        return {}
    found = {name: inner.whole(name, 1, MAX_WEIGHT) for name in inner.names()}
    inner.done()
    return {name: weight for name, weight in found.items() if weight is not None}
