"""Columns as the tables of the ledger write them. Numbers are of 64 bits where nothing else is said."""

from typing import Any

import sqlalchemy as sa

Id = sa.Text(collation="C").with_variant(sa.Text(), "sqlite")
"""Ids are compared byte by byte, so that their order is that of time on every store."""


def own(name: str, kind: Any = sa.BigInteger) -> sa.Column[Any]:
    """A column that always has a value."""
    return sa.Column(name, kind, nullable=False)


def maybe(name: str, kind: Any = sa.BigInteger) -> sa.Column[Any]:
    """A column that may be empty."""
    return sa.Column(name, kind)
