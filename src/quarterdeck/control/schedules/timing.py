"""When a schedule fires: cron in a zone, or every so many seconds. Pure; instants are microseconds, UTC.

Clocks that change (daylight saving), as Debian's cron does it: a fixed time that falls into the gap fires right after
it; one that comes twice fires the first time; `*` and `*/n` in the minute or hour follow the real hours, so that they
fire in each of the two and not in the gap.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice, takewhile
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Invalid

MIN_INTERVAL_S = 60
MAX_INTERVAL_S = 366 * 86_400
CRON_LENGTH = 200
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
}


@dataclass(frozen=True, slots=True)
class Timer:
    """Either `cron` in `zone`, or every `every_s` seconds from `anchor_at` on."""

    cron: str | None
    every_s: int | None
    zone: str = "UTC"
    anchor_at: int = 0


def a_zone(name: str) -> ZoneInfo:
    """Raises Invalid."""
    try:
        return _zone(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Invalid(f"{name!r} is no time zone; use an IANA name such as Europe/Berlin.", field="zone") from None


def a_cron(text: str) -> str:
    """The expression in five fields. Raises Invalid, also for one that never fires."""
    line = " ".join(text.split())
    line = _NICKNAMES.get(line.lower(), line)
    if len(line) > CRON_LENGTH or len(line.split(" ")) != 5:
        raise Invalid("cron has five fields: minute hour day month weekday, such as '0 9 * * MON-FRI'.", field="cron")
    try:
        found = next(CronSim(line, datetime(2026, 1, 1, tzinfo=_zone("UTC"))), None)
    except CronSimError as error:
        raise Invalid(
            f"cron is not understood: {error}. Write minute hour day month weekday, such as '0 9 * * MON-FRI'.",
            field="cron",
        ) from None
    if found is None:
        raise Invalid("This cron expression never fires: give one that does, such as '0 9 * * MON-FRI'.", field="cron")
    return line


def in_words(cron: str) -> str:
    """What the five fields of an expression that is understood say, in English: "At 09:00 on Monday through Friday"."""
    return CronSim(cron, datetime(2026, 1, 1, tzinfo=_zone("UTC"))).explain()


def next_after(timer: Timer, instant: int) -> int | None:
    """The first firing after the instant; None when there is none."""
    return next(_forward(timer, instant), None)


def upcoming(timer: Timer, instant: int, count: int) -> list[int]:
    """The first `count` firings after the instant."""
    return list(islice(_forward(timer, instant), count))


def due(timer: Timer, since: int, until: int, most: int) -> list[int]:
    """The latest firings after `since` and up to `until`, at most so many, oldest first: however long that was."""
    back = takewhile(lambda instant: instant > since, _backward(timer, until))
    return list(islice(back, most))[::-1]


def _forward(timer: Timer, instant: int) -> Iterator[int]:
    if timer.cron is not None:
        for moment in CronSim(timer.cron, _moment(instant, timer.zone)):
            found = int(moment.timestamp()) * SECOND
            if found > instant:
                yield found
        return
    step = (timer.every_s or MIN_INTERVAL_S) * SECOND
    place = timer.anchor_at + ((instant - timer.anchor_at) // step + 1) * step
    if place <= timer.anchor_at:
        place = timer.anchor_at + step
    while True:
        yield place
        place += step


def _backward(timer: Timer, until: int) -> Iterator[int]:
    """Firings up to `until`, latest first."""
    if timer.cron is not None:
        # A second later, because the iterator begins before where it stands.
        for moment in CronSim(timer.cron, _moment(until + SECOND, timer.zone), reverse=True):
            found = int(moment.timestamp()) * SECOND
            if found <= until:
                yield found
        return
    step = (timer.every_s or MIN_INTERVAL_S) * SECOND
    place = timer.anchor_at + (until - timer.anchor_at) // step * step
    while place > timer.anchor_at:
        yield place
        place -= step


def _moment(instant: int, zone: str) -> datetime:
    return datetime.fromtimestamp(instant // SECOND, _zone(zone))


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
