"""What models cost: genai-prices' table, and prices that an admin set, which win. Unknown is unpriced, never free."""

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import time as time_of_day
from decimal import Decimal
from enum import Enum
from fnmatch import fnmatchcase
from fractions import Fraction
from functools import cached_property
from importlib.metadata import version as installed_version
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND, floor_to
from quarterdeck.ledger.quotes import MEASURED, Prices, Quote, Steps, is_measured

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_KINDS: dict[str, str | None] = {"gemini": "google"}
"""Our kinds of provider that genai-prices knows by another name."""
_PLAYED = ("openai", "anthropic", "google")
"""Whose models the built-in sandbox plays; it is priced as they are."""
_UNKNOWABLE = frozenset({"openai-compatible", "anthropic-compatible"})
"""Kinds that say how a provider speaks and not who it is: only an admin can say what it costs."""
_FEMTO = 10**15
_KEPT = 4_096
_FOREVER = 1 << 62


class Missing(Enum):
    MISSING = "missing"


MISSING: Final = Missing.MISSING
"""Not looked up yet; not to be confused with None, which is: no price."""


class Override(Protocol):
    """A price an admin set."""

    @property
    def provider(self) -> str:
        """Name or kind of the provider, or a shell pattern on them."""
        ...

    @property
    def model(self) -> str:
        """A shell pattern."""
        ...

    @property
    def valid_from(self) -> int: ...

    @property
    def units(self) -> dict[str, int]:
        """Femto-dollars per unit, named as in `quotes.MEASURED`; a part without a price costs what its whole costs."""
        ...


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """A model the price table knows."""

    id: str
    name: str | None
    context_window: int | None
    deprecated: bool
    units: dict[str, int] | None
    """Standard prices now, femto-dollars per unit; None when it cannot be priced by tokens."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What was looked up, and from when until when (exclusive) it holds."""

    quote: Quote | None
    since: int
    until: int


class PriceBook:
    """Looks prices up. Safe to use from several threads.

    The first look-up of a model is slow (up to a millisecond, the very first loads the table: a fifth of a second), so
    an event loop asks `cached` and, when that is MISSING, calls `resolve` in a thread.
    """

    def __init__(
        self, overrides: Iterable[Override] = (), names: Mapping[str, str | None] = MappingProxyType(_KINDS)
    ) -> None:
        """`names` says what the table calls a kind; None: it does not know it. A kind that is not in it is its own."""
        self._overrides = list(overrides)
        self._names = names
        self._found: dict[tuple[str, str, str | None], _Found] = {}
        self._known: dict[tuple[str, str], bool] = {}
        self._loading = threading.Lock()

    @property
    def version(self) -> str:
        return installed_version("genai-prices")

    def override(self, overrides: Iterable[Override]) -> None:
        """Replace the prices that win over the table."""
        fresh = list(overrides)
        if fresh != self._overrides:
            self._overrides = fresh
            self._found = {}

    def warm(self) -> None:
        """Load the table now. Blocking."""
        _ = self._table

    def cached(
        self, kind: str, model: str, at: int | None = None, *, provider: str | None = None
    ) -> Quote | Literal[Missing.MISSING] | None:
        """The price of a model of a kind of provider at an instant (now when None), if it has been looked up.

        `provider` is the configured provider's name, for overrides that name it. None means unpriced.
        """
        found = self._found.get((kind, model, provider))
        if found is None:
            return MISSING
        instant = at if at is not None else time.time_ns() // 1_000
        return found.quote if found.since <= instant < found.until else MISSING

    def resolve(self, kind: str, model: str, at: int | None = None, *, provider: str | None = None) -> Quote | None:
        """The same, looked up and remembered. Blocking: call it in a thread."""
        instant = at if at is not None else time.time_ns() // 1_000
        overrides, target = self._overrides, self._found
        found = self._from_override(overrides, kind, model, instant, provider) or self._from_table(kind, model, instant)
        later = [row.valid_from for row in overrides if row.valid_from > instant]
        if later:
            found = _Found(found.quote, found.since, min(found.until, *later))
        while len(target) >= _KEPT:
            target.pop(next(iter(target)), None)
        target[(kind, model, provider)] = found
        return found.quote

    def knows(self, kind: str, model: str) -> bool:
        """Whether the table knows that this kind of provider serves the model, priced or not. Blocking at first."""
        known = self._known.get((kind, model))
        if known is None:
            known = self._find(kind, model) is not None
            while len(self._known) >= _KEPT:
                self._known.pop(next(iter(self._known)), None)
            self._known[(kind, model)] = known
        return known

    def models(self, kind: str) -> list[ModelOffer]:
        """What the table knows of a kind of provider; nothing for a kind that does not say who it is. Blocking."""
        provider = self._provider(kind) if kind != "sandbox" else None
        now = time.time_ns() // 1_000
        return [_offer(provider, model, now, self.version) for model in provider.models] if provider is not None else []

    @cached_property
    def _table(self) -> list["Provider"]:
        with self._loading:
            from genai_prices.data_snapshot import get_snapshot  # noqa: PLC0415 - 180 ms that a start need not wait for

            return get_snapshot().providers

    def _provider(self, kind: str) -> "Provider | None":
        from genai_prices.data_snapshot import find_provider_by_id  # noqa: PLC0415

        if kind in _UNKNOWABLE:
            return None
        name = self._names.get(kind, kind)
        return find_provider_by_id(self._table, name) if name is not None else None

    def _find(self, kind: str, model: str) -> "tuple[Provider, ModelInfo] | None":
        kinds = _PLAYED if kind == "sandbox" else (kind,)
        for each in kinds:
            provider = self._provider(each)
            if provider is not None:
                found = provider.find_model(model, all_providers=self._table)
                if found is not None:
                    return provider, found
        return None

    def _from_override(
        self, overrides: list[Override], kind: str, model: str, at: int, provider: str | None
    ) -> _Found | None:
        rows = [
            row
            for row in overrides
            if row.valid_from <= at
            and fnmatchcase(model, row.model)
            and (fnmatchcase(kind, row.provider) or (provider is not None and fnmatchcase(provider, row.provider)))
        ]
        if not rows:
            return None
        row = max(rows, key=lambda each: each.valid_from)
        prices = {unit: Fraction(femto) for unit, femto in row.units.items() if unit in MEASURED}
        quote = Quote("override", str(row.valid_from), Steps((), (prices,)), {})
        return _Found(quote, row.valid_from, _FOREVER)

    def _from_table(self, kind: str, model: str, at: int) -> _Found:
        found = self._find(kind, model)
        if found is None:
            return _Found(None, -_FOREVER, _FOREVER)
        provider, info = found
        return _Found(_quote(provider, info, at, self.version), *_validity(info, at))


