"""conversations of runs and calls by what they are known as are found."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"


def upgrade() -> None:
    with op.batch_alter_table("call_marks", schema=None) as batch_op:
        batch_op.create_index("ix_call_marks_fact", ["workspace_id", "fact", "call_id"], unique=False)

    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index(
            "ix_conversations_run",
            ["workspace_id", "run_id"],
            unique=False,
            postgresql_where=sa.text("run_id IS NOT NULL"),
            sqlite_where=sa.text("run_id IS NOT NULL"),
        )
