"""The one table of the API itself: answers to writes that may be sent again."""

import sqlalchemy as sa

from quarterdeck.db.schema import metadata

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("actor", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("digest", sa.LargeBinary, nullable=False),
    sa.Column("answer", sa.LargeBinary),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Index("ix_idempotency_keys_at", "at"),
)
