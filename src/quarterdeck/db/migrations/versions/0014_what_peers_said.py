"""what peers said."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "peer_messages",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("sender_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("context_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "task_id"],
            ["tasks.workspace_id", "tasks.id"],
            name=op.f("fk_peer_messages_workspace_id_task_id_tasks"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "sender_id", "message_id", name=op.f("pk_peer_messages")),
    )
    with op.batch_alter_table("peer_messages", schema=None) as batch_op:
        batch_op.create_index("ix_peer_messages_context", ["workspace_id", "context_id"], unique=False)
        batch_op.create_index("ix_peer_messages_task", ["workspace_id", "task_id", "created_at"], unique=False)
