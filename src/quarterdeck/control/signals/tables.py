"""Tables of what signals have learned and were told."""

import sqlalchemy as sa

from quarterdeck.db import metadata

usuals = sa.Table(
    "usuals",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),  # step → how often
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "what", "key"),
)
