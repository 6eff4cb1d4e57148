"""Calls of a filter counted instead of listed: over time, by how long they took, by the values a field has.

From sums where the filter is one they are kept by; else call by call, newest first, for as long as somebody waits: what
was counted then says how far back it reaches.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, SECOND, floor_to
from quarterdeck.kernel.ids import instant_of
from quarterdeck.ledger import field_sums, latency, listing, walking
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.derived_tables import field_sums as fields_table
from quarterdeck.ledger.derived_tables import rollups
from quarterdeck.ledger.latency import Latency, Measure
from quarterdeck.ledger.retention import KEPT_MINUTES
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import calls
from quarterdeck.ledger.walking import Patience

COUNTED_S = 0.05
"""How long is counted call by call."""
WIDTHS = (
    SECOND, 5 * SECOND, 15 * SECOND, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, DAY, 7 * DAY, 28 * DAY
)  # fmt: skip
"""How long a bar may be. They divide each other, so that bars begin where bars of a shorter time do."""
_WORDS_AT_ONCE = 500
_OUTCOMES = ("ok", "failed", "cancelled", "refused")
_DIMS = {
    "agent_id": "agent",
    "task_id": "task",
    "run_id": "run",
    "model": "model",
    "provider": "provider",
    "key_id": "key",
}
_FEW = ("agent_id", "model", "provider", "key_id")
"""Those of which there are few enough to sum all of them."""


@dataclass(slots=True)
class Bar:
    """Calls that began in a stretch of time, by what came of them; `failed` are errors and answers that were cut."""

    ok: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Bars:
    """Stretches of [begin, end), `width` long each; one that is not there has no call. `reach`: no older call was
    counted; None: all were."""

    begin: int
    end: int
    width: int
    bars: dict[int, Bar] = field(default_factory=dict)
    reach: int | None = None
    from_sums: bool = False


def width_of(span: int, most: int) -> int:
    """The shortest width that makes at most so many bars of a time."""
    return next((each for each in WIDTHS if span <= each * most), floor_to(span // most, DAY) + DAY)


async def over_time(tx: Transaction, workspace_id: str, which: CallFilter, *, most: int) -> Bars:
    """Calls over time in at most about `most` bars; the first and the last are shown whole.

    Without a beginning it is that of the calls there are, at most 30 days ago.
    """
    end = tx.now if which.end is None else which.end
    begin = await _began(tx, workspace_id, end) if which.begin is None else min(which.begin, end)
    width = width_of(max(SECOND, end - begin), most)
    begin, end = floor_to(begin, width), max(floor_to(end + width - 1, width), floor_to(begin, width) + width)
    made = Bars(begin, end, width)
    summed = _summed_by(which)
    if summed is not None and width >= MINUTE and (width >= HOUR or begin >= tx.now - KEPT_MINUTES + DAY):
        return await _summed(tx, workspace_id, (rollups, summed), which.outcome, made)
    fields = _field_of(which) if width >= HOUR else None
    if fields is not None and begin >= await field_sums.since(tx):
        return await _summed(tx, workspace_id, (fields_table, fields), which.outcome, made)
    counted = replace(which, begin=begin, end=end)
    reach = None
    async for rows, looked in _groups(tx, workspace_id, counted, made):
        for at, outcome, count in rows:
            bar = made.bars.setdefault(begin + max(0, at) * width, Bar())
            name = _bar_of(outcome)
            setattr(bar, name, getattr(bar, name) + count)
        reach = looked
    return replace(made, reach=reach)


async def latency_of(tx: Transaction, workspace_id: str, which: CallFilter) -> tuple[Latency, int | None, int | None]:
    """How long these calls took; how many are not among them, None where none are missing; and how far it reaches."""
    plain = replace(which, begin=None, end=None) == CallFilter()
    end = tx.now if which.end is None else which.end
    if plain and (which.begin is None or end - which.begin >= DAY):
        begin = 0 if which.begin is None else which.begin
        grain = Grain.HOUR if end - begin <= 8 * DAY else Grain.DAY
        begin = floor_to(begin, grain.length)
        found = (await latency.of(tx, workspace_id, "total", grain, begin, end)).get("", {})
        known = sum(found.get(Measure.TOTAL, {}).values())
        return found, max(0, await _calls(tx, workspace_id, grain, begin, end) - known), None
    bins: Latency = {}
    reach = None
    columns = [calls.c.duration, calls.c.first_byte, calls.c.overhead]
    async for rows, looked in _rows(tx, workspace_id, which, columns):
        for duration, first_byte, overhead in rows:
            for measure, place in latency.measured(duration, first_byte, overhead):
                mine = bins.setdefault(measure, {})
                mine[place] = mine.get(place, 0) + 1
        reach = looked
    return bins, None, reach


async def values_of(
    tx: Transaction, workspace_id: str, which: CallFilter, column: str
) -> tuple[dict[Any, int], int | None]:
    """Which values a column has among these calls, and how often; and how far back was looked."""
    if which == CallFilter() and (column in _FEW or column in field_sums.FIELDS):
        return await _all_values(tx, workspace_id, column)
    found: dict[Any, int] = {}
    reach = None
    patience = Patience(COUNTED_S)
    async for step, looked in _steps(tx, workspace_id, replace(which, words=None), patience):
        # Said so that no index answers it: SQLite would walk through all calls by that field's rather than sort some.
        named = sa.func.coalesce(calls.c[column], sa.null())
        query = sa.select(named, sa.func.count()).where(*step.conditions, named.is_not(None)).group_by(named)
        for value, count in (await tx.execute(query)).all():
            found[value] = found.get(value, 0) + count
        reach = looked
    return found, reach


async def _all_values(tx: Transaction, workspace_id: str, column: str) -> tuple[dict[Any, int], int | None]:
    """Among all calls, from sums of days, or of hours since they are counted."""
    reach = None
    if column in _FEW:
        table = rollups
        here = [rollups.c.grain == int(Grain.DAY), rollups.c.dim == _DIMS[column]]
    else:
        table = fields_table
        here = [fields_table.c.field == column]
        reach = await field_sums.since(tx) or None
    c = table.c
    query = sa.select(c.value, sa.func.sum(c.calls)).where(c.workspace_id == workspace_id, *here, c.value != "")
    rows = (await tx.execute(query.group_by(c.value).having(sa.func.sum(c.calls) > 0))).all()
    return {value: int(count) for value, count in rows}, reach


async def _began(tx: Transaction, workspace_id: str, end: int) -> int:
    c = rollups.c
    here = c.workspace_id == workspace_id, c.grain == int(Grain.HOUR), c.dim == "total", c.value == ""
    earliest = floor_to(end - 30 * DAY, DAY)
    first = await tx.scalar(sa.select(sa.func.min(c.at)).where(*here, c.at >= earliest, c.at < end))
    return end - DAY if first is None else int(first)


def _summed_by(which: CallFilter) -> list[sa.ColumnElement[bool]] | None:
    """The sums that are just those of a filter; None: there are none."""
    dims = {**{name: None for name in _DIMS}, "tag": None, "tasks": None}
    bare: Any = {"outcome": None, "begin": None, "end": None, **dims}
    if replace(which, **bare) != CallFilter():
        return None
    by = [(dim, value) for name, dim in _DIMS.items() if (value := getattr(which, name)) is not None]
    by += [] if which.tag is None else [("tag", which.summed_tag)]
    found = [[rollups.c.dim == dim, rollups.c.value == value] for dim, value in by]
    if which.tasks is not None:
        found.append([rollups.c.dim == "task", rollups.c.value.in_(which.tasks)])
    if len(found) > 1 or (which.tag is not None and which.summed_tag is None):
        return None
    return found[0] if found else [rollups.c.dim == "total", rollups.c.value == ""]


def _field_of(which: CallFilter) -> list[sa.ColumnElement[bool]] | None:
    """The sums of the one field's value that a filter wants; None: it wants more, or another."""
    found = field_sums.of(which)
    if found is None:
        return None
    field, by = found
    bare: Any = {"outcome": None, "begin": None, "end": None, field: None}
    if getattr(which, field) is None:
        bare["ranges"] = {name: each for name, each in which.ranges.items() if name != field}
    return by if replace(which, **bare) == CallFilter() else None


