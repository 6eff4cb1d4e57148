"""/limits: how many requests or tokens per time, and how many calls at once."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.access import wire
from quarterdeck.access.limits.model import MAX_COUNT, MAX_WAIT_MS, MAX_WEIGHT, SCOPES, Measure, Period
from quarterdeck.control import scopes
from quarterdeck.control.http import DEFAULT_LIMIT, Admin, After, Db, Gate, Gateways, IfMatch, Reader
from quarterdeck.control.http import Limit as PageLimit
from quarterdeck.control.limits import actions, store
from quarterdeck.control.limits.model import Limit, Wanted
from quarterdeck.control.shapes import Instant, RequestBody
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["limits"])
Amount = Annotated[int, Field(ge=1, le=MAX_COUNT)]
Burst = Annotated[int, Field(ge=1, le=MAX_COUNT, description="How many may come at one instant; null: the amount.")]
Wait = Annotated[
    int,
    Field(ge=0, le=MAX_WAIT_MS, description="How long a call may wait for its turn; only at a provider or credential."),
]
Weights = Annotated[
    dict[str, Annotated[int, Field(ge=1, le=MAX_WEIGHT)]],
    Field(max_length=1_000, description="Shares of agents, by name or id, while calls wait; 1 for who is not named."),
]


class InUseOut(BaseModel):
    """What remains now, as gateways count it; `value` is empty, or the one that is counted for itself."""

    value: str
    remaining: int
    waiting: int
    """Calls in front of the provider."""


class LimitOut(BaseModel):
    id: str
    scope: str
    scope_kind: str
    scope_value: str
    measure: Measure
    amount: int
    per: Period | None
    burst: int | None
    max_wait_ms: int
    weights: dict[str, int]
    declared: bool
    created_at: Instant
    version: int
    in_use: list[InUseOut]


class LimitsOut(BaseModel):
    items: list[LimitOut]
    next: str | None


class LimitIn(RequestBody):
    scope: str = Field(
        max_length=300,
        description="As of a budget; also `route:NAME` and `credential:env:NAME`.",
    )
    measure: Measure
    amount: Amount
    per: Period | None = Field(None, description="Null for calls at once.")
    burst: Burst | None = None
    max_wait_ms: Wait | None = None
    weights: Weights = {}


class LimitPatch(RequestBody):
    amount: Amount | None = None
    burst: Burst | None = Field(None, description="null makes it the amount again.")
    max_wait_ms: Wait | None = None
    weights: Weights | None = None


@router.get("/limits", operation_id="list_limits")
async def list_limits(
    *, actor: Reader, db: Db, gate: Gate, after: After = None, limit: PageLimit = DEFAULT_LIMIT
) -> LimitsOut:
    """Limits, oldest first, with what remains of them now."""
    async with db.read() as tx:
        rows = [row for row in await store.all_of(tx, actor.workspace_id) if after is None or row.id > after]
        page = rows[:limit]
        items = await _all_shown(tx, actor.workspace_id, page, gate.limit_states(actor.workspace_id))
    return LimitsOut(items=items, next=page[-1].id if len(rows) > limit else None)


@router.get("/limits/{limit_id}", operation_id="get_limit")
async def get_limit(limit_id: str, actor: Reader, db: Db, gate: Gate) -> LimitOut:
    """One limit."""
    async with db.read() as tx:
        return await _shown(tx, await actions.get(tx, actor.workspace_id, limit_id), gate)


@router.post("/limits", status_code=201, operation_id="add_limit")
async def add_limit(body: LimitIn, actor: Admin, db: Db, gate: Gate) -> LimitOut:
    """Add a limit; when this answers every gateway keeps to it."""
    async with db.transaction() as tx:
        scope = await scopes.resolved(tx, actor.workspace_id, body.scope, SCOPES)
        weights = await actions.weights_by_id(tx, actor.workspace_id, body.weights)
        wanted = Wanted(scope, body.measure, body.amount, body.per, body.burst, body.max_wait_ms, weights)
        limit = await actions.add(tx, actor.workspace_id, wanted, actor=actor.id)
        answer = await _shown(tx, limit, gate)
    await gate.ensure_published()
    return answer


@router.patch("/limits/{limit_id}", operation_id="change_limit")
async def change_limit(
    *, limit_id: str, body: LimitPatch, actor: Admin, db: Db, gate: Gate, version: IfMatch
) -> LimitOut:
    """Change what is given. What was let through so far counts on."""
    async with db.transaction() as tx:
        limit = await actions.get(tx, actor.workspace_id, limit_id)
        amount = limit.amount if body.amount is None else body.amount
        burst = body.burst if "burst" in body.model_fields_set else limit.burst
        weights = limit.weights
        if body.weights is not None:
            weights = await actions.weights_by_id(tx, actor.workspace_id, body.weights)
        wait = limit.max_wait_ms if body.max_wait_ms is None else body.max_wait_ms
        wanted = Wanted(limit.scope, limit.measure, amount, limit.period, burst, wait, weights)
        limit = await actions.change(tx, limit, wanted, version=version, actor=actor.id)
        answer = await _shown(tx, limit, gate)
    await gate.ensure_published()
    return answer


@router.delete("/limits/{limit_id}", status_code=204, operation_id="remove_limit")
async def remove_limit(limit_id: str, actor: Admin, db: Db, gate: Gate, version: IfMatch) -> None:
    """Take a limit away."""
    async with db.transaction() as tx:
        limit = await actions.get(tx, actor.workspace_id, limit_id)
        await actions.remove(tx, limit, version=version, actor=actor.id)
    await gate.ensure_published()


async def _shown(tx: Transaction, limit: Limit, gate: Gateways) -> LimitOut:
    return (await _all_shown(tx, limit.workspace_id, [limit], gate.limit_states(limit.workspace_id)))[0]


async def _all_shown(
    tx: Transaction, workspace_id: str, limits: list[Limit], live: Iterable[wire.LimitState]
) -> list[LimitOut]:
    names = await scopes.shown(tx, workspace_id, [limit.scope for limit in limits])
    in_use: dict[str, list[InUseOut]] = {}
    for state in live:
        shown = InUseOut(value=state.value, remaining=state.remaining, waiting=state.waiting)
        in_use.setdefault(state.limit_id, []).append(shown)
    return [
        LimitOut(
            id=limit.id,
            scope=names[limit.scope],
            scope_kind=limit.scope.kind,
            scope_value=limit.scope.value,
            measure=limit.measure,
            amount=limit.amount,
            per=limit.period,
            burst=limit.burst,
            max_wait_ms=limit.max_wait_ms,
            weights=limit.weights,
            declared=limit.declared,
            created_at=iso(limit.created_at),
            version=limit.version,
            in_use=sorted(in_use.get(limit.id, []), key=lambda each: each.value)[:100],
        )
        for limit in limits
    ]
