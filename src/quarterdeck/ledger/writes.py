"""Writing a batch: the same rows on two stores, each in its fastest way, always inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.ledger import derived_tables, tables
from quarterdeck.ledger.derived_tables import FIELD_SUMS, ROLLUP_SUMS
from quarterdeck.ledger.partitions import of_epoch
from quarterdeck.ledger.rows import BatchRows, Rows

Keys = dict[tuple[str, int], set[bytes]]
"""Hashes or node ids, by workspace and epoch."""
_ASKED_AT_ONCE = 10_000

_ARRAYS = {
    sa.Text: "text",
    sa.BigInteger: "bigint",
    sa.Integer: "integer",
    sa.SmallInteger: "smallint",
    sa.LargeBinary: "bytea",
}

_NEWER = "excluded.last_call_id > {t}.last_call_id"
_CONVERSATION = {
    "first_call_id": "{least}({t}.first_call_id, excluded.first_call_id)",
    "last_call_id": "{greatest}({t}.last_call_id, excluded.last_call_id)",
    "started_at": "{least}({t}.started_at, excluded.started_at)",
    "last_at": "{greatest}({t}.last_at, excluded.last_at)",
    "calls": "{t}.calls + excluded.calls",
    "cost": "{t}.cost + excluded.cost",
    "unpriced_calls": "{t}.unpriced_calls + excluded.unpriced_calls",
}


def _conflict(table: sa.Table, is_sqlite: bool) -> str:
    """What happens to a row whose key is there already."""
    names = {"least": "min", "greatest": "max"} if is_sqlite else {"least": "least", "greatest": "greatest"}
    key = ", ".join(column.name for column in table.primary_key)
    name = table.name
    if name == "rollups":
        change = {each: f"rollups.{each} + excluded.{each}" for each in ROLLUP_SUMS}
    elif name == "field_sums":
        change = {each: f"field_sums.{each} + excluded.{each}" for each in FIELD_SUMS}
    elif name == "latencies":
        change = {"calls": "latencies.calls + excluded.calls"}
    elif name == "ceiling_sums":
        change = {"amount": "ceiling_sums.amount + excluded.amount"}
    elif name == "work_costs":
        change = {each: f"work_costs.{each} + excluded.{each}" for each in ("calls", "cost", "unpriced_calls")}
    elif name == "conversations":
        change = {
            each: rule.format(t=name, **names) for each, rule in _CONVERSATION.items() if "(" in rule or "+" in rule
        }
    elif name == "key_activity":
        change = {"last_used_at": f"{names['greatest']}(key_activity.last_used_at, excluded.last_used_at)"}
    elif name in ("agent_activity", "wire_activity"):
        columns = [column.name for column in table.columns if not column.primary_key]
        sets = ", ".join(f"{each} = excluded.{each}" for each in columns)
        return f"ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE {_NEWER.format(t=name)}"
    else:
        return "ON CONFLICT DO NOTHING"
    return f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(f'{each} = {rule}' for each, rule in change.items())}"


class Store:
    """What differs between the stores."""

    async def write(self, tx: Transaction, rows: BatchRows) -> None:
        """Raises what the driver raises when a row cannot be stored."""
        for epoch, some in _by_epoch(rows.nodes).items():
            await self._insert(tx, tables.nodes, of_epoch(tx, tables.nodes, epoch).name, some)
        for epoch, some in _by_epoch(rows.contents).items():
            await self._insert(tx, tables.contents, of_epoch(tx, tables.contents, epoch).name, some)
        for table, some in (
            (tables.prices, rows.prices),
            (tables.conversations, rows.conversations),
            (derived_tables.rollups, rows.rollups),
            (derived_tables.latencies, rows.latencies),
            (derived_tables.field_sums, rows.fields),
            (derived_tables.ceiling_sums, rows.ceilings),
            (derived_tables.agent_activity, rows.agents),
            (derived_tables.key_activity, rows.keys),
            (derived_tables.turns, rows.turns),
            (derived_tables.wire_activity, rows.wire),
            (derived_tables.work_costs, rows.work),
        ):
            if some:
                await self._insert(tx, table, table.name, some)
        for name, some in rows.calls.items():
            await self._insert_calls(tx, name, some)

    async def known_calls(self, tx: Transaction, wanted: dict[str, set[str]]) -> set[str]:
        """Which of these calls are stored, asked by workspace."""
        found: set[str] = set()
        for workspace_id, ids in wanted.items():
            found |= await self._present(
                tx, "SELECT id FROM calls WHERE workspace_id = ? AND id IN", (workspace_id,), ids
            )
        return found

    async def known(self, tx: Transaction, table: sa.Table, wanted: Keys) -> Keys:
        """Which of these nodes or contents are stored."""
        key = "id" if table is tables.nodes else "hash"
        found: Keys = {}
        for (workspace_id, epoch), keys in wanted.items():
            name = of_epoch(tx, table, epoch).name
            text = f"SELECT {key} FROM {name} WHERE workspace_id = ? AND epoch = ? AND {key} IN"  # noqa: S608
            found[(workspace_id, epoch)] = await self._present(tx, text, (workspace_id, epoch), keys)
        return found

    async def _present(self, tx: Transaction, text: str, first: tuple[Any, ...], keys: Collection[Any]) -> set[Any]:
        """The first column of a query that ends with a list of keys, which is to be added."""
        raise NotImplementedError

    async def _insert(self, tx: Transaction, table: sa.Table, name: str, rows: Rows) -> None:
        raise NotImplementedError

    async def _insert_calls(self, tx: Transaction, name: str, rows: Rows) -> None:
        raise NotImplementedError


class SqliteStore(Store):
    """Statements run once for many rows."""

    async def _present(self, tx: Transaction, text: str, first: tuple[Any, ...], keys: Collection[Any]) -> set[Any]:
        found: set[Any] = set()
        ordered = sorted(keys)
        for at in range(0, len(ordered), _ASKED_AT_ONCE):
            some = ordered[at : at + _ASKED_AT_ONCE]
            places = ",".join("?" * len(some))
            rows = await tx.connection.exec_driver_sql(f"{text} ({places})", (*first, *some))
            found.update(rows.scalars())
        return found

    async def _insert(self, tx: Transaction, table: sa.Table, name: str, rows: Rows) -> None:
        places = ", ".join("?" * len(table.columns))
        text = f"INSERT INTO {name} VALUES ({places}) {_conflict(table, is_sqlite=True)}"  # noqa: S608 - our own names
        await tx.connection.exec_driver_sql(text, rows)

    async def _insert_calls(self, tx: Transaction, name: str, rows: Rows) -> None:
        places = ", ".join("?" * len(tables.calls.columns))
        await tx.connection.exec_driver_sql(f"INSERT INTO {name} VALUES ({places})", rows)  # noqa: S608


class PostgresStore(Store):
    """Calls by COPY, the rest as arrays in one statement each."""

    async def _present(self, tx: Transaction, text: str, first: tuple[Any, ...], keys: Collection[Any]) -> set[Any]:
        if not keys:
            return set()
        for number in range(1, len(first) + 1):
            text = text.replace("?", f"${number}", 1)
        kind = "text" if isinstance(next(iter(keys)), str) else "bytea"
        driver = await _driver(tx)
        rows = await driver.fetch(f"{text.removesuffix(' IN')} = ANY(${len(first) + 1}::{kind}[])", *first, list(keys))
        return {row[0] for row in rows}

    async def _insert(self, tx: Transaction, table: sa.Table, name: str, rows: Rows) -> None:
        arrays = ", ".join(f"${n}::{_array(column)}[]" for n, column in enumerate(table.columns, 1))
        conflict = _conflict(table, is_sqlite=False)
        text = f"INSERT INTO {name} SELECT * FROM unnest({arrays}) {conflict}"  # noqa: S608 - our own names
        driver = await _driver(tx)
        await driver.execute(text, *map(list, zip(*rows, strict=True)))

    async def _insert_calls(self, tx: Transaction, name: str, rows: Rows) -> None:
        driver = await _driver(tx)
        await driver.copy_records_to_table(name, records=rows)


def store_for(is_sqlite: bool) -> Store:
    return SqliteStore() if is_sqlite else PostgresStore()


async def _driver(tx: Transaction) -> Any:
    """asyncpg's own connection. The transaction has begun on it with the batch's offset."""
    return (await tx.connection.get_raw_connection()).driver_connection


def _array(column: sa.Column[Any]) -> str:
    return _ARRAYS[type(column.type)]


def _by_epoch(rows: Rows) -> dict[int, Rows]:
    found: dict[int, Rows] = defaultdict(list)
    for row in rows:
        found[row[1]].append(row)
    return found
