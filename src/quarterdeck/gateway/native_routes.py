"""What a route means for a path that is passed on as it is: it is sent once, so a route may only say to whom."""

from dataclasses import dataclass

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.routing.config import Branch, Leaf
from quarterdeck.access.snapshot import ProviderEntry, WorkspaceEntry
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.routing.compiled import CompiledRoute

_IN_ORDER = ("single", "fallback")
"""Strategies whose first target is the one that is meant."""


@dataclass(frozen=True, slots=True)
class Led:
    """Where a route leads to. `provider` None: it leaves that open."""

    provider: str | None = None
    model: str | None = None


def check_named(route: CompiledRoute, workspace: WorkspaceEntry, name: str) -> None:
    """A path or a header names the provider itself. Raises Refusal when the route has no target there."""
    kinds = {provider.name: provider.kind for provider in workspace.providers}
    if not any(leaf.provider in (None, name, kinds.get(name)) for leaf in route.route.leaves):
        raise Refusal(
            403,
            "route_excludes_provider",
            f"{_words(route)} has no target at {name!r}; ask one of its own: {', '.join(_providers(route))}.",
        )


def led_by(route: CompiledRoute, workspace: WorkspaceEntry, dialect: str) -> Led:
    """The provider for a path that names none: the first of the route's that speaks `dialect`.

    Raises Refusal when the route asks for more than can be done to bytes that are passed on as they are.
    """
    node = route.route.root
    while isinstance(node, Branch) and (node.mode in _IN_ORDER or len(node.children) == 1):
        able = [child for child in node.children if _able(child, workspace, dialect)]
        if not able:
            raise _refusal(route, f"none of its targets speaks {dialect}")
        node = able[0]
    if isinstance(node, Branch):
        if len(_providers(route)) > 1:
            raise _refusal(route, f"which of its targets is meant is a matter of {node.mode}")
        node = route.route.leaves[0]
    if node.patch or node.api_key is not None or node.custom_host is not None:
        raise _refusal(route, "it changes the request")
    found = _provider(node, workspace, dialect)
    if node.provider is not None and found is None:
        raise _refusal(route, f"{node.provider!r} does not speak {dialect}")
    return Led(None if found is None else found.name, node.model)


def _able(node: Leaf | Branch, workspace: WorkspaceEntry, dialect: str) -> bool:
    if isinstance(node, Branch):
        return any(_able(child, workspace, dialect) for child in node.children)
    return node.provider is None or _provider(node, workspace, dialect) is not None


def _provider(leaf: Leaf, workspace: WorkspaceEntry, dialect: str) -> ProviderEntry | None:
    """By its name, else by its kind."""
    able = [provider for provider in workspace.providers if dialect in SPECS[provider.kind].dialects]
    named = [provider for provider in able if provider.name == leaf.provider]
    return next(iter([*named, *(provider for provider in able if provider.kind == leaf.provider)]), None)


def _providers(route: CompiledRoute) -> list[str]:
    return sorted({leaf.provider for leaf in route.route.leaves if leaf.provider is not None})


def _words(route: CompiledRoute) -> str:
    return "The route of this request" if route.name is None else f"The route {route.name!r}"


def _refusal(route: CompiledRoute, why: str) -> Refusal:
    return Refusal(
        400,
        "route_not_here",
        f"{_words(route)} cannot be carried out on this path, which is passed on as it is: {why}. "
        "Name the provider: /proxy/PROVIDER/…, or the header x-quarterdeck-provider.",
    )
