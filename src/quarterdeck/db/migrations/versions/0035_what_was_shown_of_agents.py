"""what was shown of agents."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"


def upgrade() -> None:
    op.create_table(
        "shown_states",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("waits_for", sa.Text(), nullable=True),
        sa.Column("waits_name", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", "began", name=op.f("pk_shown_states")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("shown_states", schema=None) as batch_op:
        batch_op.create_index("ix_shown_states_began", ["began"], unique=False)
        batch_op.create_index(
            "ix_shown_states_open",
            ["workspace_id", "agent_id"],
            unique=False,
            sqlite_where=sa.text("until IS NULL"),
            postgresql_where=sa.text("until IS NULL"),
        )
