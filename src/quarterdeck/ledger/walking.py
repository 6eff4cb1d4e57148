"""Looking through calls newest first for those of a filter, a stretch at a time, for as long as somebody waits.

What an index finds is read straight. The rest is looked at call by call, so a rare value could cost a walk through all
there are: it is made in steps that each end at a known call, and the roll-ups say which hours need no look at all.
"""

import time
from bisect import bisect
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import HOUR, MINUTE
from quarterdeck.kernel.ids import instant_of, lowest_id
from quarterdeck.ledger import call_filter, field_sums
from quarterdeck.ledger.call_filter import CallFilter, Range
from quarterdeck.ledger.derived_tables import call_marks, rollups
from quarterdeck.ledger.derived_tables import field_sums as fields_table
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import calls
from quarterdeck.ledger.work_costs import Fact

LOOKED_S = 0.08
"""How long is looked for calls, before what was found is told."""
STEPS = (1_000, 2_000, 4_000)
"""Calls looked at before the clock is, at first and later on: the last goes on."""
_MARKED = 400
"""Marked calls looked up at once."""
_HOURS = 400
"""Busy hours read at once."""
_GAP = 500
"""So many calls between two busy hours are sooner looked at than left out."""
_TASKS = 1_000
"""Whoever asks for the calls of more tasks than these finds some in most hours."""
_SLACK = MINUTE
"""An id may be made a little before or after its call is said to begin."""
_OLDEST, _NEWEST = "call_", "call_z"


@dataclass(frozen=True, slots=True)
class Step:
    """Calls of [`low`, `high`) by id, all of them to be looked at by `conditions`."""

    low: str
    high: str
    conditions: list[sa.ColumnElement[bool]]


class Patience:
    """How long is gone on. There is always one step."""

    def __init__(self, seconds: float = LOOKED_S) -> None:
        self._until = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        return time.monotonic() > self._until


async def steps(
    tx: Transaction, workspace_id: str, which: CallFilter, *, after: str | None = None
) -> AsyncIterator[Step]:
    """The calls of a filter in steps, newest first, each some thousand of those that the index finds.

    Whoever stops has looked through everything down to the last step's `low`.
    """
    if which.mark is not None and which.run_id is which.task_id is which.conversation_id is None:
        async for step in _marked(tx, workspace_id, which, which.mark, after):
            yield step
        return
    by, others = call_filter.parted(which)
    mine = [calls.c.workspace_id == workspace_id, *by]
    turn = 0
    async for low, high in _stretches(tx, workspace_id, which, after):
        place: str | None = high
        while place is not None:
            here = sa.select(calls.c.id).where(*mine, calls.c.id >= low, calls.c.id < place)
            size = STEPS[min(turn, len(STEPS) - 1)]
            end = await tx.scalar(here.order_by(calls.c.id.desc()).offset(size).limit(1))
            yield Step(end or low, place, [*mine, *others, calls.c.id >= (end or low), calls.c.id < place])
            place, turn = end, turn + 1


async def _marked(
    tx: Transaction, workspace_id: str, which: CallFilter, mark: Fact, after: str | None
) -> AsyncIterator[Step]:
    """By the marks: few calls have one, and a list out of another table finds no index of calls."""
    by, others = call_filter.parted(replace(which, mark=None))
    here = [calls.c.workspace_id == workspace_id, *by, *others]
    low = _OLDEST if which.begin is None else lowest_id("call", which.begin)
    place = _NEWEST if which.end is None else lowest_id("call", which.end)
    place = place if after is None else min(place, after)
    c = call_marks.c
    while place > low:
        there = c.workspace_id == workspace_id, c.fact == mark.value, c.call_id >= low, c.call_id < place
        query = sa.select(c.call_id).where(*there).order_by(c.call_id.desc()).limit(_MARKED)
        ids = list((await tx.execute(query)).scalars())
        end = ids[-1] if len(ids) == _MARKED else low
        if ids:
            yield Step(end, place, [*here, calls.c.id.in_(ids)])
        place = end


async def _stretches(
    tx: Transaction, workspace_id: str, which: CallFilter, after: str | None
) -> AsyncIterator[tuple[str, str]]:
    """Where in time there can be any, newest first, as [low, high) by ids."""
    low = _OLDEST if which.begin is None else lowest_id("call", which.begin)
    high = _NEWEST if which.end is None else lowest_id("call", which.end)
    high = high if after is None else min(high, after)
    if (field := _field(which)) is not None:
        since = await field_sums.since(tx)
        counted = lowest_id("call", since + _SLACK) if since else _OLDEST
        of_field = _hours_of_field(workspace_id, field, which)
        async for stretch in _busy(tx, workspace_id, which, of_field, max(low, counted), high):
            yield stretch
        high = min(high, counted)
        if high <= low:
            return
    sums = _sums(which)
    if sums is None or (which.tasks is not None and await _are_many(tx, which.tasks)):
        yield low, high
        return
    # Of many values the hours are found by each of them, and not by walking through all tasks' hours in their order.
    at = rollups.c.at if which.tasks is None else (rollups.c.at + 0).label("at")
    here = rollups.c.workspace_id == workspace_id, rollups.c.grain == int(Grain.HOUR), *sums
    async for stretch in _busy(tx, workspace_id, which, _Hours(at, here), low, high):
        yield stretch


