"""The tables of budgets. What is spent is not here: it is summed from the account."""

import sqlalchemy as sa

from quarterdeck.db.conflicts import taken
from quarterdeck.db.schema import metadata

budgets = sa.Table(
    "budgets",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("scope_kind", sa.Text, nullable=False),
    sa.Column("scope_value", sa.Text, nullable=False),  # an id where there is one; no foreign key: rows of many slices
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("window_kind", sa.Text, nullable=False),
    sa.Column("mode", sa.Text, nullable=False),
    sa.Column("warn", sa.JSON, nullable=False),
    sa.Column("ceiling", sa.JSON(none_as_null=True)),
    sa.Column("assumed_output", sa.Integer, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint(
        "workspace_id",
        "scope_kind",
        "scope_value",
        "window_kind",
        "mode",
        name="uq_budgets_scope",
        info=taken("budget_exists", "There is a budget on this scope for this window and mode already; change it."),
    ),
    sa.CheckConstraint("window_kind IN ('run', 'day', 'week', 'month', 'total')", name="window_kind"),
    sa.CheckConstraint("mode IN ('hard', 'warn', 'shadow')", name="mode"),
)

budget_marks = sa.Table(
    "budget_marks",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("budget_id", sa.Text, nullable=False),
    sa.Column("value", sa.Text, nullable=False),
    sa.Column("window_key", sa.Text, nullable=False),
    sa.Column("level", sa.Integer, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "budget_id", "value", "window_key", "level"),
)
"""What has been told of a window, so that it is told once: a level in percent, or 0 for a stop."""