async def _summed(
    tx: Transaction,
    workspace_id: str,
    sums: tuple[sa.Table, Sequence[sa.ColumnElement[bool]]],
    outcome: str | None,
    made: Bars,
) -> Bars:
    """Bars from rows of roll-ups, or of sums of fields, which are of hours."""
    table, by = sums
    c = table.c
    grains = (Grain.DAY, Grain.HOUR, Grain.MINUTE) if table is rollups else (Grain.HOUR,)
    grain = next(each for each in grains if made.width % each.length == 0)
    at = (c.at - c.at % made.width).label("at")
    names = _OUTCOMES if outcome is None else (outcome,)
    here = [c.workspace_id == workspace_id, *by]
    here += [c.grain == int(grain)] if table is rollups else []
    begin, reach = made.begin, None
    if outcome in ("error", "cut"):
        unknown = sa.select(sa.func.max(c.at)).where(*here, c.at < made.end, c.cut.is_(None))
        newest = await tx.scalar(unknown.where(c.at >= begin))
        if newest is not None:
            begin = reach = newest + grain.length
    query = (
        sa.select(at, *(sa.func.sum(_count_of(name, table)).label(name) for name in names))
        .where(*here, c.at >= begin, c.at < made.end)
        .group_by(at)
    )
    bars = {row["at"]: Bar(**{_bar_of(name): int(row[name]) for name in names}) for row in await tx.rows(query)}
    return replace(made, bars=bars, reach=reach, from_sums=True)


