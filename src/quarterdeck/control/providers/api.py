"""/providers: upstream APIs. A secret goes in and never comes out."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from quarterdeck.access.catalogue import SPECS
from quarterdeck.access.vault import Vault
from quarterdeck.control.http import Admin, Db, Gate, IfMatch, Reader, Sealing
from quarterdeck.control.providers import actions, store
from quarterdeck.control.providers.credentials import resolve
from quarterdeck.control.providers.model import Checked, CheckOutcome, Credential, Provider, Wanted
from quarterdeck.control.shapes import RequestBody
from quarterdeck.db import Transaction
from quarterdeck.kernel.text import a_line

router = APIRouter(tags=["providers"])
Pattern = Annotated[str, Field(min_length=1, max_length=200)]
Milliseconds = Annotated[int, Field(ge=1)]


class ProviderOut(BaseModel):
    """`credential` says where the secret is, never what it is; `problem` why calls to it cannot work now."""

    name: str
    kind: str
    base_url: str
    credential: str | None
    declared: bool
    models: list[str] | None
    allow_private: bool
    problem: str | None
    version: int


class ProvidersOut(BaseModel):
    items: list[ProviderOut]
    next: str | None


class KindOut(BaseModel):
    """A row of the catalogue."""

    kind: str
    title: str
    base_url: str | None
    dialects: list[str]
    needs_secret: bool


class KindsOut(BaseModel):
    items: list[KindOut]
    next: str | None


class ProviderIn(RequestBody):
    name: str = Field(max_length=63)
    kind: str = Field(max_length=63)
    base_url: str | None = Field(None, max_length=2000, description="Null takes the kind's own address.")
    secret: str | None = Field(None, max_length=8192)
    models: list[Pattern] | None = Field(None, min_length=1, max_length=500)
    allow_private: bool = False


class CheckedOut(BaseModel):
    """What came of one question to the provider, for the list of its models."""

    outcome: CheckOutcome
    words: str | None = Field(description="What is wrong; null when all is well.")
    status: int | None
    took_ms: int | None
    models: int | None = Field(description="How many models it offers.")
    offers: list[str] = Field(description="The names of its models, as a call asks for them; the first hundred.")


class ProviderPatch(RequestBody):
    base_url: str | None = Field(None, max_length=2000)
    secret: str | None = Field(None, max_length=8192, description="A new one; null takes it away; absent keeps it.")
    models: list[Pattern] | None = Field(None, min_length=1, max_length=500)
    allow_private: bool | None = None


@router.get("/providers")
async def list_providers(actor: Reader, db: Db, vault: Sealing) -> ProvidersOut:
    """The providers of this workspace, in the order they are asked for a plain model name."""
    async with db.read() as tx:
        rows = await store.all_of(tx, actor.workspace_id)
    return ProvidersOut(items=[_out(each, credential, vault) for each, credential in rows], next=None)


@router.get("/providers/kinds")
async def list_kinds(_: Reader) -> KindsOut:
    """The kinds of provider there are."""
    items = [
        KindOut(
            kind=spec.kind,
            title=spec.title,
            base_url=spec.base_url,
            dialects=sorted(spec.dialects),
            needs_secret=spec.needs_secret,
        )
        for spec in SPECS.values()
    ]
    return KindsOut(items=items, next=None)


@router.post("/providers", status_code=201)
async def add_provider(body: ProviderIn, actor: Admin, db: Db, gate: Gate, vault: Sealing) -> ProviderOut:
    """Add a provider; when this answers, every gateway can call it."""
    wanted = Wanted(body.name, body.kind, body.base_url, _patterns(body.models), body.allow_private)
    async with db.transaction() as tx:
        provider = await actions.add(tx, vault, actor.workspace_id, wanted, secret=body.secret, actor=actor.id)
        answer = await _shown(tx, provider, vault)
    await gate.ensure_published()
    return answer


@router.patch("/providers/{name}")
async def change_provider(
    *, name: str, body: ProviderPatch, actor: Admin, db: Db, gate: Gate, version: IfMatch, vault: Sealing
) -> ProviderOut:
    """Change what is given. A stored secret does not follow the address to another host: enter it again."""
    async with db.transaction() as tx:
        provider = await actions.get(tx, actor.workspace_id, name)
        given = body.model_fields_set
        wanted = Wanted(
            provider.name,
            provider.kind,
            body.base_url if "base_url" in given else provider.base_url,
            _patterns(body.models) if "models" in given else provider.models,
            provider.allow_private if body.allow_private is None else body.allow_private,
            provider.headers,
            provider.timeouts,
        )
        provider = await actions.change(
            tx,
            vault,
            provider,
            wanted,
            secret=body.secret,
            remove_secret="secret" in given and body.secret is None,
            version=version,
            actor=actor.id,
        )
        answer = await _shown(tx, provider, vault)
    await gate.ensure_published()
    return answer


@router.post("/providers/{name}/check", operation_id="check_provider")
async def check_provider(name: str, actor: Admin, db: Db, request: Request) -> CheckedOut:
    """Ask the provider, now, whether it lets us in: for the list of its models, which costs nothing."""
    async with db.read() as tx:
        provider = await actions.get(tx, actor.workspace_id, name)
        credential = await store.credential_of(tx, provider.id)
    checked: Checked = await request.app.state.check_provider(provider, credential)
    return CheckedOut(**{field: getattr(checked, field) for field in CheckedOut.model_fields})


@router.delete("/providers/{name}", status_code=204)
async def remove_provider(name: str, actor: Admin, db: Db, gate: Gate, version: IfMatch) -> None:
    """Take a provider and its secret away; calls already open to it go on."""
    async with db.transaction() as tx:
        provider = await actions.get(tx, actor.workspace_id, name)
        await actions.remove(tx, provider, version=version, actor=actor.id)
    await gate.ensure_published()


async def _shown(tx: Transaction, provider: Provider, vault: Vault) -> ProviderOut:
    return _out(provider, await store.credential_of(tx, provider.id), vault)


def _out(provider: Provider, credential: Credential | None, vault: Vault) -> ProviderOut:
    return ProviderOut(
        name=provider.name,
        kind=provider.kind,
        base_url=provider.base_url,
        credential=None if credential is None else credential.shown,
        declared=provider.declared,
        models=provider.models,
        allow_private=provider.allow_private,
        problem=resolve(provider, credential, vault).problem,
        version=provider.version,
    )


def _patterns(models: list[str] | None) -> list[str] | None:
    return None if models is None else [a_line(pattern, "models", 200) for pattern in models]
