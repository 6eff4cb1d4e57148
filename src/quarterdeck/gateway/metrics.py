"""Counts that the model path keeps as plain numbers, and their text for Prometheus.

What may stand in a label is bounded: dialects, outcomes and codes are ours, providers are those that were set up, and
models, which a caller may make up, are in none. docs/observability.md lists every name.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence

from quarterdeck.gateway.draft import Draft
from quarterdeck.kernel.prometheus import Sample, family, single

_US = 1_000_000
_NANO = 1_000_000_000
OVERHEAD_US = (100, 250, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 100_000, 1_000_000)
DURATION_US = tuple(1_000 * ms for ms in (5, 25, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000))
_TOGETHER = 256
MOST_PROVIDERS = 200
"""Providers that have series of their own; the rest are counted together, as `other`."""


class Histogram:
    """Counts by upper bound, in microseconds. Values wait, for many are counted quicker together than one by one."""

    __slots__ = ("add", "bounds", "counts", "total", "waiting")

    def __init__(self, bounds: Sequence[int]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        """Without those that wait; nor are they in `total`."""
        self.total = 0
        self.waiting: list[int] = []
        self.add = self.waiting.append

    def count(self) -> None:
        """Count those that wait."""
        values = sorted(self.waiting)
        self.waiting.clear()
        self.total += sum(values)
        reached = 0
        for place, bound in enumerate(self.bounds):
            upto = bisect_right(values, bound, reached)
            self.counts[place] += upto - reached
            reached = upto
        self.counts[-1] += len(values) - reached


class Metrics:
    """Counts since the process started; `GET /metrics` shows them."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str, str]] = Counter()
        """(dialect, provider, outcome) → calls."""
        self.refusals: Counter[str] = Counter()
        self.cost_nano: Counter[str] = Counter()
        """By provider."""
        self.input_tokens: Counter[str] = Counter()
        self.output_tokens: Counter[str] = Counter()
        self.cached_tokens: Counter[str] = Counter()
        """Read from the provider's own prompt cache."""
        self.cache: Counter[str] = Counter()
        """What our cache did → calls."""
        self.saved_nano = 0
        self.overhead_us = Histogram(OVERHEAD_US)
        self.duration_us = Histogram(DURATION_US)
        self.first_byte_us = Histogram(DURATION_US)
        self._providers: dict[str, str] = {"": ""}

    def settled(self, draft: Draft, overhead_us: int, duration_us: int) -> None:
        provider = self._label(draft.target.provider.name) if draft.target is not None else ""
        self.calls[draft.endpoint.dialect, provider, draft.outcome] += 1
        self.overhead_us.add(overhead_us)
        self.duration_us.add(duration_us)
        if draft.first_byte is not None:
            self.first_byte_us.add(draft.first_byte)
        if len(self.duration_us.waiting) >= _TOGETHER:
            self._count()
        usage = draft.usage
        if usage is not None:
            self.input_tokens[provider] += usage.input_total
            self.output_tokens[provider] += usage.output_total
            self.cost_nano[provider] += draft.cost or 0
            if draft.tries:
                self._tried(provider, draft)
            if usage.cache_read:
                self.cached_tokens[provider] += usage.cache_read
        caching = draft.cache
        if caching is not None:
            self.cache[caching.status.ours] += 1
            if caching.hit is not None:
                self.saved_nano += caching.hit.cost or 0

    def _count(self) -> None:
        for histogram in (self.overhead_us, self.duration_us, self.first_byte_us):
            histogram.count()

    def _tried(self, provider: str, draft: Draft) -> None:
        """What tries cost that did not answer is their provider's."""
        for each in draft.tries:
            there = self._label(each.target.provider.name)
            if each.usage is not None:
                self.input_tokens[there] += each.usage.input_total
                self.output_tokens[there] += each.usage.output_total
            if each.cost and draft.cost is not None:
                self.cost_nano[provider] -= each.cost
                self.cost_nano[there] += each.cost

    def refused(self, code: str) -> None:
        self.refusals[code] += 1

    def _label(self, provider: str) -> str:
        label = self._providers.get(provider)
        if label is None:
            # Configured names only; but those can be renamed again and again while we run.
            label = self._providers[provider] = provider if len(self._providers) <= MOST_PROVIDERS else "other"
        return label

    def exposition(self) -> str:
        """Prometheus' text format."""
        self._count()
        calls = [((("dialect", d), ("provider", p), ("outcome", o)), n) for (d, p, o), n in sorted(self.calls.items())]
        lines = [
            *family("quarterdeck_calls_total", "counter", "Calls settled.", calls),
            *family("quarterdeck_refusals_total", "counter", "Calls refused here.", _by("code", self.refusals)),
            *family("quarterdeck_cost_usd_total", "counter", "Priced cost.", _by("provider", self.cost_nano, _NANO)),
            *family("quarterdeck_input_tokens_total", "counter", "Tokens read.", _by("provider", self.input_tokens)),
            *family(
                "quarterdeck_output_tokens_total", "counter", "Tokens written.", _by("provider", self.output_tokens)
            ),
            *family(
                "quarterdeck_prompt_cached_tokens_total",
                "counter",
                "Tokens read from the provider's own prompt cache.",
                _by("provider", self.cached_tokens),
            ),
            *family("quarterdeck_cache_total", "counter", "What our cache did.", _by("status", self.cache)),
            *single("quarterdeck_cache_saved_usd_total", "counter", "Saved by our cache.", self.saved_nano / _NANO),
            *_histogram("quarterdeck_overhead_seconds", "Time of ours in a call.", self.overhead_us),
            *_histogram("quarterdeck_call_seconds", "Time of a call.", self.duration_us),
            *_histogram("quarterdeck_first_byte_seconds", "Time until a call's answer began.", self.first_byte_us),
        ]
        return "\n".join(lines) + "\n"


def _by(label: str, counts: Counter[str], scale: int = 1) -> list[Sample]:
    return [(((label, key),), count / scale if scale > 1 else count) for key, count in sorted(counts.items())]


def _histogram(name: str, text: str, of: Histogram) -> Iterator[str]:
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} histogram"
    reached = 0
    for bound, count in zip(of.bounds, of.counts, strict=False):
        reached += count
        yield f'{name}_bucket{{le="{bound / _US:g}"}} {reached}'
    reached += of.counts[-1]
    yield f'{name}_bucket{{le="+Inf"}} {reached}'
    yield f"{name}_sum {of.total / _US}"
    yield f"{name}_count {reached}"
