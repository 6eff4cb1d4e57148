"""The only place that opens a database."""

from quarterdeck.db.engine import Database, Transaction
from quarterdeck.db.schema import metadata

__all__ = ["Database", "Transaction", "metadata"]
