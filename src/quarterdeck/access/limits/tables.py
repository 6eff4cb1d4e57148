"""The table of limits."""

import sqlalchemy as sa

from quarterdeck.db.conflicts import taken
from quarterdeck.db.schema import metadata

limits = sa.Table(
    "limits",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("scope_kind", sa.Text, nullable=False),
    sa.Column("scope_value", sa.Text, nullable=False),
    sa.Column("measure", sa.Text, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("period", sa.Text, nullable=False),  # empty for calls at once, so that the row is unique
    sa.Column("burst", sa.BigInteger),
    sa.Column("max_wait_ms", sa.Integer, nullable=False),
    sa.Column("weights", sa.JSON, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint(
        "workspace_id",
        "scope_kind",
        "scope_value",
        "measure",
        "period",
        name="uq_limits_scope",
        info=taken("limit_exists", "There is a limit on this scope for this measure and period already; change it."),
    ),
    sa.CheckConstraint("measure IN ('requests', 'tokens', 'concurrent')", name="measure"),
)
