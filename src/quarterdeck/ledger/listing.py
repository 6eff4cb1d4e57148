"""Listing calls: which are meant, newest first, a page at a time."""

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import instant_of, lowest_id
from quarterdeck.kernel.pages import Page
from quarterdeck.ledger.calls import StoredCall, stored
from quarterdeck.ledger.derived_tables import call_marks
from quarterdeck.ledger.search import find
from quarterdeck.ledger.search.numbers import FACETS
from quarterdeck.ledger.search.words import Question
from quarterdeck.ledger.tables import calls
from quarterdeck.ledger.work_costs import Fact

PAGE = 500
"""Calls that `pages` reads at once."""
_CHUNK = 400
_BAD = sa.text("outcome <> 'ok'")
"""In these words, so that the index of calls that went wrong is used."""
LOOKED_S = 0.15
"""How long is looked for calls with words, before what was found is told."""
LOOKED_AT = 1_000
"""So many of them at once."""


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls. None means all; `begin` and `end` (exclusive) are instants."""

    agent_id: str | None = None
    task_id: str | None = None
    run_id: str | None = None
    conversation_id: str | None = None
    provider: str | None = None
    model: str | None = None
    outcome: str | None = None
    status: int | None = None
    cache: str | None = None
    unclaimed: bool | None = None
    """True: only those that belong to no run and no task; False: only the others."""
    begin: int | None = None
    end: int | None = None
    min_cost: int | None = None
    mark: Fact | None = None
    """Only those that are known as this: looped, duplicate, made while blocked."""
    words: Question | None = None
    """Only those in whose new messages or answer these words are."""


async def page(
    tx: Transaction, workspace_id: str, which: CallFilter, *, limit: int, after: str | None = None
) -> Page[StoredCall]:
    """Calls newest first. Raises Invalid when `after` is no cursor of ours.

    With words, a page that would take long to fill ends early: its `next` goes on where it stopped looking.
    """
    if after is not None:
        after = cursor(after)
    if which.words is not None:
        return await _page_of_words(tx, workspace_id, which, which.words, limit=limit, after=after)
    if which.mark is not None and which.run_id is which.task_id is which.conversation_id is None:
        return await _marked(tx, workspace_id, which, which.mark, limit=limit, after=after)
    query = sa.select(calls).where(calls.c.workspace_id == workspace_id, *_conditions(which))
    if after is not None:
        query = query.where(calls.c.id < after)
    query = query.order_by(calls.c.id.desc()).limit(limit + 1)
    found = [stored(row) for row in await tx.rows(query)]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def pages(
    db: Database, workspace_id: str, which: CallFilter, *, most: int, after: str | None = None
) -> AsyncIterator[Page[StoredCall]]:
    """Pages one after the other, until there are no more or `most` calls were told: then the last has a `next`.

    Each is read for itself, so no transaction waits for whoever reads. Raises Invalid as `page` does.
    """
    left = most
    while True:
        async with db.read() as tx:
            found = await page(tx, workspace_id, which, limit=min(PAGE, left), after=after)
        yield found
        left, after = left - len(found.items), found.next
        if after is None or left <= 0:
            return


async def _marked(
    tx: Transaction, workspace_id: str, which: CallFilter, mark: Fact, *, limit: int, after: str | None
) -> Page[StoredCall]:
    """By the marks, newest first: few calls have one, and a list out of another table finds no index of calls."""
    marks = [call_marks.c.workspace_id == workspace_id, call_marks.c.fact == mark.value]
    if which.begin is not None:
        marks.append(call_marks.c.call_id >= lowest_id("call", which.begin))
    if which.end is not None:
        marks.append(call_marks.c.call_id < lowest_id("call", which.end))
    others, place = _conditions(replace(which, mark=None)), after
    found: list[StoredCall] = []
    while True:
        there = marks if place is None else [*marks, call_marks.c.call_id < place]
        query = sa.select(call_marks.c.call_id).where(*there).order_by(call_marks.c.call_id.desc()).limit(_CHUNK)
        ids = list((await tx.execute(query)).scalars())
        if ids:
            kept = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(ids), *others)
            found += [stored(row) for row in await tx.rows(kept.order_by(calls.c.id.desc()).limit(limit + 1))]
        if len(found) > limit or len(ids) < _CHUNK:
            return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)
        place = ids[-1]


async def _page_of_words(
    tx: Transaction, workspace_id: str, which: CallFilter, words: Question, *, limit: int, after: str | None
) -> Page[StoredCall]:
    """A page of those with words: the index finds them newest first, and the rows say which are meant."""
    values = {name: value for name in FACETS if (value := getattr(which, name)) is not None}
    search = find.Search(workspace_id, words, values)
    until = time.monotonic() + LOOKED_S
    found: list[StoredCall] = []
    if which.task_id is None:
        sizes = [min(LOOKED_AT, (limit + 1) << 2 * turn) for turn in range(8)]
        batches = find.hits(tx, search, sizes, begin=which.begin, end=which.end, after=after)
    else:
        batches = _hits_of_task(tx, search, which, after)
    async for batch in batches:
        query = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(batch.ids))
        place = {call_id: at for at, call_id in enumerate(batch.ids)}
        rows = await tx.rows(query.where(*_conditions(which))) if batch.ids else []
        found += sorted(map(stored, rows), key=lambda call: place[call.id])
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].id)
        if batch.more and time.monotonic() > until:
            return Page(found, batch.last)
    return Page(found, None)


async def _hits_of_task(
    tx: Transaction, search: find.Search, which: CallFilter, after: str | None
) -> AsyncIterator[find.Batch]:
    """A task's calls are few, and which they are may change: they are looked up first and the words in them."""
    last = after
    while True:
        query = sa.select(calls.c.id).where(calls.c.workspace_id == search.workspace_id, *_conditions(which))
        if last is not None:
            query = query.where(calls.c.id < last)
        ids = list((await tx.execute(query.order_by(calls.c.id.desc()).limit(LOOKED_AT))).scalars())
        if not ids:
            return
        last = ids[-1]
        yield find.Batch(await find.among(tx, search, ids), last, more=len(ids) == LOOKED_AT)


