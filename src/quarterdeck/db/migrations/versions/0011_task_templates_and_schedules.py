"""task templates and schedules."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "task_templates",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_task_templates_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_task_templates")),
        sa.UniqueConstraint("workspace_id", "name_key", name=op.f("uq_task_templates_workspace_id_name_key")),
    )
    op.create_table(
        "schedules",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("cron", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("every_s", sa.BigInteger(), nullable=True),
        sa.Column("anchor_at", sa.BigInteger(), nullable=False),
        sa.Column("template_id", sa.Text(), nullable=True),
        sa.Column("draft", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("variables", sa.JSON(), nullable=False),
        sa.Column("overlap", sa.Text(), nullable=False),
        sa.Column("catch_up", sa.Text(), nullable=False),
        sa.Column("catch_up_limit", sa.Integer(), nullable=False),
        sa.Column("pause_after", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("fired_until", sa.BigInteger(), nullable=False),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=True),
        sa.Column("declared", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'paused')", name=op.f("ck_schedules_state")),
        sa.CheckConstraint("trigger IN ('cron', 'interval', 'webhook', 'api')", name=op.f("ck_schedules_trigger")),
        sa.CheckConstraint("(template_id IS NULL) <> (draft IS NULL)", name=op.f("ck_schedules_one_text")),
        sa.ForeignKeyConstraint(["owner_id"], ["members.id"], name=op.f("fk_schedules_owner_id_members")),
        sa.ForeignKeyConstraint(
            ["workspace_id", "template_id"],
            ["task_templates.workspace_id", "task_templates.id"],
            name=op.f("fk_schedules_workspace_id_template_id_task_templates"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_schedules_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_schedules")),
        sa.UniqueConstraint("workspace_id", "name_key", name=op.f("uq_schedules_workspace_id_name_key")),
    )
    with op.batch_alter_table("schedules", schema=None) as batch_op:
        batch_op.create_index("ix_schedules_id", ["id"], unique=True)
        batch_op.create_index("ix_schedules_next", ["next_at"], unique=False)

    op.create_table(
        "schedule_firings",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("schedule_id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("task_id", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('created', 'skipped', 'queued', 'failed')", name=op.f("ck_schedule_firings_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "schedule_id"],
            ["schedules.workspace_id", "schedules.id"],
            name=op.f("fk_schedule_firings_workspace_id_schedule_id_schedules"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "schedule_id", "key", name=op.f("pk_schedule_firings")),
    )
    with op.batch_alter_table("schedule_firings", schema=None) as batch_op:
        batch_op.create_index("ix_schedule_firings_at", ["workspace_id", "schedule_id", "at"], unique=False)
        batch_op.create_index(
            "ix_schedule_firings_queued",
            ["workspace_id", "schedule_id", "at"],
            unique=False,
            sqlite_where=sa.text("outcome = 'queued'"),
            postgresql_where=sa.text("outcome = 'queued'"),
        )
