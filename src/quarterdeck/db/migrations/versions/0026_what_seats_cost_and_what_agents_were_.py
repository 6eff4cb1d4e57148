"""what seats cost and what agents were told."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.create_table(
        "seat_prices",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.BigInteger(), nullable=False),
        sa.Column("nano_per_hour", sa.BigInteger(), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "agent_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_seat_prices_workspace_id_agent_id_agents"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", "valid_from", name=op.f("pk_seat_prices")),
    )
    op.create_table(
        "seat_waits",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("stretch", sa.BigInteger(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "agent_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_seat_waits_workspace_id_agent_id_agents"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", "began", name=op.f("pk_seat_waits")),
    )
    with op.batch_alter_table("seat_waits", schema=None) as batch_op:
        batch_op.create_index("ix_seat_waits_day", ["workspace_id", "day"], unique=False)
        batch_op.create_index("ix_seat_waits_task", ["workspace_id", "task_id"], unique=False)

    with op.batch_alter_table("runs", schema=None) as batch_op:
        batch_op.add_column(sa.Column("instructions", sa.Integer(), nullable=True))
