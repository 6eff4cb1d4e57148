"""What one model costs for a stretch of time: unit prices worked out beforehand, so that a call is a few products.

Unit names are those of genai-prices (`input_tokens`, `cache_read_tokens`, `web_searches` …). A unit contains more
special ones: cache reads are input tokens. Tokens of a special unit cost its price where it has one, else the price of
the unit that contains it.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import lcm

from quarterdeck.kernel.money import FEMTO_PER_NANO
from quarterdeck.ledger.record import PriceNote, Usage

_FIELDS: dict[str, tuple[str, ...]] = {
    "input_tokens": ("input_total",),
    "cache_read_tokens": ("cache_read",),
    "cache_write_tokens": ("cache_write_5m", "cache_write_1h"),
    "cache_write_5m_tokens": ("cache_write_5m",),
    "cache_write_1h_tokens": ("cache_write_1h",),
    "output_tokens": ("output_total",),
    "output_reasoning_tokens": ("reasoning",),
    "input_audio_tokens": ("audio_in",),
    "output_audio_tokens": ("audio_out",),
    "cache_audio_read_tokens": ("cache_audio_read",),
}
"""Which fields of Usage make up a unit."""
_TOOLS: dict[str, str] = {
    "web_search_requests": "web_searches",
    "web_search_calls": "web_searches",
    "file_search_requests": "storage_searches",
    "file_search_calls": "storage_searches",
    "x_search_calls": "social_searches",
}
"""Which unit a use of a provider's own tool is billed as."""
PER_REQUEST = "requests"
MEASURED = frozenset(_FIELDS) | frozenset(_TOOLS.values()) | {PER_REQUEST}
"""Units that can be priced: those a Usage can tell."""
_TOKENS = frozenset(_FIELDS)

Prices = Mapping[str, Fraction]
"""Femto-dollars per unit."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Prices that step with the input: `prices[i]` holds up to `limits[i]` input tokens, the last one beyond."""

    limits: tuple[int, ...]
    prices: tuple[Prices, ...]


class Rate:
    """Linear prices: femto-dollars times `scale` for one of each field of Usage, containment already taken care of."""

    __slots__ = (
        "audio_in",
        "audio_out",
        "cache_audio_read",
        "cache_read",
        "cache_write_1h",
        "cache_write_5m",
        "input_total",
        "most_input",
        "most_output",
        "note",
        "output_total",
        "per_nano",
        "per_request",
        "prices",
        "reasoning",
        "tools",
    )

    def __init__(self, prices: Prices, source: str, version: str) -> None:
        scale = lcm(*(price.denominator for price in prices.values()))
        self.prices = {unit: int(price * scale) for unit, price in prices.items()}
        self.per_nano = FEMTO_PER_NANO * scale
        weights = _weights(self.prices)
        self.input_total = weights["input_total"]
        self.output_total = weights["output_total"]
        self.cache_read = weights["cache_read"]
        self.cache_write_5m = weights["cache_write_5m"]
        self.cache_write_1h = weights["cache_write_1h"]
        self.reasoning = weights["reasoning"]
        self.audio_in = weights["audio_in"]
        self.audio_out = weights["audio_out"]
        self.cache_audio_read = weights["cache_audio_read"]
        self.most_input = self.input_total + max(0, self.cache_write_5m, self.cache_write_1h)
        self.most_output = self.output_total + max(0, self.reasoning)
        self.per_request = self.prices.get(PER_REQUEST, 0)
        self.tools = {name: self.prices[unit] for name, unit in _TOOLS.items() if unit in self.prices}
        self.note = PriceNote(source, version, _noted(prices))

    def cost(self, usage: Usage) -> int:
        """Nano-dollars, rounded once, half to even."""
        if not (
            usage.cache_read
            or usage.cache_write_5m
            or usage.cache_write_1h
            or usage.reasoning
            or usage.audio_in
            or usage.audio_out
            or usage.cache_audio_read
        ):
            total = self.input_total * usage.input_total + self.output_total * usage.output_total + self.per_request
        elif (
            usage.cache_read + usage.cache_write_5m + usage.cache_write_1h + usage.audio_in - usage.cache_audio_read
            <= usage.input_total
            and usage.reasoning + usage.audio_out <= usage.output_total
            and usage.cache_audio_read <= usage.audio_in
            and usage.cache_audio_read <= usage.cache_read
        ):
            total = (
                self.input_total * usage.input_total
                + self.output_total * usage.output_total
                + self.cache_read * usage.cache_read
                + self.cache_write_5m * usage.cache_write_5m
                + self.cache_write_1h * usage.cache_write_1h
                + self.reasoning * usage.reasoning
                + self.audio_in * usage.audio_in
                + self.audio_out * usage.audio_out
                + self.cache_audio_read * usage.cache_audio_read
                + self.per_request
            )
        else:
            total = self._carefully(usage)
        if usage.server_tools:
            tools = self.tools
            for name, uses in usage.server_tools.items():
                total += tools.get(name, 0) * uses
        nano, rest = divmod(total, self.per_nano)
        twice = rest * 2
        return nano + (twice > self.per_nano or (twice == self.per_nano and nano % 2 == 1))

    def worst(self, input_tokens: int, *, writes_cache: bool) -> tuple[int, int, int]:
        """As `Quote.worst`."""
        per_input = self.most_input if writes_cache else self.input_total
        return per_input * input_tokens + self.per_request, self.most_output, self.per_nano

    def _carefully(self, usage: Usage) -> int:
        """For counts that contradict each other: a part larger than its whole is billed, and 0 is left of the whole."""
        left: dict[str, int] = {}
        for unit in _most_special_first(self.prices):
            whole = sum(getattr(usage, field) for field in _FIELDS[unit])
            left[unit] = max(0, whole - sum(left[part] for part in _parts(unit) if part in left))
        return sum(self.prices[unit] * count for unit, count in left.items()) + self.per_request


