"""Verbs on keys: issue, bring, revoke, rotate, end. Whoever holds the text acts; the text is shown once."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.keys import MIN_BROUGHT_LENGTH, KeyKind, hint, key_hash, looks_mistyped, make_key
from quarterdeck.access.tables import keys
from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.pages import Page

ACTIVE, REVOKED, ENDED = "active", "revoked", "ended"
MAX_OVERLAP_S = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Key:
    """A virtual key without its text. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    kind: KeyKind
    hint: str
    name: str
    agent_id: str | None
    member_id: str | None
    run_id: str | None
    task_id: str | None
    state: str
    models: list[str] | None
    route: str | None
    body_mode: str | None
    tags: dict[str, str]
    declared: bool
    created_at: int
    expires_at: int | None
    ended_at: int | None
    last_used_at: int | None


@dataclass(frozen=True, slots=True)
class Issued:
    """A key together with the text that only its receiver ever sees."""

    key: Key
    secret: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a key is for: an agent, one of its runs, or a member."""

    workspace_id: str
    agent_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    member_id: str | None = None

    @property
    def kind(self) -> KeyKind:
        if self.member_id is not None:
            return KeyKind.MEMBER
        return KeyKind.AGENT if self.run_id is None else KeyKind.RUN


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key is narrowed to. None means that the key narrows nothing."""

    models: list[str] | None = None
    """Shell patterns on `provider/model`."""
    route: str | None = None
    body_mode: str | None = None
    expires_at: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


async def issue(
    tx: Transaction, holder: Holder, *, name: str = "", scope: Scope | None = None, actor: str | None = None
) -> Issued:
    """Make a key for `holder` and tell `key.created`. Its text is in the answer and nowhere else."""
    text, _ = make_key(holder.kind)
    key = await _insert(tx, holder, text, name=name, scope=scope or Scope(), declared=False)
    await _tell(tx, "key.created", key, actor)
    return Issued(key, text)


async def bring(
    tx: Transaction,
    holder: Holder,
    text: str,
    *,
    name: str = "",
    scope: Scope | None = None,
    declared: bool = False,
    actor: str | None = None,
) -> Key:
    """Store the hash of a key that somebody brings, and tell `key.created`.

    Raises Invalid when the text is too short to be secret or has our prefix and a wrong checksum, Changed when some
    key already has it.
    """
    if len(text) < MIN_BROUGHT_LENGTH:
        raise Invalid(f"A key you bring needs at least {MIN_BROUGHT_LENGTH} characters.", code="key_too_short")
    if looks_mistyped(text):
        raise Invalid("This text begins like a Quarterdeck key but its checksum is wrong; copy it again.")
    if await find(tx, key_hash(text)) is not None:
        raise Changed("This key is already in use; bring another one.", code="key_exists")
    key = await _insert(tx, holder, text, name=name, scope=scope or Scope(), declared=declared)
    await _tell(tx, "key.created", key, actor)
    return key


async def revoke(tx: Transaction, workspace_id: str, key_id: str, *, actor: str | None = None) -> Key:
    """Refuse the key from now on. Revoking a key that is not active any more changes nothing.

    Raises NotFound.
    """
    taken = await tx.changed(
        keys.update()
        .where(keys.c.workspace_id == workspace_id, keys.c.id == key_id, keys.c.state == ACTIVE)
        .values(state=REVOKED, ended_at=tx.now)
    )
    key = await get(tx, workspace_id, key_id)
    if taken:
        await _tell(tx, "key.revoked", key, actor)
    return key


async def set_route(
    tx: Transaction, workspace_id: str, key_id: str, route: str | None, *, actor: str | None = None
) -> Key:
    """The saved route that calls with this key take; tells `key.changed`. Raises NotFound."""
    taken = await tx.changed(
        keys.update()
        .where(keys.c.workspace_id == workspace_id, keys.c.id == key_id, keys.c.route.is_distinct_from(route))
        .values(route=route)
    )
    key = await get(tx, workspace_id, key_id)
    if taken:
        await _tell(tx, "key.changed", key, actor)
    return key


async def rotate(
    tx: Transaction, workspace_id: str, key_id: str, *, overlap_s: int = 0, actor: str | None = None
) -> Issued:
    """Replace a key by a new one of the same scope. The old one works `overlap_s` seconds longer, then no more.

    Raises NotFound, Changed when the key is not active, Invalid for a run key or an overlap over a week.
    """
    if not 0 <= overlap_s <= MAX_OVERLAP_S:
        raise Invalid(f"overlap_s must be between 0 and {MAX_OVERLAP_S}.")
    old = await get(tx, workspace_id, key_id)
    if old.kind is KeyKind.RUN:
        raise Invalid("A run key lives as long as its run and cannot be rotated; stop the run to end it.")
    if old.state != ACTIVE or (old.expires_at is not None and old.expires_at <= tx.now):
        raise Changed("Only an active key can be rotated; make a new one instead.", state=old.state)
    scope = Scope(old.models, old.route, old.body_mode, old.expires_at, old.tags)
    fresh = await issue(tx, _holder(old), name=old.name, scope=scope, actor=actor)
    if overlap_s == 0:
        await revoke(tx, workspace_id, key_id, actor=actor)
    else:
        until = tx.now + overlap_s * SECOND
        until = until if old.expires_at is None else min(until, old.expires_at)
        await tx.execute(keys.update().where(keys.c.id == key_id).values(expires_at=until))
    return fresh


