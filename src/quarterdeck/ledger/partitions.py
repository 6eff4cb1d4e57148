"""Old rows go by dropping the table they are in: `calls` by month, `nodes` and `contents` by week.

PostgreSQL has partitions. On SQLite each is a table of its own, and `calls` becomes a view over its months; the empty
tables that the metadata declares under the three names are the patterns that the real ones are made after.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.sql.elements import quoted_name

from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, SECOND
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger.search.tables import search_docs
from quarterdeck.ledger.tables import calls, contents, nodes

WEEK = 7 * DAY
_FIRST_MONDAY = 4 * DAY  # 1970-01-05
_LOCK = 0x51445041
BODY_TABLES = (nodes, contents)


@dataclass(frozen=True, slots=True)
class Month:
    """A partition of `calls`."""

    suffix: str
    begin: int
    end: int


def month_of(instant: int) -> Month:
    return _month_of_day(instant // DAY)


@lru_cache(maxsize=1024)
def _month_of_day(day: int) -> Month:
    moment = datetime.fromtimestamp(day * DAY / SECOND, UTC)
    begin = datetime(moment.year, moment.month, 1, tzinfo=UTC)
    return Month(f"{begin:%Y%m}", _micro(begin), _micro(_next_month(begin)))


def month_named(suffix: str) -> Month:
    """The month of a suffix such as `202611`. Raises ValueError."""
    return month_of(_micro(datetime.strptime(suffix, "%Y%m").replace(tzinfo=UTC)))


def epoch_of(instant: int) -> int:
    """The number of the week (from Monday, UTC) whose packs hold what was said then."""
    return (instant - _FIRST_MONDAY) // WEEK


def may_hold(epoch: int, begin: int | None, end: int | None) -> bool:
    """Whether anything between these instants (`end` exclusive) can be of that week; None: no bound."""
    return (begin is None or begin < epoch_end(epoch)) and (end is None or end > epoch_begin(epoch))


def epoch_begin(epoch: int) -> int:
    """The instant at which a week begins."""
    return epoch_end(epoch) - WEEK


def epoch_end(epoch: int) -> int:
    """The instant at which a week is over."""
    return (epoch + 1) * WEEK + _FIRST_MONDAY


async def ensure(tx: Transaction, instants: Iterable[int]) -> None:
    """Make the partitions for rows of these instants, where they are not there yet."""
    wanted = list(instants)
    months = {month.suffix: month for month in map(month_of, wanted)}
    epochs = sorted({epoch_of(instant) for instant in wanted})
    if _is_sqlite(tx):
        await _ensure_on_sqlite(tx, months, epochs)
    else:
        await _ensure_on_postgresql(tx, months, epochs)


async def ensure_search(tx: Transaction, epoch: int) -> None:
    """Make what holds the words of a week, where it is not there yet."""
    if not _is_sqlite(tx):
        await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        await tx.execute(sa.text(_partition_of_week(search_docs, epoch)))
    elif f"{search_docs.name}_{epoch}" not in await _names(tx, search_docs):
        await _create_twin(tx, search_docs, f"{search_docs.name}_{epoch}")
        # The words come as we cut them, with a space between: the plainest of tokenizers keeps them so.
        await tx.execute(
            sa.text(
                f"CREATE VIRTUAL TABLE search_words_{int(epoch)} USING fts5"
                "(words, content='', columnsize=0, tokenize='ascii')"
            )
        )


async def searchable(tx: Transaction) -> list[int]:
    """The weeks whose words are indexed, oldest first."""
    return sorted(int(name.rpartition("_")[2]) for name in await _names(tx, search_docs))


async def months(tx: Transaction) -> list[str]:
    """Suffixes of the months that have a partition, oldest first."""
    return sorted(name.removeprefix("calls_") for name in await _names(tx, calls))


async def epochs(tx: Transaction) -> list[int]:
    """The weeks that have partitions, oldest first."""
    found = {int(name.rpartition("_")[2]) for table in BODY_TABLES for name in await _names(tx, table)}
    return sorted(found)


async def drop_month(tx: Transaction, suffix: str) -> None:
    """Forget the calls of a month, at once."""
    if _is_sqlite(tx):
        await _make_view(tx, [each for each in await months(tx) if each != suffix])
    await tx.execute(sa.text(f"DROP TABLE IF EXISTS calls_{int(suffix)}"))


async def drop_epoch(tx: Transaction, epoch: int) -> None:
    """Forget the messages of a week and the words in them, at once. Its packs are files and not our concern."""
    words = ("search_words",) if _is_sqlite(tx) else ()
    for name in (*words, search_docs.name, *(table.name for table in BODY_TABLES)):
        await tx.execute(sa.text(f"DROP TABLE IF EXISTS {name}_{int(epoch)}"))


def name_of(table: sa.Table, instant: int) -> str:
    """The table that holds the rows of an instant, by its own name."""
    suffix = month_of(instant).suffix if table is calls else str(epoch_of(instant))
    return f"{table.name}_{suffix}"


def of_epoch(tx: Transaction, table: sa.Table, epoch: int) -> sa.Table:
    """The table to read a week's nodes or contents from."""
    return _twin(table, f"{table.name}_{epoch}") if _is_sqlite(tx) else table


