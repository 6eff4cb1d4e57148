"""goals above tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"


def upgrade() -> None:
    op.create_table(
        "goals",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("project_id", sa.Text(), nullable=True),
        sa.Column("accountable_id", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["accountable_id"], ["members.id"], name=op.f("fk_goals_accountable_id_members")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "project_id"],
            ["projects.workspace_id", "projects.id"],
            name=op.f("fk_goals_workspace_id_project_id_projects"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_goals_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_goals")),
        sa.UniqueConstraint("workspace_id", "name_key", name=op.f("uq_goals_workspace_id_name_key")),
    )
    with op.batch_alter_table("goals", schema=None) as batch_op:
        batch_op.create_index("ix_goals_accountable", ["workspace_id", "accountable_id"], unique=False)
        batch_op.create_index("ix_goals_project", ["workspace_id", "project_id"], unique=False)

    with op.batch_alter_table("tasks", schema=None) as batch_op:
        batch_op.add_column(sa.Column("goal_id", sa.Text(), nullable=True))
        batch_op.create_index(
            "ix_tasks_goal",
            ["workspace_id", "goal_id", "state", "number"],
            unique=False,
            sqlite_where=sa.text("goal_id IS NOT NULL"),
            postgresql_where=sa.text("goal_id IS NOT NULL"),
        )
