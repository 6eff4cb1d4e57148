"""A circuit breaker: closed until a target fails too much, then open for a while, then half-open for one call."""

from enum import Enum

from quarterdeck.access.routing.config import Breaker as Rules

_WINDOW = 100
"""Requests that a percentage is of."""


class State(Enum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    """Of one target. Seconds are on any clock that never steps."""

    __slots__ = ("_failures", "_in_a_row", "_opened_at", "_probe_at", "_recent", "rules", "state")

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.state = State.CLOSED
        self._in_a_row = 0
        self._recent: list[bool] = []
        """The last requests, True for a failure, oldest first."""
        self._failures = 0
        self._opened_at = 0.0
        self._probe_at: float | None = None

    def allows(self, now_s: float) -> bool:
        """Whether the target may be asked. Changes nothing: whoever then asks says so with `asked`."""
        if self.state is State.CLOSED:
            return True
        cooldown = self.rules.cooldown_ms / 1_000
        if self.state is State.OPEN:
            return now_s - self._opened_at >= cooldown
        # A probe that nobody answered for is given up after another cooldown.
        return self._probe_at is None or now_s - self._probe_at >= cooldown

    def asked(self, now_s: float) -> None:
        """The target is being asked."""
        if self.state is State.OPEN and now_s - self._opened_at >= self.rules.cooldown_ms / 1_000:
            self.state = State.HALF_OPEN
            self._probe_at = now_s
        elif self.state is State.HALF_OPEN and self._probe_at is None:
            self._probe_at = now_s

    def succeeded(self) -> None:
        """It answered well, which closes an open one too: somebody had nowhere else to go, and was right."""
        self._in_a_row = 0
        if self.state is not State.CLOSED:
            self._close()
        elif self.rules.percentage is not None:
            self._count(failed=False)

    def failed(self, now_s: float) -> None:
        if self.state is State.HALF_OPEN:
            self._open(now_s)
            return
        if self.state is State.OPEN:
            return  # a call that began before it opened, or one that had nowhere else to go
        self._in_a_row += 1
        if self.rules.percentage is not None:
            self._count(failed=True)
        if self._too_many():
            self._open(now_s)

    def took_no_side(self) -> None:
        """The call ended with neither: its caller left. A probe that ended so makes room for another."""
        if self.state is State.HALF_OPEN:
            self._probe_at = None

    def is_failure(self, status: int) -> bool:
        statuses = self.rules.statuses
        return status >= 500 if statuses is None else status in statuses

    def _too_many(self) -> bool:
        rules = self.rules
        if rules.failures is not None and self._in_a_row >= rules.failures:
            return True
        if rules.percentage is None or len(self._recent) < rules.minimum:
            return False
        return self._failures * 100 >= rules.percentage * len(self._recent)

    def _count(self, *, failed: bool) -> None:
        self._recent.append(failed)
        self._failures += failed
        if len(self._recent) > _WINDOW:
            self._failures -= self._recent.pop(0)

    def _open(self, now_s: float) -> None:
        self.state = State.OPEN
        self._opened_at = now_s
        self._probe_at = None

    def _close(self) -> None:
        self.state = State.CLOSED
        self._in_a_row = 0
        self._recent = []
        self._failures = 0
        self._probe_at = None
