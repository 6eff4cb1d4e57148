"""Statements that are built and compiled once, for what is asked many times a second.

Building a statement from tables and columns costs SQLAlchemy more than SQLite needs to answer it. A `Prepared` keeps
the text; what differs from time to time are its bind parameters. A list is one parameter, however long: `one_of`.

    _NAMES = Prepared(sa.select(agents.c.id, agents.c.name).where(
        agents.c.workspace_id == sa.bindparam("workspace_id"), one_of(agents.c.id, "ids")))
    rows = await tx.fetch(_NAMES, workspace_id=workspace_id, ids=["agt_1", "agt_2"])
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from quarterdeck.db.sqlite import Dialect

_SQLITE = Dialect(json_deserializer=msgspec.json.decode)
Row = Sequence[Any]


class Prepared:
    """A statement with bind parameters. `names` are its columns'."""

    def __init__(self, statement: sa.Select[Any]) -> None:
        self.statement = statement
        self.names = tuple(column.name for column in statement.selected_columns)
        self._compiled: tuple[str, list[str], dict[str, Any], list[tuple[int, Callable[[Any], Any]]]] | None = None

    def on_sqlite(self, values: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """Its text and its parameters, in order."""
        text, names, fixed, _ = self._on_sqlite()
        return text, [_plain(values[name] if name in values else fixed[name]) for name in names]

    def shown(self, rows: list[Row]) -> list[Row]:
        """Rows as SQLite gave them, with JSON read and truth values told from numbers."""
        processors = self._on_sqlite()[3]
        if not processors:
            return rows
        found: list[Row] = []
        for row in rows:
            values = list(row)
            for at, process in processors:
                values[at] = process(values[at])
            found.append(values)
        return found

    def _on_sqlite(self) -> tuple[str, list[str], dict[str, Any], list[tuple[int, Callable[[Any], Any]]]]:
        if self._compiled is None:
            compiled: Any = self.statement.compile(dialect=_SQLITE)
            open_ones = {name: None for bind, name in compiled.bind_names.items() if bind.required}
            expanded = compiled.construct_expanded_state(open_ones)
            columns = enumerate(compiled._result_columns)
            processors = [(at, each[3].result_processor(_SQLITE, None)) for at, each in columns]
            self._compiled = (
                expanded.statement,
                list(expanded.positiontup or ()),
                dict(expanded.parameters),
                [(at, process) for at, process in processors if process is not None],
            )
        return self._compiled


class one_of(FunctionElement[bool]):
    """Whether a column's text is one of a list that comes as one parameter."""

    inherit_cache = True
    type = sa.Boolean()

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        super().__init__(column, sa.bindparam(name, type_=sa.ARRAY(sa.Text)))

    def self_group(self, against: Any = None) -> Any:
        """As it is: "= 1" behind it would keep SQLite from using an index."""
        return self


@compiles(one_of, "sqlite")
def _one_of_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({values}))"  # noqa: S608 - compiled


@compiles(one_of, "postgresql")
def _one_of_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    column, values = (compiler.process(each, **kw) for each in element.clauses)
    return f"{column} = ANY({values})"


def _plain(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list) else value
