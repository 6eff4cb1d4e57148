"""The tables of the board. Apart from their SQL, because claims, projects and dependencies look at them too."""

import sqlalchemy as sa

from quarterdeck.control.projects.tables import projects
from quarterdeck.db import metadata

NEVER_DUE = 1 << 62
"""Sorts behind every due time, so that one index gives the order of the board and of claims."""
CLAIMABLE = "(state = 'ready' OR state = 'in_progress' AND run_id IS NULL) AND NOT held"
"""Ready, or sent back by a review and nobody on it. The index and the claim must say it in the same words."""

tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("brief", sa.Text, nullable=False),
    sa.Column("acceptance", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("priority", sa.Integer, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("taken", sa.Boolean, nullable=False),
    sa.Column("squad_id", sa.Text),
    sa.Column("accountable_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("due_order", sa.BigInteger, nullable=False),
    sa.Column("review", sa.Text, nullable=False),
    sa.Column("attempt_limit", sa.Integer, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("last_failure", sa.Text),
    sa.Column("same_failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("note", sa.Text),
    sa.Column("run_id", sa.Text),
    sa.Column("project_id", sa.Text),
    sa.Column("parent_id", sa.Text),
    sa.Column("goal_id", sa.Text),
    sa.Column("budget", sa.BigInteger),
    # Whether no agent may claim it now: by its own hold, or by that of a task above it.
    sa.Column("held", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("held_at", sa.BigInteger),
    sa.Column("held_by", sa.Text),
    sa.Column("hold_reason", sa.Text),
    sa.Column("not_before", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("avoid_agent_id", sa.Text),
    sa.Column("origin_run_id", sa.Text),
    sa.Column("schedule_id", sa.Text),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("state_since", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], ["agents.workspace_id", "agents.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "project_id"], ["projects.workspace_id", "projects.id"]),
    sa.ForeignKeyConstraint(
        ["workspace_id", "parent_id"], ["tasks.workspace_id", "tasks.id"], name="fk_tasks_parent_id_tasks"
    ),
    sa.UniqueConstraint("workspace_id", "number"),
    sa.Index("ix_tasks_board", "workspace_id", "state", "priority", "due_order", "number"),
    sa.Index("ix_tasks_recent", "workspace_id", "state", "state_since", "number"),
    sa.Index("ix_tasks_agent", "workspace_id", "agent_id", "number"),
    sa.Index("ix_tasks_project", "workspace_id", "project_id", "state", "number"),
    sa.Index("ix_tasks_parent", "workspace_id", "parent_id", "number"),
    sa.Index(
        "ix_tasks_goal",
        "workspace_id",
        "goal_id",
        "state",
        "number",
        sqlite_where=sa.text("goal_id IS NOT NULL"),
        postgresql_where=sa.text("goal_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_tasks_squad",
        "workspace_id",
        "squad_id",
        "state",
        "number",
        sqlite_where=sa.text("squad_id IS NOT NULL"),
        postgresql_where=sa.text("squad_id IS NOT NULL"),
    ),
    sa.Index("ix_tasks_accountable", "workspace_id", "accountable_id", "state", "number"),
    sa.Index("ix_tasks_schedule", "workspace_id", "schedule_id", "number"),
    sa.Index("ix_tasks_origin_run", "workspace_id", "origin_run_id"),
    sa.Index(
        "ix_tasks_claimable",
        "workspace_id",
        "priority",
        "due_order",
        "number",
        "agent_id",  # these last, so that tasks of others are passed over without reading them
        "squad_id",
        sqlite_where=sa.text(CLAIMABLE),
        postgresql_where=sa.text(CLAIMABLE),
    ),
    sa.Index(
        "ix_tasks_held",
        "workspace_id",
        "state",
        "agent_id",
        sqlite_where=sa.text("held"),
        postgresql_where=sa.text("held"),
    ),
    sa.Index(
        "ix_tasks_retries",
        "workspace_id",
        "not_before",
        sqlite_where=sa.text("not_before > 0"),
        postgresql_where=sa.text("not_before > 0"),
    ),
    sa.Index(
        "ix_tasks_budgeted",
        "workspace_id",
        "state",
        "agent_id",
        sqlite_where=sa.text("budget IS NOT NULL"),
        postgresql_where=sa.text("budget IS NOT NULL"),
    ),
    sa.CheckConstraint(
        "state IN ('backlog', 'ready', 'in_progress', 'in_review', 'done', 'cancelled')",
        name="state",
    ),
    sa.CheckConstraint("run_id IS NULL OR state = 'in_progress'", name="run_only_in_progress"),
)

task_numbers = sa.Table(
    "task_numbers",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("last", sa.Integer, nullable=False),
)

task_watchers = sa.Table(
    "task_watchers",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("member_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "task_id", "member_id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_task_watchers_member", "workspace_id", "member_id", "task_id"),
)

__all__ = ["CLAIMABLE", "NEVER_DUE", "projects", "task_numbers", "task_watchers", "tasks"]
