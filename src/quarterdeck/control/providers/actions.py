"""Verbs on providers: add, change, remove. What the file declares is changed there."""

from typing import Any

from quarterdeck.access.vault import Vault
from quarterdeck.control.providers import credentials, store
from quarterdeck.control.providers.model import Credential, Provider, Source, Wanted, checked_secret, origin_of, spec_of
from quarterdeck.db import Transaction
from quarterdeck.db.named import changed, must_be_open
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id


async def add(
    tx: Transaction,
    vault: Vault,
    workspace_id: str,
    wanted: Wanted,
    *,
    secret: str | None = None,
    actor: str | None = None,
) -> Provider:
    """Raises Invalid for what cannot be, Changed `name_taken`."""
    provider = await insert(tx, workspace_id, wanted, position=await store.next_position(tx, workspace_id))
    if secret is not None:
        credential = credentials.stored(vault, provider.id, checked_secret(secret, spec_of(provider.kind)))
        await store.set_credential(tx, workspace_id, provider.id, credential)
    await tell(tx, provider, "added", actor)
    return provider


async def insert(
    tx: Transaction, workspace_id: str, wanted: Wanted, *, position: int, declared: bool = False
) -> Provider:
    """The row alone. Raises Invalid, Changed `name_taken`."""
    values = wanted.checked()
    if await store.by_name(tx, workspace_id, wanted.name) is not None:
        raise Changed(f"A provider called {wanted.name!r} exists already; choose another name.", code="name_taken")
    provider = Provider(
        id=new_id("prov"),
        workspace_id=workspace_id,
        position=position,
        declared=declared,
        created_at=tx.now,
        version=1,
        **values,
    )
    await store.insert(tx, provider)
    return provider


async def change(
    tx: Transaction,
    vault: Vault,
    provider: Provider,
    wanted: Wanted,
    *,
    secret: str | None = None,
    remove_secret: bool = False,
    version: int | None = None,
    actor: str | None = None,
) -> Provider:
    """Make `provider` as `wanted` says; a `secret` of None keeps the one there is.

    Raises Invalid, also when a kept secret would go to another host than it was entered for; Changed when the row is
    declared or no longer at `version`.
    """
    must_be_open(provider, version)
    values = wanted.checked()
    credential = await store.credential_of(tx, provider.id)
    if secret is None and not remove_secret and _would_leak(provider, credential, values):
        raise Invalid(
            "The address moves to another host: enter the secret again, so that nobody can send it elsewhere unseen.",
            field="secret",
        )
    fresh = await store.update(tx, provider, values)
    if fresh is None:
        raise changed(provider)
    if secret is not None:
        sealed = credentials.stored(vault, provider.id, checked_secret(secret, spec_of(provider.kind)))
        await store.set_credential(tx, provider.workspace_id, provider.id, sealed)
    elif remove_secret:
        await store.set_credential(tx, provider.workspace_id, provider.id, None)
    await tell(tx, fresh, "changed", actor)
    return fresh


async def remove(tx: Transaction, provider: Provider, *, version: int | None = None, actor: str | None = None) -> None:
    """Raises Changed when the row is declared or no longer at `version`."""
    must_be_open(provider, version)
    if not await store.delete(tx, provider):
        raise changed(provider)
    await tell(tx, provider, "removed", actor)


async def get(tx: Transaction, workspace_id: str, name: str) -> Provider:
    """Raises NotFound."""
    provider = await store.by_name(tx, workspace_id, name)
    if provider is None:
        raise NotFound(f"There is no provider {name!r} in this workspace.")
    return provider


async def tell(tx: Transaction, provider: Provider, what: str, actor: str | None) -> None:
    data: dict[str, Any] = {"name": provider.name, "what": what}
    await tx.emit(Event(provider.workspace_id, "provider.changed", provider.id, data, actor))


def _would_leak(provider: Provider, credential: Credential | None, values: dict[str, Any]) -> bool:
    stored = credential is not None and credential.source is Source.STORED
    return stored and origin_of(values["base_url"]) != origin_of(provider.base_url)
