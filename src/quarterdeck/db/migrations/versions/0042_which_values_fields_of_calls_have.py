"""which values fields of calls have: counted of the newest months' calls; what is older is looked at call by call."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"

HOUR = 3_600_000_000
TEXTS = ("error_code", "route", "stop_reason", "service_tier", "cache", "provider_kind", "dialect", "body_mode")
SHOWN = timedelta(days=31)
"""So far back goes what the dashboard shows unasked."""


def upgrade() -> None:
    op.create_table(
        "field_sums",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("cut", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "field", "value", "at", name=op.f("pk_field_sums")),
        sqlite_with_rowid=False,
    )
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    months = sorted(connection.exec_driver_sql(_MONTHS_ON_SQLITE if is_sqlite else _MONTHS).scalars())
    if not months:
        return
    first = f"calls_{datetime.now(UTC) - SHOWN:%Y%m}"
    counted = [month for month in months if month >= first]
    for month in counted:
        _count(connection, month, is_sqlite=is_sqlite)
    # Calls near the edge may stand in the month before: an hour that is only half counted does not count.
    since = datetime.strptime(counted[0], "calls_%Y%m").replace(tzinfo=UTC) if counted else datetime.now(UTC)
    at = (int(since.timestamp()) * 1_000_000 // HOUR + 1) * HOUR
    connection.exec_driver_sql(f"INSERT INTO field_sums VALUES ('', 'since', '', {at}, 0, 0, 0, 0, 0)")  # noqa: S608


_MONTHS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'calls'::regclass"
_MONTHS_ON_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'calls_[0-9]*'"


def _count(connection: sa.Connection, month: str, *, is_sqlite: bool) -> None:
    """In one walk through the month."""
    names = ", ".join(("status", "stream", *TEXTS))
    places = ", ".join(map(str, range(1, len(TEXTS) + 6)))
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE counted AS SELECT workspace_id, started - started % {HOUR} AS at, outcome, {names},"  # noqa: S608
        f" count(*) AS n FROM {month} GROUP BY {places}"
    )
    padded = "substr('000' || status, -3)" if is_sqlite else "lpad(CAST(status AS text), 3, '0')"
    values = {
        "status": padded,
        "stream": "CASE WHEN stream THEN '001' ELSE '000' END",
        **{name: name for name in TEXTS},
    }
    of = {"errors": "'error', 'cut'", "cancelled": "'cancelled'", "refused": "'refused'", "cut": "'cut'"}
    sums = ", ".join(f"sum(CASE WHEN outcome IN ({some}) THEN n ELSE 0 END)" for some in of.values())
    change = ", ".join(f"{name} = field_sums.{name} + excluded.{name}" for name in ("calls", *of))
    for field, value in values.items():
        connection.exec_driver_sql(
            f"INSERT INTO field_sums SELECT workspace_id, '{field}', {value}, at, sum(n), {sums} FROM counted"  # noqa: S608
            f" WHERE {field} IS NOT NULL GROUP BY 1, 3, 4"
            f" ON CONFLICT (workspace_id, field, value, at) DO UPDATE SET {change}"
        )
    connection.exec_driver_sql("DROP TABLE counted")
