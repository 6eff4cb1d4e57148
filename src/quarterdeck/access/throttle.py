"""Failed sign-ins make the next try wait: longer each time, per e-mail and address."""

from dataclasses import dataclass

from quarterdeck.kernel.clock import Clock
from quarterdeck.kernel.errors import QuarterdeckError

FREE_TRIES = 5
MAX_WAIT_S = 900
FORGET_AFTER_S = 3600
MAX_TRACKED = 10_000


class TooManyTries(QuarterdeckError):
    """`extra["retry_after_s"]` says when to come back."""

    status = 429
    code = "too_many_tries"


@dataclass(frozen=True, slots=True)
class _Failures:
    count: int
    last: float


class Throttle:
    """Counts failures in memory: a restart forgives, which an attacker cannot cause and a person may."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: dict[str, _Failures] = {}

    def check(self, subject: str) -> None:
        """Raises TooManyTries while `subject` still has to wait."""
        wait = self._wait(subject, self._clock.monotonic())
        if wait > 0:
            seconds = int(wait) + 1
            raise TooManyTries(f"Too many failed tries; wait {seconds} s and try again.", retry_after_s=seconds)

    def failed(self, subject: str) -> None:
        now = self._clock.monotonic()
        known = self._failures.pop(subject, None)
        remembered = 0 if known is None or now - known.last > FORGET_AFTER_S else known.count
        self._failures[subject] = _Failures(remembered + 1, now)
        while len(self._failures) > MAX_TRACKED:
            del self._failures[next(iter(self._failures))]

    def succeeded(self, subject: str) -> None:
        self._failures.pop(subject, None)

    def _wait(self, subject: str, now: float) -> float:
        known = self._failures.get(subject)
        if known is None or known.count < FREE_TRIES:
            return 0.0
        pause = min(2.0 ** (known.count - FREE_TRIES), MAX_WAIT_S)
        return known.last + pause - now