def _quote(provider: "Provider", info: "ModelInfo", at: int, version: str) -> Quote | None:
    moment = datetime.fromtimestamp(at / SECOND, UTC)
    standard = _steps(vars(info.get_prices(moment)))
    if not is_measured(standard.prices[0]):
        return None
    by_tier: dict[str, Steps] = {}
    if any(info is each for each in provider.models):
        # A model found at another provider has that one's variants, which its seller here does not offer.
        for tier in {value for variant in info.price_variants or () for value in variant.when.values()}:
            # Providers name what is priced apart in different places; a call says it in one.
            context = {"service_tier": tier, "processing": tier, "speed": tier}
            by_tier[tier] = _steps(vars(info.get_prices(moment, context)))
    return Quote("genai-prices", version, standard, by_tier, info.context_window)


def _steps(prices: Mapping[str, Any]) -> Steps:
    """A ModelPrice's attributes as femto-dollars per unit, a set for each step of the input's size."""
    named = {unit: (value, per) for unit, value, per in _measured(prices)}
    limits = sorted({tier.start for value, _ in named.values() for tier in getattr(value, "tiers", ())})
    sets: list[Prices] = []
    for limit in (-1, *limits):
        sets.append({unit: Fraction(_beyond(value, limit)) * _FEMTO / per for unit, (value, per) in named.items()})
    return Steps(tuple(limits), tuple(sets))


def _measured(prices: Mapping[str, Any]) -> Iterator[tuple[str, Any, int]]:
    from genai_prices.data_units import unit_data  # noqa: PLC0415

    for unit in MEASURED:
        value = prices.get(unit_data[unit]["price_key"])
        if value is not None:
            yield unit, value, unit_data[unit]["per"]


def _beyond(price: Any, limit: int) -> Decimal:
    """The price that holds just above `limit` input tokens."""
    if isinstance(price, Decimal):
        return price
    found: Decimal = price.base
    for tier in price.tiers:
        if tier.start <= limit:
            found = tier.price
    return found


def _validity(info: "ModelInfo", at: int) -> tuple[int, int]:
    """The stretch around `at` in which no constraint on a date or a time of day changes its mind."""
    since, until = -_FOREVER, _FOREVER
    prices = info.prices if isinstance(info.prices, list) else []
    for constraint in (row.constraint for row in (*prices, *(info.price_variants or ()))):
        for edge in _edges(constraint, at):
            if edge <= at:
                since = max(since, edge)
            else:
                until = min(until, edge)
    return since, until


def _edges(constraint: Any, at: int) -> Iterator[int]:
    """Instants at which a constraint begins or ends to hold, as far as they are next to `at`."""
    if constraint is None:
        return
    if hasattr(constraint, "start_date"):
        midnight = datetime.combine(constraint.start_date, time_of_day(), UTC)
        yield int(midnight.timestamp()) * SECOND
        return
    today = floor_to(at, DAY)
    for clock in (constraint.start_time, constraint.end_time):
        shift = clock.utcoffset()
        in_day = clock.hour * HOUR + clock.minute * MINUTE + clock.second * SECOND
        if shift is not None:
            in_day = (in_day - round(shift.total_seconds() * SECOND)) % DAY
        yield from (today - DAY + in_day, today + in_day, today + DAY + in_day)


def _offer(provider: "Provider", info: "ModelInfo", now: int, version: str) -> ModelOffer:
    quote = _quote(provider, info, now, version)
    return ModelOffer(
        id=info.id,
        name=info.name,
        context_window=info.context_window,
        deprecated=bool(info.deprecated),
        units=quote.units if quote is not None else None,
    )


__all__ = ["MISSING", "Missing", "ModelOffer", "Override", "PriceBook", "Quote"]
