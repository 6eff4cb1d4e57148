"""All SQL of channels and of the queue of deliveries."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.channels.model import Channel, ChannelKind, Delivery, DeliveryState
from quarterdeck.control.notifications import store as preferences
from quarterdeck.db import Prepared, Transaction, metadata
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import comparable, storable

LEASE_S = 120
"""So long a delivery is ours alone; of a process that dies meanwhile it is tried again."""
_WAITING = "state = 'pending'"

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("name_key", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("member_id", sa.Text, sa.ForeignKey("members.id")),
    sa.Column("shown", sa.Text, nullable=False),
    sa.Column("sealed", sa.LargeBinary),
    sa.Column("reference", sa.Text),
    sa.Column("secret_reference", sa.Text),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Column("enabled", sa.Boolean, nullable=False),
    sa.Column("allow_private", sa.Boolean, nullable=False),
    sa.Column("declared", sa.Boolean, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("last_ok_at", sa.BigInteger),
    sa.Column("last_failed_at", sa.BigInteger),
    sa.Column("last_error", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.UniqueConstraint("workspace_id", "name_key"),
    sa.CheckConstraint("kind IN ('webhook', 'apprise', 'push')", name="kind"),
)

push_keys = sa.Table(
    "push_keys",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

deliveries = sa.Table(
    "channel_deliveries",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("channel_id", sa.Text, nullable=False),
    sa.Column("member_id", sa.Text),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("gathers", sa.Text),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payload", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("lease_until", sa.BigInteger, nullable=False),
    sa.Column("last_status", sa.Integer),
    sa.Column("last_error", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("done_at", sa.BigInteger),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(
        ["workspace_id", "channel_id"], ["channels.workspace_id", "channels.id"], ondelete="CASCADE"
    ),
    sa.UniqueConstraint("workspace_id", "channel_id", "key"),
    sa.Index("ix_channel_deliveries_channel", "workspace_id", "channel_id", "id"),
    sa.Index(
        "ix_channel_deliveries_due", "next_at", sqlite_where=sa.text(_WAITING), postgresql_where=sa.text(_WAITING)
    ),
    sa.CheckConstraint("state IN ('pending', 'delivered', 'dead')", name="state"),
)


async def insert(tx: Transaction, channel: Channel) -> None:
    values = {name: getattr(channel, name) for name in Channel.__slots__}
    values |= {"kind": channel.kind.value, "kinds": list(channel.kinds), "name_key": comparable(channel.name)}
    await tx.execute(channels.insert().values(values))


async def update(tx: Transaction, channel: Channel, values: Mapping[str, Any]) -> Channel | None:
    """Write `values` if the row is still at the version of `channel`; None when it is not."""
    written = dict(values)
    if "name" in written:
        written["name_key"] = comparable(written["name"])
    row = await tx.row(
        channels.update()
        .where(_is(channel.workspace_id, channel.id), channels.c.version == channel.version)
        .values(**written, version=channels.c.version + 1)
        .returning(channels)
    )
    return None if row is None else _channel(row)


async def delete(tx: Transaction, channel: Channel) -> None:
    """With what is on its way to it, and out of every member's rules."""
    await tx.execute(
        deliveries.delete().where(
            deliveries.c.workspace_id == channel.workspace_id, deliveries.c.channel_id == channel.id
        )
    )
    await tx.execute(channels.delete().where(_is(channel.workspace_id, channel.id)))
    await preferences.forget_channel(tx, channel.workspace_id, channel.id)


async def find(tx: Transaction, workspace_id: str, channel_id: str) -> Channel | None:
    if not storable(channel_id):
        return None
    row = await tx.row(sa.select(channels).where(_is(workspace_id, channel_id)))
    return None if row is None else _channel(row)


async def by_name(tx: Transaction, workspace_id: str, name: str) -> Channel | None:
    row = await tx.row(
        sa.select(channels).where(channels.c.workspace_id == workspace_id, channels.c.name_key == comparable(name))
    )
    return None if row is None else _channel(row)


_ALL = Prepared(
    sa.select(channels).where(channels.c.workspace_id == sa.bindparam("workspace_id")).order_by(channels.c.name_key)
)


async def all_of(tx: Transaction, workspace_id: str) -> list[Channel]:
    """By name."""
    return [_channel(row) for row in await tx.fetch_named(_ALL, workspace_id=workspace_id)]


async def subscribed(tx: Transaction, workspace_id: str) -> list[Channel]:
    """Enabled channels to which kinds of events are sent by themselves."""
    return [each for each in await all_of(tx, workspace_id) if each.enabled and each.kinds]


