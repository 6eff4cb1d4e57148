"""Who asks. Runs before every route: a key wins over a cookie; a cookie's writes need the CSRF token and our origin."""

import asyncio
import hmac
import logging
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from quarterdeck.access import authenticate, keyring, sessions
from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.access.authenticate import Shown
from quarterdeck.api.mounts import is_guarded, mount_of
from quarterdeck.control.agents import profiles
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Forbidden, Invalid, QuarterdeckError, Unauthenticated

COOKIE = sessions.COOKIE
CSRF_HEADER = "x-quarterdeck-csrf"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_SIGN_IN = frozenset({("POST", "/api/v1/session/link"), ("POST", "/api/v1/session/password")})
"""A browser that still has a cookie may sign in anew: these show who it is in their body, and check the origin."""
log = logging.getLogger("quarterdeck.api")


class Authenticate:
    """Sets `scope["state"]`: `actor` (None for nobody) and `session` (None unless a cookie said who)."""

    def __init__(self, app: ASGIApp, db: Database, noting: set[asyncio.Task[None]]) -> None:
        self._app = app
        self._db = db
        self._noting = noting
        self._being_noted: set[bytes | str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise Invalid("The address holds a NUL character.")
        headers = Headers(scope=scope)
        unsafe = scope["method"] not in _SAFE
        if unsafe:
            _check_origin(headers)
        must_prove = unsafe and (scope["method"], scope["path"]) not in _SIGN_IN
        shown = await self._who(headers, csrf=must_prove)
        if shown is not None and shown.ended:
            _check_own_run(shown, scope["path"])
        state = scope.setdefault("state", {})
        state["actor"] = None if shown is None else shown.actor
        state["session"] = None if shown is None else shown.session
        if shown is not None and shown.stale:
            self._note(shown, scope["path"])
        await self._app(scope, receive, send)

    async def _who(self, headers: Headers, *, csrf: bool) -> Shown | None:
        text = _key_text(headers)
        cookie = None if text is not None else _cookie(headers)
        if text is None and cookie is None:
            return None
        async with self._db.read() as tx:
            if text is not None:
                return await authenticate.by_key(tx, text)
            assert cookie is not None
            shown = await authenticate.by_session(tx, cookie)
        if shown is not None and csrf:
            given = headers.get(CSRF_HEADER, "")
            if not hmac.compare_digest(given.encode(), sessions.csrf_token(cookie).encode()):
                raise Forbidden(
                    f"Send the session's csrf value, as GET /api/v1/session gives it, in {CSRF_HEADER}.", code="csrf"
                )
        return shown

    def _note(self, shown: Shown, path: str) -> None:
        """Write when a key or session was used, off the request's way; losing one of these writes harms nobody."""
        subject = shown.session.hash if shown.session is not None else str(shown.actor.key_id)
        if subject in self._being_noted:
            return
        self._being_noted.add(subject)
        task = asyncio.create_task(self._write_use(subject, shown.actor, path))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _write_use(self, subject: bytes | str, actor: Actor, path: str) -> None:
        try:
            async with self._db.transaction() as tx:
                if isinstance(subject, bytes):
                    await sessions.mark_seen(tx, subject)
                else:
                    await keyring.touch(tx, {subject: tx.now})
                    if actor.kind is not ActorKind.MEMBER:
                        await profiles.note_seen(tx, actor.workspace_id, actor.id, _door(path))
        except QuarterdeckError as error:
            log.warning("key_use_not_noted reason=%s", error.message)
        finally:
            self._being_noted.discard(subject)


def _door(path: str) -> str:
    """How an agent that asks for this path reaches us."""
    mount = (mount_of(path) or "/api").removeprefix("/")
    return mount if mount in profiles.DOORS else "api"


def _key_text(headers: Headers) -> str | None:
    if (portkeys := headers.get("x-portkey-api-key")) is not None:
        # Portkey's clients put a provider's key, or nothing of use, into Authorization.
        return portkeys.strip()
    authorization = headers.get("authorization")
    if authorization is not None:
        scheme, _, text = authorization.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise Unauthenticated("Send the key as 'Authorization: Bearer …'.", code="key_invalid")
        return text.strip()
    return headers.get("x-api-key")


def _cookie(headers: Headers) -> str | None:
    for part in headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value.strip('"')
    return None


def _check_origin(headers: Headers) -> None:
    """Raises Forbidden when a page of another origin makes the browser write here."""
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
        raise Forbidden("This came from a page of another origin.", code="origin")
    if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise Forbidden("This came from a page of another site.", code="origin")


def _check_own_run(shown: Shown, path: str) -> None:
    """Raises Unauthenticated unless a key whose run is over asks about just that run, as a late `finish` does."""
    if not path.startswith(f"/api/v1/runs/{shown.actor.run_id}/"):
        raise Unauthenticated(
            "The run this key belongs to has ended. Claim a task to get a new run and key.", code="run_ended"
        )
