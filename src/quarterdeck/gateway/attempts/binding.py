"""From a route's target to a place to send to: the provider it names, the model, whose key, and how long to wait."""

from bisect import bisect
from collections.abc import Callable, Set
from dataclasses import dataclass, replace
from itertools import accumulate

import msgspec

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.routing.config import Leaf, Route
from quarterdeck.access.routing.odds import odds
from quarterdeck.access.snapshot import ProviderEntry, WorkspaceEntry
from quarterdeck.gateway import errors, portkey_words, targets
from quarterdeck.gateway.choosing import Chooser
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.resilience.breaker import Breaker
from quarterdeck.gateway.resilience.health import ProviderHealth, TargetHealth
from quarterdeck.gateway.routing.asked import DEADLINE, model_of
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import Origin
from quarterdeck.kernel.errors import Invalid

_PORTKEY_KINDS = {
    "google": "gemini",
    "mistral-ai": "mistral",
    "together-ai": "together",
    "fireworks-ai": "fireworks",
    "x-ai": "xai",
    "perplexity-ai": "perplexity",
    "workers-ai": "cloudflare",
    "novita-ai": "novita",
    "azure-ai": "azure-foundry",
    "github": "github-models",
    "z-ai": "zai",
    "featherless-ai": "featherless",
    "lambda": "openai-compatible",
}
"""What Portkey calls kinds that have another name here."""
_MODELS_KEPT = 256
_LEARNING = frozenset({"usage_aware", "canary"})
"""Modes that look at answers."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A route's target, found."""

    leaf: Leaf
    target: Target
    health: TargetHealth
    breaker: Breaker | None
    plain: bool
    """A success there teaches nothing but how quick it was."""

    @property
    def straight(self) -> bool:
        """Whether a try there is sent and looked at like that of a call without a route."""
        return self.plain and not (self.leaf.patch or self.leaf.headers or self.leaf.forward_headers)


class Binding(dict[str, Bound | Refusal]):
    """By the leaf's path; a Refusal where nothing can be sent there."""

    def __init__(self, found: dict[str, Bound | Refusal], route: Route, outages: Set[ProviderHealth]) -> None:
        """`outages` are those who are out of service, whenever it is looked at."""
        super().__init__(found)
        bound = [each for each in found.values() if isinstance(each, Bound)]
        self._steady = len(bound) == len(found) and not any(
            each.breaker is not None or each.target.provider.problem is not None for each in bound
        )
        """Whether only an outage could make a target unavailable."""
        self._providers = {each.health.provider for each in bound}
        self._outages = outages
        starts = odds(route.root) if self._steady and route.deadline_ms is None else None
        self._starts = [each for _, leaf in starts or () if isinstance(each := found[leaf.path], Bound)]
        if any(each.leaf.cache is not None or each.leaf.timeouts.request_ms is not None for each in self._starts):
            self._starts = []
        self._shares = list(accumulate(share for share, _ in starts or ()))[:-1]
        self.straight = bool(self._starts) and all(each.straight for each in self._starts)
        """Whether they all are."""

    @property
    def calm(self) -> bool:
        """Whether every target is available."""
        return self._steady and self._outages.isdisjoint(self._providers)

    def start(self, random: Callable[[], float]) -> Bound | None:
        """The target to try first, where nothing but chance decides on it; None: that takes a walk."""
        return self._starts[bisect(self._shares, random())] if self._starts and self.calm else None

    def begin(self, draft: Draft, random: Callable[[], float]) -> Bound | None:
        """The same, for the draft too, where the try there is made like that of a call without a route."""
        if not self.straight or DEADLINE in draft.headers or (self._outages and not self.calm):
            return None
        found = self._starts[bisect(self._shares, random())]
        draft.target, draft.option = found.target, found.leaf.path
        return found


def bound_before(draft: Draft, compiled: CompiledRoute) -> Binding | None:
    """What `bind` made of the route for calls of this dialect and model, while the snapshot is the same."""
    assert draft.facts is not None
    return compiled.bound.get((draft.endpoint.dialect, draft.facts.model or ""))


