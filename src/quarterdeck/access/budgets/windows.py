"""When a budget's window begins and ends: days, weeks (from Monday) and months of UTC."""

from datetime import UTC, datetime

from quarterdeck.access.budgets.model import Window
from quarterdeck.kernel.clock import DAY, SECOND, floor_to

_MONDAY = 4 * DAY
"""The epoch was a Thursday; this is the first Monday after it."""
WEEK = 7 * DAY


def bounds(window: str, instant: int) -> tuple[int, int | None]:
    """The window that an instant falls in: its beginning, and its end (exclusive), None when it never ends."""
    if window == Window.DAY:
        start = floor_to(instant, DAY)
        return start, start + DAY
    if window == Window.WEEK:
        start = instant - (instant - _MONDAY) % WEEK
        return start, start + WEEK
    if window == Window.MONTH:
        day = datetime.fromtimestamp(instant // SECOND, UTC)
        first = datetime(day.year, day.month, 1, tzinfo=UTC)
        after = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC)
        return int(first.timestamp()) * SECOND, int(after.timestamp()) * SECOND
    return 0, None


def key_of(window: str, instant: int, run_id: str | None) -> str | None:
    """What one window of a budget is known by: its beginning, or its run; None for a call that is of no run."""
    return run_id if window == Window.RUN else str(bounds(window, instant)[0])
