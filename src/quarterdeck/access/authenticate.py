"""From what a request shows to who acts."""

from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.access import keyring, sessions
from quarterdeck.access.actors import Actor, ActorKind, Role
from quarterdeck.access.keys import KeyKind, key_hash, looks_mistyped
from quarterdeck.access.sessions import Session
from quarterdeck.access.tables import members
from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.clock import MINUTE
from quarterdeck.kernel.errors import Unauthenticated

USED_GRAIN = MINUTE
"""How stale a key's `last_used_at` may be."""
_ROLE = Prepared(
    sa.select(members.c.role).where(members.c.id == sa.bindparam("member_id"), members.c.removed_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class Shown:
    """Somebody authenticated, and what is due to be noted about how."""

    actor: Actor
    ended: bool = False
    """The key's run is over: it may only ask about that run."""
    session: Session | None = None
    stale: bool = False
    """`last_used_at` or `seen_at` is due to be written."""


async def by_key(tx: Transaction, text: str) -> Shown:
    """Raises Unauthenticated: `key_invalid`, `key_revoked` or `key_expired`."""
    if looks_mistyped(text):
        raise Unauthenticated("This key's checksum is wrong: it was cut or mistyped.", code="key_invalid")
    key = await keyring.find(tx, key_hash(text))
    if key is None:
        raise Unauthenticated("This key is not known here.", code="key_invalid")
    if key.state == keyring.REVOKED:
        raise Unauthenticated("This key was revoked; ask for a new one.", code="key_revoked")
    if key.expires_at is not None and key.expires_at <= tx.now and key.kind is not KeyKind.RUN:
        raise Unauthenticated("This key has expired; ask for a new one.", code="key_expired")
    ended = key.state == keyring.ENDED or (key.expires_at is not None and key.expires_at <= tx.now)
    stale = key.last_used_at is None or key.last_used_at < tx.now - USED_GRAIN
    return Shown(await _actor(tx, key), ended, stale=stale)


async def by_session(tx: Transaction, token: str) -> Shown | None:
    """None when the cookie's session is over."""
    session = await sessions.find(tx, token)
    if session is None:
        return None
    member = session.member
    actor = Actor(member.workspace_id, ActorKind.MEMBER, member.id, member.role)
    return Shown(actor, session=session, stale=session.seen_at < tx.now - sessions.SEEN_GRAIN)


async def _actor(tx: Transaction, key: keyring.Key) -> Actor:
    if key.member_id is not None:
        present = await tx.fetch(_ROLE, member_id=key.member_id)
        if not present:
            raise Unauthenticated("The member of this key was removed.", code="key_revoked")
        return Actor(key.workspace_id, ActorKind.MEMBER, key.member_id, Role(present[0][0]), key_id=key.id)
    if key.agent_id is None:
        raise Unauthenticated("This key belongs to nobody.", code="key_invalid")
    kind = ActorKind.AGENT if key.run_id is None else ActorKind.RUN
    return Actor(key.workspace_id, kind, key.agent_id, run_id=key.run_id, task_id=key.task_id, key_id=key.id)