def cursor(after: str) -> str:
    """The call's id that a page ends with. Raises Invalid when it is none."""
    try:
        instant_of(after)
    except ValueError:
        raise Invalid("after must be the 'next' of the page before.", field="after") from None
    return after


def _conditions(which: CallFilter) -> Sequence[sa.ColumnElement[bool]]:
    conditions: list[Any] = []
    for name in ("agent_id", "task_id", "run_id", "conversation_id", "provider", "model", "outcome", "status", "cache"):
        wanted = getattr(which, name)
        if wanted is not None:
            conditions.append(calls.c[name] == wanted)
    if which.outcome not in (None, "ok"):
        conditions.append(_BAD)
    if which.unclaimed is not None:
        # Not by `not`: only in these words the index of unclaimed calls is used.
        loose = sa.and_(calls.c.run_id.is_(None), calls.c.task_id.is_(None))
        claimed = sa.or_(calls.c.run_id.is_not(None), calls.c.task_id.is_not(None))
        conditions.append(loose if which.unclaimed else claimed)
    if which.begin is not None:
        conditions.append(calls.c.id >= lowest_id("call", which.begin))
    if which.end is not None:
        conditions.append(calls.c.id < lowest_id("call", which.end))
    if which.min_cost is not None:
        conditions.append(calls.c.cost >= which.min_cost)
    if which.mark is not None:
        marked = sa.select(call_marks.c.call_id).where(
            call_marks.c.workspace_id == calls.c.workspace_id, call_marks.c.fact == which.mark.value
        )
        conditions.append(calls.c.id.in_(marked))
    return conditions
