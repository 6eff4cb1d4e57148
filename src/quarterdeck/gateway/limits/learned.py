"""What a provider says of its own limits, in the headers of its answers.

OpenAI and those like it: `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, resets as `12ms` or `6m0s`.
Anthropic: `anthropic-ratelimit-{requests,tokens,…}-{limit,remaining,reset}`, resets as instants. All: `retry-after` in
seconds or as a date, `retry-after-ms`.
"""

import re
import time
from collections.abc import Iterable
from datetime import datetime
from email.utils import parsedate_to_datetime

_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNIT = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
_LONGEST = 3_600_000_000
"""No word of a provider closes it for longer than an hour."""
_AFTER_429 = 1_000_000
"""How long it is left alone when it says no and not for how long."""


class Learned:
    """One model at one provider."""

    __slots__ = ("_closed_until", "_in_flight", "_in_flight_tokens", "requests", "tokens")

    def __init__(self) -> None:
        self._closed_until = 0
        self._in_flight = self._in_flight_tokens = 0
        self.requests = Remaining()
        self.tokens = Remaining()

    def wait(self, now: int, tokens: int) -> int:
        """Microseconds until it would take a call of so many tokens, as far as is known."""
        if now < self._closed_until:
            return self._closed_until - now
        return max(self.requests.wait(now, 1), self.tokens.wait(now, tokens))

    def took(self, tokens: int) -> None:
        self._in_flight += 1
        self._in_flight_tokens += tokens
        self.requests.took(1)
        self.tokens.took(tokens)

    def done(self, tokens: int) -> None:
        """A call that took so many tokens is over."""
        self._in_flight -= 1
        self._in_flight_tokens -= tokens

    def heard(self, now: int, status: int | None, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """An answer has come."""
        found = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if b"ratelimit" in name or name.startswith(b"retry-after")
        }
        if not found and status != 429:
            return
        # What is on its way there is not in what it says.
        self.requests.heard(now, found, "requests", self._in_flight)
        self.tokens.heard(now, found, "tokens", self._in_flight_tokens)
        if status == 429:
            self._closed_until = now + min(_LONGEST, _retry_after(found) or _AFTER_429)


class Remaining:
    """What is left of one measure until it is full again."""

    __slots__ = ("_left", "_reset")

    def __init__(self) -> None:
        self._left: int | None = None
        self._reset = 0

    @property
    def left(self) -> int | None:
        """None when nobody said, or what was said is over."""
        return self._left

    def wait(self, now: int, count: int) -> int:
        if self._left is None:
            return 0
        if now >= self._reset:
            self._left = None
            return 0
        return 0 if self._left >= count else self._reset - now

    def took(self, count: int) -> None:
        if self._left is not None:
            self._left -= count

    def heard(self, now: int, found: dict[str, str], measure: str, in_flight: int) -> None:
        for prefix in ("x-ratelimit-{}-" + measure, "anthropic-ratelimit-" + measure + "-{}"):
            left, reset = found.get(prefix.format("remaining")), found.get(prefix.format("reset"))
            if left is None or not left.isdigit():
                continue
            self._left = int(left) - in_flight
            self._reset = now + min(_LONGEST, _span(reset) if reset is not None else 60_000_000)
            return


def _span(text: str) -> int:
    """Microseconds from now, of `6m0s`, `12ms`, seconds as a number, or an instant."""
    parts = _SPAN.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return round(sum(float(number) * _UNIT[unit] for number, unit in parts))
    try:
        return max(0, round(float(text) * 1_000_000))
    except ValueError:
        pass
    try:
        return max(0, round((datetime.fromisoformat(text).timestamp() - time.time()) * 1_000_000))
    except (ValueError, OverflowError):
        return 60_000_000


def _retry_after(found: dict[str, str]) -> int | None:
    """Microseconds."""
    if (text := found.get("retry-after-ms")) is not None:
        return _span(text + "ms")
    text = found.get("retry-after")
    if text is None:
        return None
    try:
        return max(0, round(float(text) * 1_000_000))
    except ValueError:
        pass
    try:
        return max(0, round((parsedate_to_datetime(text).timestamp() - time.time()) * 1_000_000))
    except (ValueError, TypeError):
        return None
