"""Push to a member's browsers: the workspace's key, made at first use, and a channel for each browser."""

import json
from dataclasses import replace
from urllib.parse import urlsplit

from quarterdeck.access import members
from quarterdeck.access.actors import Actor
from quarterdeck.access.vault import Vault
from quarterdeck.control.channels import actions, addresses, store, webpush
from quarterdeck.control.channels.model import NAME_LENGTH, Address, Channel, ChannelKind, checked_endpoint
from quarterdeck.control.channels.webpush import BrowserKeys
from quarterdeck.control.notifications import store as preferences
from quarterdeck.control.notifications.model import with_channel
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name

MAX_BROWSERS = 20


async def own_key(tx: Transaction, vault: Vault, workspace_id: str) -> bytes:
    """The workspace's private VAPID key. Browsers know us by it: it stays what it was made as at first use."""
    known = await known_key(tx, vault, workspace_id)
    if known is not None:
        return known
    sealed = await store.keep_push_key(tx, workspace_id, vault.seal(webpush.new_key(), _bound_to(workspace_id)))
    return vault.unseal(sealed, _bound_to(workspace_id))


async def known_key(tx: Transaction, vault: Vault, workspace_id: str) -> bytes | None:
    """The same, if it was ever made. Only reads."""
    sealed = await store.push_key(tx, workspace_id)
    return None if sealed is None else vault.unseal(sealed, _bound_to(workspace_id))


async def subscribe(
    tx: Transaction, vault: Vault, actor: Actor, *, name: str, endpoint: str, keys: BrowserKeys, hosts: frozenset[str]
) -> Channel:
    """Add a browser of the actor's, or renew it; what the actor's rules send nowhere else goes to it from now on.

    `hosts`: private places that push services may stand in. Raises Invalid.
    """
    url = checked_endpoint(endpoint, hosts)
    mine = [each for each in await store.all_of(tx, actor.workspace_id) if is_browser_of(each, actor.id)]
    address = Address(url, json.dumps([keys.p256dh.hex(), keys.auth.hex()]))
    for channel in mine:
        if addresses.opened(channel, vault).url == url:
            renewed = await _renewed(tx, vault, channel, address)
            if renewed is not None:
                return renewed
    if len(mine) >= MAX_BROWSERS:
        raise Invalid(f"A member has push in at most {MAX_BROWSERS} browsers; remove one first.", field="endpoint")
    channel_id = new_id("chn")
    channel = Channel(
        id=channel_id,
        workspace_id=actor.workspace_id,
        name=a_name(name, "name", NAME_LENGTH),
        kind=ChannelKind.PUSH,
        member_id=actor.id,
        shown=urlsplit(url).netloc,
        sealed=addresses.sealed(vault, channel_id, address),
        reference=None,
        secret_reference=None,
        kinds=(),
        enabled=True,
        allow_private=False,
        declared=False,
        created_at=tx.now,
        last_ok_at=None,
        last_failed_at=None,
        last_error=None,
        version=1,
    )
    channel = replace(channel, name=await _free_name(tx, channel))
    await actions.insert(tx, channel, actor.id)
    await preferences.amend_preferences(
        tx, actor.workspace_id, actor.id, lambda before: with_channel(before, channel_id)
    )
    return channel


async def _renewed(tx: Transaction, vault: Vault, channel: Channel | None, address: Address) -> Channel | None:
    """The channel with the browser's keys of now, whoever else changed it meanwhile; None when it was removed."""
    while channel is not None:
        values = {"sealed": addresses.sealed(vault, channel.id, address), "enabled": True}
        fresh = await store.update(tx, channel, values)
        if fresh is not None:
            return fresh
        channel = await store.find(tx, channel.workspace_id, channel.id)
    return None


def is_browser_of(channel: Channel, member_id: str) -> bool:
    return channel.kind is ChannelKind.PUSH and channel.member_id == member_id


def keys_of(address: Address) -> BrowserKeys:
    """Of an opened channel."""
    p256dh, auth = json.loads(address.secret or "[]")
    return BrowserKeys(bytes.fromhex(p256dh), bytes.fromhex(auth))


async def contact_of(tx: Transaction, channel: Channel) -> str:
    """Whom a push service writes to when something is wrong with what we send."""
    member = await members.get(tx, channel.workspace_id, channel.member_id or "")
    return f"mailto:{member.email}"


async def forget(tx: Transaction, channel: Channel) -> None:
    """Remove a browser that is gone, with what is on its way to it. Tells `channel.removed`."""
    await store.delete(tx, channel)
    await actions.tell(tx, channel, "removed", None)


async def _free_name(tx: Transaction, channel: Channel) -> str:
    """`Chrome on Linux`, or `Chrome on Linux 2` where another has that name."""
    name, number = channel.name, 1
    while await store.by_name(tx, channel.workspace_id, name) is not None:
        number += 1
        name = f"{channel.name[: NAME_LENGTH - 6]} {number}"
    return name


def _bound_to(workspace_id: str) -> str:
    return f"push_keys/{workspace_id}"
