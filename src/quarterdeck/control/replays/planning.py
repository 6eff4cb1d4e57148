"""What a replay would send, where it would go and what it would about cost. Nothing is sent. Pure, but for prices."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from quarterdeck.access.budgets.model import ASSUMED_OUTPUT
from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.routing.config import Leaf, Route
from quarterdeck.access.wire import ProviderState
from quarterdeck.control.providers.model import Provider
from quarterdeck.control.replays.model import CannotReplay, Figures, Plan, Target
from quarterdeck.control.replays.rebuilding import Rebuilt, rebuild
from quarterdeck.control.routes import dry_run
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.prices import Quote
from quarterdeck.ledger.record import Usage

Quotes = Callable[[str, str, str], Quote | None]
"""(kind, model, provider) → its price; None: unpriced."""
_ROUTE_PREFIX = "route/"


@dataclass(frozen=True, slots=True)
class World:
    """What is known when a replay is planned."""

    providers: Sequence[Provider]
    """In the order they are asked."""
    quote: Quotes
    knows: Callable[[str, str], bool]
    """(kind, model) → whether the price table knows that this kind serves it."""
    states: Mapping[str, ProviderState] = field(default_factory=dict)
    route: Route | None = None
    """The target's, read."""

    def provider(self, name: str | None) -> Provider | None:
        return next((each for each in self.providers if each.name == name), None)


@dataclass(frozen=True, slots=True)
class Planned:
    plan: Plan
    rebuilt: Rebuilt


def planned(world: World, target: Target, call: StoredCall, body: bytes) -> Planned:
    """Raises CannotReplay."""
    asked = _asked(world, target, call)
    rebuilt = rebuild(call.dialect, call.endpoint, body, target, asked)
    if world.route is None:
        provider, model = _split(world, asked or "")
        return Planned(_plan(world, call, provider, model, rebuilt, ()), rebuilt)
    return _routed(world, world.route, call, asked or call.model_asked, rebuilt)


def _asked(world: World, target: Target, call: StoredCall) -> str | None:
    """The model as the replay writes it; None: as recorded."""
    if target.route is not None:
        return target.model
    if target.model is not None:
        provider, model = _served(world, call.dialect, target.model)
        return f"{provider.name}/{model}"
    # As it went, and not as it was asked: a route may have changed since, and would not be what is compared.
    if call.provider is None or not call.model:
        raise CannotReplay("It reached no provider when it was recorded; say which model or route to ask.")
    if world.provider(call.provider) is None:
        raise CannotReplay(f"Its provider {call.provider!r} is not set up any more; say which model or route to ask.")
    return f"{call.provider}/{call.model}"


def check_model(world: World, model: str) -> None:
    """Raises Invalid when no provider serves it, whatever the dialect."""
    try:
        _served(world, None, model)
    except CannotReplay as error:
        raise Invalid(error.message, field="model") from None


def _served(world: World, dialect: str | None, asked: str) -> tuple[Provider, str]:
    """Which provider a model is asked of: the one it names, else as gateways choose, and said beforehand."""
    name, _, rest = asked.removeprefix("@").partition("/")
    able = _able(world, dialect)
    named = world.provider(name) if rest else None
    if named is not None:
        if named not in able:
            raise CannotReplay(f"{name} has no chat that calls in {dialect} could be translated to.")
        return named, rest
    listed = [each for each in able if each.models is not None and _matches(each.models, asked)]
    known = [each for each in able if each.models is None and world.knows(each.kind, asked)]
    open_to_all = [each for each in able if each.models is None]
    found = listed or known or (open_to_all if len(open_to_all) == 1 else [])
    if not found:
        names = ", ".join(each.name for each in able) or "none that could"
        raise CannotReplay(f"No provider is known to serve {asked!r}; write it as provider/model. There are: {names}.")
    return found[0], asked


def _able(world: World, dialect: str | None) -> list[Provider]:
    """Those that can be asked, whoever speaks the dialect itself first."""
    native = [each for each in world.providers if dialect in SPECS[each.kind].dialects]
    return native + [each for each in world.providers if each not in native and SPECS[each.kind].chat is not None]


