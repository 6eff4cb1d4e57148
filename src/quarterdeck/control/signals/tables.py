"""Tables of what signals have learned and were told."""

import sqlalchemy as sa

from quarterdeck.db import metadata

usuals = sa.Table(
    "usuals",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("counts", sa.JSON, nullable=False),  # step → how often
    sa.Column("total", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "what", "key"),
)

policies = sa.Table(
    "signal_policies",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),  # empty: the workspace
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("response", sa.Text, nullable=False),
    sa.Column("floor_s", sa.BigInteger),
    sa.Column("set_by", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "scope", "subject_id", "kind"),
    sa.CheckConstraint("scope IN ('workspace', 'project', 'agent')", name="scope"),
)
"""What is done about a kind of signal, where somebody said so."""

lessons = sa.Table(
    "signal_lessons",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),  # the task; the agent, or what else it is about, without one
    sa.Column("taught_by", sa.Text),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "kind", "subject_id"),
)
"""This is fine: signals of that kind about that task are not raised again."""

loop_leases = sa.Table(
    "signal_leases",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)
"""Which process watches: one at a time, the next when it falls silent."""
