"""What a budget or a limit is on: a kind and which one of it, and whether a call falls under it.

A scope is written `workspace`, `agent:research`, `model:gpt-4o*`, `tag:team=blue`. A `*` for the whole value means each
one for itself: `agent:*` counts every agent apart.
"""

from collections.abc import Collection
from enum import StrEnum
from fnmatch import fnmatchcase

import msgspec

from quarterdeck.kernel.errors import Invalid

MAX_VALUE = 200
EACH = "*"


class ScopeKind(StrEnum):
    WORKSPACE = "workspace"
    PROJECT = "project"
    AGENT = "agent"
    TASK = "task"
    RUN = "run"
    KEY = "key"
    ROUTE = "route"
    MODEL = "model"
    """A shell pattern on the model's name, as the provider is asked for it."""
    PROVIDER = "provider"
    CREDENTIAL = "credential"
    """Where a provider's secret is, such as `env:OPENAI_API_KEY`: providers that share it share the limit."""
    TAG = "tag"
    """`name=value`; `name=*` counts every value apart."""


class Scope(msgspec.Struct, frozen=True, array_like=True):
    """`value` is an id for what has one, else a name; empty for the workspace."""

    kind: str
    value: str = ""

    @property
    def each(self) -> bool:
        """Whether it counts each one for itself."""
        return self.value == EACH or (self.kind == ScopeKind.TAG and self.value.endswith("=" + EACH))

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else self.kind


class Facts(msgspec.Struct, frozen=True, array_like=True, cache_hash=True):
    """What of a call decides which budgets and limits it falls under."""

    agent_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    project_id: str | None = None
    key_id: str | None = None
    route: str | None = None
    provider: str | None = None
    credential: str | None = None
    model: str | None = None
    tags: tuple[tuple[str, str], ...] = ()


def parse_scope(text: str, kinds: Collection[ScopeKind]) -> Scope:
    """Raises Invalid, naming the field `scope`, when it is none of these kinds."""
    kind, colon, value = text.strip().partition(":")
    value = value.strip()
    if kind not in kinds:
        raise Invalid(f"a scope begins with {', '.join(kinds)}; not {kind!r}.", field="scope")
    if kind == ScopeKind.WORKSPACE:
        if value:
            raise Invalid("the scope workspace names nothing further; write it as 'workspace'.", field="scope")
        return Scope(kind)
    if not colon or not value or len(value) > MAX_VALUE or not value.isprintable():
        raise Invalid(f"say which {kind}: '{kind}:NAME', or '{kind}:*' for each one for itself.", field="scope")
    if kind == ScopeKind.TAG and not value.partition("=")[2]:
        raise Invalid("write a tag as 'tag:name=value', or 'tag:name=*' for each value for itself.", field="scope")
    return Scope(kind, value)


def counted_under(scope: Scope, facts: Facts) -> str | None:
    """The value a call is counted under in this scope; None when the scope is not about the call.

    One for all (and the workspace) counts under the empty text, each for itself under its own value.
    """
    kind, wanted = scope.kind, scope.value
    if kind == ScopeKind.WORKSPACE:
        return ""
    if kind == ScopeKind.TAG:
        return _of_tag(wanted, facts)
    own = _own_value(kind, facts)
    if own is None or wanted == EACH:
        return own
    same = fnmatchcase(own, wanted) if kind == ScopeKind.MODEL else own == wanted
    return "" if same else None


def may_concern(scope: Scope, agent_id: str | None, key_id: str) -> bool:
    """Whether calls of this agent's key can fall under the scope at all, wherever they go and whatever they say."""
    if scope.kind == ScopeKind.AGENT:
        return scope.value in (EACH, agent_id)
    if scope.kind == ScopeKind.KEY:
        return scope.value in (EACH, key_id)
    return True


def _of_tag(wanted: str, facts: Facts) -> str | None:
    name, _, value = wanted.partition("=")
    for tag, told in facts.tags:
        if tag == name and value in (EACH, told):
            return f"{tag}={told}" if value == EACH else ""
    return None


def _own_value(kind: str, facts: Facts) -> str | None:
    if kind == ScopeKind.PROVIDER:
        return facts.provider
    if kind == ScopeKind.MODEL:
        return facts.model
    if kind == ScopeKind.CREDENTIAL:
        return facts.credential
    if kind == ScopeKind.ROUTE:
        return facts.route
    found: str | None = getattr(facts, f"{kind}_id")
    return found