async def push_key(tx: Transaction, workspace_id: str) -> bytes | None:
    """The workspace's sealed VAPID key, if it was ever made."""
    found: bytes | None = await tx.scalar(sa.select(push_keys.c.sealed).where(push_keys.c.workspace_id == workspace_id))
    return found


async def keep_push_key(tx: Transaction, workspace_id: str, sealed: bytes) -> bytes:
    """Keep it unless another came first; the one that is kept."""
    values = {"workspace_id": workspace_id, "sealed": sealed, "now": tx.now}
    await tx.execute(
        sa.text(
            "INSERT INTO push_keys (workspace_id, sealed, created_at) VALUES (:workspace_id, :sealed, :now)"
            " ON CONFLICT DO NOTHING"
        ),
        values,
    )
    return await push_key(tx, workspace_id) or sealed


async def put(tx: Transaction, delivery: Delivery) -> bool:
    """Add it to the queue; False when its key was there already."""
    there = sa.and_(
        deliveries.c.workspace_id == delivery.workspace_id,
        deliveries.c.channel_id == delivery.channel_id,
        deliveries.c.key == delivery.key,
    )
    if await tx.row(sa.select(deliveries.c.id).where(there)) is not None:
        return False
    values = {name: getattr(delivery, name) for name in Delivery.__slots__}
    await tx.execute(deliveries.insert().values({**values, "state": delivery.state.value, "lease_until": 0}))
    return True


async def gathering(tx: Transaction, workspace_id: str, channel_id: str, word: str) -> Delivery | None:
    """The delivery that still gathers messages of that word: untried, and in nobody's hands."""
    row = await tx.row(
        sa.select(deliveries)
        .where(
            deliveries.c.workspace_id == workspace_id,
            deliveries.c.channel_id == channel_id,
            deliveries.c.gathers == word,
            sa.text(_WAITING),
            deliveries.c.attempts == 0,
            deliveries.c.lease_until <= tx.now,
        )
        .order_by(deliveries.c.id.desc())
        .limit(1)
        .with_for_update()
    )
    return None if row is None else _delivery(row)


async def set_payload(tx: Transaction, delivery: Delivery, payload: Mapping[str, Any]) -> None:
    await tx.execute(
        deliveries.update().where(_is_delivery(delivery.workspace_id, delivery.id)).values(payload=dict(payload))
    )


_NOW: sa.BindParameter[int] = sa.bindparam("now", type_=sa.BigInteger)
_ANY_DUE = Prepared(
    sa.select(deliveries.c.id)
    .where(sa.text(_WAITING), deliveries.c.next_at <= _NOW, deliveries.c.lease_until <= _NOW)
    .limit(1)
)


async def is_any_due(tx: Transaction) -> bool:
    """A look that takes no lock."""
    return bool(await tx.fetch(_ANY_DUE, now=tx.now))


async def take_due(
    tx: Transaction, limit: int, *, per_channel: int, busy: Mapping[str, int] | None = None
) -> list[Delivery]:
    """Take deliveries whose time has come; they are ours for LEASE_S seconds.

    Of each channel at most `per_channel`, less what is under way to it already by `busy`.
    """
    under_way = busy or {}
    place = sa.func.row_number().over(
        partition_by=[deliveries.c.workspace_id, deliveries.c.channel_id], order_by=deliveries.c.next_at
    )
    full = [channel_id for channel_id, count in under_way.items() if count >= per_channel]
    due = (
        sa.select(deliveries.c.workspace_id, deliveries.c.id, deliveries.c.channel_id, deliveries.c.next_at)
        .add_columns(place.label("place"))
        .join(
            channels,
            sa.and_(
                channels.c.workspace_id == deliveries.c.workspace_id,
                channels.c.id == deliveries.c.channel_id,
                channels.c.enabled.is_(True),
            ),
        )
        .where(
            sa.text("channel_deliveries.state = 'pending'"),
            deliveries.c.next_at <= tx.now,
            deliveries.c.lease_until <= tx.now,
            deliveries.c.channel_id.not_in(full),
        )
        .subquery()
    )
    taken: list[Delivery] = []
    for found in await tx.rows(sa.select(due).where(due.c.place <= per_channel).order_by(due.c.next_at).limit(limit)):
        if found["place"] + under_way.get(found["channel_id"], 0) > per_channel:
            continue
        # Another process may have looked too; the one whose update finds the lease free has it.
        row = await tx.row(
            deliveries.update()
            .where(
                _is_delivery(found["workspace_id"], found["id"]),
                sa.text(_WAITING),
                deliveries.c.next_at <= tx.now,
                deliveries.c.lease_until <= tx.now,
            )
            .values(lease_until=tx.now + LEASE_S * SECOND)
            .returning(deliveries)
        )
        if row is not None:
            taken.append(_delivery(row))
    return taken


