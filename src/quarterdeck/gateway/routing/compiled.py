"""Routes ready to be walked, with what they remember from call to call."""

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import msgspec

from quarterdeck.access.routing.caching import CachePolicy
from quarterdeck.access.routing.caching import parse as cache_policy
from quarterdeck.access.routing.canary import Trial
from quarterdeck.access.routing.config import Branch, Leaf, Node, Route
from quarterdeck.access.routing.identity import identity_of
from quarterdeck.access.routing.parse import BadRoute, Settings, read_json
from quarterdeck.access.snapshot import Snapshot, WorkspaceEntry
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.resilience.breaker import Breaker

_INLINE_KEPT = 256
_STUCK_KEPT = 65_536


class CompiledRoute:
    """One route of one workspace. Its turns, sticky choices, breakers and trials live as long as its config."""

    __slots__ = (
        "bound",
        "breakers",
        "cache",
        "caches",
        "identity",
        "modes",
        "name",
        "route",
        "stuck",
        "trials",
        "turns",
        "whose",
    )

    def __init__(self, route: Route, name: str | None, identity: bytes) -> None:
        self.route = route
        self.name = name
        """None: it came with the request."""
        self.identity = identity
        self.cache = _cache(route)
        self.caches = _caches(route)
        """What targets say of caching that have a say of their own, by their path; None: none has."""
        self.modes = frozenset(_modes(route.root))
        self.turns: dict[str, list[float]] = {}
        self.stuck: OrderedDict[bytes, tuple[int, float]] = OrderedDict()
        self.trials: dict[str, Trial] = {}
        self.breakers: dict[str, Breaker] = {}
        self.bound: dict[tuple[str, str], Any] = {}
        """(dialect, asked model) → where each target leads (attempts/binding.py), for `whose` alone."""
        self.whose: WorkspaceEntry | None = None

    def for_workspace(self, workspace: WorkspaceEntry) -> None:
        """Forget what was bound to an older picture of the workspace."""
        if self.whose is not workspace:
            self.whose = workspace
            self.bound.clear()

    def breaker(self, leaf: Leaf) -> Breaker | None:
        if leaf.breaker is None:
            return None
        found = self.breakers.get(leaf.path)
        if found is None:
            found = self.breakers[leaf.path] = Breaker(leaf.breaker)
        return found

    def trial(self, branch: Branch) -> Trial:
        found = self.trials.get(branch.path)
        if found is None:
            found = self.trials[branch.path] = Trial(branch.canary)
        return found

    def stuck_to(self, branch: Branch, key: bytes, choose: Callable[[], int]) -> int:
        assert branch.sticky is not None
        now = time.monotonic()
        known = self.stuck.pop(key, None)
        index = known[0] if known is not None and known[1] > now else choose()
        self.stuck[key] = (index, now + branch.sticky.ttl_s)
        if len(self.stuck) > _STUCK_KEPT:
            self.stuck.popitem(last=False)
        return index


class RouteBook:
    """All routes of a gateway: saved ones by name, those that came with requests by their bytes."""

    def __init__(self) -> None:
        self.random = random.Random()  # noqa: S311 - spreads load, guards nothing
        self._saved: dict[tuple[str, str], tuple[bytes, bytes, CompiledRoute | BadRoute]] = {}
        self._inline: OrderedDict[bytes, CompiledRoute] = OrderedDict()
        self.written: dict[tuple[str, bytes | None], CompiledRoute] = {}
        """Saved ones by workspace and name as requests wrote it that said nothing else of their route; so they hold
        while the workspace is `whose` they are."""
        self.resume: Callable[[str, str, CompiledRoute], None] | None = None
        """Told of a saved route that has a canary, before it is used for the first time."""

    def saved(
        self, workspace: WorkspaceEntry, name: str, base: Callable[[], Settings], base_key: bytes
    ) -> CompiledRoute:
        """A saved route; `base` is what the request says beside it, equal for equal keys. Raises Refusal."""
        text = workspace.routes.get(name)
        if text is None:
            raise unknown_route(name, workspace.routes)
        if base_key:
            return self._by_bytes(workspace, name, text, base, base_key)
        known = self._saved.get((workspace.id, name))
        if known is None or known[0] != text:
            identity = identity_of(workspace.id, text, b"")
            try:
                made: CompiledRoute | BadRoute = CompiledRoute(read_json(text, keys_allowed=False), name, identity)
                if self.resume is not None and isinstance(made, CompiledRoute) and "canary" in made.modes:
                    self.resume(workspace.id, name, made)
            except BadRoute as problem:
                made = problem
            known = self._saved[workspace.id, name] = (text, identity, made)
        found = known[2]
        if isinstance(found, BadRoute):
            raise bad_config(found, name)
        found.for_workspace(workspace)
        return found

    def inline(
        self, workspace: WorkspaceEntry, text: bytes, base: Callable[[], Settings], base_key: bytes
    ) -> CompiledRoute:
        """A config in the request itself; an empty one is its headers alone. Raises Refusal."""
        return self._by_bytes(workspace, None, text, base, base_key)

    def saved_routes(self) -> dict[tuple[str, str], CompiledRoute]:
        """Those in use, by workspace and name."""
        return {key: found for key, (_, _, found) in self._saved.items() if isinstance(found, CompiledRoute)}

    def swapped(self, snapshot: Snapshot) -> None:
        """Forget routes that are no more; those that changed are found out when they are used."""
        self.written.clear()
        for key in list(self._saved):
            workspace = snapshot.workspaces.get(key[0])
            if workspace is None or key[1] not in workspace.routes:
                del self._saved[key]

    def _by_bytes(
        self, workspace: WorkspaceEntry, name: str | None, text: bytes, base: Callable[[], Settings], base_key: bytes
    ) -> CompiledRoute:
        identity = identity_of(workspace.id, text, base_key + (b"" if name is None else b"\0\0" + name.encode()))
        found = self._inline.get(identity)
        if found is None:
            try:
                route = read_json(text or b"{}", keys_allowed=name is None, base=base())
            except BadRoute as problem:
                raise bad_config(problem, name) from None
            found = self._inline[identity] = CompiledRoute(route, name, identity)
            if len(self._inline) > _INLINE_KEPT:
                self._inline.popitem(last=False)
        else:
            self._inline.move_to_end(identity)
        found.for_workspace(workspace)
        return found


def bad_config(problem: BadRoute, name: str | None) -> Refusal:
    words = problem.message if name is None else f"The saved route {name!r} cannot be used. {problem.message}"
    refusal = Refusal(400, "invalid_config", words)
    refusal.details = [f"path: {path}, message: {words}" for path, words in problem.problems]
    return refusal


def unknown_route(name: str, known: dict[str, bytes]) -> Refusal:
    names = ", ".join(sorted(known)) or "none is saved"
    return Refusal(400, "route_unknown", f"There is no route {name[:100]!r} here; there are: {names}.")


def _modes(node: Node) -> list[str]:
    return [] if isinstance(node, Leaf) else [node.mode, *(mode for child in node.children for mode in _modes(child))]


def _cache(route: Route) -> CachePolicy | None:
    return cache_policy(route.cache)


def _caches(route: Route) -> dict[str, CachePolicy | None] | None:
    own = {leaf.path: leaf.cache for leaf in route.leaves if leaf.cache is not None}
    return {path: cache_policy(msgspec.json.decode(said)) for path, said in own.items()} or None
