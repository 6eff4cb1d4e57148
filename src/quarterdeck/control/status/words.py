"""Durations and names in plain words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND

_TOOLS_NAMED = 3


def ago(duration: int) -> str:
    """A duration in microseconds: `12 s`, `38 min`, `3 h 20 min`, `2 days`."""
    if duration < MINUTE:
        return f"{max(0, duration) // SECOND} s"
    if duration < HOUR:
        return f"{duration // MINUTE} min"
    if duration < DAY:
        minutes = duration % HOUR // MINUTE
        return f"{duration // HOUR} h" + (f" {minutes} min" if minutes else "")
    days = duration // DAY
    return "1 day" if days == 1 else f"{days} days"


def tool_words(tools: Sequence[str]) -> str:
    """`search`, `search and 2 more`."""
    distinct = list(dict.fromkeys(tools))
    named = ", ".join(distinct[:_TOOLS_NAMED])
    return named if len(distinct) <= _TOOLS_NAMED else f"{named} and {len(distinct) - _TOOLS_NAMED} more"


def clock_time(instant: int) -> str:
    """`14:05`, UTC."""
    return datetime.fromtimestamp(instant / SECOND, UTC).strftime("%H:%M")
