"""Listing calls: which are meant, newest first, a page at a time."""

from collections.abc import AsyncIterator

import sqlalchemy as sa

from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import instant_of, lowest_id
from quarterdeck.kernel.pages import Page
from quarterdeck.ledger import call_filter, walking
from quarterdeck.ledger.call_filter import ANY_FAILURE, CallFilter, conditions
from quarterdeck.ledger.calls import StoredCall, stored
from quarterdeck.ledger.search import find
from quarterdeck.ledger.search.numbers import FACETS
from quarterdeck.ledger.search.words import Question
from quarterdeck.ledger.tables import calls
from quarterdeck.ledger.walking import LOOKED_S, Patience

PAGE = 500
"""Calls that `pages` reads at once."""
LOOKED_AT = 1_000
"""Calls with words looked at at once."""


async def page(
    tx: Transaction,
    workspace_id: str,
    which: CallFilter,
    *,
    limit: int,
    after: str | None = None,
    looked_s: float | None = None,
) -> Page[StoredCall]:
    """Calls newest first. Raises Invalid when `after` is no cursor of ours.

    A page that would take long to fill ends early: its `next` goes on where it stopped looking.
    """
    if after is not None:
        after = cursor(after)
    patience = Patience(LOOKED_S if looked_s is None else looked_s)
    if which.words is not None:
        return await _page_of_words(tx, workspace_id, which, which.words, patience, limit=limit, after=after)
    by, others = call_filter.parted(which)
    if others:
        return await _walked(tx, workspace_id, which, patience, limit=limit, after=after)
    query = sa.select(calls).where(calls.c.workspace_id == workspace_id, *by, *call_filter.within(which))
    if after is not None:
        query = query.where(calls.c.id < after)
    return _page([stored(row) for row in await tx.rows(query.order_by(calls.c.id.desc()).limit(limit + 1))], limit)


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


async def _walked(
    tx: Transaction, workspace_id: str, which: CallFilter, patience: Patience, *, limit: int, after: str | None
) -> Page[StoredCall]:
    """What no index finds, looked for call by call."""
    found: list[StoredCall] = []
    looked: str | None = None
    async for step in walking.steps(tx, workspace_id, which, after=after):
        if looked is not None and patience.over:
            return Page(found, looked)
        query = sa.select(calls).where(*step.conditions).order_by(calls.c.id.desc()).limit(limit + 1 - len(found))
        found += [stored(row) for row in await tx.rows(query)]
        if len(found) > limit:
            break
        looked = step.low
    return _page(found, limit)


def _page(found: list[StoredCall], limit: int) -> Page[StoredCall]:
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def _page_of_words(
    tx: Transaction,
    workspace_id: str,
    which: CallFilter,
    words: Question,
    patience: Patience,
    *,
    limit: int,
    after: str | None,
) -> Page[StoredCall]:
    """A page of those with words: the index finds them newest first, and the rows say which are meant."""
    values = {name: value for name in FACETS if (value := getattr(which, name)) not in (None, ANY_FAILURE)}
    search = find.Search(workspace_id, words, values)
    found: list[StoredCall] = []
    if which.task_id is None:
        sizes = [min(LOOKED_AT, (limit + 1) << 2 * turn) for turn in range(8)]
        batches = find.hits(tx, search, sizes, begin=which.begin, end=which.end, after=after)
    else:
        batches = _hits_of_task(tx, search, which, after)
    by, others = call_filter.parted(which)
    low = "" if which.begin is None else lowest_id("call", which.begin)
    high = None if which.end is None else lowest_id("call", which.end)
    async for batch in batches:
        # The time is not asked for: SQLite would rather walk through all calls of it than look these up.
        ids = [each for each in batch.ids if each >= low and (high is None or each < high)]
        query = sa.select(calls).where(calls.c.workspace_id == workspace_id, calls.c.id.in_(ids), *by, *others)
        place = {call_id: at for at, call_id in enumerate(ids)}
        rows = await tx.rows(query) if ids else []
        found += sorted(map(stored, rows), key=lambda call: place[call.id])
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].id)
        if batch.more and patience.over:
            return Page(found, batch.last)
    return Page(found, None)


async def _hits_of_task(
    tx: Transaction, search: find.Search, which: CallFilter, after: str | None
) -> AsyncIterator[find.Batch]:
    """A task's calls are few, and which they are may change: they are looked up first and the words in them."""
    last = after
    while True:
        query = sa.select(calls.c.id).where(calls.c.workspace_id == search.workspace_id, *conditions(which))
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
