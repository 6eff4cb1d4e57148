"""The one MetaData on which each slice's `store.py` declares its tables, and the outbox, which belongs to all."""

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigSerial = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""A counting primary key: SQLite only counts a column whose type is exactly INTEGER."""

events = sa.Table(
    "events",
    metadata,
    sa.Column("seq", BigSerial, primary_key=True, autoincrement=True),
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("actor", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Index("ix_events_workspace_id_seq", "workspace_id", "seq"),
    sqlite_autoincrement=True,
)

cursors = sa.Table(
    "notification_cursors",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),
)
"""How far each that follows the events has read them."""
