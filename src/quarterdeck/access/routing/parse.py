"""From a config's JSON to a route. Everything wrong with it is found in one go, each with its path."""

from typing import Any

import msgspec

from quarterdeck.access.routing import caching, conditions, settings, strategies
from quarterdeck.access.routing.config import (
    MAX_CHILDREN,
    MAX_DEPTH,
    MAX_MS,
    MAX_NODES,
    Branch,
    Leaf,
    Node,
    Route,
)
from quarterdeck.access.routing.fields import BadRoute, Members, Problems
from quarterdeck.access.routing.settings import Settings

MAX_BYTES = 512 * 1024


def read_json(text: bytes, *, keys_allowed: bool = True, base: Settings | None = None) -> Route:
    """A config in JSON. Raises BadRoute."""
    if len(text) > MAX_BYTES:
        raise BadRoute([("config", f"is larger than {MAX_BYTES} bytes")])
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadRoute([("config", f"is no JSON: {error}")]) from None
    return read(value, keys_allowed=keys_allowed, base=base)


def read(value: Any, *, keys_allowed: bool = True, base: Settings | None = None) -> Route:
    """A config as decoded JSON.

    `base` is what holds where the config says nothing. Without `keys_allowed` a provider's key may not stand in it.
    Raises BadRoute with everything that is wrong.
    """
    reader = _Reader(keys_allowed=keys_allowed)
    route = reader.route(value, base or Settings())
    reader.wrong.raise_if_any()
    return route


class _Reader:
    def __init__(self, *, keys_allowed: bool) -> None:
        self.wrong = Problems()
        self._keys_allowed = keys_allowed
        self._nodes = 0
        self._leaves: list[Leaf] = []
        self._fields: set[str] = set()

    def route(self, value: Any, base: Settings) -> Route:
        if not isinstance(value, dict):
            self.wrong("config", 'expected an object such as {"provider": "openai"}')
            return Route(Leaf("config"), ())
        root = self._node(value, "config", base, 0)
        deadline = value.get("deadline_ms")
        if deadline is not None and (isinstance(deadline, bool) or not isinstance(deadline, int | float)):
            self.wrong("config.deadline_ms", "expected a number of milliseconds")
            deadline = None
        cache, metadata = value.get("cache"), value.get("metadata")
        reads_body = any(name.startswith("params.") and name != "params.model" for name in self._fields)
        return Route(
            root,
            tuple(self._leaves),
            reads_body=reads_body,
            deadline_ms=None if deadline is None else min(max(float(deadline), 1.0), MAX_MS),
            cache=cache if isinstance(cache, dict | str) else None,
            metadata={name: each for name, each in metadata.items() if isinstance(each, str)}
            if isinstance(metadata, dict)
            else {},
        )

    def _node(self, value: Any, path: str, parent: Settings, depth: int) -> Node:
        self._nodes += 1
        if not isinstance(value, dict):
            self.wrong(path, 'expected an object such as {"provider": "openai"}')
            return Leaf(path)
        if depth > MAX_DEPTH or self._nodes > MAX_NODES:
            words = f"is nested deeper than {MAX_DEPTH}" if depth > MAX_DEPTH else f"has more than {MAX_NODES} targets"
            if depth > MAX_DEPTH or self._nodes == MAX_NODES + 1:
                self.wrong(path, words)
            return Leaf(path)
        at = Members(value, path, self.wrong)
        name = at.text("name")
        weight = at.number("weight", least=0, most=1e9)
        own = settings.read(at, parent, keys_allowed=self._keys_allowed)
        codes = at.statuses("on_status_codes")
        self._tolerated(at, depth)
        strategy, targets = at.inner("strategy"), at.anything("targets")
        weight = 1.0 if weight is None else weight
        if strategy is None and targets is None:
            at.done()
            return self._leaf(path, name, weight, own, codes)
        if strategy is not None and (own_breaker := settings.breaker(strategy)) is not None:
            own = msgspec.structs.replace(own, breaker=own_breaker)
        children = self._children(targets, at, own, depth)
        at.done()
        return self._branch(strategy, path, name, weight, children)

    def _tolerated(self, at: Members, depth: int) -> None:
        """Keys that ask for what is done here anyway, or that others read."""
        at.anything("strict_open_ai_compliance", "passthrough", "fetch_integrated_models", "sensitive_headers", "id")
        try:
            caching.parse(at.anything("cache"), at.at("cache"))
        except caching.BadPolicy as problem:
            self.wrong(problem.path, f"expected {problem.expected}")
        if depth == 0:
            at.anything("deadline_ms", "metadata", "version", "description")

    def _leaf(self, path: str, name: str | None, weight: float, own: Settings, codes: frozenset[int] | None) -> Leaf:
        leaf = Leaf(
            path=path,
            name=name,
            weight=weight,
            on_status_codes=codes,
            **{field: getattr(own, field) for field in Settings.__struct_fields__},
        )
        self._leaves.append(leaf)
        return leaf

    def _children(self, targets: Any, at: Members, own: Settings, depth: int) -> tuple[Node, ...]:
        if not isinstance(targets, list) or not 1 <= len(targets) <= MAX_CHILDREN:
            self.wrong(at.at("targets"), f"expected a list of 1 to {MAX_CHILDREN} targets")
            return (Leaf(at.path),)
        return tuple(
            self._node(target, f"{at.path}.targets[{index}]", own, depth + 1) for index, target in enumerate(targets)
        )

    def _branch(
        self, strategy: Members | None, path: str, name: str | None, weight: float, children: tuple[Node, ...]
    ) -> Branch:
        if strategy is None:
            equal = len({child.weight for child in children}) == 1
            return Branch(path, "least_latency" if equal else "loadbalance", children, name=name, weight=weight)
        branch, fields = strategies.read(strategy, Branch(path, "single", children, name=name, weight=weight))
        self._fields |= fields
        return branch


def targets_named(route: Route) -> list[tuple[str, str]]:
    """Every provider a route names, and where."""
    return [(leaf.provider, f"{leaf.path}.provider") for leaf in route.leaves if leaf.provider is not None]


__all__ = ["MAX_BYTES", "BadRoute", "Settings", "conditions", "read", "read_json", "targets_named"]
