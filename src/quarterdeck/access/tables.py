"""The tables of `access`. Everything secret is a hash here; what must be read back is sealed by the vault."""

import sqlalchemy as sa

from quarterdeck.db.conflicts import taken
from quarterdeck.db.schema import metadata

workspaces = sa.Table(
    "workspaces",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("body_mode", sa.Text, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.CheckConstraint("body_mode IN ('full', 'redacted', 'none')", name="body_mode"),
)

members = sa.Table(
    "members",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("password_hash", sa.Text),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("removed_at", sa.BigInteger),
    sa.UniqueConstraint(
        "workspace_id", "email", info=taken("member_exists", "Somebody of this e-mail address is a member already.")
    ),
    sa.Index("ix_members_email", "email"),
    sa.CheckConstraint("role IN ('owner', 'admin', 'operator', 'reviewer', 'viewer')", name="role"),
)

# agent_id, run_id and task_id name rows of the control plane, which stands above this package: no foreign keys.
keys = sa.Table(
    "keys",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("hash", sa.LargeBinary, nullable=False, unique=True),
    sa.Column("hint", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("member_id", sa.Text, sa.ForeignKey("members.id")),
    sa.Column("run_id", sa.Text),
    sa.Column("task_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("models", sa.JSON(none_as_null=True)),
    sa.Column("route", sa.Text),
    sa.Column("body_mode", sa.Text),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("last_used_at", sa.BigInteger),
    sa.Index("ix_keys_agent_id", "agent_id"),
    sa.Index("ix_keys_run_id", "run_id"),
    sa.Index("ix_keys_member_id", "member_id"),
    sa.Index("ix_keys_state_ended_at", "state", "ended_at"),
    sa.CheckConstraint("kind IN ('agent', 'run', 'member')", name="kind"),
    sa.CheckConstraint("state IN ('active', 'revoked', 'ended')", name="state"),
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("member_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("seen_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Index("ix_sessions_member_id", "member_id"),
    sa.Index("ix_sessions_expires_at", "expires_at"),
)

sign_in_links = sa.Table(
    "sign_in_links",
    metadata,
    sa.Column("hash", sa.LargeBinary, primary_key=True),
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("member_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
    sa.Column("used_at", sa.BigInteger),
    sa.Index("ix_sign_in_links_expires_at", "expires_at"),
)