def _count_of(outcome: str, table: sa.Table) -> sa.ColumnElement[int]:
    c = table.c
    counts = {
        "ok": c.calls - c.errors - c.cancelled - c.refused,
        "failed": c.errors,
        "error": c.errors - c.cut,
        "cut": c.cut,
        "cancelled": c.cancelled,
        "refused": c.refused,
    }
    return counts[outcome]


def _bar_of(outcome: str) -> str:
    return outcome if outcome in _OUTCOMES else "failed"


async def _calls(tx: Transaction, workspace_id: str, grain: Grain, begin: int, end: int) -> int:
    c = rollups.c
    here = c.workspace_id == workspace_id, c.grain == int(grain), c.dim == "total", c.value == ""
    return int(await tx.scalar(sa.select(sa.func.sum(c.calls)).where(*here, c.at >= begin, c.at < end)) or 0)


async def _steps(
    tx: Transaction, workspace_id: str, which: CallFilter, patience: Patience
) -> AsyncIterator[tuple[walking.Step, int | None]]:
    """Steps while somebody waits, each with how far was looked when it is through and nothing comes after it."""
    step: walking.Step | None = None
    async for following in walking.steps(tx, workspace_id, which):
        if step is not None:
            yield step, instant_of(step.low)
            if patience.over:
                return
        step = following
    if step is not None:
        yield step, None


async def _groups(
    tx: Transaction, workspace_id: str, which: CallFilter, made: Bars
) -> AsyncIterator[tuple[list[tuple[int, str, int]], int | None]]:
    """(number of the bar, outcome, calls)."""
    patience = Patience(COUNTED_S)
    if which.words is not None:
        async for found, looked in _found(tx, workspace_id, which, patience):
            yield [((call.started - made.begin) // made.width, call.outcome, 1) for call in found], looked
        return
    at = (calls.c.started - calls.c.started % made.width - made.begin).label("place")
    async for step, looked in _steps(tx, workspace_id, which, patience):
        query = sa.select(at, calls.c.outcome, sa.func.count()).where(*step.conditions).group_by(at, calls.c.outcome)
        rows = (await tx.execute(query)).all()
        yield [(place // made.width, outcome, count) for place, outcome, count in rows], looked


async def _rows(
    tx: Transaction, workspace_id: str, which: CallFilter, columns: Sequence[sa.ColumnElement[Any]]
) -> AsyncIterator[tuple[Sequence[Any], int | None]]:
    patience = Patience(COUNTED_S)
    if which.words is not None:
        async for found, looked in _found(tx, workspace_id, which, patience):
            yield [tuple(getattr(call, str(column.key)) for column in columns) for call in found], looked
        return
    async for step, looked in _steps(tx, workspace_id, which, patience):
        yield (await tx.execute(sa.select(*columns).where(*step.conditions))).all(), looked


async def _found(
    tx: Transaction, workspace_id: str, which: CallFilter, patience: Patience
) -> AsyncIterator[tuple[Sequence[Any], int | None]]:
    """Calls with words, which only the list knows how to find."""
    after: str | None = None
    while True:
        page = await listing.page(tx, workspace_id, which, limit=_WORDS_AT_ONCE, after=after, looked_s=COUNTED_S / 2)
        after = page.next
        yield page.items, None if after is None else instant_of(after)
        if after is None or patience.over:
            return
