"""All SQL of notifications: what members were told, what they asked for, and how far events were read."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.notifications.kinds import Urgency
from quarterdeck.control.notifications.model import Item, Preferences, preferences_of, rules_as_json, without_channel
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.kernel.pages import Page

_UNREAD = "read_at IS NULL"

items = sa.Table(
    "notification_items",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("member_id", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject_id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text),
    sa.Column("actor_id", sa.Text),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text),
    sa.Column("urgency", sa.Integer, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("read_at", sa.BigInteger),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_notification_items_member", "workspace_id", "member_id", "id"),
    sa.Index("ix_notification_items_at", "at"),
    sa.Index(
        "ix_notification_items_unread",
        "workspace_id",
        "member_id",
        "key",
        sqlite_where=sa.text(_UNREAD),
        postgresql_where=sa.text(_UNREAD),
    ),
)

preferences = sa.Table(
    "notification_preferences",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("member_id", sa.Text, sa.ForeignKey("members.id"), nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("rules", sa.JSON, nullable=False),
    sa.Column("quiet", sa.JSON(none_as_null=True)),
    sa.Column("digest_at", sa.Integer),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "member_id"),
)


_UNREAD_ONE = Prepared(
    sa.select(items.c.id, items.c.count, items.c.urgency)
    .where(
        items.c.workspace_id == sa.bindparam("workspace_id"),
        items.c.member_id == sa.bindparam("member_id"),
        items.c.key == sa.bindparam("key"),
        sa.text(_UNREAD),
    )
    .order_by(items.c.id.desc())
    .limit(1)
)
_PREFERENCES = Prepared(
    sa.select(preferences).where(
        preferences.c.workspace_id == sa.bindparam("workspace_id"), one_of(preferences.c.member_id, "ids")
    )
)


async def put(tx: Transaction, item: Item) -> Item:
    """Add it for its member, or to what waits unread under the same key."""
    unread = await tx.fetch(_UNREAD_ONE, workspace_id=item.workspace_id, member_id=item.member_id, key=item.key)
    if not unread:
        values = {name: getattr(item, name) for name in Item.__slots__}
        await tx.execute(items.insert().values({**values, "urgency": int(item.urgency), "data": dict(item.data)}))
        return item
    item_id, already, urgency = unread[0]
    count = already + item.count
    newer = {"title": item.title, "body": item.body, "count": count, "at": item.at, "actor_id": item.actor_id}
    await tx.execute(
        items.update()
        .where(items.c.workspace_id == item.workspace_id, items.c.id == item_id)
        .values(**newer, urgency=max(urgency, int(item.urgency)), subject_id=item.subject_id)
    )
    return replace(item, id=item_id, count=count)


async def page(
    tx: Transaction, workspace_id: str, member_id: str, *, unread: bool, after: str | None, limit: int
) -> Page[Item]:
    """Newest first."""
    query = sa.select(items).where(items.c.workspace_id == workspace_id, items.c.member_id == member_id)
    if unread:
        query = query.where(sa.text(_UNREAD))
    if after is not None:
        query = query.where(items.c.id < after)
    rows = await tx.rows(query.order_by(items.c.id.desc()).limit(limit + 1))
    found = [_item(row) for row in rows]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def count_unread(tx: Transaction, workspace_id: str, member_id: str) -> int:
    query = sa.select(sa.func.count()).where(
        items.c.workspace_id == workspace_id, items.c.member_id == member_id, sa.text(_UNREAD)
    )
    return int(await tx.scalar(query))


async def read(tx: Transaction, workspace_id: str, member_id: str, ids: Collection[str] | None) -> int:
    """Mark some, or all, as read. Returns how many were unread."""
    query = items.update().where(items.c.workspace_id == workspace_id, items.c.member_id == member_id, sa.text(_UNREAD))
    if ids is not None:
        query = query.where(items.c.id.in_(sorted(set(ids))))
    return (await tx.execute(query.values(read_at=tx.now))).rowcount


async def preferences_for(tx: Transaction, workspace_id: str, member_ids: Collection[str]) -> dict[str, Preferences]:
    """By member; who never asked for anything has the defaults."""
    found = dict.fromkeys(member_ids, Preferences())
    if found:
        rows = await tx.fetch_named(_PREFERENCES, workspace_id=workspace_id, ids=sorted(found))
        found |= {row["member_id"]: preferences_of(row) for row in rows}
    return found


async def set_preferences(
    tx: Transaction, workspace_id: str, member_id: str, wanted: Preferences, version: int | None
) -> bool:
    """Write them whole; False when `version` is not the present one any more."""
    quiet = wanted.quiet
    values: Mapping[str, Any] = {
        "zone": wanted.zone,
        "rules": rules_as_json(wanted.rules),
        "quiet": None
        if quiet is None
        else {"start": quiet.start, "end": quiet.end, "urgent_passes": quiet.urgent_passes},
        "digest_at": wanted.digest_at,
    }
    there = sa.and_(preferences.c.workspace_id == workspace_id, preferences.c.member_id == member_id)
    change = preferences.update().where(there).values(**values, version=preferences.c.version + 1)
    if version is not None:
        change = change.where(preferences.c.version == version)
    if await tx.changed(change):
        return True
    if await tx.row(sa.select(preferences.c.version).where(there)) is not None or version not in (None, 0):
        return False
    await tx.execute(preferences.insert().values(workspace_id=workspace_id, member_id=member_id, version=1, **values))
    return True


async def amend_preferences(
    tx: Transaction, workspace_id: str, member_id: str, amended: Callable[[Preferences], Preferences]
) -> None:
    """Write what `amended` makes of them as they are now, whoever else writes them at the same time."""
    while True:
        before = (await preferences_for(tx, workspace_id, [member_id]))[member_id]
        after = amended(before)
        if after == before or await set_preferences(tx, workspace_id, member_id, after, before.version):
            return


async def forget_channel(tx: Transaction, workspace_id: str, channel_id: str) -> None:
    """Take it out of every member's rules."""
    naming = sa.select(preferences.c.member_id).where(
        preferences.c.workspace_id == workspace_id, sa.cast(preferences.c.rules, sa.Text).contains(channel_id)
    )
    for row in await tx.rows(naming.order_by(preferences.c.member_id)):
        await amend_preferences(tx, workspace_id, row["member_id"], lambda before: without_channel(before, channel_id))


async def forget(tx: Transaction, before: int, limit: int) -> int:
    """Delete what was told before that instant."""
    old = sa.select(items.c.id).where(items.c.at < before).limit(limit)
    return (await tx.execute(items.delete().where(items.c.id.in_(old)))).rowcount


def _item(row: sa.RowMapping) -> Item:
    values: dict[str, Any] = {name: row[name] for name in Item.__slots__}
    return Item(**{**values, "urgency": Urgency(row["urgency"])})
