"""/routes: saved routes, their versions, and where a call would go. /providers/health: how providers do now."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from quarterdeck.access.catalogue import PRICE_KINDS
from quarterdeck.access.routing.fields import BadRoute
from quarterdeck.access.routing.identity import identity_of, written
from quarterdeck.access.routing.parse import read
from quarterdeck.access.wire import ArmState, ProviderState
from quarterdeck.control.http import DEFAULT_LIMIT, Admin, After, Db, Gate, IfMatch, Limit, Operator, Reader
from quarterdeck.control.keys import actions as keys
from quarterdeck.control.providers import store as provider_store
from quarterdeck.control.routes import actions, dry_run, store
from quarterdeck.control.routes.model import NOTE_LENGTH, SavedRoute, Version, checked, summary
from quarterdeck.control.shapes import Instant, RequestBody, shown
from quarterdeck.control.status import wire
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_line
from quarterdeck.ledger.prices import PriceBook
from quarterdeck.ledger.record import Usage

router = APIRouter(tags=["routes"])
Name = Annotated[str, Path(max_length=100)]
USUAL_OUTPUT = 1_000
_prices = PriceBook(names=PRICE_KINDS)


class ArmOut(BaseModel):
    """Tries that ended at one of a canary's two; `latency_ms` to the first byte."""

    answered: int
    failed: int
    latency_ms: float | None


class CanaryOut(BaseModel):
    at: str
    """Where it stands in the config."""
    verdict: str
    """undecided, promoted or rolled_back; it holds for all gateways until the config changes."""
    why: str
    since: Instant | None
    """When it was decided."""
    stable: ArmOut
    newcomer: ArmOut


class RouteOut(BaseModel):
    name: str
    summary: str
    """Such as `fallback of 3 targets`."""
    config: dict[str, Any]
    declared: bool
    created_at: Instant
    updated_at: Instant
    version: int
    used_by: list[str]
    """Agents and keys it is attached to, 20 of each at the most."""
    canaries: list[CanaryOut]
    """How its canaries do, as far as calls took it."""


class RoutesOut(BaseModel):
    items: list[RouteOut]
    next: str | None


class RouteIn(RequestBody):
    name: str = Field(max_length=100)
    config: dict[str, Any]
    note: str = Field("", max_length=NOTE_LENGTH)


class RouteChange(RequestBody):
    config: dict[str, Any]
    note: str = Field("", max_length=NOTE_LENGTH)


class RouteVersionOut(BaseModel):
    version: int
    config: dict[str, Any]
    note: str
    made_by: str | None
    created_at: Instant


class RouteVersionsOut(BaseModel):
    items: list[RouteVersionOut]
    next: str | None


class RouteRollBackIn(RequestBody):
    to: int = Field(ge=1, le=2**31 - 1)


class KeyRouteIn(RequestBody):
    route: str | None = Field(None, max_length=100)
    """null takes it away."""


class DryRunIn(RequestBody):
    """Give `route` or `config`; the rest describes the call."""

    route: str | None = Field(None, max_length=100)
    config: dict[str, Any] | None = None
    model: str = Field("", max_length=300)
    path: str = Field("/v1/chat/completions", max_length=300)
    body: dict[str, Any] = {}
    headers: dict[str, str] = {}
    metadata: dict[str, Any] = {}
    agent: str | None = Field(None, max_length=100)
    task: dict[str, Any] = {}
    """`priority` (0 the most urgent), `attempt`, `due_in_s`."""
    budget_left_usd: float | None = None
    deadline_ms: float | None = Field(None, ge=1)
    answers: dict[str, int] = {}
    """Target's name, provider, or place in the config → the status it would answer; 200 where nothing is said."""
    seed: int = 0
    """Chance of the same seed falls the same way."""


class DryRunStepOut(BaseModel):
    option: str
    """The target's place in the config."""
    name: str
    """What the route calls it, else its provider and model."""
    provider: str | None
    model: str | None
    why: str
    wait_ms: float
    answers: int | None


class DryRunDecisionOut(BaseModel):
    at: str
    """What the route calls the node, else its place in the config."""
    words: str


class DryRunOut(BaseModel):
    steps: list[DryRunStepOut]
    decisions: list[DryRunDecisionOut]
    status: int
    order_when_all_fail: list[str]
    """Every target that would be asked, in order, if each one failed: by its name, else its provider and model."""