async def settle(tx: Transaction, delivery: Delivery, values: Mapping[str, Any]) -> bool:
    """Write how an attempt went, and let go of it; False when it was settled otherwise meanwhile."""
    return await tx.changed(
        deliveries.update()
        .where(
            _is_delivery(delivery.workspace_id, delivery.id),
            sa.text(_WAITING),
            deliveries.c.attempts == delivery.attempts,
        )
        .values(**values, lease_until=0)
    )


async def revive(tx: Transaction, workspace_id: str, channel_id: str, delivery_id: str | None) -> int:
    """Put dead deliveries back into the queue, one or all of a channel. Returns how many."""
    query = deliveries.update().where(
        deliveries.c.workspace_id == workspace_id,
        deliveries.c.channel_id == channel_id,
        deliveries.c.state == DeliveryState.DEAD.value,
    )
    if delivery_id is not None:
        query = query.where(deliveries.c.id == delivery_id)
    return (
        await tx.execute(
            query.values(state=DeliveryState.PENDING.value, attempts=0, next_at=tx.now, lease_until=0, done_at=None)
        )
    ).rowcount


async def note(tx: Transaction, channel: Channel, *, ok: bool, error: str | None) -> None:
    """When it last worked, or last failed and why. No change of the channel: its version stays."""
    values = {"last_ok_at": tx.now, "last_error": None} if ok else {"last_failed_at": tx.now, "last_error": error}
    await tx.execute(channels.update().where(_is(channel.workspace_id, channel.id)).values(**values))


async def delivery(tx: Transaction, workspace_id: str, delivery_id: str) -> Delivery | None:
    if not storable(delivery_id):
        return None
    row = await tx.row(sa.select(deliveries).where(_is_delivery(workspace_id, delivery_id)))
    return None if row is None else _delivery(row)


async def page(
    tx: Transaction,
    workspace_id: str,
    channel_id: str,
    *,
    state: DeliveryState | None,
    after: str | None,
    limit: int,
) -> Page[Delivery]:
    """Newest first."""
    query = sa.select(deliveries).where(
        deliveries.c.workspace_id == workspace_id, deliveries.c.channel_id == channel_id
    )
    if state is not None:
        query = query.where(deliveries.c.state == state.value)
    if after is not None:
        query = query.where(deliveries.c.id < after)
    rows = await tx.rows(query.order_by(deliveries.c.id.desc()).limit(limit + 1))
    found = [_delivery(row) for row in rows]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def counts(tx: Transaction, workspace_id: str) -> dict[str, dict[str, int]]:
    """By channel, how many deliveries wait and how many are dead."""
    rows = await tx.rows(
        sa.select(deliveries.c.channel_id, deliveries.c.state, sa.func.count().label("count"))
        .where(deliveries.c.workspace_id == workspace_id, deliveries.c.state != DeliveryState.DELIVERED.value)
        .group_by(deliveries.c.channel_id, deliveries.c.state)
    )
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["channel_id"], {})[row["state"]] = int(row["count"])
    return found


async def forget_delivered(tx: Transaction, before: int, limit: int) -> int:
    """Delete deliveries that were done before that instant; the dead stay until somebody decides, at most as long."""
    old = (
        sa.select(deliveries.c.id)
        .where(deliveries.c.state != DeliveryState.PENDING.value, deliveries.c.done_at < before)
        .limit(limit)
    )
    return (await tx.execute(deliveries.delete().where(deliveries.c.id.in_(old)))).rowcount


def _is(workspace_id: str, channel_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(channels.c.workspace_id == workspace_id, channels.c.id == channel_id)


def _is_delivery(workspace_id: str, delivery_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(deliveries.c.workspace_id == workspace_id, deliveries.c.id == delivery_id)


def _channel(row: Mapping[str, Any] | sa.RowMapping) -> Channel:
    values: dict[str, Any] = {name: row[name] for name in Channel.__slots__}
    return Channel(**{**values, "kind": ChannelKind(row["kind"]), "kinds": tuple(row["kinds"])})


def _delivery(row: sa.RowMapping) -> Delivery:
    values: dict[str, Any] = {name: row[name] for name in Delivery.__slots__}
    return Delivery(**{**values, "state": DeliveryState(row["state"])})
