"""sessions that tasks adopted."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "adopted_sessions",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("session", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("adopted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", "session", name=op.f("pk_adopted_sessions")),
    )
    with op.batch_alter_table("adopted_sessions", schema=None) as batch_op:
        batch_op.create_index("ix_adopted_sessions_task", ["workspace_id", "task_id"], unique=False)
