"""latencies, routes and stop reasons of calls."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"

CALLS = ("route TEXT", "stop_reason TEXT")


def upgrade() -> None:
    op.create_table(
        "latencies",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("grain", sa.SmallInteger(), nullable=False),
        sa.Column("dim", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("measure", sa.SmallInteger(), nullable=False),
        sa.Column("bin", sa.SmallInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "grain", "dim", "at", "value", "measure", "bin", name=op.f("pk_latencies")
        ),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        _calls_on_sqlite(connection)
    else:
        for column in CALLS:
            op.execute(f"ALTER TABLE calls ADD COLUMN {column}")


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
