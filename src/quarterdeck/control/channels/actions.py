"""Verbs on channels: add, change, remove, test, replay; and putting something into a channel's queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.access.actors import Actor, Permission, allows
from quarterdeck.access.vault import Vault
from quarterdeck.control.channels import addresses, store
from quarterdeck.control.channels.model import (
    KIND_LENGTH,
    MAX_KINDS,
    NAME_LENGTH,
    Address,
    Channel,
    ChannelKind,
    Delivery,
    DeliveryState,
    checked_url,
    shown_webhook,
)
from quarterdeck.control.channels.signing import checked_secret, make_secret
from quarterdeck.db import Transaction
from quarterdeck.db.named import changed, must_be_open
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a channel to be; None leaves a field as it is (or, of a new one, at its default)."""

    name: str | None = None
    url: str | None = None
    secret: str | None = None
    kinds: tuple[str, ...] | None = None
    enabled: bool | None = None
    allow_private: bool | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A channel, and a webhook's secret if it was made just now: shown this once."""

    channel: Channel
    secret: str | None


async def add(
    tx: Transaction, vault: Vault, actor: Actor, kind: ChannelKind, wanted: Wanted, *, shared: bool, service: str
) -> Added:
    """`service` is what Apprise calls it (empty of a webhook). Tells `channel.added`.

    Raises Invalid; Forbidden for a shared channel, or private addresses, of who is no admin; Changed `name_taken`.
    """
    if kind is ChannelKind.PUSH:
        raise Invalid("Push is turned on in the browser that is to show it.", field="kind")
    if shared or wanted.allow_private:
        must_administer(actor)
    channel_id = new_id("chn")
    allow_private = bool(wanted.allow_private)
    address, made = _address(kind, wanted, allow_private=allow_private)
    channel = Channel(
        id=channel_id,
        workspace_id=actor.workspace_id,
        name=a_name(wanted.name or "", "name", NAME_LENGTH),
        kind=kind,
        member_id=None if shared else actor.id,
        shown=shown(kind, address.url, service),
        sealed=addresses.sealed(vault, channel_id, address),
        reference=None,
        secret_reference=None,
        kinds=checked_kinds(wanted.kinds or (), shared=shared),
        enabled=wanted.enabled is not False,
        allow_private=allow_private,
        declared=False,
        created_at=tx.now,
        last_ok_at=None,
        last_failed_at=None,
        last_error=None,
        version=1,
    )
    await insert(tx, channel, actor.id)
    return Added(channel, made)


async def insert(tx: Transaction, channel: Channel, actor: str | None) -> None:
    """Raises Changed `name_taken`."""
    if await store.by_name(tx, channel.workspace_id, channel.name) is not None:
        raise Changed(f"A channel called {channel.name!r} exists already; choose another name.", code="name_taken")
    await store.insert(tx, channel)
    await tell(tx, channel, "added", actor)


async def change(
    tx: Transaction,
    vault: Vault,
    actor: Actor,
    channel: Channel,
    wanted: Wanted,
    *,
    service: str = "",
    version: int | None = None,
) -> Channel:
    """Write what differs. A new address replaces the old one whole. Tells `channel.changed`.

    Raises Invalid; Forbidden; Changed when it is declared, no longer at `version`, or the name is taken.
    """
    must_be_open(channel, version)
    if wanted.allow_private and not channel.allow_private:
        must_administer(actor)
    values: dict[str, Any] = {}
    if wanted.name is not None:
        values["name"] = a_name(wanted.name, "name", NAME_LENGTH)
        other = await store.by_name(tx, channel.workspace_id, values["name"])
        if other is not None and other.id != channel.id:
            raise Changed(f"A channel called {wanted.name!r} exists already; choose another name.", code="name_taken")
    if wanted.kinds is not None:
        values["kinds"] = list(checked_kinds(wanted.kinds, shared=channel.member_id is None))
    if wanted.enabled is not None:
        values["enabled"] = wanted.enabled
    if wanted.allow_private is not None:
        values["allow_private"] = wanted.allow_private
    if wanted.url is not None or wanted.secret is not None:
        if channel.kind is ChannelKind.PUSH:
            raise Invalid("The address of a browser is its own; turn push on in it anew.", field="url")
        before = addresses.opened(channel, vault)
        url = before.url if wanted.url is None else wanted.url
        secret = before.secret if wanted.secret is None else checked_secret(wanted.secret)
        allow_private = bool(values.get("allow_private", channel.allow_private))
        address = Address(checked_url(channel.kind, url, allow_private=allow_private), secret)
        values["sealed"] = addresses.sealed(vault, channel.id, address)
        if wanted.url is not None:
            values["shown"] = shown(channel.kind, address.url, service)
    if not values:
        return channel
    fresh = await store.update(tx, channel, values)
    if fresh is None:
        raise changed(channel)
    await tell(tx, fresh, "changed", actor.id)
    return fresh