class Quote:
    """The prices of one model while they hold. Immutable."""

    __slots__ = ("_by_tier", "_standard", "context_window", "even", "has_tiers", "source", "writes_cost_more")

    def __init__(
        self,
        source: str,
        version: str,
        standard: Steps,
        by_tier: Mapping[str, Steps],
        context_window: int | None = None,
    ) -> None:
        """`by_tier` are the prices for values of `Usage.service_tier`; a tier that is not there costs the standard."""
        self.source = source
        self.context_window = context_window
        """Tokens the model reads and writes at the most, where that is known."""
        self._standard = _rates(standard, source, version)
        self._by_tier = {tier: _rates(steps, source, version) for tier, steps in by_tier.items()}
        rates = [*self._standard[1], *(rate for _, some in self._by_tier.values() for rate in some)]
        self.writes_cost_more = any(rate.most_input != rate.input_total for rate in rates)
        """Whether what is written to the provider's cache may cost more than what is only read."""
        self.has_tiers = bool(self._by_tier)
        self.even = rates[0] if not self._standard[0] else None
        """The prices in the standard tier however much is read; None where they step with it."""

    def cost(self, usage: Usage) -> tuple[int, PriceNote]:
        """Nano-dollars for this usage, exact and rounded once, and the unit prices that made it."""
        limits, rates = self._standard
        if usage.service_tier is not None:
            limits, rates = self._by_tier.get(usage.service_tier, self._standard)
        rate = rates[bisect_left(limits, usage.input_total)] if limits else rates[0]
        return rate.cost(usage), rate.note

    def worst(self, input_tokens: int, *, writes_cache: bool = False, any_tier: bool = False) -> tuple[int, int, int]:
        """What a call that reads so much costs at the most, provider's own tools apart: (fixed, slope, scale).

        With `n` tokens of output that is `(fixed + slope * n) / scale` nano-dollars. `writes_cache`: all that is read
        may be written to the provider's cache, which costs more. `any_tier`: it may be served in another tier.
        """
        limits, rates = self._standard
        found = rates[bisect_left(limits, input_tokens)] if limits else rates[0]
        if not any_tier or not self._by_tier:
            return found.worst(input_tokens, writes_cache=writes_cache)
        tiers = [rates[bisect_left(limits, input_tokens)] for limits, rates in self._by_tier.values()]
        scale = lcm(found.per_nano, *(rate.per_nano for rate in tiers))
        fixed = slope = 0
        for rate in (found, *tiers):
            a, b, own = rate.worst(input_tokens, writes_cache=writes_cache)
            fixed, slope = max(fixed, a * (scale // own)), max(slope, b * (scale // own))
        return fixed, slope, scale

    @property
    def units(self) -> dict[str, int]:
        """The standard prices for a small input, as in a PriceNote."""
        return self._standard[1][0].note.units


def _rates(steps: Steps, source: str, version: str) -> tuple[tuple[int, ...], tuple[Rate, ...]]:
    return steps.limits, tuple(Rate(prices, source, version) for prices in steps.prices)


def is_measured(prices: Prices) -> bool:
    """Whether the prices say what tokens cost; those of a model billed by the second or the page do not."""
    return not _TOKENS.isdisjoint(prices)


def _noted(prices: Prices) -> dict[str, int]:
    """Whole femto-dollars; a price that is none is noted per so many units, exactly."""
    units = {}
    for unit, price in prices.items():
        name = unit if price.denominator == 1 else f"{unit} per {price.denominator}"
        units[name] = price.numerator
    return units


def _weights(prices: Mapping[str, int]) -> dict[str, int]:
    """The total as one factor per field: each unit's price on what none of its priced parts takes."""
    weights = dict.fromkeys((field for fields in _FIELDS.values() for field in fields), 0)
    left: dict[str, dict[str, int]] = {}
    for unit in _most_special_first(prices):
        own = dict.fromkeys(_FIELDS[unit], 1)
        for part in _parts(unit):
            for field, count in left.get(part, {}).items():
                own[field] = own.get(field, 0) - count
        left[unit] = own
        for field, count in own.items():
            weights[field] += prices[unit] * count
    return weights


@cache
def _dimensions() -> dict[str, frozenset[tuple[str, str]]]:
    from genai_prices.data_units import unit_data  # noqa: PLC0415 - loaded when the first price is asked for

    return {unit: frozenset(unit_data[unit]["dimensions"].items()) for unit in _FIELDS}


def _most_special_first(prices: Mapping[str, object]) -> Sequence[str]:
    dimensions = _dimensions()
    return sorted((unit for unit in prices if unit in _FIELDS), key=lambda unit: (-len(dimensions[unit]), unit))


@cache
def _parts(unit: str) -> tuple[str, ...]:
    """The units that `unit` contains."""
    dimensions = _dimensions()
    return tuple(other for other in _FIELDS if dimensions[unit] < dimensions[other])
