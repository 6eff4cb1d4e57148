"""the registry of agents in depth."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "agent_seen",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", "via", name=op.f("pk_agent_seen")),
    )
    op.create_table(
        "agent_templates",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("instructions", sa.Text(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("body_mode", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_agent_templates_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_agent_templates")),
        sa.UniqueConstraint("workspace_id", "name_key", name=op.f("uq_agent_templates_workspace_id_name_key")),
    )
    op.create_table(
        "agent_instructions",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("author_id", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "agent_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_agent_instructions_workspace_id_agent_id_agents"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", "number", name=op.f("pk_agent_instructions")),
    )
    op.create_table(
        "agent_profiles",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("skills", sa.JSON(), nullable=False),
        sa.Column("labels", sa.JSON(), nullable=False),
        sa.Column("reports_to_id", sa.Text(), nullable=True),
        sa.Column("instructions", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["workspace_id", "agent_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_agent_profiles_workspace_id_agent_id_agents"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "reports_to_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_agent_profiles_workspace_id_reports_to_id_agents"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "agent_id", name=op.f("pk_agent_profiles")),
    )
    op.create_table(
        "squads",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("lead_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "lead_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_squads_workspace_id_lead_id_agents"),
        ),
        sa.ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name=op.f("fk_squads_workspace_id_workspaces")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_squads")),
        sa.UniqueConstraint("workspace_id", "name_key", name=op.f("uq_squads_workspace_id_name_key")),
    )
    op.create_table(
        "squad_agents",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("squad_id", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id", "agent_id"],
            ["agents.workspace_id", "agents.id"],
            name=op.f("fk_squad_agents_workspace_id_agent_id_agents"),
        ),
        sa.ForeignKeyConstraint(
            ["workspace_id", "squad_id"],
            ["squads.workspace_id", "squads.id"],
            name=op.f("fk_squad_agents_workspace_id_squad_id_squads"),
        ),
        sa.PrimaryKeyConstraint("workspace_id", "squad_id", "agent_id", name=op.f("pk_squad_agents")),
    )
    with op.batch_alter_table("squad_agents", schema=None) as batch_op:
        batch_op.create_index("ix_squad_agents_agent", ["workspace_id", "agent_id"], unique=False)
