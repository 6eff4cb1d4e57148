"""Hourly prices over stretches of time. Pure; nano-dollars, instants in microseconds since the epoch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from quarterdeck.kernel.clock import DAY, HOUR

MAX_PER_HOUR = 10_000 * 10**9
"""Nano-dollars; ten thousand dollars."""
_FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class SeatPrice:
    """From `valid_from` until the next one begins."""

    valid_from: int
    nano_per_hour: int
    """0: it costs nothing any more."""
    set_by: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time during which an agent had nothing to do but wait: [began, until), on one task that waits."""

    task_id: str
    began: int
    until: int
    open: bool = True
    """It was still waiting when looked at last."""


@dataclass(frozen=True, slots=True)
class Waits:
    """An agent that waits now: with which task, and since when nothing else was to be done."""

    task_id: str
    since: int


def cost_of(prices: Sequence[SeatPrice], begin: int, end: int) -> int:
    """What [begin, end) costs by these prices, in order of validity; rounded once, half to even."""
    starts = [*(price.valid_from for price in prices), _FOREVER]
    weighed = 0
    for price, (since, until) in zip(prices, pairwise(starts), strict=True):
        weighed += price.nano_per_hour * max(0, min(end, until) - max(begin, since))
    whole, rest = divmod(weighed, HOUR)
    return whole + (2 * rest > HOUR or (2 * rest == HOUR and whole % 2 == 1))


def by_day(begin: int, end: int) -> Iterator[tuple[int, int, int]]:
    """(day, begin, end) of each part of [begin, end) that lies in one day, UTC."""
    while begin < end:
        day = begin - begin % DAY
        yield day, begin, min(end, day + DAY)
        begin = day + DAY


def next_stretch(last: Stretch | None, waits: Waits, worked_until: int | None, now: int) -> Stretch:
    """The stretch that an agent is in: the last one, longer; or a new one, which begins where no other counts."""
    since = max(waits.since, worked_until or 0)
    if last is not None and last.open and last.task_id == waits.task_id and last.until >= since:
        return Stretch(last.task_id, last.began, max(last.until, now))
    began = max(since, last.until if last is not None else 0)
    return Stretch(waits.task_id, min(began, now), now)
