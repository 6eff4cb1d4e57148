"""The table of where peers want to be told."""

import sqlalchemy as sa

from quarterdeck.db import metadata

DUE = "due_at IS NOT NULL"
"""The partial index and the queries that use it must say it in the same words."""

peer_pushes = sa.Table(
    "peer_pushes",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("sender_id", sa.Text, nullable=False),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("told", sa.Text),
    sa.Column("due_at", sa.BigInteger),
    sa.Column("lease_until", sa.BigInteger, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "task_id", "sender_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_peer_pushes_due", "due_at", sqlite_where=sa.text(DUE), postgresql_where=sa.text(DUE)),
)
