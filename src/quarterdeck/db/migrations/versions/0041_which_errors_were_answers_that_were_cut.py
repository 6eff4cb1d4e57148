"""which errors were answers that were cut: counted anew from the calls there are, found by the index of those that
went wrong. Of older errors it stays unknown."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"

GRAINS = {1: 60_000_000, 60: 3_600_000_000, 1440: 86_400_000_000}
DIMS = {
    "total": "''",
    "agent": "coalesce(agent_id, '')",
    "task": "coalesce(task_id, '')",
    "run": "coalesce(run_id, '')",
    "model": "coalesce(model, '')",
    "provider": "coalesce(provider, '')",
    "key": "coalesce(key_id, '')",
    "tag": "tag.key || '=' || tag.value",
}
KEY = ("workspace_id", "grain", "dim", "value", "at")


def upgrade() -> None:
    with op.batch_alter_table("rollups", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cut", sa.BigInteger(), server_default="0", nullable=True))
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    months = sorted(connection.exec_driver_sql(_MONTHS_ON_SQLITE if is_sqlite else _MONTHS).scalars())
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE cuts (workspace_id TEXT, grain SMALLINT, dim TEXT, value TEXT, at BIGINT, n BIGINT,"
        " PRIMARY KEY (workspace_id, grain, dim, value, at))"
    )
    for month in months:
        _count(connection, month, is_sqlite=is_sqlite)
    connection.exec_driver_sql("DROP TABLE cuts")
    _forget_older(connection, months)


_MONTHS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'calls'::regclass"
_MONTHS_ON_SQLITE = "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB 'calls_[0-9]*'"


def _count(connection: sa.Connection, month: str, *, is_sqlite: bool) -> None:
    tags = "json_each(tags)" if is_sqlite else "json_each_text(CAST(tags AS json))"
    connection.exec_driver_sql(
        "CREATE TEMPORARY TABLE cut_calls AS SELECT workspace_id, started, agent_id, task_id, run_id, model, provider,"  # noqa: S608 - our own names
        f" key_id, tags FROM {month} WHERE outcome <> 'ok' AND outcome = 'cut'"
    )
    for grain, length in GRAINS.items():
        for dim, value in DIMS.items():
            more = f", {tags} AS tag" if dim == "tag" else ""
            connection.exec_driver_sql(
                f"INSERT INTO cuts SELECT workspace_id, {grain}, '{dim}', {value} AS value,"  # noqa: S608
                f" started - started % {length} AS at, count(*) FROM cut_calls{more} GROUP BY 1, 4, 5"
            )
    here = " AND ".join(f"cuts.{name} = rollups.{name}" for name in KEY)
    key = ", ".join(KEY)
    connection.exec_driver_sql(
        f"UPDATE rollups SET cut = cut + (SELECT n FROM cuts WHERE {here}) WHERE ({key}) IN (SELECT {key} FROM cuts)"  # noqa: S608
    )
    connection.exec_driver_sql("DELETE FROM cuts")
    connection.exec_driver_sql("DROP TABLE cut_calls")


def _forget_older(connection: sa.Connection, months: list[str]) -> None:
    """Errors whose calls are not kept may have been either."""
    older = ""
    if months:
        begin = datetime.strptime(months[0].rpartition("_")[2], "%Y%m").replace(tzinfo=UTC)
        older = f" AND at < {int(begin.timestamp()) * 1_000_000}"
    connection.exec_driver_sql(f"UPDATE rollups SET cut = NULL WHERE errors > 0{older}")  # noqa: S608
