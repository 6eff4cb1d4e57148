"""/budgets: caps on what may be spent, and how they stand."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from quarterdeck.access.budgets.model import (
    ASSUMED_OUTPUT,
    DEFAULT_WARN,
    MAX_AMOUNT,
    MAX_ASSUMED_OUTPUT,
    SCOPES,
    Ceiling,
    Mode,
    Window,
)
from quarterdeck.control import scopes
from quarterdeck.control.budgets import actions, store
from quarterdeck.control.budgets.model import Budget, Wanted
from quarterdeck.control.budgets.views import BudgetOut, BudgetsOut, CeilingIO, shown_budgets
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Gate, Gateways, IfMatch, Limit, Operator, Reader
from quarterdeck.control.shapes import RequestBody
from quarterdeck.db import Transaction

router = APIRouter(tags=["budgets"])
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, description="Nano-dollars.")]
Levels = Annotated[list[int], Field(max_length=10, description="Percents of the amount at which to tell.")]
Assumed = Annotated[
    int,
    Field(
        ge=1, le=MAX_ASSUMED_OUTPUT, description="Tokens held for the answer of a call that names no maximum itself."
    ),
]


class BudgetIn(RequestBody):
    scope: str = Field(
        max_length=300,
        description="`workspace`, or `agent:NAME`, `task:T-12`, `run:ID`, `key:ID`, `model:PATTERN`, `provider:NAME`, "
        "`project:NAME`, `tag:name=value`; with `*` in place of the name each one counts for itself.",
    )
    amount_nano: Amount
    window: Window
    mode: Mode = Mode.HARD
    warn: Levels = list(DEFAULT_WARN)
    ceiling: CeilingIO | None = None
    assumed_output_tokens: Assumed = ASSUMED_OUTPUT


class BudgetPatch(RequestBody):
    amount_nano: Amount | None = None
    mode: Mode | None = None
    warn: Levels | None = None
    ceiling: CeilingIO | None = Field(None, description="null takes it away.")
    assumed_output_tokens: Assumed | None = None


@router.get("/budgets", operation_id="list_budgets")
async def list_budgets(
    *,
    actor: Reader,
    db: Db,
    gate: Gate,
    scope: Annotated[str | None, Query(description="Only those on this scope.")] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> BudgetsOut:
    """Budgets, oldest first, with what is spent, held and left."""
    async with db.read() as tx:
        rows = await store.all_of(tx, actor.workspace_id)
        if scope is not None:
            wanted = await scopes.resolved(tx, actor.workspace_id, scope, SCOPES)
            rows = [row for row in rows if row.scope == wanted]
        rows = [row for row in rows if after is None or row.id > after]
        page = rows[:limit]
        items = await shown_budgets(tx, actor.workspace_id, page, gate.budget_states(actor.workspace_id))
    return BudgetsOut(items=items, next=page[-1].id if len(rows) > limit else None)


@router.get("/budgets/{budget_id}", operation_id="get_budget")
async def get_budget(budget_id: str, actor: Reader, db: Db, gate: Gate) -> BudgetOut:
    """One budget."""
    async with db.read() as tx:
        return await _shown(tx, await actions.get(tx, actor.workspace_id, budget_id), gate)


@router.post("/budgets", status_code=201, operation_id="add_budget")
async def add_budget(body: BudgetIn, actor: Operator, db: Db, gate: Gate) -> BudgetOut:
    """Add a budget. When this answers every gateway keeps to it, what was spent before included."""
    async with db.transaction() as tx:
        scope = await scopes.resolved(tx, actor.workspace_id, body.scope, SCOPES)
        wanted = Wanted(
            scope,
            body.amount_nano,
            body.window,
            body.mode,
            tuple(body.warn),
            _ceiling(body.ceiling),
            body.assumed_output_tokens,
        )
        budget = await actions.add(tx, actor.workspace_id, wanted, actor=actor.id)
    await gate.ensure_published()
    async with db.read() as tx:
        return await _shown(tx, budget, gate)


@router.patch("/budgets/{budget_id}", operation_id="change_budget")
async def change_budget(
    *, budget_id: str, body: BudgetPatch, actor: Operator, db: Db, gate: Gate, version: IfMatch
) -> BudgetOut:
    """Change what is given, such as raise the amount: the next call keeps to it."""
    async with db.transaction() as tx:
        budget = await actions.get(tx, actor.workspace_id, budget_id)
        given = body.model_fields_set
        wanted = Wanted(
            budget.scope,
            budget.amount if body.amount_nano is None else body.amount_nano,
            budget.window,
            body.mode or budget.mode,
            budget.warn if body.warn is None else tuple(body.warn),
            _ceiling(body.ceiling) if "ceiling" in given else budget.ceiling,
            body.assumed_output_tokens or budget.assumed_output,
        )
        budget = await actions.change(tx, budget, wanted, version=version, actor=actor.id)
    await gate.ensure_published()
    async with db.read() as tx:
        return await _shown(tx, budget, gate)


@router.delete("/budgets/{budget_id}", status_code=204, operation_id="remove_budget")
async def remove_budget(budget_id: str, actor: Operator, db: Db, gate: Gate, version: IfMatch) -> None:
    """Take a budget away: the next call no longer counts against it."""
    async with db.transaction() as tx:
        budget = await actions.get(tx, actor.workspace_id, budget_id)
        await actions.remove(tx, budget, version=version, actor=actor.id)
    await gate.ensure_published()


async def _shown(tx: Transaction, budget: Budget, gate: Gateways) -> BudgetOut:
    return (await shown_budgets(tx, budget.workspace_id, [budget], gate.budget_states(budget.workspace_id)))[0]


def _ceiling(given: CeilingIO | None) -> Ceiling | None:
    """A nano-dollar per million tokens is a femto-dollar per token."""
    if given is None:
        return None
    return Ceiling(given.input_per_mtok_nano, given.output_per_mtok_nano, given.per_request_nano * 1_000_000)