class ProviderHealthOut(BaseModel):
    provider: str
    state: str
    """up, limited, out or probing; unknown where no call went there lately."""
    since: Instant | None
    error_rate: float | None
    latency_ms: float | None
    busy: int
    last_error: str | None
    last_error_at: Instant | None


class ProvidersHealthOut(BaseModel):
    items: list[ProviderHealthOut]


@router.get("/routes", operation_id="list_routes")
async def list_routes(actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT) -> RoutesOut:
    """Saved routes by name."""
    async with db.read() as tx:
        found = await store.page(tx, actor.workspace_id, limit=limit, after=after)
        items = await _outs(tx, actor.workspace_id, found[:limit])
    return RoutesOut(items=items, next=items[-1].name if len(found) > limit else None)


@router.post("/routes", operation_id="create_route", status_code=201)
async def create_route(body: RouteIn, actor: Admin, db: Db, gate: Gate) -> RouteOut:
    """Save a route. Gateways go by it when this answers."""
    async with db.transaction() as tx:
        note = a_line(body.note, "note", NOTE_LENGTH, shortest=0)
        answer = await _out(tx, await actions.create(tx, actor, body.name, body.config, note))
    await gate.ensure_published()
    return answer


@router.post("/routes/dry-run", operation_id="dry_run_route")
async def dry_run_route(body: DryRunIn, actor: Reader, db: Db) -> DryRunOut:
    """Where a call would go, and why. Nothing is sent. Health is live; chance falls by `seed`."""
    async with db.read() as tx:
        rows = await provider_store.all_of(tx, actor.workspace_id)
        if (body.route is None) == (body.config is None):
            raise Invalid("Give either route, the name of a saved one, or config.", field="route")
        if body.route is not None:
            config = (await actions.get(tx, actor.workspace_id, body.route)).config
        else:
            config = body.config or {}
        prices = await provider_store.prices(tx, actor.workspace_id)
    route = checked(config, {provider.name for provider, _ in rows})
    kinds = {provider.name: provider.kind for provider, _ in rows}
    states = {state.provider: state for state in wire.current().provider_states(actor.workspace_id)}
    _prices.override([provider_store.override_of(row) for row in prices])
    size = len(str(body.body)) // 4

    def cost(provider: str | None, model: str) -> int | None:
        quote = _prices.resolve(kinds[provider], model, provider=provider) if provider in kinds and model else None
        return None if quote is None else quote.cost(Usage(input_total=size, output_total=USUAL_OUTPUT))[0]

    fields = body.model_dump(exclude={"route", "config"})
    found = dry_run.dry_run(route, dry_run.Pretended(**fields), states, cost)
    fields["answers"] = {leaf.path: 503 for leaf in route.leaves}
    failing = dry_run.dry_run(route, dry_run.Pretended(**fields), states, cost)
    return DryRunOut(
        steps=[_step(step) for step in found.steps],
        decisions=[DryRunDecisionOut(at=at, words=words) for at, words in found.decisions],
        status=found.status,
        order_when_all_fail=list({step.option: step.name for step in failing.steps if step.why != "shadow"}.values()),
    )


@router.get("/routes/{name}", operation_id="get_route")
async def get_route(name: Name, actor: Reader, db: Db) -> RouteOut:
    """One saved route, at its newest version."""
    async with db.read() as tx:
        return await _out(tx, await actions.get(tx, actor.workspace_id, name))


@router.put("/routes/{name}", operation_id="save_route")
async def save_route(name: Name, body: RouteChange, actor: Admin, db: Db, gate: Gate, version: IfMatch) -> RouteOut:
    """The next version of a route. Gateways go by it when this answers."""
    async with db.transaction() as tx:
        note = a_line(body.note, "note", NOTE_LENGTH, shortest=0)
        answer = await _out(tx, await actions.save(tx, actor, name, body.config, note, version=version))
    await gate.ensure_published()
    return answer


@router.delete("/routes/{name}", operation_id="remove_route", status_code=204)
async def remove_route(name: Name, actor: Admin, db: Db, gate: Gate, version: IfMatch) -> None:
    """Take a route away that nobody uses."""
    async with db.transaction() as tx:
        await actions.remove(tx, actor, name, version=version)
    await gate.ensure_published()


