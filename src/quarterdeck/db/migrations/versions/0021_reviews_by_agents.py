"""reviews by agents."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "agent_reviews",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.Column("deliverable_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("reviewer_id", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("remarks", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict IN ('approve', 'request_changes')", name=op.f("ck_agent_reviews_verdict")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "reviewer_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_agent_reviews_workspace_id_reviewer_id_agents"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "task_id"],
            ["tasks.workspace_id", "tasks.id"],
            name=op.f("fk_agent_reviews_workspace_id_task_id_tasks"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_agent_reviews")),
    )
    with op.batch_alter_table("agent_reviews", schema=None) as batch_op:
        batch_op.create_index("ix_agent_reviews_task", ["workspace_id", "task_id", "created_at"], unique=False)

    op.create_table(
        "review_tasks",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=False),
        sa.Column("reviewed_id", sa.Text(), nullable=False),
        sa.Column("round", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "reviewed_id"],
            ["tasks.workspace_id", "tasks.id"],
            name=op.f("fk_review_tasks_workspace_id_reviewed_id_tasks"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "task_id"],
            ["tasks.workspace_id", "tasks.id"],
            name=op.f("fk_review_tasks_workspace_id_task_id_tasks"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "task_id", name=op.f("pk_review_tasks")),
        sa.UniqueConstraint(
            "workspace_id", "reviewed_id", "round", name=op.f("uq_review_tasks_workspace_id_reviewed_id_round")
        ),
    )
