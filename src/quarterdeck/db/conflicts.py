"""A row that was in the way of another, in words for who wrote the second one.

Verbs look before they write, and say it better. This is for two that are at it at the same moment: only the store sees
both.
"""

import re
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from quarterdeck.db.schema import metadata
from quarterdeck.kernel.errors import Changed

_UNIQUE, _FOREIGN = "23505", "23503"
_ON_SQLITE = re.compile(r"UNIQUE constraint failed: ((?:\w+\.\w+(?:, )?)+)")
_NAMES = frozenset({"name", "name_key"})


def taken(code: str, words: str) -> dict[str, Any]:
    """The `info` of a unique constraint whose rows are not told apart by a name: what is said of a second one."""
    return {"taken": (code, words)}


def conflict_of(error: DBAPIError) -> Changed | None:
    """What the error means, when another row is in the way or one that was referred to is gone; None otherwise."""
    state = getattr(error.orig, "sqlstate", None)
    text = str(error.orig)
    if state == _FOREIGN or "FOREIGN KEY constraint failed" in text:
        return Changed("Something that this belongs to was removed meanwhile; load it again.")
    found = _ON_SQLITE.match(text)
    if found is not None:
        columns = [each.split(".") for each in found[1].split(", ")]
        return _words(columns[0][0], constraint=None, columns={name for _, name in columns})
    if state == _UNIQUE:
        # The driver's own error knows both by name; SQLAlchemy's copy of it has only the words.
        cause = getattr(error.orig, "__cause__", None)
        return _words(getattr(cause, "table_name", ""), constraint=getattr(cause, "constraint_name", ""), columns=set())
    return None


def _words(table_name: str, *, constraint: str | None, columns: set[str]) -> Changed:
    table = metadata.tables.get(table_name)
    for each in () if table is None else _uniques(table):
        names = {column.name for column in each.columns}
        if each.name == constraint or names == columns:
            code, words = each.info.get("taken", (None, None))
            if code is not None:
                return Changed(words, code=code)
            columns = names
    if _NAMES & columns:
        kind = table_name.replace("_", " ")
        return Changed(f"There is one of this name among the {kind} already; choose another name.", code="name_taken")
    return Changed("Somebody else has written the same at this moment; load it again.")


def _uniques(table: sa.Table) -> Iterator[Any]:
    yield from (each for each in table.constraints if isinstance(each, sa.UniqueConstraint | sa.PrimaryKeyConstraint))
    yield from (each for each in table.indexes if each.unique)
