"""A route as values: a tree of branches (a strategy each) and leaves (a provider each), read and checked once.

What a child does not say, its parents say; that is worked out when the tree is read, so a leaf is complete.
Durations are milliseconds.
"""

from typing import Any

import msgspec

RETRY_STATUSES = frozenset({429, 500, 502, 503, 504, 529})
"""What is retried when a config does not say: Portkey's own list and what it documents beside it."""

Path = tuple[str | int | None, ...]
"""Into a body: names and indices; None stands for every item of a list."""


class Retry(msgspec.Struct, frozen=True):
    """How often the same target is asked again."""

    attempts: int = 0
    """Tries after the first."""
    on_status_codes: frozenset[int] = RETRY_STATUSES
    """An answer that never came, or was none, is retried whatever this says."""
    use_retry_after: bool = False
    """Wait as long as the provider asks for, and no longer."""
    backoff_ms: float = 1_000.0
    max_backoff_ms: float = 16_000.0
    max_wait_ms: float = 60_000.0
    """All waits together."""


class Breaker(msgspec.Struct, frozen=True):
    """When a target is no longer asked, and for how long."""

    failures: int | None = None
    """In a row."""
    percentage: float | None = None
    """Of the last requests, once there are `minimum`."""
    cooldown_ms: float = 30_000.0
    statuses: frozenset[int] | None = None
    """None: 500 and above."""
    minimum: int = 5


class Timeouts(msgspec.Struct, frozen=True):
    """None leaves what the provider is set up with."""

    request_ms: int | None = None
    """Until the first event of a stream, or the whole of another answer; then 408."""
    connect_ms: int | None = None
    first_byte_ms: int | None = None
    idle_ms: int | None = None
    total_ms: int | None = None


class Patch(msgspec.Struct, frozen=True):
    """What is changed in the caller's body, in its own dialect: defaults, then overrides, then drops."""

    default: tuple[tuple[str, bytes], ...] = ()
    override: tuple[tuple[str, bytes], ...] = ()
    drop: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.default or self.override or self.drop)


class Sticky(msgspec.Struct, frozen=True):
    """Calls alike in these fields go where the first of them went, until they stop coming for `ttl_s`."""

    fields: tuple[str, ...]
    ttl_s: float = 3_600.0


class Condition(msgspec.Struct, frozen=True):
    """`test` is a compiled query of conditions.py."""

    test: Any
    then: int
    """Index of the target."""
    words: str
    """The query as it was written, to say why."""


class Canary(msgspec.Struct, frozen=True):
    """How much the newcomer gets, and what decides on it."""

    share: float = 0.05
    requests: int = 100
    """How many the newcomer must have answered before it is promoted."""
    max_error_excess: float = 0.05
    """How much larger its share of failures may be than the other's."""
    max_latency_ratio: float | None = 1.5
    """How many times as slow it may be."""
    minimum: int = 20
    """Before so many, nothing is decided."""


class Hedge(msgspec.Struct, frozen=True):
    """When a second request is sent."""

    after_ms: float | None = None
    percentile: float = 0.95
    """Of the first target's lately observed times to the first byte, where `after_ms` is not given."""
    minimum_ms: float = 50.0


class Leaf(msgspec.Struct, frozen=True):
    """A target."""

    path: str
    """Where it stands, as Portkey writes it: `config.targets[0].targets[1]`."""
    name: str | None = None
    weight: float = 1.0
    provider: str | None = None
    """A provider's name or kind; None: wherever the model is served."""
    model: str | None = None
    api_key: str | None = None
    """The caller's own, in place of the provider's."""
    spare_key: str | None = None
    """The caller's own, where the provider has none."""
    custom_host: str | None = None
    forward_headers: tuple[str, ...] = ()
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Sent to the provider beside the rest."""
    retry: Retry = Retry()
    breaker: Breaker | None = None
    timeouts: Timeouts = Timeouts()
    patch: Patch = Patch()
    cache: bytes | None = None
    """What it, or a node above it below the root, says of caching, as unread JSON; None: what the root says holds."""
    on_status_codes: frozenset[int] | None = None
    """Where this one's own statuses let a fallback go on."""

    def __repr__(self) -> str:
        return f"Leaf({self.path!r}, provider={self.provider!r}, model={self.model!r})"


class Branch(msgspec.Struct, frozen=True):
    """A strategy over children."""

    path: str
    mode: str
    children: "tuple[Leaf | Branch, ...]"
    name: str | None = None
    weight: float = 1.0
    on_status_codes: frozenset[int] | None = None
    """Statuses that let it go on to the next child; None: each strategy's own rule."""
    goes_on: bool = False
    """Whether a choosing strategy tries the others after the chosen one failed."""
    conditions: tuple[Condition, ...] = ()
    default: int | None = None
    sticky: Sticky | None = None
    canary: Canary = Canary()
    hedge: Hedge = Hedge()
    sample: float = 1.0
    """Of a shadow: the share of calls that is mirrored."""


Node = Leaf | Branch


class Route(msgspec.Struct, frozen=True):
    """A whole config."""

    root: Node
    leaves: tuple[Leaf, ...]
    reads_body: bool = False
    """A condition or a sticky field looks into the body."""
    deadline_ms: float | None = None
    """For all attempts together."""
    cache: dict[str, Any] | str | None = None
    """What the root says of caching, unread: the cache's matter."""
    metadata: dict[str, str] = {}


MODES = {
    "single": "single",
    "fallback": "fallback",
    "loadbalance": "loadbalance",
    "conditional": "conditional",
    "round_robin": "round_robin",
    "roundrobin": "round_robin",
    "round-robin": "round_robin",
    "least_latency": "least_latency",
    "least-latency": "least_latency",
    "least_cost": "least_cost",
    "least-cost": "least_cost",
    "least_busy": "least_busy",
    "least-busy": "least_busy",
    "usage_aware": "usage_aware",
    "usage-aware": "usage_aware",
    "canary": "canary",
    "shadow": "shadow",
    "hedge": "hedge",
}
"""Each strategy's spellings."""
MAX_DEPTH = 16
MAX_CHILDREN = 1_000
MAX_NODES = 2_000
MAX_RETRIES = 20
MAX_MS = 86_400_000
