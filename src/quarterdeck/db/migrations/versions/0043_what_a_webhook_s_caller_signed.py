"""What a webhook's caller signed."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"


def upgrade() -> None:
    with op.batch_alter_table("schedule_firings", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed", sa.Text(), nullable=True))
        batch_op.create_index(
            "ix_schedule_firings_signed",
            ["workspace_id", "schedule_id", "signed", "at"],
            unique=False,
            sqlite_where=sa.text("signed IS NOT NULL"),
            postgresql_where=sa.text("signed IS NOT NULL"),
        )
