"""unclaimed calls are found."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"

INDEX = "(workspace_id, id) WHERE run_id IS NULL AND task_id IS NULL"


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _on_sqlite(connection)
    else:
        op.execute(f"CREATE INDEX ix_calls_unclaimed ON calls {INDEX}")


def _on_sqlite(connection: sa.Connection) -> None:
    """`calls` is a table while there are no calls, else a view over a table for each month."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND (name = 'calls' OR name GLOB 'calls_[0-9]*')"
    for table in sorted(connection.exec_driver_sql(query).scalars()):
        suffix = table.removeprefix("calls")
        connection.exec_driver_sql(f"CREATE INDEX ix_calls_unclaimed{suffix} ON {table} {INDEX}")
