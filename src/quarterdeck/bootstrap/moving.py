"""From SQLite to PostgreSQL: every row as it is, in one transaction of the new store."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Database, Transaction, metadata
from quarterdeck.kernel.errors import Changed, Invalid
from quarterdeck.ledger import partitions
from quarterdeck.ledger.search.tables import search_docs, search_marks
from quarterdeck.ledger.tables import calls

AT_ONCE = 1_000
_MADE_ANEW = {search_docs, search_marks}
"""The words of calls are indexed again from their bodies: each store has them in a form of its own."""


async def move(source: Database, target: Database) -> int:
    """Copy all that SQLite has into an empty PostgreSQL of the same revision; how many rows.

    Raises Invalid when it is not from SQLite to PostgreSQL, Changed when there is something in the new store.
    """
    if not source.is_sqlite or target.is_sqlite:
        raise Invalid("Rows are moved from SQLite to PostgreSQL; name it as postgresql://USER@HOST/DATABASE.")
    async with source.read() as old, target.transaction() as new:
        await must_be_empty(new)
        moved = 0
        for table in metadata.sorted_tables:
            if table not in _MADE_ANEW:
                moved += await _move_table(old, new, table)
        return moved


async def must_be_empty(new: Transaction) -> None:
    """Of a store that has tables. Raises Changed when there is something in it."""
    if await new.scalar(sa.select(sa.func.count()).select_from(metadata.tables["workspaces"])):
        raise Changed("There is an installation in that database already; name one that is empty.")


async def _move_table(old: Transaction, new: Transaction, table: sa.Table) -> int:
    """By parts where the store has it in parts."""
    moved = 0
    if table is calls:
        for suffix in await partitions.months(old):
            await partitions.ensure(new, [partitions.month_named(suffix).begin])
            moved += await _copy(old, new, partitions.of_month(old, suffix), table)
    elif table in partitions.BODY_TABLES:
        for epoch in await partitions.epochs(old):
            await partitions.ensure(new, [partitions.epoch_begin(epoch)])
            moved += await _copy(old, new, partitions.of_epoch(old, table, epoch), table)
    else:
        moved = await _copy(old, new, table, table)
        await _count_on(new, table)
    return moved


async def _copy(old: Transaction, new: Transaction, source: sa.Table, table: sa.Table) -> int:
    later = _of_the_same_table(table)
    copied = 0
    async for rows in _batches(old, source):
        await new.execute(table.insert(), [{**row, **dict.fromkeys(later)} for row in rows])
        copied += len(rows)
    for name in later:
        # Only now is every row there that another of the same table may name.
        async for rows in _batches(old, source, source.c[name].is_not(None)):
            for row in rows:
                same = [column == row[column.name] for column in table.primary_key.columns]
                await new.execute(table.update().where(*same).values({name: row[name]}))
    return copied


async def _batches(
    old: Transaction, source: sa.Table, *where: sa.ColumnElement[bool]
) -> AsyncIterator[Sequence[dict[str, Any]]]:
    """All rows in the order of their key."""
    key = list(source.primary_key.columns)
    query = sa.select(source).where(*where).order_by(*key).limit(AT_ONCE)
    rows = await old.rows(query)
    while rows:
        yield [dict(row) for row in rows]
        last = sa.tuple_(*(sa.literal(rows[-1][column.name], column.type) for column in key))
        rows = await old.rows(query.where(sa.tuple_(*key) > last))


def _of_the_same_table(table: sa.Table) -> list[str]:
    """Columns that may be empty and name another row of the table."""
    within = (each.parent for each in table.foreign_keys if each.column.table is table)
    return sorted({column.name for column in within if column.nullable})


async def _count_on(new: Transaction, table: sa.Table) -> None:
    """Let a counting key go on after the last one that was moved."""
    column = table.autoincrement_column
    if column is not None:
        sequence = sa.func.pg_get_serial_sequence(table.name, column.name)
        last = sa.select(sa.func.coalesce(sa.func.max(column), 0) + 1).scalar_subquery()
        await new.execute(sa.select(sa.func.setval(sequence, last, False)))
