"""Finding calls by words: newest first, a week at a time, never more than asked for."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.ids import instant_of, lowest_id
from quarterdeck.ledger import partitions
from quarterdeck.ledger.search.numbers import number_of
from quarterdeck.ledger.search.tables import search_docs
from quarterdeck.ledger.search.words import Question, facet, for_postgresql, for_sqlite

PROBED = 1_000
"""PostgreSQL: a word that is found often enough among so many of the newest calls is not looked up in the index, which
would first gather all its calls."""

_BESIDE = 4
"""So many numbers from its own on a call is looked for at, where another one had taken it."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for: words, and values by the names of `numbers.FACETS`."""

    workspace_id: str
    question: Question
    values: dict[str, str]

    @property
    def facets(self) -> list[str]:
        return [facet("workspace_id", self.workspace_id), *(facet(name, each) for name, each in self.values.items())]


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of calls with the words, newest first; it was looked back to the call `last`, and `more` may follow."""

    ids: list[str]
    last: str
    more: bool


async def hits(
    tx: Transaction, search: Search, sizes: Sequence[int], *, begin: int | None, end: int | None, after: str | None
) -> AsyncIterator[Batch]:
    """Calls, newest first, in batches of `sizes`, the last of which repeats.

    `begin` and `end` are instants, `after` the id of a call that was the last of the page before.
    """
    low = 0 if begin is None else number_of(lowest_id("call", begin))
    high = 1 << 62 if end is None else number_of(lowest_id("call", end))
    weeks = await partitions.searchable(tx)
    if after is not None:
        high = min(high, await _place_of(tx, after, weeks))
    turn = 0
    for epoch in reversed(weeks):
        first = lowest_id("call", partitions.epoch_begin(epoch))
        if not partitions.may_hold(epoch, begin, end) or number_of(first) >= high:
            continue
        at = high
        while True:
            size = sizes[min(turn, len(sizes) - 1)]
            found = await _some(tx, epoch, search, low, at, size)
            turn += 1
            if found:
                ids = [call_id for _, call_id in found]
                yield Batch(ids, ids[-1], more=len(found) == size or epoch != weeks[0])
            if len(found) < size:
                break
            at = found[-1][0]
        # Said also of a week without any: to find that none is in it may have taken a while.
        yield Batch([], first, more=epoch != weeks[0])


async def among(tx: Transaction, search: Search, ids: Sequence[str]) -> list[str]:
    """Those of these calls in which the words are, in their order."""
    found: set[str] = set()
    numbers = {number_of(each): each for each in ids}
    for epoch in await partitions.searchable(tx):
        some = [no for no, call_id in numbers.items() if partitions.epoch_of(instant_of(call_id)) == epoch]
        if some:
            found |= await _among(tx, epoch, search, [no + beside for no in some for beside in range(_BESIDE)])
    return [each for each in ids if each in found]


async def _among(tx: Transaction, epoch: int, search: Search, numbers: Sequence[int]) -> set[str]:
    values: dict[str, object] = {"workspace_id": search.workspace_id, "numbers": list(numbers)}
    if tx.connection.dialect.name == "sqlite":
        query = sa.text(
            f"SELECT d.call_id FROM search_docs_{epoch} AS d CROSS JOIN search_words_{epoch} AS w"  # noqa: S608
            f" ON w.rowid = d.no WHERE d.epoch = {epoch} AND d.no IN :numbers AND d.workspace_id = :workspace_id"
            f" AND search_words_{epoch} MATCH :asked"
        ).bindparams(sa.bindparam("numbers", expanding=True))
        asked = for_sqlite(search.question, search.facets)
    else:
        query = sa.text(
            f"SELECT call_id FROM search_docs_{epoch} WHERE no = ANY(:numbers) AND workspace_id = :workspace_id"  # noqa: S608
            " AND words @@ CAST(CAST(:asked AS text) AS tsquery)"
        )
        asked = for_postgresql(search.question, search.facets)
    return set((await tx.execute(query, {**values, "asked": asked})).scalars())


async def _place_of(tx: Transaction, call_id: str, weeks: Sequence[int]) -> int:
    """The number of a call in the index; of one that is not in it, where it would stand."""
    no = number_of(call_id)
    for epoch in reversed(weeks):
        table = partitions.of_epoch(tx, search_docs, epoch)
        query = sa.select(table.c.no).where(
            table.c.epoch == epoch, table.c.no >= no, table.c.no < no + 64, table.c.call_id == call_id
        )
        found: int | None = await tx.scalar(query)
        if found is not None:
            return found
    return no


async def _some(
    tx: Transaction, epoch: int, search: Search, low: int, high: int, size: int
) -> Sequence[tuple[int, str]]:
    """The newest of a week's calls below the number `high`."""
    values = {"workspace_id": search.workspace_id, "low": low, "high": high, "size": size}
    if tx.connection.dialect.name == "sqlite":
        asked = for_sqlite(search.question, search.facets)
        query = sa.text(
            f"SELECT d.no, d.call_id FROM search_words_{epoch} AS w CROSS JOIN search_docs_{epoch} AS d"  # noqa: S608
            f" ON d.epoch = {epoch} AND d.no = w.rowid"
            f" WHERE search_words_{epoch} MATCH :asked AND w.rowid < :high AND w.rowid >= :low"
            " AND d.workspace_id = :workspace_id ORDER BY w.rowid DESC LIMIT :size"
        )
        return [(row[0], row[1]) for row in await tx.execute(query, {**values, "asked": asked})]
    return await _some_on_postgresql(tx, epoch, {**values, "asked": for_postgresql(search.question, search.facets)})


async def _some_on_postgresql(tx: Transaction, epoch: int, values: dict[str, object]) -> Sequence[tuple[int, str]]:
    newest = (
        f"SELECT no, call_id, words @@ CAST(CAST(:asked AS text) AS tsquery) AS hit FROM (SELECT * FROM"  # noqa: S608
        f" search_docs_{epoch} WHERE no < :high AND no >= :low ORDER BY no DESC LIMIT :probed) AS newest"
    )
    rows = (await tx.execute(sa.text(newest), {**_without(values, "workspace_id", "size"), "probed": PROBED})).all()
    found = [(row[0], row[1]) for row in rows if row[2]]
    size = int(str(values["size"]))
    if len(found) >= size or len(rows) < PROBED:
        return found[:size]
    # In an order that the planner does not know, so that it does not walk through all calls by their number.
    query = (
        f"WITH found AS MATERIALIZED (SELECT no, call_id FROM search_docs_{epoch}"  # noqa: S608 - our own names
        " WHERE words @@ CAST(CAST(:asked AS text) AS tsquery) AND no < :high AND no >= :low"
        " AND workspace_id = :workspace_id) SELECT no, call_id FROM found ORDER BY no DESC LIMIT :size"
    )
    await tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
    return [(row[0], row[1]) for row in await tx.execute(sa.text(query), values)]


def _without(values: dict[str, object], *names: str) -> dict[str, object]:
    return {name: value for name, value in values.items() if name not in names}