@router.get("/routes/{name}/versions", operation_id="list_route_versions")
async def list_route_versions(
    name: Name, actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> RouteVersionsOut:
    """Every config the route ever had, newest first."""
    if after is not None and not (after.isascii() and after.isdecimal() and len(after) < 10):
        raise Invalid("after is the `next` of the page before.", field="after")
    async with db.read() as tx:
        await actions.get(tx, actor.workspace_id, name)
        before = None if after is None else int(after)
        found = await store.versions(tx, actor.workspace_id, name, limit=limit, before=before)
    items = [_version(each) for each in found[:limit]]
    return RouteVersionsOut(items=items, next=str(items[-1].version) if len(found) > limit else None)


@router.post("/routes/{name}/roll-back", operation_id="roll_back_route")
async def roll_back_route(
    name: Name, body: RouteRollBackIn, actor: Admin, db: Db, gate: Gate, version: IfMatch
) -> RouteOut:
    """An old config again, as a new version."""
    async with db.transaction() as tx:
        answer = await _out(tx, await actions.roll_back(tx, actor, name, body.to, version=version))
    await gate.ensure_published()
    return answer


@router.put("/keys/{key_id}/route", operation_id="attach_route_to_key", status_code=204)
async def attach_route_to_key(key_id: str, body: KeyRouteIn, actor: Operator, db: Db, gate: Gate) -> None:
    """The route that calls with this key take when they name none themselves."""
    async with db.transaction() as tx:
        if body.route is not None:
            await actions.must_exist(tx, actor.workspace_id, body.route)
        await keys.narrow(tx, actor, key_id, route=body.route)
    await gate.ensure_published()


@router.get("/providers/health", operation_id="providers_health")
async def providers_health(actor: Reader, db: Db) -> ProvidersHealthOut:
    """How each provider does, from the calls that pass: latency, failures, whether it is out."""
    async with db.read() as tx:
        rows = await provider_store.all_of(tx, actor.workspace_id)
    states = {state.provider: state for state in wire.current().provider_states(actor.workspace_id)}
    return ProvidersHealthOut(items=[_health(provider.name, states.get(provider.name)) for provider, _ in rows])


async def _outs(tx: Transaction, workspace_id: str, found: list[SavedRoute]) -> list[RouteOut]:
    users = await store.users_of(tx, workspace_id, [route.name for route in found])
    return [_told(route, users[route.name]) for route in found]


async def _out(tx: Transaction, route: SavedRoute) -> RouteOut:
    return (await _outs(tx, route.workspace_id, [route]))[0]


def _told(route: SavedRoute, used_by: list[str]) -> RouteOut:
    try:
        words = summary(read(route.config, keys_allowed=False))
    except BadRoute:
        words = "cannot be read any more; save it again"
    return RouteOut(
        name=route.name,
        summary=words,
        config=route.config,
        declared=route.declared,
        created_at=iso(route.created_at),
        updated_at=iso(route.updated_at or route.created_at),
        version=route.version,
        used_by=used_by,
        canaries=_canaries(route),
    )


def _canaries(route: SavedRoute) -> list[CanaryOut]:
    identity = identity_of(route.workspace_id, written(route.config), b"").hex()
    return [
        CanaryOut(
            at=trial.path,
            verdict=trial.verdict,
            why=trial.why,
            since=shown(trial.since),
            stable=_arm(trial.stable),
            newcomer=_arm(trial.newcomer),
        )
        for trial in sorted(wire.current().trial_states(route.workspace_id), key=lambda each: each.path)
        if (trial.route, trial.identity) == (route.name, identity)
    ]


def _arm(arm: ArmState) -> ArmOut:
    return ArmOut(answered=arm.answered, failed=arm.failed, latency_ms=arm.latency_ms)


def _step(step: dry_run.Step) -> DryRunStepOut:
    return DryRunStepOut(**{name: getattr(step, name) for name in DryRunStepOut.model_fields})


def _version(version: Version) -> RouteVersionOut:
    return RouteVersionOut(
        version=version.version,
        config=version.config,
        note=version.note,
        made_by=version.made_by,
        created_at=iso(version.created_at),
    )


def _health(name: str, state: ProviderState | None) -> ProviderHealthOut:
    if state is None:
        return ProviderHealthOut(
            provider=name,
            state="unknown",
            since=None,
            error_rate=None,
            latency_ms=None,
            busy=0,
            last_error=None,
            last_error_at=None,
        )
    return ProviderHealthOut(
        provider=name,
        state=state.state,
        since=None if state.since is None else iso(state.since),
        error_rate=state.error_rate,
        latency_ms=state.latency_ms,
        busy=state.busy,
        last_error=state.last_error,
        last_error_at=None if state.last_error_at is None else iso(state.last_error_at),
    )