async def narrow(tx: Transaction, workspace_id: str, key_id: str, models: list[str] | None) -> None:
    """Set which models a key may call; None allows all. Tells `key.changed`."""
    await tx.execute(
        keys.update().where(keys.c.workspace_id == workspace_id, keys.c.id == key_id).values(models=models)
    )
    await _tell(tx, "key.changed", await get(tx, workspace_id, key_id), None)


async def end_run_keys(tx: Transaction, run_id: str) -> int:
    """The run is over: its keys are refused with the reason that fits. Returns how many ended."""
    result = await tx.execute(
        keys.update().where(keys.c.run_id == run_id, keys.c.state == ACTIVE).values(state=ENDED, ended_at=tx.now)
    )
    return result.rowcount


async def forget_over(tx: Transaction, *, before: int) -> int:
    """Delete run keys and members' tokens that stopped working before that instant; returns how many.

    An agent's keys stay: their list is its history. Calls name the key they came by and do not need its row.
    """
    over = sa.or_(sa.and_(keys.c.state != ACTIVE, keys.c.ended_at < before), keys.c.expires_at < before)
    result = await tx.execute(keys.delete().where(keys.c.kind != KeyKind.AGENT.value, over))
    return result.rowcount


async def touch(tx: Transaction, used: Mapping[str, int]) -> None:
    """Note when keys were last used: key id → instant. An older instant than the stored one is ignored."""
    if not used:
        return
    statement = (
        keys.update()
        .where(
            keys.c.id == sa.bindparam("touched"),
            sa.or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < sa.bindparam("at", type_=sa.BigInteger)),
        )
        .values(last_used_at=sa.bindparam("at", type_=sa.BigInteger))
    )
    await tx.execute(statement, [{"touched": key_id, "at": at} for key_id, at in used.items()])


async def get(tx: Transaction, workspace_id: str, key_id: str) -> Key:
    """Raises NotFound."""
    row = await tx.row(sa.select(keys).where(keys.c.workspace_id == workspace_id, keys.c.id == key_id))
    if row is None:
        raise NotFound(f"There is no key {key_id!r} in this workspace.")
    return key_of(row)


async def named(tx: Transaction, workspace_id: str, key_ids: Collection[str]) -> dict[str, str]:
    """The names of those of these keys that have one."""
    here = keys.c.workspace_id == workspace_id, keys.c.id.in_(key_ids), keys.c.name != ""
    return {row["id"]: row["name"] for row in await tx.rows(sa.select(keys.c.id, keys.c.name).where(*here))}


async def page(
    tx: Transaction,
    workspace_id: str,
    *,
    agent_id: str | None = None,
    only_member: str | None = None,
    after: str | None = None,
    limit: int,
) -> Page[Key]:
    """Newest first. `only_member` leaves out every other member's tokens; `after` is where the page before ended."""
    query = sa.select(keys).where(keys.c.workspace_id == workspace_id).order_by(keys.c.id.desc())
    if agent_id is not None:
        query = query.where(keys.c.agent_id == agent_id)
    if only_member is not None:
        query = query.where(sa.or_(keys.c.member_id.is_(None), keys.c.member_id == only_member))
    if after is not None:
        query = query.where(keys.c.id < after)
    found = [key_of(row) for row in await tx.rows(query.limit(limit + 1))]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


_BY_HASH = Prepared(sa.select(keys).where(keys.c.hash == sa.bindparam("hash")))


async def find(tx: Transaction, digest: bytes) -> Key | None:
    """The key whose text has this SHA-256, in whatever state."""
    rows = await tx.fetch_named(_BY_HASH, hash=digest)
    return key_of(rows[0]) if rows else None


def key_of(row: Mapping[str, Any] | sa.RowMapping) -> Key:
    values: dict[str, Any] = {name: row[name] for name in Key.__slots__}
    return Key(**{**values, "kind": KeyKind(row["kind"])})


async def _insert(tx: Transaction, holder: Holder, text: str, *, name: str, scope: Scope, declared: bool) -> Key:
    key = Key(
        id=new_id("key"),
        workspace_id=holder.workspace_id,
        kind=holder.kind,
        hint=hint(text),
        name=name,
        agent_id=holder.agent_id,
        member_id=holder.member_id,
        run_id=holder.run_id,
        task_id=holder.task_id,
        state=ACTIVE,
        models=scope.models,
        route=scope.route,
        body_mode=scope.body_mode,
        tags=dict(scope.tags),
        declared=declared,
        created_at=tx.now,
        expires_at=scope.expires_at,
        ended_at=None,
        last_used_at=None,
    )
    values = {field_name: getattr(key, field_name) for field_name in Key.__slots__}
    await tx.execute(keys.insert().values(**values, hash=key_hash(text)))
    return key


def _holder(key: Key) -> Holder:
    return Holder(key.workspace_id, key.agent_id, key.run_id, key.task_id, key.member_id)


async def _tell(tx: Transaction, kind: str, key: Key, actor: str | None) -> None:
    data = {"kind": key.kind.value, "agent_id": key.agent_id, "member_id": key.member_id, "run_id": key.run_id}
    await tx.emit(Event(key.workspace_id, kind, key.id, data, actor))
