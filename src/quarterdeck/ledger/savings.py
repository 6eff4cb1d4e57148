"""What a call would have cost without a cache: ours, which gave the answer again, or the provider's, of prompts."""

from fractions import Fraction
from typing import Any

from quarterdeck.kernel.money import FEMTO_PER_NANO
from quarterdeck.ledger.record import CallRecord, PriceNote


def cache_status(record: CallRecord) -> str | None:
    """hit, semantic-hit, miss, semantic-miss or refresh; None: the call had nothing to do with our cache."""
    status = _told(record).get("status")
    return status if isinstance(status, str) else None


def is_hit(record: CallRecord) -> bool:
    return cache_status(record) in ("hit", "semantic-hit")


def cache_saved(record: CallRecord) -> int | None:
    """Nano-dollars that the repeated answer had cost; None: no hit, or that call had no price."""
    saved = _told(record).get("saved")
    return saved if isinstance(saved, int) else None


def prompt_saved(record: CallRecord) -> int:
    """Nano-dollars that the provider's own prompt cache saved, rounded down.

    What was read from it at the cache's price instead of the input's, less what writing it cost on top. Negative while
    a prompt was written and not read yet; 0 when nothing says what the tokens would have cost.
    """
    usage, note = record.usage, record.price
    if usage is None or note is None or not (usage.cache_read or usage.cache_write_5m or usage.cache_write_1h):
        return 0
    normal = _femto(note, "input_tokens", Fraction(0))
    written = _femto(note, "cache_write_tokens", normal)
    saved = usage.cache_read * (normal - _femto(note, "cache_read_tokens", normal))
    saved += usage.cache_write_5m * (normal - _femto(note, "cache_write_5m_tokens", written))
    saved += usage.cache_write_1h * (normal - _femto(note, "cache_write_1h_tokens", written))
    return int(saved // FEMTO_PER_NANO)


def _told(record: CallRecord) -> dict[str, Any]:
    told = record.extra.get("cache")
    return told if isinstance(told, dict) else {}


def _femto(note: PriceNote, unit: str, otherwise: Fraction) -> Fraction:
    """Femto-dollars for one; a unit without a price of its own costs what the one that contains it does."""
    for name, price in note.units.items():
        own, _, count = name.partition(" per ")
        if own == unit:
            return Fraction(price, int(count or 1))
    return otherwise
