"""Writing the index: docs with their words, each call once; and dropping them."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.text import terms
from quarterdeck.ledger import partitions
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.search.numbers import FACETS, number_of
from quarterdeck.ledger.search.tables import search_docs
from quarterdeck.ledger.search.texts import Passage
from quarterdeck.ledger.search.words import GAP, facet, vector

AT_ONCE_CHARACTERS = 128_000
"""So much is handed to the store in one statement: it keeps the event loop no longer than a few milliseconds."""


@dataclass(frozen=True, slots=True)
class Doc:
    """A call's words."""

    epoch: int
    workspace_id: str
    call_id: str
    words: list[str]
    facets: list[str]


def doc_of(call: StoredCall, passages: Sequence[Passage]) -> Doc | None:
    """None when it has no word."""
    words: list[str] = []
    for passage in passages:
        some = terms(passage.text)
        if some:
            words += [GAP, *some] if words else some
    if not words:
        return None
    values = {name: getattr(call, name) for name in ("workspace_id", *FACETS)}
    facets = [facet(name, value) for name, value in values.items() if value is not None]
    return Doc(call.epoch, call.workspace_id, call.id, words, facets)


async def add(tx: Transaction, docs: Sequence[Doc]) -> int:
    """Index these, but those that are indexed already; how many were new."""
    added = 0
    for epoch in sorted({doc.epoch for doc in docs}):
        some = [doc for doc in docs if doc.epoch == epoch]
        numbered = await _numbered(tx, epoch, some)
        if tx.connection.dialect.name == "sqlite":
            await _add_on_sqlite(tx, epoch, numbered)
        else:
            await _add_on_postgresql(tx, epoch, numbered)
        added += len(numbered)
    return added


async def forget(tx: Transaction, workspace_id: str, epoch: int) -> None:
    """Take a workspace's calls of a week out of the index."""
    table = partitions.of_epoch(tx, search_docs, epoch)
    await tx.execute(table.delete().where(table.c.epoch == epoch, table.c.workspace_id == workspace_id))


async def _numbered(tx: Transaction, epoch: int, docs: Sequence[Doc]) -> list[tuple[int, Doc]]:
    """With a number of its own for each that is not in the index."""
    table = partitions.of_epoch(tx, search_docs, epoch)
    placed: dict[int, Doc] = {}
    waiting = [(number_of(doc.call_id), doc) for doc in {doc.call_id: doc for doc in docs}.values()]
    while waiting:
        query = sa.select(table.c.no, table.c.call_id).where(
            table.c.epoch == epoch, table.c.no.in_([no for no, _ in waiting])
        )
        taken = {row["no"]: row["call_id"] for row in await tx.rows(query)}
        collided = []
        for no, doc in waiting:
            if taken.get(no) == doc.call_id:
                continue
            if no in taken or no in placed:
                collided.append((no + 1, doc))
            else:
                placed[no] = doc
        waiting = collided
    return sorted(placed.items(), key=lambda each: each[0])


async def _add_on_sqlite(tx: Transaction, epoch: int, docs: Sequence[tuple[int, Doc]]) -> None:
    for some in _portions(docs):
        await tx.connection.exec_driver_sql(
            f"INSERT INTO search_docs_{epoch} (epoch, no, workspace_id, call_id) VALUES (?, ?, ?, ?)",  # noqa: S608
            [(epoch, no, doc.workspace_id, doc.call_id) for no, doc in some],
        )
        await tx.connection.exec_driver_sql(
            f"INSERT INTO search_words_{epoch} (rowid, words) VALUES (?, ?)",  # noqa: S608 - our own names
            [(no, " ".join([*doc.words, *doc.facets])) for no, doc in some],
        )


async def _add_on_postgresql(tx: Transaction, epoch: int, docs: Sequence[tuple[int, Doc]]) -> None:
    if not docs:
        return
    driver = (await tx.connection.get_raw_connection()).driver_connection
    assert driver is not None
    await driver.execute(
        f"INSERT INTO search_docs_{epoch} (epoch, no, workspace_id, call_id, words)"  # noqa: S608 - our own names
        f" SELECT {epoch}, no, workspace_id, call_id, words::tsvector"
        " FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS new (no, workspace_id, call_id, words)",
        [no for no, _ in docs],
        [doc.workspace_id for _, doc in docs],
        [doc.call_id for _, doc in docs],
        [vector(doc.words, doc.facets) for _, doc in docs],
    )


def _portions(docs: Sequence[tuple[int, Doc]]) -> list[list[tuple[int, Doc]]]:
    found: list[list[tuple[int, Doc]]] = []
    room = 0
    for each in docs:
        size = sum(map(len, each[1].words))
        if size > room or not found:
            found.append([])
            room = AT_ONCE_CHARACTERS
        found[-1].append(each)
        room -= size
    return found
