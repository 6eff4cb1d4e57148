"""How providers do, as seen in passing: latency, failures, calls in flight, and whether one is out of service.

Nothing is sent to find out. An outage is a provider's: whichever agent met it, all routes know.
"""

import math
from collections import OrderedDict

from quarterdeck.access.routing.config import Breaker as Rules
from quarterdeck.access.wire import ProviderState
from quarterdeck.gateway.resilience.breaker import Breaker, State

OUTAGE = Rules(failures=5, percentage=None, cooldown_ms=10_000.0)
"""A provider that failed this often in a row is taken to be out; one call in so long asks whether it still is."""
_PEAK_S = 10.0
"""In which a slow answer is half forgotten."""
_HALF_LIFE_S = 30.0
_SAMPLES = 128
_ENOUGH = 20
_KEPT = 4_096


class ProviderHealth:
    """Of one provider of one workspace. Its outage breaker closes with the first call that goes well."""

    __slots__ = (
        "_at",
        "_outages",
        "failures",
        "last_error",
        "last_error_at",
        "limited_until",
        "name",
        "outage",
        "since",
        "total",
    )

    def __init__(self, name: str, outages: "set[ProviderHealth]") -> None:
        """`outages` are those who are out of service; it is kept up to date from here."""
        self.name = name
        self._outages = outages
        self.outage = Breaker(OUTAGE)
        self.total = 0.0
        """Calls lately, each counting half as much every half minute; so do the failures."""
        self.failures = 0.0
        self.since: int | None = None
        """Microseconds since the epoch: when the failures in a row began that stand now."""
        self.last_error: str | None = None
        self.last_error_at: int | None = None
        self.limited_until = 0.0
        """Until when it asked to be left alone (429), in seconds of the monotonic clock."""
        self._at = 0.0

    def answered(self, now_s: float) -> None:
        if now_s - self._at > 1.0:
            self._fade(now_s)
        self.total += 1.0
        if self.since is not None:
            self.since = None
            self.outage.succeeded()
            self._outages.discard(self)

    def failed(self, now_s: float, error: str, at: int) -> None:
        self._fade(now_s)
        self.total += 1.0
        self.failures += 1.0
        self.last_error, self.last_error_at = error, at
        if self.since is None:
            self.since = at
        self.outage.failed(now_s)
        if self.out:
            self._outages.add(self)

    def error_rate(self, now_s: float) -> float | None:
        """The share of calls that failed lately; None when there were none."""
        self._fade(now_s)
        return self.failures / self.total if self.total > 0.05 else None

    @property
    def out(self) -> bool:
        """Whether it is taken to be out of service."""
        return self.outage.state is not State.CLOSED

    def _fade(self, now_s: float) -> None:
        factor = 0.5 ** ((now_s - self._at) / _HALF_LIFE_S)
        self.total *= factor
        self.failures *= factor
        self._at = now_s


class TargetHealth:
    """Of one model at one provider."""

    __slots__ = ("_at", "_latency_ms", "_next", "_samples", "busy", "provider", "remaining", "remaining_until")

    def __init__(self, provider: ProviderHealth) -> None:
        self.provider = provider
        self.busy = 0
        """Calls in flight."""
        self.remaining: float | None = None
        """The share of its rate limit that is left, as its last answer said."""
        self.remaining_until = 0.0
        self._latency_ms: float | None = None
        self._at = 0.0
        self._samples: list[float] = []
        self._next = 0

    def first_byte(self, now_s: float, took_ms: float) -> None:
        """An answer began. A slower one counts at once, a faster one as the slow ones are forgotten (peak EWMA)."""
        known = self._latency_ms
        if known is None or took_ms >= known:
            self._latency_ms = took_ms
        else:
            keep = 1.0 / (1.0 + (now_s - self._at) / _PEAK_S)
            self._latency_ms = known * keep + took_ms * (1.0 - keep)
        self._at = now_s
        if len(self._samples) < _SAMPLES:
            self._samples.append(took_ms)
        else:
            self._samples[self._next] = took_ms
            self._next = (self._next + 1) % _SAMPLES

    @property
    def latency_ms(self) -> float | None:
        """To the first byte, peaks counting most; None: never asked."""
        return self._latency_ms

    def load_ms(self) -> float | None:
        """Latency times whoever waits already, and oneself."""
        return None if self._latency_ms is None else self._latency_ms * (self.busy + 1)

    def percentile_ms(self, share: float) -> float | None:
        """The time to the first byte that `share` of the last calls did not exceed; None when there were too few."""
        if len(self._samples) < _ENOUGH:
            return None
        ordered = sorted(self._samples)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


class HealthBook:
    """Every provider and target of a gateway that calls went to lately."""

    def __init__(self) -> None:
        self.providers: dict[tuple[str, str], ProviderHealth] = {}
        """(workspace id, provider) → its health."""
        self.outages: set[ProviderHealth] = set()
        """Of them, those taken to be out of service."""
        self._targets: OrderedDict[tuple[str, str, str], TargetHealth] = OrderedDict()

    def of(self, workspace_id: str, provider: str, model: str) -> TargetHealth:
        """The health of a model at a provider, which begins when it is first asked for."""
        key = (workspace_id, provider, model)
        found = self._targets.get(key)
        if found is None:
            whole = self.providers.get(key[:2])
            if whole is None:
                whole = self.providers[key[:2]] = ProviderHealth(provider, self.outages)
            found = self._targets[key] = TargetHealth(whole)
            if len(self._targets) > _KEPT:
                # Callers may write anything for a model; what nobody asked for lately is forgotten.
                self._targets.popitem(last=False)
        return found

    def keep(self, places: set[tuple[str, str]]) -> None:
        """Forget providers that are no more."""
        for place in self.providers.keys() - places:
            self.outages.discard(self.providers.pop(place))
        for key in [key for key in self._targets if key[:2] not in places]:
            del self._targets[key]

    def shown(self, now_s: float) -> list[ProviderState]:
        """What control is told of, for its pages."""
        busy: dict[tuple[str, str], int] = {}
        slowest: dict[tuple[str, str], float] = {}
        for (workspace_id, name, _), target in self._targets.items():
            place = (workspace_id, name)
            busy[place] = busy.get(place, 0) + target.busy
            if target.latency_ms is not None:
                slowest[place] = max(slowest.get(place, 0.0), target.latency_ms)
        return [
            ProviderState(
                workspace_id=place[0],
                provider=place[1],
                state=_state(health, now_s),
                since=health.since if health.out else None,
                error_rate=_rounded(health.error_rate(now_s)),
                latency_ms=_rounded(slowest.get(place)),
                busy=busy.get(place, 0),
                last_error=health.last_error,
                last_error_at=health.last_error_at,
            )
            for place, health in self.providers.items()
        ]


def _state(health: ProviderHealth, now_s: float) -> str:
    state = health.outage.state
    if state is State.CLOSED:
        return "limited" if health.limited_until > now_s else "up"
    return "probing" if state is State.HALF_OPEN else "out"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
