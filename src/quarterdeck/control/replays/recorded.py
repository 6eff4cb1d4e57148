"""The recorded calls that a replay is of, and what is known of providers, routes and prices to plan it by."""

from collections.abc import Sequence
from typing import Any

from quarterdeck.access.catalogue import PRICE_KINDS
from quarterdeck.access.routing.config import Route
from quarterdeck.control.providers import store as provider_store
from quarterdeck.control.replays.model import MOST_STEPS, CannotReplay, Target
from quarterdeck.control.replays.planning import World
from quarterdeck.control.routes import actions as routes
from quarterdeck.control.routes import store as route_store
from quarterdeck.control.routes.model import checked
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.status import wire
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger import listing
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.packs import BodyGone
from quarterdeck.ledger.prices import PriceBook
from quarterdeck.ledger.rebuild import Bodies

_PAGE = 500
_prices = PriceBook(names=PRICE_KINDS)


async def of_run(tx: Transaction, workspace_id: str, run_id: str, first: int, last: int | None) -> list[StoredCall]:
    """Its calls from the `first` to the `last`, counted from 1 in the order they began, conversation by conversation.

    Raises NotFound; Invalid when there are none, or too many.
    """
    await runs.get(tx, workspace_id, run_id)
    found: list[StoredCall] = []
    after = None
    while True:
        page = await listing.page(tx, workspace_id, CallFilter(run_id=run_id), limit=_PAGE, after=after)
        found += page.items
        if page.next is None or len(found) > 40 * MOST_STEPS:
            break
        after = page.next
    wanted = found[::-1][first - 1 : last]
    if not wanted:
        raise Invalid(f"The run has {len(found)} calls, and none of those that were named.", field="first_call")
    if len(wanted) > MOST_STEPS:
        raise Invalid(
            f"A replay has at most {MOST_STEPS} calls, and these are {len(wanted)}: say first_call and last_call.",
            field="last_call",
        )
    return in_order(wanted)


def in_order(found: Sequence[StoredCall]) -> list[StoredCall]:
    """Conversation by conversation, as they began; in each as it went."""
    began: dict[str, str] = {}
    for call in found:
        began.setdefault(call.conversation_id or call.id, call.id)
    return sorted(found, key=lambda call: (began[call.conversation_id or call.id], call.id))


async def world_of(tx: Transaction, workspace_id: str, target: Target) -> World:
    """Raises NotFound for a route that is not there, Invalid for one that cannot be used."""
    rows = await provider_store.all_of(tx, workspace_id)
    overrides = [provider_store.override_of(row) for row in await provider_store.prices(tx, workspace_id)]
    prices = PriceBook(overrides, names=PRICE_KINDS) if overrides else _prices
    providers = [provider for provider, _ in rows]

    def quote(kind: str, model: str, provider: str) -> Any:
        return prices.resolve(kind, model, provider=provider)

    return World(
        providers,
        quote,
        _prices.knows,
        {state.provider: state for state in wire.current().provider_states(workspace_id)},
        await _route(tx, workspace_id, target, {provider.name for provider in providers}),
    )


async def config_of(tx: Transaction, workspace_id: str, target: Target) -> dict[str, Any] | None:
    """The config of the target's route at its version; None without a route. Raises NotFound, Invalid."""
    if target.route is None:
        return None
    route = await routes.get(tx, workspace_id, target.route)
    if target.route_version is None or target.route_version == route.version:
        return route.config
    version = await route_store.version_of(tx, workspace_id, target.route, target.route_version)
    if version is None:
        raise Invalid(f"{target.route} has no version {target.route_version}.", field="route_version")
    return version.config


async def body_of(bodies: Bodies, call: StoredCall) -> bytes:
    """What was asked, byte for byte. Raises CannotReplay, saying what to do."""
    if call.body_mode != "full":
        kept = "was not kept" if call.body_mode == "none" else "was kept redacted"
        raise CannotReplay(
            f"Its body {kept}, so what was asked is not known. Set the agent's body mode to full "
            "(or send x-quarterdeck-bodies: full where that is allowed) and replay a later call."
        )
    try:
        return (await bodies.request(call)).body
    except BodyGone as error:
        raise CannotReplay(f"{error.message} Replay a later call, or keep bodies for longer.") from None


async def _route(tx: Transaction, workspace_id: str, target: Target, providers: set[str]) -> Route | None:
    config = await config_of(tx, workspace_id, target)
    return None if config is None else checked(config, providers)
