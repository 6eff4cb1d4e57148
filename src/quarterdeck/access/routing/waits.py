"""How long to wait before asking again: exponential, jittered, or what the provider says."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from quarterdeck.access.routing.config import Retry


def backoff_ms(retry: Retry, number: int, random: float) -> float:
    """Before the `number`-th retry (from 1). `random` in [0, 1) spreads callers over the upper half of the wait."""
    full = min(retry.backoff_ms * 2.0 ** min(number - 1, 32), retry.max_backoff_ms)
    return full * (0.5 + 0.5 * random)


def retry_after_ms(headers: Mapping[bytes, bytes], now_s: float | None = None) -> float | None:
    """What an answer's headers ask to wait: in milliseconds, in seconds, or until a date; None when they say nothing.

    A date is read against the answer's own `date`, where it has one: the provider's clock need not be ours.
    """
    for name, factor in ((b"retry-after-ms", 1.0), (b"x-ms-retry-after-ms", 1.0), (b"retry-after", 1_000.0)):
        text = headers.get(name)
        if text is None:
            continue
        wait = _number(text)
        if wait is not None:
            return wait * factor
        if name == b"retry-after" and (until := _date_s(text)) is not None:
            said = _date_s(headers.get(b"date", b""))
            now = said if said is not None else time.time() if now_s is None else now_s
            return max(0.0, (until - now) * 1_000.0)
    return None


def _number(text: bytes) -> float | None:
    try:
        wait = float(text)
    except ValueError:
        return None
    return wait if 0 <= wait < 1e9 else None


def _date_s(text: bytes) -> float | None:
    try:
        return parsedate_to_datetime(text.decode("latin-1")).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
