"""The edges between tasks. Apart from the SQL that joins them with tasks, because a claim needs them too."""

from typing import Any

import sqlalchemy as sa

from quarterdeck.db import metadata

dependencies = sa.Table(
    "dependencies",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("waits_for_id", sa.Text, nullable=False),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "task_id", "waits_for_id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.ForeignKeyConstraint(
        ["workspace_id", "waits_for_id"],
        ["tasks.workspace_id", "tasks.id"],
        name="fk_dependencies_waits_for_id_tasks",
    ),
    sa.Index("ix_dependencies_waits_for", "workspace_id", "waits_for_id", "task_id"),
    sa.CheckConstraint("task_id <> waits_for_id", name="not_itself"),
)


def is_blocked(waiter: sa.FromClause, tasks: sa.Table) -> sa.ColumnElement[bool]:
    """Whether a row of `waiter` (the tasks, under any name) waits for a task that is not done."""
    blocker: Any = tasks.alias("blocker")
    edge: Any = dependencies.alias("edge")
    return (
        sa.exists()
        .select_from(
            edge.join(
                blocker,
                sa.and_(blocker.c.workspace_id == edge.c.workspace_id, blocker.c.id == edge.c.waits_for_id),
            )
        )
        .where(edge.c.workspace_id == waiter.c.workspace_id, edge.c.task_id == waiter.c.id, blocker.c.state != "done")
    )
