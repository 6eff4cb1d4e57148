"""The table of goals. Apart from its SQL, because the board looks at it too."""

import sqlalchemy as sa

from quarterdeck.db import metadata

goals = sa.Table(
    "goals",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("statement", sa.Text, nullable=False),
    sa.Column("project_id", sa.Text),
    sa.Column("accountable_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("due_at", sa.BigInteger),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "project_id"], ["projects.workspace_id", "projects.id"]),
    sa.UniqueConstraint("workspace_id", "name_key"),
    sa.Index("ix_goals_project", "workspace_id", "project_id"),
    sa.Index("ix_goals_accountable", "workspace_id", "accountable_id"),
)
