"""/providers, /virtual-keys and /api-keys: providers with their secrets, and agents' keys, by Portkey's names."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import Field

from quarterdeck.access import keyring
from quarterdeck.access.actors import Permission, allows
from quarterdeck.access.keyring import Key
from quarterdeck.access.keyring import Scope as KeyScope
from quarterdeck.access.scopes import Scope, ScopeKind
from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.http import Admin, Db, Gate, Operator, Reader, Self, refuse_and_end
from quarterdeck.control.keys import actions as key_actions
from quarterdeck.control.portkey.caps import CapsIn, clear_caps, set_caps, shown_caps
from quarterdeck.control.portkey.shapes import listed
from quarterdeck.control.providers import actions, store
from quarterdeck.control.providers.model import Provider, Wanted
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Forbidden, Invalid, NotFound

router = APIRouter(tags=["portkey"])
MOST_LISTED = 200
_KINDS = {"azure-openai": "azure", "google": "gemini", "vertex-ai": "vertex", "mistral-ai": "mistral", "x-ai": "xai"}
"""Portkey's names of providers that the catalogue calls otherwise."""
Text = Annotated[str, Field(max_length=200)]


class VirtualKeyIn(CapsIn):
    name: Text
    provider: Text
    key: Annotated[str, Field(max_length=8192)] | None = None
    note: str | None = None
    base_url: Annotated[str, Field(max_length=2000)] | None = None


class VirtualKeyChange(CapsIn):
    """What is left out stays."""

    name: Text | None = None
    key: Annotated[str, Field(max_length=8192)] | None = None
    note: str | None = None


class ApiKeyChange(CapsIn):
    """What is left out stays."""


class ApiKeyIn(CapsIn):
    name: Text
    description: str | None = None
    scopes: list[str] | None = None


@router.get("/providers", operation_id="portkey_list_providers")
async def list_providers(actor: Reader, db: Db) -> dict[str, Any]:
    """Providers that are set up; models of each are called `@slug/model`."""
    async with db.read() as tx:
        rows = await store.all_of(tx, actor.workspace_id)
    return listed([_provider(provider, "provider") for provider, _ in rows])


@router.get("/providers/{slug}", operation_id="portkey_get_provider")
async def get_provider(slug: str, actor: Reader, db: Db) -> dict[str, Any]:
    """One provider."""
    async with db.read() as tx:
        return _provider(await actions.get(tx, actor.workspace_id, slug), "provider")


@router.get("/virtual-keys", operation_id="portkey_list_virtual_keys")
async def list_virtual_keys(actor: Reader, db: Db) -> dict[str, Any]:
    """The same providers: a virtual key is a provider with its secret, which is shown to nobody."""
    async with db.read() as tx:
        rows = await store.all_of(tx, actor.workspace_id)
        caps = await shown_caps(tx, actor.workspace_id)
    return listed([_virtual_key(provider, caps) for provider, _ in rows])


@router.get("/virtual-keys/{slug}", operation_id="portkey_get_virtual_key")
async def get_virtual_key(slug: str, actor: Reader, db: Db) -> dict[str, Any]:
    """One virtual key, without its secret."""
    async with db.read() as tx:
        provider = await actions.get(tx, actor.workspace_id, slug)
        return _virtual_key(provider, await shown_caps(tx, actor.workspace_id))


@router.post("/virtual-keys", operation_id="portkey_add_virtual_key")
async def add_virtual_key(body: VirtualKeyIn, actor: Admin, db: Db, gate: Gate, request: Request) -> dict[str, Any]:
    """Set a provider up with its secret; when this answers, every gateway can call it."""
    wanted = Wanted(slug_of(body.name), _KINDS.get(body.provider, body.provider), body.base_url)
    async with db.transaction() as tx:
        provider = await actions.add(
            tx, request.app.state.vault, actor.workspace_id, wanted, secret=body.key, actor=actor.id
        )
        await set_caps(tx, actor.workspace_id, _at(provider), body, actor.id)
    await gate.ensure_published()
    return {"id": provider.id, "slug": provider.name, "object": "virtual-key"}


@router.put("/virtual-keys/{slug}", operation_id="portkey_change_virtual_key")
async def change_virtual_key(
    slug: str, body: VirtualKeyChange, actor: Admin, db: Db, gate: Gate, request: Request
) -> dict[str, Any]:
    """Change its secret or its limits; a slug stays what it is, for calls name it."""
    if body.name is not None and slug_of(body.name) != slug:
        raise Invalid("a virtual key's slug stays: calls name it. Make another one.", field="name")
    async with db.transaction() as tx:
        provider = await actions.get(tx, actor.workspace_id, slug)
        if body.key is not None:
            same = Wanted(
                provider.name,
                provider.kind,
                provider.base_url,
                provider.models,
                provider.allow_private,
                provider.headers,
                provider.timeouts,
            )
            await actions.change(tx, request.app.state.vault, provider, same, secret=body.key, actor=actor.id)
        await set_caps(tx, actor.workspace_id, _at(provider), body, actor.id)
    await gate.ensure_published()
    return {"success": True}


@router.delete("/virtual-keys/{slug}", operation_id="portkey_remove_virtual_key")
async def remove_virtual_key(slug: str, actor: Admin, db: Db, gate: Gate) -> dict[str, Any]:
    """Take a provider and its secret away."""
    async with db.transaction() as tx:
        provider = await actions.get(tx, actor.workspace_id, slug)
        await actions.remove(tx, provider, version=None, actor=actor.id)
        await clear_caps(tx, actor.workspace_id, _at(provider), actor.id)
    await gate.ensure_published()
    return {}


