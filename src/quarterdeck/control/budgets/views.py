"""Budgets as the API shows them: with what is spent, held and left of each window."""

from collections.abc import Iterable

from pydantic import BaseModel, Field

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry, Mode, Window
from quarterdeck.access.budgets.windows import bounds
from quarterdeck.control import scopes
from quarterdeck.control.budgets.model import Budget
from quarterdeck.control.budgets.spending import spent_of
from quarterdeck.control.shapes import Instant, RequestBody, shown
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

MOST_WINDOWS = 100


class CeilingIO(RequestBody):
    """Nano-dollars per million tokens, and per call: what a model without a price counts as."""

    input_per_mtok_nano: int = Field(ge=0, le=10**15)
    output_per_mtok_nano: int = Field(ge=0, le=10**15)
    per_request_nano: int = Field(0, ge=0, le=10**15)


class WindowOut(BaseModel):
    """One window. `value` is empty, or the one that is counted for itself; `run_id` is set for budgets per run."""

    value: str
    run_id: str | None
    begins_at: Instant | None
    ends_at: Instant | None
    spent_nano: int
    held_nano: int
    """What calls in flight may still cost."""
    remaining_nano: int
    percent: int


class BudgetOut(BaseModel):
    """`windows` are those of now, most spent first, a hundred at the most."""

    id: str
    scope: str
    scope_kind: str
    scope_value: str
    amount_nano: int
    window: Window
    mode: Mode
    warn: list[int]
    ceiling: CeilingIO | None
    assumed_output_tokens: int
    declared: bool
    created_at: Instant
    version: int
    windows: list[WindowOut]


class BudgetsOut(BaseModel):
    items: list[BudgetOut]
    next: str | None


async def shown_budgets(
    tx: Transaction, workspace_id: str, budgets: list[Budget], live: Iterable[wire.BudgetState]
) -> list[BudgetOut]:
    """`live` is what gateways count, calls in flight included; without it, the account's word."""
    names = await scopes.shown(tx, workspace_id, [budget.scope for budget in budgets])
    entries = [budget.entry(names[budget.scope]) for budget in budgets]
    spent = {(row.budget_id, row.value, row.window): row.amount for row in await spent_of(tx, workspace_id, entries)}
    held: dict[tuple[str, str, str], int] = {}
    for state in live:
        key = (state.budget_id, state.value, state.window)
        spent[key] = max(spent.get(key, 0), state.spent)
        held[key] = held.get(key, 0) + state.held
    return [_out(budget, entry, spent, held, tx.now) for budget, entry in zip(budgets, entries, strict=True)]


def _out(
    budget: Budget,
    entry: BudgetEntry,
    spent: dict[tuple[str, str, str], int],
    held: dict[tuple[str, str, str], int],
    now: int,
) -> BudgetOut:
    begin, end = bounds(entry.window, now)
    per_run = budget.window is Window.RUN
    keys = {key for key in (*spent, *held) if key[0] == budget.id and (per_run or key[2] == str(begin))}
    if not per_run and not budget.scope.each:
        keys.add((budget.id, "", str(begin)))
    windows = [
        WindowOut(
            value=key[1],
            run_id=key[2] if per_run else None,
            begins_at=None if per_run or end is None else iso(begin),
            ends_at=shown(end),
            spent_nano=spent.get(key, 0),
            held_nano=held.get(key, 0),
            remaining_nano=max(0, budget.amount - spent.get(key, 0) - held.get(key, 0)),
            percent=spent.get(key, 0) * 100 // budget.amount if budget.amount else 100,
        )
        for key in keys
    ]
    windows.sort(key=lambda window: (-window.spent_nano, window.value, window.run_id or ""))
    ceiling = budget.ceiling
    return BudgetOut(
        id=budget.id,
        scope=entry.shown,
        scope_kind=budget.scope.kind,
        scope_value=budget.scope.value,
        amount_nano=budget.amount,
        window=budget.window,
        mode=budget.mode,
        warn=list(budget.warn),
        ceiling=None
        if ceiling is None
        else CeilingIO(
            input_per_mtok_nano=ceiling.input,
            output_per_mtok_nano=ceiling.output,
            per_request_nano=ceiling.request // 1_000_000,
        ),
        assumed_output_tokens=budget.assumed_output,
        declared=budget.declared,
        created_at=iso(budget.created_at),
        version=budget.version,
        windows=windows[:MOST_WINDOWS],
    )
