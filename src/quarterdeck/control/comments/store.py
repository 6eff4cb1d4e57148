"""All SQL of comments."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.tables import members
from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.agents.store import agents
from quarterdeck.control.comments.mentions import Somebody
from quarterdeck.control.comments.model import Anchor, Comment
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

comments = sa.Table(
    "comments",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("deliverable_id", sa.Text),
    sa.Column("version", sa.Integer),
    sa.Column("line_from", sa.Integer),
    sa.Column("line_to", sa.Integer),
    sa.Column("run_id", sa.Text),
    sa.Column("region", sa.JSON(none_as_null=True)),
    sa.Column("author_id", sa.Text, nullable=False),
    sa.Column("by_agent", sa.Boolean, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("mentions", sa.JSON, nullable=False),
    sa.Column("to_agents", sa.Boolean, nullable=False),
    sa.Column("held", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.Index("ix_comments_task", "workspace_id", "task_id", "id"),
)

reactions = sa.Table(
    "comment_reactions",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("comment_id", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("emoji", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "comment_id", "actor_id", "emoji"),
    sa.ForeignKeyConstraint(["workspace_id", "comment_id"], ["comments.workspace_id", "comments.id"]),
)

_ANCHOR = tuple(Anchor.__slots__)

_CALLED = Prepared(
    sa.select(agents.c.id, agents.c.name)
    .where(
        agents.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(agents.c.name_key, "names"),
        agents.c.desired != "retired",
    )
    .order_by(agents.c.id)
)


async def insert(tx: Transaction, comment: Comment) -> None:
    values: dict[str, Any] = {name: getattr(comment, name) for name in Comment.__slots__ if name != "anchor"}
    values |= {name: getattr(comment.anchor, name) for name in _ANCHOR}
    await tx.execute(comments.insert().values({**values, "mentions": list(comment.mentions)}))


async def find(tx: Transaction, workspace_id: str, comment_id: str) -> Comment | None:
    if not storable(comment_id):
        return None
    row = await tx.row(sa.select(comments).where(comments.c.workspace_id == workspace_id, comments.c.id == comment_id))
    return None if row is None else _comment(row)


async def of_tasks(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> list[Comment]:
    """All comments of a page of tasks, oldest first."""
    if not task_ids:
        return []
    query = sa.select(comments).where(
        comments.c.workspace_id == workspace_id, comments.c.task_id.in_(sorted(set(task_ids)))
    )
    return [_comment(row) for row in await tx.rows(query.order_by(comments.c.task_id, comments.c.id))]


async def page(
    tx: Transaction, workspace_id: str, task_id: str, *, limit: int, after: str | None = None
) -> Page[Comment]:
    """Oldest first; `after` is the id that the page before ended with."""
    query = sa.select(comments).where(comments.c.workspace_id == workspace_id, comments.c.task_id == task_id)
    if after is not None:
        query = query.where(comments.c.id > after)
    found = [_comment(row) for row in await tx.rows(query.order_by(comments.c.id).limit(limit + 1))]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def latest(tx: Transaction, workspace_id: str, task_id: str, limit: int) -> list[Comment]:
    """Newest first."""
    rows = await tx.rows(
        sa.select(comments)
        .where(comments.c.workspace_id == workspace_id, comments.c.task_id == task_id)
        .order_by(comments.c.id.desc())
        .limit(limit)
    )
    return [_comment(row) for row in rows]


async def called(tx: Transaction, workspace_id: str, names: Collection[str]) -> list[Somebody]:
    """Members and agents of the workspace that have one of these names, as names are compared. Members are few, so
    all are read; of agents there may be thousands."""
    people = await tx.rows(
        sa.select(members.c.id, members.c.name).where(
            members.c.workspace_id == workspace_id, members.c.removed_at.is_(None)
        )
    )
    workers = await tx.fetch(_CALLED, workspace_id=workspace_id, names=sorted(names))
    return [Somebody(row["id"], row["name"], False) for row in people if comparable(row["name"]) in names] + [
        Somebody(agent_id, name, True) for agent_id, name in workers
    ]


async def names(tx: Transaction, workspace_id: str, ids: Collection[str]) -> dict[str, str]:
    """Names of members and agents by id."""
    return {**await people.named(tx, workspace_id, ids), **await agent_store.named(tx, workspace_id, ids)}


async def react(tx: Transaction, workspace_id: str, comment_id: str, actor_id: str, emoji: str) -> bool:
    """Whether it is new."""
    there = sa.and_(
        reactions.c.workspace_id == workspace_id,
        reactions.c.comment_id == comment_id,
        reactions.c.actor_id == actor_id,
        reactions.c.emoji == emoji,
    )
    if await tx.row(sa.select(reactions.c.created_at).where(there)) is not None:
        return False
    await tx.execute(
        reactions.insert().values(
            workspace_id=workspace_id, comment_id=comment_id, actor_id=actor_id, emoji=emoji, created_at=tx.now
        )
    )
    return True


async def reactions_of(tx: Transaction, workspace_id: str, comment_ids: Collection[str]) -> dict[str, dict[str, int]]:
    """By comment, how many gave each reaction."""
    found: dict[str, dict[str, int]] = {comment_id: {} for comment_id in comment_ids}
    if found:
        rows = await tx.rows(
            sa.select(reactions.c.comment_id, reactions.c.emoji, sa.func.count().label("count"))
            .where(reactions.c.workspace_id == workspace_id, reactions.c.comment_id.in_(sorted(found)))
            .group_by(reactions.c.comment_id, reactions.c.emoji)
            .order_by(reactions.c.emoji)
        )
        for row in rows:
            found[row["comment_id"]][row["emoji"]] = int(row["count"])
    return found


def _comment(row: sa.RowMapping) -> Comment:
    values: dict[str, Any] = {name: row[name] for name in Comment.__slots__ if name != "anchor"}
    anchor = Anchor(**{name: row[name] for name in _ANCHOR})
    return Comment(**{**values, "mentions": tuple(row["mentions"])}, anchor=anchor)
