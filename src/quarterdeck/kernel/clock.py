"""Time. Instants are integers: microseconds since the Unix epoch, UTC. Durations say their unit in their name."""

import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

MS = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - UTC, left out because `Z` says it


class Clock(Protocol):
    """What the product asks about time. Passed in, so that a test can hold it still."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never steps; only differences mean anything."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> int:
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        return time.monotonic()


class FakeClock:
    """A clock that moves only when told to. Shipped, because users test against us too."""

    def __init__(self, now: int = 1_800_000_000 * SECOND) -> None:
        self._now = now
        self._monotonic = 0.0

    def now(self) -> int:
        return self._now

    def monotonic(self) -> float:
        return self._monotonic

    def advance(self, seconds: float) -> None:
        self._now += round(seconds * SECOND)
        self._monotonic += seconds

    def set_forward(self, seconds: float) -> None:
        """As by a time server, or by a machine that wakes: no such time passed."""
        self._now += round(seconds * SECOND)


class Steps:
    """How far a machine's clock was set forward: what passed on it and not on the one that never steps."""

    LEAST = SECOND
    """Less than that is a clock that goes a little fast."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._settled = self._seen = (clock.now(), clock.monotonic())

    @property
    def seen_at(self) -> int:
        """The instant of the last look."""
        return self._seen[0]

    def forward(self) -> int:
        """Look: by how many microseconds since what was settled last; 0 when it was not."""
        self._seen = now, steady = self._clock.now(), self._clock.monotonic()
        stepped = now - self._settled[0] - round((steady - self._settled[1]) * SECOND)
        return stepped if stepped >= self.LEAST else 0

    def settle(self) -> None:
        """What the last look found has been seen to."""
        self._settled = self._seen


def utc(instant: int) -> datetime:
    """The instant as a moment in UTC."""
    return datetime.fromtimestamp(instant // SECOND, UTC).replace(microsecond=instant % SECOND)


def iso(instant: int) -> str:
    """`1800000000000000` → `2027-01-15T08:00:00.000000Z`."""
    second, microsecond = divmod(instant, SECOND)
    return f"{_second(second)}.{microsecond:06d}Z"


@lru_cache(maxsize=10_000)
def _second(second: int) -> str:
    return (_EPOCH + timedelta(seconds=second)).isoformat(timespec="seconds")


def parse_iso(text: str) -> int:
    """The inverse of :func:`iso`; any RFC 3339 text with a zone.

    Raises ValueError when the text is no instant or names no zone.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"{text!r} names no time zone; write it as 2026-11-23T14:05:00Z")
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * SECOND + moment.microsecond


def floor_to(instant: int, grain: int) -> int:
    """The start of the bucket of `grain` microseconds that `instant` falls in (UTC)."""
    return instant - instant % grain
