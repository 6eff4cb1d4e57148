"""What is known of an agent beside its row in the registry."""

import sqlalchemy as sa

from quarterdeck.db import metadata

_OF_AGENT = ["agents.workspace_id", "agents.id"]

profiles = sa.Table(
    "agent_profiles",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("skills", sa.JSON, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("reports_to_id", sa.Text),
    sa.Column("instructions", sa.Integer),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id"),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], _OF_AGENT),
    sa.ForeignKeyConstraint(["workspace_id", "reports_to_id"], _OF_AGENT),
)
"""`instructions` is the number of the version that holds now."""

instructions = sa.Table(
    "agent_instructions",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("note", sa.Text),
    sa.Column("author_id", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id", "number"),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], _OF_AGENT),
)

seen = sa.Table(
    "agent_seen",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("via", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id", "via"),
)
"""By which door an agent came last: api, mcp, a2a. What it sends through the gateway is in the ledger."""

squads = sa.Table(
    "squads",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("lead_id", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint("workspace_id", "name_key"),
    sa.ForeignKeyConstraint(["workspace_id", "lead_id"], _OF_AGENT),
)

squad_agents = sa.Table(
    "squad_agents",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("squad_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "squad_id", "agent_id"),
    sa.ForeignKeyConstraint(["workspace_id", "squad_id"], ["squads.workspace_id", "squads.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], _OF_AGENT),
    sa.Index("ix_squad_agents_agent", "workspace_id", "agent_id"),
)

templates = sa.Table(
    "agent_templates",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("description", sa.Text, nullable=False),
    sa.Column("skills", sa.JSON, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    sa.Column("instructions", sa.Text, nullable=False),
    sa.Column("capacity", sa.Integer, nullable=False),
    sa.Column("body_mode", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint("workspace_id", "name_key"),
)
