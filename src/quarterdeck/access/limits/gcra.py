"""The generic cell rate algorithm, in whole numbers: `limit` per period, `burst` of them at one instant.

It keeps one number, the theoretical arrival time: the instant at which everything let through so far would have been
used up at the steady rate. There are no windows, so no end of one at which twice as much could pass.

Time is counted in microseconds times the limit, which makes what one unit costs (the period) a whole number. Time only
goes on: a clock that is set back takes the state back with it, and neither lets more through nor locks anybody out.
"""


class Gcra:
    """The state of one limit. Not for several threads."""

    __slots__ = ("_burst", "_last", "_limit", "_period", "_room", "_tat")

    def __init__(self, limit: int, period: int, burst: int) -> None:
        """`period` in microseconds."""
        self._limit, self._period, self._burst = limit, period, burst
        self._room = burst * period
        self._tat = 0
        self._last = 0

    def take(self, now: int, count: int = 1) -> int:
        """Let `count` through at the instant `now`: how many could pass after them. Less than 0: they may not pass, and
        could in so many microseconds.

        More than the burst can never pass at once, so it counts as the burst.
        """
        if now < self._last:
            self._tat -= (self._last - now) * self._limit
        self._last = now
        at, tat = now * self._limit, self._tat
        tat = (tat if tat > at else at) + (self._period if count == 1 else min(count, self._burst) * self._period)
        left = self._room + at - tat
        if left < 0:
            return left // self._limit
        self._tat = tat
        return left // self._period

    def let(self, now: int, count: int = 1) -> None:
        """Let `count` through that `wait` has just said may pass."""
        at = now * self._limit
        self._tat = (self._tat if self._tat > at else at) + min(count, self._burst) * self._period

    def wait(self, now: int, count: int = 1) -> int:
        """The same without letting anything through."""
        if now < self._last:
            self._tat -= (self._last - now) * self._limit
        self._last = now
        at = now * self._limit
        over = max(self._tat, at) + min(count, self._burst) * self._period - at - self._room
        return 0 if over <= 0 else -(-over // self._limit)

    def give_back(self, count: int) -> None:
        """Take back `count` of what was let through; a negative number charges what was used beyond it."""
        self._tat -= count * self._period

    def remaining(self, now: int) -> int:
        """How many could pass at this instant."""
        used = self._tat - now * self._limit
        left = (self._room - used if used > 0 else self._room) // self._period
        return left if left > 0 else 0

    def full_in(self, now: int) -> int:
        """Microseconds until the whole burst could pass."""
        return max(0, -(-(self._tat - now * self._limit) // self._limit))

    def state(self, now: int) -> tuple[int, int, int, int]:
        """What is not worked off yet, in microseconds times the limit; the limit, its period and its burst."""
        return max(0, self._tat - now * self._limit), self._limit, self._period, self._burst

    @classmethod
    def resumed(cls, limit: int, period: int, burst: int, used: int, now: int) -> "Gcra":
        """The limit whose `state` was this at the instant `now`, on whatever clock."""
        fresh = cls(limit, period, burst)
        fresh._tat, fresh._last = now * limit + used, now
        return fresh

    def leave(self, count: int, now: int) -> None:
        """Let so many remain: what others say who take from the same limit."""
        self._tat, self._last = now * self._limit + max(0, self._burst - count) * self._period, now

    def resize(self, limit: int, period: int, burst: int, now: int) -> None:
        """Be another limit from now on, with the same use so far."""
        used = max(0, self._tat - now * self._limit)
        self._tat, self._last = now * limit + -(-used // self._period) * period, now
        self._limit, self._period, self._burst, self._room = limit, period, burst, burst * period
