"""The table of projects. Apart from its SQL, because a claim looks at it too."""

import sqlalchemy as sa

from quarterdeck.db import metadata

projects = sa.Table(
    "projects",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("lead_agent_id", sa.Text),
    sa.Column("review", sa.Text, nullable=False),
    sa.Column("held_at", sa.BigInteger),
    sa.Column("hold_reason", sa.Text),
    sa.Column("archived_at", sa.BigInteger),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "lead_agent_id"], ["agents.workspace_id", "agents.id"]),
    sa.UniqueConstraint("workspace_id", "name_key"),
)