@router.get("/api-keys", operation_id="portkey_list_api_keys")
async def list_api_keys(actor: Reader, db: Db) -> dict[str, Any]:
    """Keys of agents and runs, and one's own tokens; an admin sees everybody's."""
    only_member = None if allows(actor, Permission.ADMINISTER) else actor.id
    async with db.read() as tx:
        page = await keyring.page(tx, actor.workspace_id, only_member=only_member, limit=MOST_LISTED)
        caps = await shown_caps(tx, actor.workspace_id)
    return listed([_key(key, caps) for key in page.items])


@router.get("/api-keys/{key_id}", operation_id="portkey_get_api_key")
async def get_api_key(key_id: str, actor: Reader, db: Db) -> dict[str, Any]:
    """One key, without its text."""
    async with db.read() as tx:
        key = await keyring.get(tx, actor.workspace_id, key_id)
        caps = await shown_caps(tx, actor.workspace_id)
    if key.member_id not in (None, actor.id) and not allows(actor, Permission.ADMINISTER):
        raise NotFound(f"There is no key {key_id!r} in this workspace.")
    return _key(key, caps)


@router.put("/api-keys/{key_id}", operation_id="portkey_change_api_key")
async def change_api_key(key_id: str, body: ApiKeyChange, actor: Admin, db: Db, gate: Gate) -> dict[str, Any]:
    """Change how much it may spend and how fast."""
    async with db.transaction() as tx:
        key = await keyring.get(tx, actor.workspace_id, key_id)
        await set_caps(tx, actor.workspace_id, Scope(ScopeKind.KEY, key.id), body, actor.id)
    await gate.ensure_published()
    return {"success": True}


@router.post("/api-keys/{kind}/{holder}", operation_id="portkey_make_api_key")
async def make_api_key(
    *, kind: str, holder: str, body: ApiKeyIn, actor: Operator, db: Db, gate: Gate
) -> dict[str, Any]:
    """A key for the agent of that name, which is made where there is none. `key` is shown this once."""
    if holder != "service":
        raise NotFound(f"Keys are made for agents: ask for /v1/api-keys/{kind}/service; members make their own tokens.")
    capped = body.rate_limits is not None or body.usage_limits is not None
    if capped and not allows(actor, Permission.ADMINISTER):
        raise Forbidden("Only admins set limits.", permission=Permission.ADMINISTER)
    async with db.transaction() as tx:
        name = slug_of(body.name)
        agent = await agent_store.by_name(tx, actor.workspace_id, name)
        if agent is None:
            agent = await agent_actions.create(
                tx,
                actor.workspace_id,
                name=name,
                owner_id=actor.id,
                description=body.description or "",
                actor=actor.id,
            )
        issued = await key_actions.issue_for_agent(tx, actor, agent.id, name=body.name, scope=KeyScope())
        await set_caps(tx, actor.workspace_id, Scope(ScopeKind.KEY, issued.key.id), body, actor.id)
    if capped:
        await gate.ensure_published()
    return {"id": issued.key.id, "key": issued.secret, "object": "api-key"}


@router.delete("/api-keys/{key_id}", operation_id="portkey_revoke_api_key")
async def revoke_api_key(key_id: str, actor: Self, db: Db, gate: Gate) -> dict[str, Any]:
    """Refuse it from now on and end its open calls."""
    async with db.transaction() as tx:
        key = await key_actions.revoke(tx, actor, key_id)
        await clear_caps(tx, actor.workspace_id, Scope(ScopeKind.KEY, key.id), actor.id)
    await refuse_and_end(
        gate, scope="key", ids=[key.id], code="key_invalid", message="The key of this call was revoked."
    )
    return {}


def slug_of(name: str) -> str:
    """A name as ours are written: lower-case letters, digits, dots and dashes."""
    return re.sub(r"[^a-z0-9._-]+", "-", name.lower()).strip("-")[:63]


def _provider(provider: Provider, kind: str) -> dict[str, Any]:
    return {
        "id": provider.id,
        "slug": provider.name,
        "name": provider.name,
        "provider": provider.kind,
        "ai_provider_name": provider.kind,
        "workspace_id": provider.workspace_id,
        "status": "active",
        "created_at": iso(provider.created_at),
        "object": kind,
    }


def _at(provider: Provider) -> Scope:
    return Scope(ScopeKind.PROVIDER, provider.name)


def _virtual_key(provider: Provider, caps: dict[Scope, dict[str, Any]]) -> dict[str, Any]:
    return {**_provider(provider, "virtual-key"), **_caps(caps, _at(provider))}


def _caps(caps: dict[Scope, dict[str, Any]], scope: Scope) -> dict[str, Any]:
    return {"rate_limits": None, "usage_limits": None, **caps.get(scope, {})}


def _key(key: Key, caps: dict[Scope, dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": key.id,
        "key": key.hint,
        "name": key.name,
        "type": "workspace-user" if key.member_id is not None else "workspace-service",
        "workspace_id": key.workspace_id,
        "user_id": key.member_id,
        "status": "active" if key.state == "active" else "expired",
        "created_at": iso(key.created_at),
        "expires_at": None if key.expires_at is None else iso(key.expires_at),
        "defaults": {"metadata": key.tags, "config_id": key.route},
        "object": "api-key",
        **_caps(caps, Scope(ScopeKind.KEY, key.id)),
    }
