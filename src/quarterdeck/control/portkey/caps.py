"""Portkey's `rate_limits` and `usage_limits` of a virtual key or an API key, as limits and budgets on it."""

import math
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from quarterdeck.access.budgets.model import Mode, Window
from quarterdeck.access.limits.model import Measure, Period
from quarterdeck.access.scopes import Scope
from quarterdeck.control.budgets import actions as budget_actions
from quarterdeck.control.budgets import store as budget_store
from quarterdeck.control.budgets.model import Budget
from quarterdeck.control.budgets.model import Wanted as WantedBudget
from quarterdeck.control.limits import actions as limit_actions
from quarterdeck.control.limits import store as limit_store
from quarterdeck.control.limits.model import Limit
from quarterdeck.control.limits.model import Wanted as WantedLimit
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.money import NANO, usd_to_nano

_PERIODS = {"rps": Period.SECOND, "rpm": Period.MINUTE, "rph": Period.HOUR, "rpd": Period.DAY}
_UNITS = {period: unit for unit, period in _PERIODS.items()}
_WINDOWS = {None: Window.TOTAL, "weekly": Window.WEEK, "monthly": Window.MONTH}
_RESETS = {window: reset for reset, window in _WINDOWS.items()}


class RateLimitIn(BaseModel):
    type: Literal["requests", "tokens"] = "requests"
    unit: Literal["rps", "rpm", "rph", "rpd", "rpw"]
    value: Annotated[int, Field(ge=1, le=10**12)]


class UsageLimitIn(BaseModel):
    credit_limit: Annotated[Decimal, Field(gt=0, le=10**9, description="Dollars.")]
    type: Literal["cost", "tokens"] = "cost"
    alert_threshold: Annotated[Decimal, Field(gt=0)] | None = None
    periodic_reset: Literal["weekly", "monthly"] | None = None
    periodic_reset_days: int | None = None


class CapsIn(BaseModel):
    """What is left out stays as it is."""

    rate_limits: Annotated[list[RateLimitIn], Field(max_length=20)] | None = None
    usage_limits: UsageLimitIn | Annotated[list[UsageLimitIn], Field(max_length=10)] | None = None


async def set_caps(tx: Transaction, workspace_id: str, scope: Scope, given: CapsIn, actor: str) -> None:
    """Make the limits and the hard budgets on this scope those that are given. Raises Invalid for what cannot be kept;
    Changed for what quarterdeck.toml declares otherwise."""
    if given.rate_limits is not None:
        await _set_limits(tx, workspace_id, scope, given.rate_limits, actor)
    if given.usage_limits is not None:
        usage = given.usage_limits
        await _set_budgets(tx, workspace_id, scope, usage if isinstance(usage, list) else [usage], actor)


async def clear_caps(tx: Transaction, workspace_id: str, scope: Scope, actor: str) -> None:
    """What they were on is no more."""
    for limit in await limits_on(tx, workspace_id, scope):
        if not limit.declared:
            await limit_actions.remove(tx, limit, actor=actor)
    for budget in await budgets_on(tx, workspace_id, scope):
        if not budget.declared:
            await budget_actions.remove(tx, budget, actor=actor)


async def shown_caps(tx: Transaction, workspace_id: str) -> dict[Scope, dict[str, Any]]:
    """By scope, in Portkey's words: what of limits and hard budgets can be said in them."""
    found: dict[Scope, dict[str, Any]] = {}
    for limit in await limit_store.all_of(tx, workspace_id):
        if limit.period is not None:
            said = {"type": limit.measure.value, "unit": _UNITS[limit.period], "value": limit.amount}
            found.setdefault(limit.scope, {}).setdefault("rate_limits", []).append(said)
    for budget in await budget_store.all_of(tx, workspace_id):
        if budget.mode is Mode.HARD and budget.window in _RESETS:
            found.setdefault(budget.scope, {})["usage_limits"] = {
                "credit_limit": budget.amount / NANO,
                "type": "cost",
                "alert_threshold": budget.amount * budget.warn[0] / 100 / NANO if budget.warn else None,
                "periodic_reset": _RESETS[budget.window],
            }
    return found


async def limits_on(tx: Transaction, workspace_id: str, scope: Scope) -> list[Limit]:
    return [
        limit
        for limit in await limit_store.all_of(tx, workspace_id)
        if limit.scope == scope and limit.measure is not Measure.CONCURRENT
    ]


async def budgets_on(tx: Transaction, workspace_id: str, scope: Scope) -> list[Budget]:
    return [
        budget
        for budget in await budget_store.all_of(tx, workspace_id)
        if budget.scope == scope and budget.mode is Mode.HARD and budget.window in _RESETS
    ]


async def _set_limits(tx: Transaction, workspace_id: str, scope: Scope, given: list[RateLimitIn], actor: str) -> None:
    wanted: dict[tuple[Measure, Period | None], WantedLimit] = {}
    for each in given:
        period = _PERIODS.get(each.unit)
        if period is None:
            raise Invalid("limits per week are not kept here; say rpd, per day.", field="rate_limits")
        measure = Measure(each.type)
        wanted[measure, period] = WantedLimit(scope, measure, each.value, period, max_wait_ms=0)
    for limit in await limits_on(tx, workspace_id, scope):
        want = wanted.pop((limit.measure, limit.period), None)
        if want is None:
            await limit_actions.remove(tx, limit, actor=actor)
        elif want.amount != limit.amount:
            await limit_actions.change(tx, limit, want, actor=actor)
    for want in wanted.values():
        await limit_actions.add(tx, workspace_id, want, actor=actor)


async def _set_budgets(tx: Transaction, workspace_id: str, scope: Scope, given: list[UsageLimitIn], actor: str) -> None:
    wanted: dict[Window, WantedBudget] = {}
    for each in given:
        if each.type == "tokens":
            raise Invalid("usage is capped by cost here; for tokens give rate_limits.", field="usage_limits.type")
        if each.periodic_reset_days is not None:
            raise Invalid("say periodic_reset weekly or monthly.", field="usage_limits.periodic_reset_days")
        window = _WINDOWS[each.periodic_reset]
        warn: tuple[int, ...] = (100,)
        if each.alert_threshold is not None:
            percent = min(100, max(1, math.ceil(each.alert_threshold * 100 / each.credit_limit)))
            warn = tuple(sorted({percent, 100}))
        wanted[window] = WantedBudget(scope, usd_to_nano(each.credit_limit), window, Mode.HARD, warn)
    for budget in await budgets_on(tx, workspace_id, scope):
        want = wanted.pop(budget.window, None)
        if want is None:
            await budget_actions.remove(tx, budget, actor=actor)
        elif (want.amount, want.warn) != (budget.amount, budget.warn):
            await budget_actions.change(tx, budget, want, actor=actor)
    for want in wanted.values():
        await budget_actions.add(tx, workspace_id, want, actor=actor)
