"""A newcomer on trial beside the one that serves: promoted when it proved itself, rolled back when it did worse."""

import math
import time
from enum import Enum

from quarterdeck.access.routing.config import Canary

_KEEP = 0.95
"""Of the average latency, per call."""


class Verdict(Enum):
    UNDECIDED = "undecided"
    PROMOTED = "promoted"
    ROLLED_BACK = "rolled_back"


class Arm:
    """What was seen of one of the two."""

    __slots__ = ("answered", "failed", "latency_ms")

    def __init__(self) -> None:
        self.answered = 0
        self.failed = 0
        self.latency_ms: float | None = None

    @property
    def error_rate(self) -> float:
        return self.failed / self.answered if self.answered else 0.0


class Trial:
    """Of one canary branch, since its config was saved."""

    __slots__ = ("canary", "newcomer", "since", "stable", "verdict", "why")

    def __init__(self, canary: Canary) -> None:
        self.canary = canary
        self.stable, self.newcomer = Arm(), Arm()
        self.verdict = Verdict.UNDECIDED
        self.why = ""
        self.since: int | None = None
        """When it was decided."""

    @property
    def share(self) -> float:
        """Of the calls that the newcomer gets now."""
        return {Verdict.UNDECIDED: self.canary.share, Verdict.PROMOTED: 1.0, Verdict.ROLLED_BACK: 0.0}[self.verdict]

    def saw(self, *, newcomer: bool, failed: bool, latency_ms: float | None) -> None:
        """One try of either ended; `latency_ms` is to the first byte."""
        arm = self.newcomer if newcomer else self.stable
        arm.answered += 1
        arm.failed += failed
        if latency_ms is not None and not failed:
            known = arm.latency_ms
            arm.latency_ms = latency_ms if known is None else known * _KEEP + latency_ms * (1.0 - _KEEP)
        if self.verdict is Verdict.UNDECIDED:
            self._decide()

    def took(self, verdict: Verdict, why: str, since: int | None = None) -> None:
        """Somebody else has decided, or it was decided before this start; None: nobody knows when."""
        if self.verdict is Verdict.UNDECIDED:
            self.verdict, self.why, self.since = verdict, why, since

    def _decide(self) -> None:
        canary, newcomer, stable = self.canary, self.newcomer, self.stable
        if newcomer.answered < canary.minimum:
            return
        # What may be chance is no verdict: twice the standard error of the newcomer's share.
        chance = 2.0 * math.sqrt(max(newcomer.error_rate * (1.0 - newcomer.error_rate), 1e-9) / newcomer.answered)
        excess = newcomer.error_rate - stable.error_rate
        if excess - chance > canary.max_error_excess or (newcomer.failed == newcomer.answered and excess > 0):
            self._conclude(
                Verdict.ROLLED_BACK,
                f"{newcomer.error_rate:.1%} of its calls failed, {stable.error_rate:.1%} of the other's",
            )
            return
        slow = self._slow()
        if slow is not None:
            self._conclude(Verdict.ROLLED_BACK, slow)
        elif newcomer.answered >= canary.requests and excess <= canary.max_error_excess:
            self._conclude(
                Verdict.PROMOTED,
                f"{newcomer.answered} calls, {newcomer.error_rate:.1%} failed, no slower than the other",
            )

    def _slow(self) -> str | None:
        ratio = self.canary.max_latency_ratio
        mine, other = self.newcomer.latency_ms, self.stable.latency_ms
        if ratio is None or mine is None or other is None or mine <= other * ratio:
            return None
        return f"{mine:.0f} ms to the first byte, {other:.0f} ms for the other"

    def _conclude(self, verdict: Verdict, why: str) -> None:
        self.verdict, self.why, self.since = verdict, why, time.time_ns() // 1_000
