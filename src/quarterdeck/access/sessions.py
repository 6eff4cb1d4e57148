"""Browser sessions and one-time sign-in links. The browser holds a random token, the database only its hash."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.access.members import Member, member_of
from quarterdeck.access.tables import members, sessions, sign_in_links
from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.clock import DAY, MINUTE
from quarterdeck.kernel.errors import Unauthenticated

COOKIE = "qd_session"
IDLE = 14 * DAY
ABSOLUTE = 90 * DAY
SEEN_GRAIN = 5 * MINUTE
"""How stale `seen_at` may be: a session in use costs one write in five minutes, not one a request."""
LINK_LIFETIME = 15 * MINUTE

_LIVE = Prepared(
    sa.select(members, sessions.c.hash, sessions.c.seen_at, sessions.c.expires_at)
    .join(sessions, sessions.c.member_id == members.c.id)
    .where(
        sessions.c.hash == sa.bindparam("hash"),
        sessions.c.expires_at > sa.bindparam("now"),
        sessions.c.seen_at > sa.bindparam("idle_since"),
    )
)


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. `hash` names the row."""

    hash: bytes
    member: Member
    seen_at: int
    expires_at: int


async def open_session(tx: Transaction, member: Member, *, replaces: bytes | None = None) -> str:
    """Sign `member` in and return the token for its cookie; the session it `replaces` ends."""
    token = secrets.token_urlsafe(32)
    if replaces is not None:
        await close_session(tx, replaces)
    await tx.execute(
        sessions.insert().values(
            hash=token_hash(token),
            workspace_id=member.workspace_id,
            member_id=member.id,
            created_at=tx.now,
            seen_at=tx.now,
            expires_at=tx.now + ABSOLUTE,
        )
    )
    return token


async def find(tx: Transaction, token: str) -> Session | None:
    """The live session of a cookie; None when it is unknown, idle too long or over."""
    rows = await tx.fetch_named(_LIVE, hash=token_hash(token), now=tx.now, idle_since=tx.now - IDLE)
    return Session(rows[0]["hash"], member_of(rows[0]), rows[0]["seen_at"], rows[0]["expires_at"]) if rows else None


async def mark_seen(tx: Transaction, session_hash: bytes) -> None:
    await tx.execute(sessions.update().where(sessions.c.hash == session_hash).values(seen_at=tx.now))


async def close_session(tx: Transaction, session_hash: bytes) -> None:
    await tx.execute(sessions.delete().where(sessions.c.hash == session_hash))


async def make_link(tx: Transaction, member: Member, *, lifetime: int = LINK_LIFETIME) -> str:
    """A token that signs `member` in once, within `lifetime` microseconds."""
    token = secrets.token_urlsafe(32)
    await tx.execute(
        sign_in_links.insert().values(
            hash=token_hash(token),
            workspace_id=member.workspace_id,
            member_id=member.id,
            created_at=tx.now,
            expires_at=tx.now + lifetime,
        )
    )
    return token


async def use_link(tx: Transaction, token: str) -> Member:
    """The member a link signs in; the link is spent.

    Raises Unauthenticated when it is unknown, spent or too old.
    """
    digest = token_hash(token)
    spent = await tx.changed(
        sign_in_links.update()
        .where(sign_in_links.c.hash == digest, sign_in_links.c.used_at.is_(None), sign_in_links.c.expires_at > tx.now)
        .values(used_at=tx.now)
    )
    if not spent:
        raise Unauthenticated(
            "This sign-in link was used already or is older than fifteen minutes; "
            "make a new one with 'quarterdeck signin-link', or sign in by password.",
            code="link_spent",
        )
    row = await tx.row(
        sa.select(members)
        .join(sign_in_links, sign_in_links.c.member_id == members.c.id)
        .where(sign_in_links.c.hash == digest)
    )
    if row is None:
        raise Unauthenticated("The member whom this link is for was removed: ask an owner or admin.", code="link_spent")
    return member_of(row)


async def forget_spent(tx: Transaction) -> None:
    """Delete sessions that are over and links that sign nobody in any more."""
    over = sa.or_(sessions.c.expires_at <= tx.now, sessions.c.seen_at <= tx.now - IDLE)
    await tx.execute(sessions.delete().where(over))
    await tx.execute(sign_in_links.delete().where(sign_in_links.c.expires_at <= tx.now - DAY))


def csrf_token(token: str) -> str:
    """What writes of this session must send back: bound to the session, and no way back to its cookie."""
    digest = hmac.new(token.encode(), b"quarterdeck csrf", hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:24]).decode()


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
