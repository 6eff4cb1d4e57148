"""calls say what the cache did"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

CALLS = ("cache TEXT", "saved BIGINT")
SUMS = ("cache_hits", "cache_saved", "prompt_saved")


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _calls_on_sqlite(connection)
    else:
        for column in CALLS:
            op.execute(f"ALTER TABLE calls ADD COLUMN {column}")
    for name in SUMS:
        op.add_column("rollups", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))


def _calls_on_sqlite(connection: sa.Connection) -> None:
    """`calls` is a table while there are no calls, else a view over a table for each month."""
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND (name = 'calls' OR name GLOB 'calls_[0-9]*')"
    months = sorted(connection.exec_driver_sql(query).scalars())
    shown = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'view' AND name = 'calls'").scalar()
    if shown is not None:
        connection.exec_driver_sql("DROP VIEW calls")
    for table in months:
        for column in CALLS:
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")
    if shown is not None:
        columns = ", ".join(f'"{row[1]}"' for row in connection.exec_driver_sql(f"PRAGMA table_info({months[-1]})"))
        arms = (f"SELECT {columns} FROM {table}" for table in reversed(months))  # noqa: S608 - our own names
        connection.exec_driver_sql(f"CREATE VIEW calls AS {' UNION ALL '.join(arms)}")
