"""Rows of a workspace that have a name, which is theirs alone however it is written, and a version.

Their table has `workspace_id`, `id`, `name`, `name_key` (unique in the workspace), `updated_at` and `version`.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Protocol, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from quarterdeck.db.engine import Transaction
from quarterdeck.db.prepared import Prepared, one_of
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

T = TypeVar("T")


class Versioned(Protocol):
    """A row of which a caller saw a version. `name` is what an error calls it."""

    @property
    def name(self) -> str: ...
    @property
    def version(self) -> int: ...


class NamedRow(Versioned, Protocol):
    """A row as its slice knows it."""

    @property
    def workspace_id(self) -> str: ...
    @property
    def id(self) -> str: ...


class Declarable(Versioned, Protocol):
    """A row that the configuration file may have made."""

    @property
    def declared(self) -> bool: ...


Names = Callable[[Transaction, str, Collection[str]], Awaitable[dict[str, str]]]
"""Asked with a workspace and ids; ids that are not there have no name."""


def names_of(table: sa.Table) -> Names:
    """Names by id, for a page of rows that mention rows of this table."""
    query = Prepared(
        sa.select(table.c.id, table.c.name).where(
            table.c.workspace_id == sa.bindparam("workspace_id"), one_of(table.c.id, "ids")
        )
    )

    async def named(tx: Transaction, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
        if not ids:
            return {}
        rows = await tx.fetch(query, workspace_id=workspace_id, ids=sorted(set(ids)))
        return {row[0]: row[1] for row in rows}

    return named


def must_be_at(row: Versioned, version: int | None) -> None:
    """Raises Changed when the row is not at the version that the caller saw; None takes any."""
    if version is not None and version != row.version:
        raise changed(row)


def must_be_open(row: Declarable, version: int | None) -> None:
    """The same; also raises Changed when the file says what the row is."""
    if row.declared:
        raise Changed(f"{row.name} is declared in quarterdeck.toml; change it there.", code="declared")
    must_be_at(row, version)


def changed(row: Versioned) -> Changed:
    """What is raised when somebody else was first."""
    return _changed(row, row.version)


async def insert(tx: Transaction, table: sa.Table, values: Mapping[str, Any], what: str) -> None:
    """Add a row; `what` is its kind with the article, for the error. Raises Changed `name_taken`."""
    statement = table.insert().values({**values, "name_key": comparable(values["name"])})
    await _unless_taken(tx, statement, what, values["name"])


async def update(
    tx: Transaction, table: sa.Table, row: NamedRow, values: Mapping[str, Any], what: str, *, step: int = 1
) -> sa.RowMapping:
    """Write `values` if the row is still at the version of `row`, which goes up by `step`; the row as it is then.

    Raises Changed, also `name_taken`.
    """
    written = dict(values)
    if "name" in written:
        written["name_key"] = comparable(written["name"])
    statement = (
        table.update()
        .where(_is(table, row.workspace_id, row.id), table.c.version == row.version)
        .values(**written, updated_at=tx.now, version=table.c.version + step)
        .returning(table)
    )
    # A savepoint is two more ways to the store, so only for what another row can be in the way of.
    result = await (_unless_taken(tx, statement, what, written["name"]) if "name" in written else tx.execute(statement))
    fresh = result.mappings().one_or_none()
    if fresh is None:
        raise _changed(row, await tx.scalar(sa.select(table.c.version).where(_is(table, row.workspace_id, row.id))))
    return fresh


async def page(
    tx: Transaction,
    table: sa.Table,
    workspace_id: str,
    query: sa.Select[Any],
    read: Callable[[sa.RowMapping], T],
    *,
    limit: int,
    after: str | None,
) -> Page[T]:
    """What `query` finds in the table, by name; `after` is the id that the page before ended with."""
    if after is not None:
        key = sa.select(table.c.name_key).where(_is(table, workspace_id, after))
        query = query.where(table.c.name_key > ((await tx.scalar(key) if storable(after) else None) or ""))
    rows = await tx.rows(query.order_by(table.c.name_key).limit(limit + 1))
    return Page([read(row) for row in rows[:limit]], rows[limit - 1]["id"] if len(rows) > limit else None)


async def _unless_taken(tx: Transaction, statement: sa.Executable, what: str, name: str) -> sa.CursorResult[Any]:
    try:
        async with tx.connection.begin_nested():
            return await tx.execute(statement)
    except IntegrityError as error:
        if "name_key" in str(error.orig):
            raise Changed(f"There is {what} {name} already; choose another name.", code="name_taken") from None
        raise


def _is(table: sa.Table, workspace_id: str, row_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.workspace_id == workspace_id, table.c.id == row_id)


def _changed(row: Versioned, version: int | None) -> Changed:
    return Changed(f"{row.name} was changed meanwhile; load it again.", version=version)
