"""what work cost."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "call_marks",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(collation="C").with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "call_id", name=op.f("pk_call_marks")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("call_marks", schema=None) as batch_op:
        batch_op.create_index("ix_call_marks_subject", ["workspace_id", "subject", "fact"], unique=False)

    op.create_table(
        "work_costs",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("day", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("fact", sa.Text(), nullable=False),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("cost", sa.BigInteger(), nullable=False),
        sa.Column("unpriced_calls", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "workspace_id", "day", "run_id", "task_id", "agent_id", "model", "fact", name=op.f("pk_work_costs")
        ),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("work_costs", schema=None) as batch_op:
        batch_op.create_index("ix_work_costs_task", ["workspace_id", "task_id"], unique=False)
    # What was spent before is counted too.
    op.execute(
        "INSERT INTO work_costs (workspace_id, day, run_id, task_id, agent_id, model, fact, calls, cost, unpriced_calls)"
        " SELECT workspace_id, started - started % 86400000000, COALESCE(run_id, ''), COALESCE(task_id, ''),"
        " COALESCE(agent_id, ''), COALESCE(model, ''),"
        " CASE WHEN outcome IN ('ok', 'refused') THEN 'plain' ELSE 'failed' END, COUNT(*), COALESCE(SUM(cost), 0),"
        " SUM(CASE WHEN cost IS NULL AND input_total IS NOT NULL THEN 1 ELSE 0 END) FROM calls"
        " GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
