"""words that calls are found by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"


def upgrade() -> None:
    op.create_table(
        "search_docs",
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("words", postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=True),
        sa.PrimaryKeyConstraint("epoch", "no", name=op.f("pk_search_docs")),
        postgresql_partition_by="LIST (epoch)",
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("search_docs", schema=None) as batch_op:
        batch_op.create_index(
            "ix_search_docs_words",
            ["words"],
            unique=False,
            postgresql_using="gin",
            sqlite_where=sa.text("words IS NOT NULL"),
        )

    op.create_table(
        "search_marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_search_marks")),
    )
