"""batch readings."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "batch_readings",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("results", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "results", name=op.f("pk_batch_readings")),
        sqlite_with_rowid=False,
    )