def _split(world: World, asked: str) -> tuple[Provider | None, str]:
    name, _, model = asked.partition("/")
    return world.provider(name), model


def _routed(world: World, route: Route, call: StoredCall, asked: str, rebuilt: Rebuilt) -> Planned:
    """By a dry run of the route."""
    model = asked.split("/", 2)[2] if asked.startswith(_ROUTE_PREFIX) and asked.count("/") > 1 else asked
    if model.startswith(_ROUTE_PREFIX):
        model = ""

    def cost(provider: str | None, name: str) -> int | None:
        return _estimate(world, world.provider(provider), name, call.usage)

    pretended = dry_run.Pretended(model=model, path=call.endpoint, body=_body(rebuilt.body), agent="replay")
    found = dry_run.dry_run(route, pretended, world.states, cost)
    step = next((each for each in found.steps if each.why == "first"), None)
    decisions = tuple(found.decisions)
    if step is None:
        raise CannotReplay("The route leads nowhere for this call: " + "; ".join(words for _, words in decisions))
    provider, name = _of_leaf(world, route, step, call.dialect)
    return Planned(_plan(world, call, provider, name, rebuilt, decisions), rebuilt)


def _of_leaf(world: World, route: Route, step: dry_run.Step, dialect: str) -> tuple[Provider | None, str]:
    leaf: Leaf | None = next((each for each in route.leaves if each.path == step.option), None)
    model = step.model or ""
    if leaf is None or leaf.provider is None:
        return _served(world, dialect, model)
    named = world.provider(leaf.provider)
    of_kind = next((each for each in world.providers if each.kind == leaf.provider), None)
    provider = named or of_kind
    if provider is not None:
        model = model.removeprefix("@").removeprefix(f"{provider.name}/")
    return provider, model


def _plan(
    world: World,
    call: StoredCall,
    provider: Provider | None,
    model: str,
    rebuilt: Rebuilt,
    decisions: tuple[tuple[str, str], ...],
) -> Plan:
    spec = SPECS[provider.kind] if provider is not None else None
    speaks = spec is None or call.dialect in spec.dialects
    quote = world.quote(provider.kind, model, provider.name) if provider is not None and model else None
    return Plan(
        provider=provider.name if provider is not None else None,
        model=model or None,
        estimate=_estimate(world, provider, model, call.usage),
        unpriced=quote is None,
        changes=rebuilt.changes,
        decisions=decisions,
        translated=None if speaks or spec is None else spec.chat,
        hold=None if quote is None else _hold(quote, call.usage, rebuilt.body),
    )


def _hold(quote: Quote, usage: Usage | None, body: bytes) -> int:
    """What is recorded as read, and the longest answer that the body allows."""
    read = usage.input_total if usage is not None else len(body) // 4
    return quote.cost(Usage(input_total=read, output_total=_longest(_body(body))))[0]


def _longest(fields: Any) -> int:
    """Tokens, in whichever dialect's words; what budgets assume where it says nothing."""
    for name in ("max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens"):
        if isinstance(fields.get(name), int):
            return max(0, int(fields[name]))
    nested = [fields[name] for name in ("generationConfig", "inferenceConfig") if isinstance(fields.get(name), dict)]
    return _longest(nested[0]) if nested else ASSUMED_OUTPUT


def _estimate(world: World, provider: Provider | None, model: str, usage: Usage | None) -> int | None:
    """The recorded usage at the target's standard prices, nano-dollars."""
    if provider is None or usage is None or not model:
        return None
    quote = world.quote(provider.kind, model, provider.name)
    # The tier that was served is another provider's matter.
    return None if quote is None else quote.cost(msgspec.structs.replace(usage, service_tier=None))[0]


def figures_of(call: StoredCall) -> Figures:
    """What a stored call used and took."""
    usage = call.usage
    if usage is None:
        return Figures(cost=call.cost, duration=call.duration)
    return Figures(usage.input_total, usage.output_total, call.cost, call.duration)


def _body(body: bytes) -> dict[str, object]:
    found = msgspec.json.decode(body)
    return found if isinstance(found, dict) else {}


def _matches(patterns: Sequence[str], name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)
