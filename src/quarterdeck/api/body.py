"""Bodies of API requests are small: they are read whole, up to a limit, before a route sees any of them.

Except files that agents hand in or people attach, and imports: those stream to their route, which has a limit of its
own.
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.api.mounts import is_guarded
from quarterdeck.api.unreadable import must_be_sayable
from quarterdeck.kernel.errors import Invalid, TooLarge, Unauthenticated

MAX_BYTES = 4 * 1024 * 1024
MAX_OF_STRANGERS = 64 * 1024
"""Of who has shown no key: what one signs in with is small."""
_STREAMED = re.compile(r"/api/v1/((runs/[^/]+/deliverables|tasks/[^/]+/attachments)/content|import(/csv)?)")

_FROM_OTHERS = "/api/v1/hooks/"
"""What comes there was not written for us: a firing that fails by it says so."""


def is_streamed(scope: Scope) -> bool:
    """Whether the route takes the body piece by piece."""
    return scope["method"] == "PUT" and _STREAMED.fullmatch(scope["path"]) is not None


class BodyLimit:
    """Refuses a body of more than `MAX_BYTES`, whether its length was announced or not, and one that was cut off.

    Raises TooLarge, Invalid.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_read_whole(scope):
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_BYTES:
                raise _too_large()
        await self._app(scope, replay(await read_whole(receive), receive), send)


class Sayable:
    """Refuses a body that no store could keep. Behind authentication: looking into a large one takes a while.

    Raises Invalid; Unauthenticated for a body of more than `MAX_OF_STRANGERS` bytes.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_looked_into(scope):
            await self._app(scope, receive, send)
            return
        body = await read_whole(receive)
        if scope["state"]["actor"] is None and len(body) > MAX_OF_STRANGERS:
            raise Unauthenticated(f"Sign in or send a key: without, a body may have {MAX_OF_STRANGERS} bytes.")
        must_be_sayable(body)
        await self._app(scope, replay(body, receive), send)


def _is_read_whole(scope: Scope) -> bool:
    return scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS") and not is_streamed(scope)


def _is_looked_into(scope: Scope) -> bool:
    return _is_read_whole(scope) and is_guarded(scope["path"]) and not scope["path"].startswith(_FROM_OTHERS)


async def read_whole(receive: Receive) -> bytes:
    """The body. Raises TooLarge; Invalid when the client left before it was whole: half of it says something else."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("The client left before it had sent the whole body.", code="cut_off")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_BYTES:
            raise _too_large()
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """A receive that gives the body that was read already, and then whatever else comes: that the client has left."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _too_large() -> TooLarge:
    return TooLarge(f"The body of an API request may have {MAX_BYTES} bytes.")
