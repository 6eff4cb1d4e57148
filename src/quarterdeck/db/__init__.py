"""The only place that opens a database."""

from quarterdeck.db.engine import Database, Transaction, riding
from quarterdeck.db.prepared import Prepared, one_of
from quarterdeck.db.schema import metadata

__all__ = ["Database", "Prepared", "Transaction", "metadata", "one_of", "riding"]
