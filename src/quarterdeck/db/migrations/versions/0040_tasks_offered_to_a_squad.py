"""tasks offered to a squad."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"


def upgrade() -> None:
    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("squad_id", sa.Text(), nullable=True))
        batch_op.drop_index(
            batch_op.f("ix_tasks_claimable"),
            sqlite_where=sa.text("(state = 'ready' OR state = 'in_progress' AND run_id IS NULL) AND NOT held"),
        )
        batch_op.create_index(
            "ix_tasks_claimable",
            ["workspace_id", "priority", "due_order", "number", "agent_id", "squad_id"],
            unique=False,
            sqlite_where=sa.text("(state = 'ready' OR state = 'in_progress' AND run_id IS NULL) AND NOT held"),
            postgresql_where=sa.text("(state = 'ready' OR state = 'in_progress' AND run_id IS NULL) AND NOT held"),
        )
        batch_op.create_index(
            "ix_tasks_squad",
            ["workspace_id", "squad_id", "state", "number"],
            unique=False,
            sqlite_where=sa.text("squad_id IS NOT NULL"),
            postgresql_where=sa.text("squad_id IS NOT NULL"),
        )