async def bind(draft: Draft, compiled: CompiledRoute, chooser: Chooser) -> Binding:
    """All targets of a route for calls of this dialect and model; to be worked out once per snapshot."""
    assert draft.workspace is not None and draft.facts is not None
    dialect, asked = draft.endpoint.dialect, draft.facts.model or ""
    found: dict[str, Bound | Refusal] = {}
    for leaf in compiled.route.leaves:
        try:
            target = await _target(leaf, draft.workspace, dialect, asked, chooser, inline=compiled.name is None)
            health = chooser.book.of(draft.workspace.id, target.provider.name, target.model)
            breaker = compiled.breaker(leaf)
            plain = breaker is None and compiled.modes.isdisjoint(_LEARNING)
            lines = target.lines + portkey_words.of_target(leaf.path, target.provider.kind)
            found[leaf.path] = Bound(leaf, replace(target, health=health, lines=lines), health, breaker, plain)
        except Refusal as refusal:
            found[leaf.path] = refusal
    binding = Binding(found, compiled.route, chooser.book.outages)
    if len(compiled.bound) >= _MODELS_KEPT:
        compiled.bound.clear()
    if compiled.whose is draft.workspace:
        compiled.bound[dialect, asked] = binding
    return binding


async def _target(
    leaf: Leaf, workspace: WorkspaceEntry, dialect: str, asked: str, chooser: Chooser, *, inline: bool
) -> Target:
    """Raises Refusal when the workspace has no such provider, or it cannot be spoken to in this dialect."""
    written = model_of(asked)
    if leaf.provider is None:
        target = await chooser.target(workspace, dialect, leaf.model or written)
        provider, model = target.provider, target.model
    else:
        provider = _provider(leaf.provider, leaf.api_key or leaf.spare_key, workspace)
        model = leaf.model or _without_provider(written, workspace)
        if not targets.speaks(provider, dialect):
            raise errors.model_unknown(asked, [each.name for each in workspace.providers])
    provider = _own(provider, leaf, workspace, chooser, inline=inline)
    target = targets.place(provider, dialect, model, renamed=model != asked)
    return _timed(target, leaf)


def _provider(name: str, api_key: str | None, workspace: WorkspaceEntry) -> ProviderEntry:
    """By its name; else the first of that kind; else, with a key of the caller's own, straight from the catalogue."""
    by_name = next((each for each in workspace.providers if each.name == name), None)
    if by_name is not None:
        return by_name
    kind = _PORTKEY_KINDS.get(name, name)
    by_kind = next((each for each in workspace.providers if each.kind == kind), None)
    if by_kind is not None:
        return by_kind
    spec = SPECS.get(kind)
    if spec is not None and api_key is not None and spec.base_url is not None:
        return ProviderEntry(name=name, kind=kind, base_url=spec.base_url, secret=api_key)
    raise errors.provider_unknown(name, [each.name for each in workspace.providers])


def _own(
    provider: ProviderEntry, leaf: Leaf, workspace: WorkspaceEntry, chooser: Chooser, *, inline: bool
) -> ProviderEntry:
    """With the key and the address that the route brings. A stored key never goes where a caller points."""
    if leaf.api_key is not None:
        provider = msgspec.structs.replace(provider, secret=leaf.api_key, problem=None)
    elif leaf.spare_key is not None and provider.secret is None and SPECS[provider.kind].needs_secret:
        provider = msgspec.structs.replace(provider, secret=leaf.spare_key, problem=None)
    if leaf.custom_host is None:
        return provider
    try:
        place = Origin.parse(leaf.custom_host)[0].place
        known = place == Origin.parse(provider.base_url)[0].place
    except Invalid as error:
        raise Refusal(400, "invalid_config", f"custom_host: {error.message}") from None
    if inline and not known:
        if provider.secret is not None and leaf.api_key is None:
            raise errors.host_needs_own_key()
        if not chooser.may_reach(workspace, place):
            raise Refusal(403, "egress_refused", f"{place} is not an address that may be called from here.")
    return msgspec.structs.replace(provider, base_url=leaf.custom_host)


def _timed(target: Target, leaf: Leaf) -> Target:
    limits = leaf.timeouts
    changes = {
        name: value / 1_000
        for name, value in (
            ("connect_s", limits.connect_ms),
            ("first_byte_s", limits.first_byte_ms),
            ("idle_s", limits.idle_ms),
            ("total_s", limits.total_ms),
        )
        if value is not None
    }
    return replace(target, timeouts=msgspec.structs.replace(target.timeouts, **changes)) if changes else target


def _without_provider(asked: str, workspace: WorkspaceEntry) -> str:
    """`openai/gpt-4o` → `gpt-4o`, where openai is a provider here; a model's own slashes stay."""
    name, slash, rest = asked.removeprefix("@").partition("/")
    named = asked.startswith("@") or any(provider.name == name for provider in workspace.providers)
    return rest if slash and rest and named else asked
