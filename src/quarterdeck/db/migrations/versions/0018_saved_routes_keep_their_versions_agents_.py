"""saved routes keep their versions; agents have one."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "route_versions",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("made_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workspace_id"], ["workspaces.id"], name=op.f("fk_route_versions_workspace_id_workspaces")
        ),
        sa.PrimaryKeyConstraint("workspace_id", "name", "version", name=op.f("pk_route_versions")),
    )
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("route", sa.Text(), nullable=True))

    with op.batch_alter_table("routes", schema=None) as batch_op:
        batch_op.add_column(sa.Column("updated_at", sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE routes SET updated_at = created_at")
    op.execute(
        "INSERT INTO route_versions (workspace_id, name, version, config, note, made_by, created_at) "
        "SELECT workspace_id, name, version, config, '', NULL, created_at FROM routes"
    )
