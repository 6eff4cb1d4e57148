"""Applying what a file says of channels. Declared ones are shared; their addresses stay where the file points."""

from typing import Any

from quarterdeck.control.channels import actions, addresses, store
from quarterdeck.control.channels.model import NAME_LENGTH, Channel, ChannelKind, checked_url
from quarterdeck.control.channels.signing import checked_secret
from quarterdeck.control.declared.applying import Applying
from quarterdeck.control.declared.model import DeclaredChannel
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name


async def apply_channels(on: Applying, declared: list[DeclaredChannel]) -> None:
    """A declared channel the file names no more is removed, with what is on its way to it."""
    for each in declared:
        with on.at(each.where):
            await _apply(on, each)
    named = {each.name for each in declared}
    for channel in await store.all_of(on.tx, on.workspace_id):
        if channel.declared and channel.name not in named:
            await store.delete(on.tx, channel)
            await actions.tell(on.tx, channel, "removed", None)
            on.note("removed", f"channel {channel.name}")


async def _apply(on: Applying, declared: DeclaredChannel) -> None:
    _check(on, declared)
    name = a_name(declared.name, "name", NAME_LENGTH)
    values: dict[str, Any] = {
        "kind": declared.kind,
        "reference": declared.url,
        "secret_reference": declared.secret,
        "kinds": actions.checked_kinds(declared.kinds, shared=True),
        "enabled": declared.enabled,
        "allow_private": declared.allow_private,
        "declared": True,
        "sealed": None,
        "member_id": None,
        "shown": f"{declared.kind} at {declared.url}",
    }
    before = await store.by_name(on.tx, on.workspace_id, name)
    if before is None:
        channel = Channel(
            id=new_id("chn"),
            workspace_id=on.workspace_id,
            name=name,
            created_at=on.tx.now,
            last_ok_at=None,
            last_failed_at=None,
            last_error=None,
            version=1,
            **values,
        )
        await actions.insert(on.tx, channel, None)
        on.note("added", f"channel {name}", declared.url or "")
        return
    if before.member_id is not None:
        raise Changed(f"a member has a channel of its own called {name}; take another name", field="name")
    differing = sorted(field for field, value in values.items() if getattr(before, field) != value)
    if differing:
        written = {**values, "kind": declared.kind.value, "kinds": list(values["kinds"])}
        fresh = await store.update(on.tx, before, written) or before
        await actions.tell(on.tx, fresh, "changed", None)
        on.note("changed", f"channel {name}", ", ".join(differing))


def _check(on: Applying, declared: DeclaredChannel) -> None:
    """That what the file points at is there and can be an address. Raises Invalid, without the address."""
    if declared.url is not None:
        with on.at((*declared.where, "url")):
            url = addresses.read(declared.url, on.environ)
            checked_url(declared.kind, url, allow_private=declared.allow_private)
    if declared.secret is not None and declared.kind is ChannelKind.WEBHOOK:
        with on.at((*declared.where, "secret")):
            checked_secret(addresses.read(declared.secret, on.environ))
