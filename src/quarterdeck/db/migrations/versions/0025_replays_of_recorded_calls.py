"""replays of recorded calls."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "replay_steps",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("replay_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("was_provider", sa.Text(), nullable=True),
        sa.Column("was_model", sa.Text(), nullable=True),
        sa.Column("was_outcome", sa.Text(), nullable=False),
        sa.Column("was_input", sa.BigInteger(), nullable=True),
        sa.Column("was_output", sa.BigInteger(), nullable=True),
        sa.Column("was_cost", sa.BigInteger(), nullable=True),
        sa.Column("was_duration", sa.BigInteger(), nullable=True),
        sa.Column("plan", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("estimate", sa.BigInteger(), nullable=True),
        sa.Column("unpriced", sa.Boolean(), nullable=False),
        sa.Column("new_call_id", sa.Text(), nullable=True),
        sa.Column("provider", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("input", sa.BigInteger(), nullable=True),
        sa.Column("output", sa.BigInteger(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("duration", sa.BigInteger(), nullable=True),
        sa.Column("compared", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("same", sa.Boolean(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "replay_id", "number", name=op.f("pk_replay_steps")),
    )
    op.create_table(
        "replays",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=True),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("target", sa.JSON(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("cap", sa.BigInteger(), nullable=True),
        sa.Column("at_once", sa.Integer(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("budget_id", sa.Text(), nullable=True),
        sa.Column("sealed_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("lease_expires_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'dry') = (cap IS NULL)", name=op.f("ck_replays_cap")),
        sa.CheckConstraint(
            "state IN ('dry', 'running', 'done', 'stopped', 'cancelled')", name=op.f("ck_replays_state")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_replays")),
    )
    with op.batch_alter_table("replays", schema=None) as batch_op:
        batch_op.create_index("ix_replays_call", ["workspace_id", "call_id", "id"], unique=False)
        batch_op.create_index(
            "ix_replays_open", ["open"], unique=False, sqlite_where=sa.text("open"), postgresql_where=sa.text("open")
        )
        batch_op.create_index("ix_replays_run", ["workspace_id", "run_id", "id"], unique=False)
