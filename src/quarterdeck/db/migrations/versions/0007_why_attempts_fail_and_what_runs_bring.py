"""why attempts fail and what runs bring."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("verdict", sa.Text(), nullable=True))

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("last_failure", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("same_failures", sa.Integer(), server_default="0", nullable=False))
        batch_op.create_index(
            "ix_tasks_retries",
            ["workspace_id", "not_before"],
            unique=False,
            sqlite_where=sa.text("not_before > 0"),
            postgresql_where=sa.text("not_before > 0"),
        )