async def remove(tx: Transaction, actor: Actor, channel: Channel, *, version: int | None = None) -> None:
    """With all that is on its way to it. Raises Changed when it is declared or no longer at `version`."""
    must_be_open(channel, version)
    await store.delete(tx, channel)
    await tell(tx, channel, "removed", actor.id)


async def test(tx: Transaction, actor: Actor, channel: Channel) -> Delivery:
    """Put a test message into its queue. Raises Changed when it is disabled."""
    if not channel.enabled:
        raise Changed(f"{channel.name} is disabled; enable it first.", code="channel_disabled")
    text = f"This is a test of the channel {channel.name}. If you read it, the channel works."
    line = {"title": "Quarterdeck test message", "body": text, "url": None}
    payload: dict[str, Any] = {"lines": [line]}
    if channel.kind is ChannelKind.WEBHOOK:
        payload = {"type": "channel.test", "subject_id": channel.id, "actor": actor.id, "data": {"text": text}}
    made = new(channel, key=new_id("test"), kind="channel.test", payload=payload, at=tx.now, now=tx.now)
    await store.put(tx, made)
    await tell_queued(tx, channel.workspace_id)
    return made


async def replay(tx: Transaction, actor: Actor, channel: Channel, delivery_id: str | None) -> int:
    """Try dead deliveries again, one or all. Tells `channel.replayed`. Raises NotFound when there is none."""
    count = await store.revive(tx, channel.workspace_id, channel.id, delivery_id)
    if count == 0:
        raise NotFound("Nothing dead of that kind is in this channel's queue.")
    await tx.emit(Event(channel.workspace_id, "channel.replayed", channel.id, {"count": count}, actor.id))
    return count


async def tell_queued(tx: Transaction, workspace_id: str) -> None:
    """Tell `channel.queued`: something is on its way."""
    await tx.emit(Event(workspace_id, "channel.queued", workspace_id))


def new(
    channel: Channel,
    *,
    key: str,
    kind: str,
    payload: Mapping[str, Any],
    at: int,
    now: int,
    gathers: str | None = None,
    member_id: str | None = None,
) -> Delivery:
    return Delivery(
        id=new_id("dlr"),
        workspace_id=channel.workspace_id,
        channel_id=channel.id,
        member_id=member_id,
        key=key,
        gathers=gathers,
        kind=kind,
        payload=dict(payload),
        state=DeliveryState.PENDING,
        attempts=0,
        next_at=at,
        last_status=None,
        last_error=None,
        created_at=now,
        done_at=None,
    )


async def get(tx: Transaction, actor: Actor, channel_id: str) -> Channel:
    """The channel, if it is shared or the actor's own. Raises NotFound."""
    channel = await store.find(tx, actor.workspace_id, channel_id)
    if channel is None or channel.member_id not in (None, actor.id):
        raise NotFound("There is no such channel in this workspace.")
    return channel


async def get_own(tx: Transaction, actor: Actor, channel_id: str) -> Channel:
    """The same, to be changed. Raises NotFound; Forbidden for a shared channel of who is no admin."""
    channel = await get(tx, actor, channel_id)
    if channel.member_id is None:
        must_administer(actor)
    return channel


def must_administer(actor: Actor) -> None:
    """Raises Forbidden."""
    if not allows(actor, Permission.ADMINISTER):
        raise Forbidden(
            "A channel that others use, or that reaches private addresses, is an admin's to set.", code="admin_needed"
        )


def checked_kinds(kinds: Sequence[str], *, shared: bool) -> tuple[str, ...]:
    """Raises Invalid."""
    if len(kinds) > MAX_KINDS:
        raise Invalid(f"A channel follows at most {MAX_KINDS} patterns of kinds.", field="kinds")
    if kinds and not shared:
        raise Invalid("Your own channel gets what your rules send it; only a shared one follows kinds.", field="kinds")
    for kind in kinds:
        if not kind or len(kind) > KIND_LENGTH or not set(kind) <= set("abcdefghijklmnopqrstuvwxyz_.*"):
            raise Invalid("A kind is written like task.moved, or task.*, or *.", field="kinds")
    return tuple(dict.fromkeys(kinds))


def shown(kind: ChannelKind, url: str, service: str) -> str:
    """As much of an address as may be seen."""
    return shown_webhook(url) if kind is ChannelKind.WEBHOOK else f"{service} ({url.partition(':')[0].lower()}://…)"


async def tell(tx: Transaction, channel: Channel, what: str, actor: str | None) -> None:
    data = {"name": channel.name, "kind": channel.kind.value}
    await tx.emit(Event(channel.workspace_id, f"channel.{what}", channel.id, data, actor))


def _address(kind: ChannelKind, wanted: Wanted, *, allow_private: bool) -> tuple[Address, str | None]:
    url = checked_url(kind, wanted.url or "", allow_private=allow_private)
    if kind is not ChannelKind.WEBHOOK:
        if wanted.secret is not None:
            raise Invalid("Only a webhook has a secret; of other channels it is part of the url.", field="secret")
        return Address(url), None
    if wanted.secret is not None:
        return Address(url, checked_secret(wanted.secret)), None
    made = make_secret()
    return Address(url, made), made
