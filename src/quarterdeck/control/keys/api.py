"""/keys, and how agents and members get one."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.access import keyring
from quarterdeck.access.actors import Permission, allows
from quarterdeck.access.keyring import Issued, Key, Scope
from quarterdeck.access.keys import KeyKind
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Gate, Limit, Operator, Reader, Self, refuse_and_end
from quarterdeck.control.keys import actions
from quarterdeck.control.shapes import Instant, RequestBody, instant_in, shown
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_line, a_name

router = APIRouter(tags=["keys"])
NAME_LENGTH = 100
Pattern = Annotated[str, Field(min_length=1, max_length=200)]


class KeyOut(BaseModel):
    """A key without its text; `hint` shows its first and last characters."""

    id: str
    kind: KeyKind
    agent_id: str | None
    member_id: str | None
    run_id: str | None
    name: str
    hint: str
    state: str
    """active, expired, revoked or ended (a run key whose run is over)."""
    created_at: Instant
    expires_at: Instant | None
    last_used_at: Instant | None
    models: list[str] | None
    route: str | None
    """The saved route that its calls take when they name none; null: as the agent's route says."""
    declared: bool

    @classmethod
    def of(cls, key: Key, now: int) -> "KeyOut":
        return cls(**_fields(key, now))


class IssuedOut(KeyOut):
    """The only answer that ever holds the key's text."""

    secret: str

    @classmethod
    def of_issued(cls, issued: Issued, now: int) -> "IssuedOut":
        return cls(**_fields(issued.key, now), secret=issued.secret)


class KeysOut(BaseModel):
    items: list[KeyOut]
    next: str | None


class KeyIn(RequestBody):
    name: str = Field("", max_length=NAME_LENGTH)
    expires_at: str | None = None
    models: list[Pattern] | None = Field(None, min_length=1, max_length=100)
    """Shell patterns on `provider/model`; null allows every model."""


class TokenIn(RequestBody):
    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    expires_at: str | None = None


class RotateIn(RequestBody):
    overlap_s: int = Field(0, ge=0, le=keyring.MAX_OVERLAP_S)
    """How many seconds the old key works on."""


@router.get("/keys")
async def list_keys(
    actor: Reader, db: Db, agent_id: str | None = None, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> KeysOut:
    """Keys of agents and runs, and one's own tokens; an admin sees everybody's. Newest first."""
    only_member = None if allows(actor, Permission.ADMINISTER) else actor.id
    async with db.read() as tx:
        page = await keyring.page(
            tx, actor.workspace_id, agent_id=agent_id, only_member=only_member, after=after, limit=limit
        )
    return KeysOut(items=[KeyOut.of(key, tx.now) for key in page.items], next=page.next)


@router.post("/agents/{agent_id}/keys", status_code=201)
async def make_agent_key(agent_id: str, body: KeyIn, actor: Operator, db: Db) -> IssuedOut:
    """A new key for an agent. `secret` is shown this once."""
    async with db.transaction() as tx:
        scope = Scope(models=_patterns(body.models), expires_at=_future(body.expires_at, tx.now))
        name = a_line(body.name, "name", NAME_LENGTH, shortest=0)
        issued = await actions.issue_for_agent(tx, actor, agent_id, name=name, scope=scope)
    return IssuedOut.of_issued(issued, tx.now)


@router.post("/members/me/tokens", status_code=201)
async def make_own_token(body: TokenIn, actor: Self, db: Db) -> IssuedOut:
    """A token that may do what you may. `secret` is shown this once."""
    async with db.transaction() as tx:
        scope = Scope(expires_at=_future(body.expires_at, tx.now))
        name = a_name(body.name, "name", NAME_LENGTH)
        issued = await actions.issue_for_self(tx, actor, name=name, scope=scope)
    return IssuedOut.of_issued(issued, tx.now)


@router.post("/keys/{key_id}/revoke")
async def revoke_key(key_id: str, actor: Self, db: Db, gateways: Gate) -> KeyOut:
    """Refuse the key from now on and end its open calls: when this answers, every gateway has done so."""
    async with db.transaction() as tx:
        key = await actions.revoke(tx, actor, key_id)
    await refuse_and_end(
        gateways, scope="key", ids=[key.id], code="key_invalid", message="The key of this call was revoked."
    )
    return KeyOut.of(key, tx.now)


@router.post("/keys/{key_id}/rotate", status_code=201)
async def rotate_key(key_id: str, actor: Self, db: Db, gateways: Gate, body: RotateIn | None = None) -> IssuedOut:
    """A new key of the same scope. The old one is refused at once, or after `overlap_s` seconds."""
    async with db.transaction() as tx:
        issued = await actions.rotate(tx, actor, key_id, overlap_s=0 if body is None else body.overlap_s)
    await gateways.ensure_published()
    return IssuedOut.of_issued(issued, tx.now)


def _fields(key: Key, now: int) -> dict[str, object]:
    expired = key.state == keyring.ACTIVE and key.expires_at is not None and key.expires_at <= now
    return {
        "id": key.id,
        "kind": key.kind,
        "agent_id": key.agent_id,
        "member_id": key.member_id,
        "run_id": key.run_id,
        "name": key.name,
        "hint": key.hint,
        "state": "expired" if expired else key.state,
        "created_at": iso(key.created_at),
        "expires_at": shown(key.expires_at),
        "last_used_at": shown(key.last_used_at),
        "models": key.models,
        "route": key.route,
        "declared": key.declared,
    }


def _patterns(models: list[str] | None) -> list[str] | None:
    return None if models is None else [a_line(pattern, "models", 200) for pattern in models]


def _future(text: str | None, now: int) -> int | None:
    """Raises Invalid when the text is no instant with a zone, or is past."""
    if text is None:
        return None
    instant = instant_in(text, "expires_at")
    if instant <= now:
        raise Invalid("expires_at is past already: give a later instant.", field="expires_at")
    return instant