class _Hours(NamedTuple):
    """Where the beginnings of hours stand, and which of them are meant."""

    at: sa.ColumnElement[int]
    here: Sequence[sa.ColumnElement[bool]]


async def _busy(
    tx: Transaction, workspace_id: str, which: CallFilter, hours_of: _Hours, low: str, high: str
) -> AsyncIterator[tuple[str, str]]:
    """The stretches of these hours between two ids, newest first."""
    at = hours_of.at
    before: int | None = None if high == _NEWEST else instant_of(high) + _SLACK
    query = sa.select(at).distinct().where(*hours_of.here).order_by(at.desc()).limit(_HOURS)
    query = query if low == _OLDEST else query.where(at > instant_of(low) - HOUR - _SLACK)
    while True:
        some = query if before is None else query.where(at <= before)
        hours = list((await tx.execute(some)).scalars())
        between = await _between(tx, workspace_id, which, hours)
        for begin, end in _joined(hours, between):
            first, last = (
                max(low, lowest_id("call", max(0, begin - _SLACK))),
                min(high, lowest_id("call", end + _SLACK)),
            )
            if first < last:
                yield first, last
                high = first
        if len(hours) < _HOURS:
            return
        before = hours[-1] - 1


async def _between(tx: Transaction, workspace_id: str, which: CallFilter, hours: list[int]) -> dict[int, int]:
    """By each of these hours but the newest: how many calls would be looked at from its end to the next of them."""
    if len(hours) < 2:
        return {}
    c = rollups.c
    dim, value = "total", ""
    count: sa.ColumnElement[int] = c.calls
    if call_filter.is_bad(which):
        count = c.errors + c.cancelled + c.refused
    elif which.agent_id is not None:
        dim, value = "agent", which.agent_id
    elif which.model is not None and not which.unclaimed:
        dim, value = "model", which.model
    here = c.workspace_id == workspace_id, c.grain == int(Grain.HOUR), c.dim == dim, c.value == value
    query = sa.select(c.at, count).where(*here, c.at > hours[-1], c.at < hours[0])
    left = sorted(hours)
    found = dict.fromkeys(left[:-1], 0)
    wanted = set(left)
    for at, calls_then in (await tx.execute(query)).all():
        if at not in wanted:
            found[left[bisect(left, at) - 1]] += calls_then
    return found


def _joined(hours: list[int], between: dict[int, int]) -> list[tuple[int, int]]:
    """As one stretch the hours between which not many calls lie; both newest first."""
    found: list[tuple[int, int]] = []
    for at in hours:
        if found and between[at] <= _GAP:
            found[-1] = (at, found[-1][1])
        else:
            found.append((at, at + HOUR))
    return found


def _field(which: CallFilter) -> list[sa.ColumnElement[bool]] | None:
    """The sums of a field that say more than those by which calls are summed otherwise; None: there are none."""
    if _dims(which) or which.tasks is not None:
        return None
    if not (which.conversation_id is which.run_id is which.task_id is None):
        return None
    found = field_sums.of(which)
    return None if found is None else found[1]


def _hours_of_field(workspace_id: str, field: Sequence[sa.ColumnElement[bool]], which: CallFilter) -> _Hours:
    c = fields_table.c
    came = _CAME.get(which.outcome or "")
    return _Hours(c.at, [c.workspace_id == workspace_id, *field, c.calls > 0, *([c[came] > 0] if came else [])])


async def _are_many(tx: Transaction, tasks: sa.Select[tuple[str]]) -> bool:
    return await tx.scalar(tasks.offset(_TASKS).limit(1)) is not None


_CAME = {"error": "errors", "cut": "errors", "failed": "errors", "cancelled": "cancelled", "refused": "refused"}
"""In which sums a call of that outcome is."""


def _sums(which: CallFilter) -> list[Any] | None:
    """What an hour's sums hold when there is a call of that filter in it. None: they say nothing that helps."""
    wanted = [rollups.c.calls > 0]
    if (came := _CAME.get(which.outcome or "")) is not None:
        wanted.append(rollups.c[came] > 0)
    elif call_filter.is_bad(which):
        wanted.append(rollups.c.errors + rollups.c.cancelled + rollups.c.refused > 0)
    if which.cache in ("hit", "semantic-hit"):
        wanted.append(rollups.c.cache_hits > 0)
    if which.unpriced:
        wanted.append(rollups.c.unpriced_calls > 0)
    if which.usage_source == "estimated":
        wanted.append(rollups.c.estimated_calls > 0)
    if (least := which.ranges.get("cost", Range()).least) is not None and least > 0:
        wanted.append(rollups.c.cost >= least)
    for dim, value in _dims(which):
        return [*wanted, rollups.c.dim == dim, rollups.c.value == value]
    if which.tasks is not None:
        return [*wanted, rollups.c.dim == "task", rollups.c.value.in_(which.tasks)]
    return [*wanted, rollups.c.dim == "total", rollups.c.value == ""] if len(wanted) > 1 else None


def _dims(which: CallFilter) -> list[tuple[str, str]]:
    """By what of the filter calls are summed, the rarer first. Not by what an index finds, such as run and task."""
    known = {"key": which.key_id, "tag": which.summed_tag, "provider": which.provider}
    if call_filter.is_bad(which):
        known = {"agent": which.agent_id, **known, "model": which.model}
    if which.conversation_id is which.run_id is which.task_id is None:
        return [(dim, value) for dim, value in known.items() if value is not None]
    return []
