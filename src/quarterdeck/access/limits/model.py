"""A limit: requests or tokens per time, or calls at once, for a scope."""

from enum import StrEnum

import msgspec

from quarterdeck.access.scopes import Scope, ScopeKind
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND
from quarterdeck.kernel.errors import Invalid

SCOPES = tuple(ScopeKind)
QUEUED = (ScopeKind.PROVIDER, ScopeKind.CREDENTIAL)
"""At these, callers may wait for their turn: it is the provider that is busy, not they who ask too much."""
MAX_COUNT = 10**12
MAX_WAIT_MS = 600_000
DEFAULT_WAIT_MS = 5_000
"""How long a call waits for a busy provider when nothing else is said."""
MAX_WEIGHT = 1_000


class Measure(StrEnum):
    REQUESTS = "requests"
    TOKENS = "tokens"
    CONCURRENT = "concurrent"


class Period(StrEnum):
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> int:
        """In microseconds."""
        return {Period.SECOND: SECOND, Period.MINUTE: MINUTE, Period.HOUR: HOUR, Period.DAY: DAY}[self]


class LimitEntry(msgspec.Struct, frozen=True):
    """A limit as gateways hold it."""

    id: str
    scope: Scope
    measure: str
    amount: int
    period: str | None
    """None for calls at once."""
    burst: int
    """How many may come at one instant; the amount, when nothing else was said."""
    max_wait_ms: int = 0
    weights: dict[str, int] = {}
    """Shares of agents (by id) while calls wait; 1 for who is not named."""
    shown: str = ""

    @property
    def length(self) -> int:
        """The period in microseconds; 0 for calls at once."""
        return Period(self.period).length if self.period is not None else 0


def check(scope: Scope, measure: Measure, amount: int, period: Period | None, burst: int | None, wait_ms: int) -> None:
    """Raises Invalid, naming the field."""
    if not 1 <= amount <= MAX_COUNT:
        raise Invalid(f"a limit is a whole number from 1 to {MAX_COUNT}.", field="amount")
    if (period is None) != (measure is Measure.CONCURRENT):
        words = "calls at once have no period" if measure is Measure.CONCURRENT else "say per which period"
        raise Invalid(f"{words}; per is one of {', '.join(Period)}.", field="per")
    if burst is not None and not 1 <= burst <= amount:
        raise Invalid("burst is 1 to the limit itself.", field="burst")
    if not 0 <= wait_ms <= MAX_WAIT_MS:
        raise Invalid(f"max_wait_ms is 0 to {MAX_WAIT_MS}.", field="max_wait_ms")
    if wait_ms and scope.kind not in QUEUED:
        raise Invalid(f"calls wait only at {' and '.join(QUEUED)}; elsewhere max_wait_ms is 0.", field="max_wait_ms")
