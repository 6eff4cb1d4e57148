"""What a walk through a route may ask, and what comes back from each try. The gateway's answers live from traffic; a
dry run's are what control knows."""

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from quarterdeck.access.routing.config import Branch, Leaf


class Outcome(msgspec.Struct, frozen=True):
    """How a try ended."""

    ok: bool
    status: int
    """The provider's, or the one that stands for what happened: 408 for a time-out that a route set, 503 …"""
    error: str | None = None
    """A stable code."""
    no_answer: bool = False
    """Nothing came, or what came was no answer: another try may help whatever lists of statuses say."""
    retry_after_ms: float | None = None


class Try(msgspec.Struct, frozen=True):
    """Ask this target, after a wait; the walk wants an Outcome back."""

    leaf: Leaf
    number: int = 0
    """How often it was asked before in a row."""
    wait_ms: float = 0.0


class Race(msgspec.Struct, frozen=True):
    """Ask the first; after a while the second too; the outcome of whoever answers first is wanted back."""

    first: Leaf
    second: Leaf
    after_ms: float


class Mirror(msgspec.Struct, frozen=True):
    """Ask this target as well and throw the answer away; nothing is wanted back."""

    leaf: Leaf


Step = Try | Race | Mirror


class World(Protocol):
    """Asked by a walk. Everything here answers at once."""

    trace: list[tuple[str, str]] | None
    """(path, words) of each decision, where somebody wants to know."""

    @property
    def calm(self) -> bool:
        """Whether every target of the route is available; may be False where nobody looked."""
        ...

    def random(self) -> float:
        """In [0, 1)."""
        ...

    def value(self, field: str) -> Any:
        """A field of the call, for conditions; ABSENT when there is none."""
        ...

    def available(self, leaf: Leaf) -> bool:
        """Whether it may be asked: its breaker is closed and its provider is not known to be out."""
        ...

    def latency(self, leaf: Leaf) -> float | None:
        """Peak-sensitive average to the first byte times the calls in flight, in ms; None: never asked."""
        ...

    def busy(self, leaf: Leaf) -> int:
        """Calls in flight there."""
        ...

    def cost(self, leaf: Leaf) -> int | None:
        """Nano-dollars this call would about cost; None: no price is known."""
        ...

    def remaining(self, leaf: Leaf) -> float | None:
        """The share of the provider's rate limit that is left, from 0 to 1; None: it never said."""
        ...

    def slow_after_ms(self, leaf: Leaf, percentile: float) -> float | None:
        """The time to the first byte that this share of calls did not exceed lately; None: too few to tell."""
        ...

    def turns(self, branch: Branch) -> list[float]:
        """The branch's running weights, to be changed in place."""
        ...

    def stuck_to(self, branch: Branch, key: bytes, choose: Callable[[], int]) -> int:
        """The child that calls with this key go to; `choose` is asked when there is none yet."""
        ...

    def canary_share(self, branch: Branch) -> float:
        """The share of calls that the newcomer gets now."""
        ...

    def left_ms(self) -> float:
        """Until the deadline of all attempts together."""
        ...
