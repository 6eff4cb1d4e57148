"""orders of the stop lever."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "lever_orders",
        sa.Column("workspace_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("subject_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("hold_s", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=True),
        sa.Column("applied_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_at", sa.BigInteger(), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=True),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.CheckConstraint("scope IN ('run', 'agent', 'task', 'project', 'all')", name=op.f("ck_lever_orders_scope")),
        sa.CheckConstraint("verb IN ('pause', 'kill')", name=op.f("ck_lever_orders_verb")),
        sa.PrimaryKeyConstraint("workspace_id", "id", name=op.f("pk_lever_orders")),
    )
    with op.batch_alter_table("lever_orders", schema=None) as batch_op:
        batch_op.create_index(
            "ix_lever_orders_standing",
            ["workspace_id", "scope", "subject_id"],
            unique=False,
            sqlite_where=sa.text("lifted_at IS NULL AND (verb = 'pause' OR applied_at IS NULL)"),
            postgresql_where=sa.text("lifted_at IS NULL AND (verb = 'pause' OR applied_at IS NULL)"),
        )

    with op.batch_alter_table("pauses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_pauses_standing"), sqlite_where=sa.text("lifted_at IS NULL"))

    op.drop_table("pauses")