def of_month(tx: Transaction, suffix: str) -> sa.Table:
    """What to change a month's calls through: on SQLite their own table, for `calls` is a view there."""
    return _twin(calls, f"calls_{suffix}") if _is_sqlite(tx) else calls


async def _ensure_on_sqlite(tx: Transaction, wanted: dict[str, Month], epochs_wanted: list[int]) -> None:
    there = set(await months(tx))
    missing = sorted(wanted.keys() - there)
    for suffix in missing:
        await _create_twin(tx, calls, f"calls_{suffix}")
    if missing:
        await _make_view(tx, sorted(there.union(missing)))
    for table in BODY_TABLES:
        names = set(await _names(tx, table))
        for epoch in epochs_wanted:
            if f"{table.name}_{epoch}" not in names:
                await _create_twin(tx, table, f"{table.name}_{epoch}")


async def _ensure_on_postgresql(tx: Transaction, wanted: dict[str, Month], epochs_wanted: list[int]) -> None:
    # IF NOT EXISTS alone loses a race of two processes with an error.
    await tx.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
    for month in wanted.values():
        begin, end = lowest_id("call", month.begin), lowest_id("call", month.end)
        await tx.execute(
            sa.text(
                f"CREATE TABLE IF NOT EXISTS calls_{month.suffix} PARTITION OF calls"
                f" FOR VALUES FROM ('{begin}') TO ('{end}')"
            )
        )
    for table in BODY_TABLES:
        for epoch in epochs_wanted:
            await tx.execute(sa.text(_partition_of_week(table, epoch)))


def _partition_of_week(table: sa.Table, epoch: int) -> str:
    name = table.name
    return f"CREATE TABLE IF NOT EXISTS {name}_{int(epoch)} PARTITION OF {name} FOR VALUES IN ({int(epoch)})"


async def _create_twin(tx: Transaction, table: sa.Table, name: str) -> None:
    twin = _twin(table, name)
    await tx.execute(CreateTable(twin))
    for index in twin.indexes:
        await tx.execute(CreateIndex(index))


async def _make_view(tx: Transaction, suffixes: list[str]) -> None:
    """Let `calls` show these months. The pattern table of that name makes way for the view, and comes back after it."""
    kind = await tx.scalar(sa.text("SELECT type FROM sqlite_master WHERE name = 'calls'"))
    if kind is not None:
        await tx.execute(sa.text(f"DROP {kind} calls"))
    if not suffixes:
        await _create_twin(tx, calls, "calls")
        return
    columns = ", ".join(f'"{column.name}"' for column in calls.columns)
    arms = (f"SELECT {columns} FROM calls_{suffix}" for suffix in reversed(suffixes))  # noqa: S608 - our own names
    await tx.execute(sa.text(f"CREATE VIEW calls AS {' UNION ALL '.join(arms)}"))


@lru_cache(maxsize=256)
def _twin(table: sa.Table, name: str) -> sa.Table:
    """A table like `table` under another name; its indexes, too, have names of their own."""
    twin = table.to_metadata(sa.MetaData(naming_convention=table.metadata.naming_convention), name=name)
    if name != table.name:
        for index in twin.indexes:
            index.name = quoted_name(f"{index.name}_{name.rpartition('_')[2]}", quote=None)
    return twin


async def _names(tx: Transaction, table: sa.Table) -> list[str]:
    if _is_sqlite(tx):
        query = sa.text("SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB :name")
        query = query.bindparams(name=f"{table.name}_[0-9]*")
    else:
        query = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)")
        query = query.bindparams(name=table.name)
    return list((await tx.execute(query)).scalars())


def _is_sqlite(tx: Transaction) -> bool:
    return tx.connection.dialect.name == "sqlite"


def _next_month(moment: datetime) -> datetime:
    return moment.replace(year=moment.year + moment.month // 12, month=moment.month % 12 + 1)


def _micro(moment: datetime) -> int:
    return int(moment.timestamp()) * SECOND
