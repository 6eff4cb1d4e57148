"""conversations by run."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_conversations_run",
            ["workspace_id", "run_id"],
            unique=False,
            postgresql_where=sa.text("run_id IS NOT NULL"),
            sqlite_where=sa.text("run_id IS NOT NULL"),
        )
