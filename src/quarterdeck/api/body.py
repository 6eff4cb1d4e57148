"""Bodies of API requests are small: they are read whole, up to a limit, before a route sees any of them.

Except files that agents hand in or people attach, and imports: those stream to their route, which has a limit of its
own.
"""

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.api.unreadable import must_be_sayable
from quarterdeck.kernel.errors import Invalid, TooLarge

MAX_BYTES = 4 * 1024 * 1024
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
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD", "OPTIONS") or is_streamed(scope):
            await self._app(scope, receive, send)
            return
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > MAX_BYTES:
                raise _too_large()
        body = await read_whole(receive)
        if not scope["path"].startswith(_FROM_OTHERS):
            must_be_sayable(body)
        await self._app(scope, replay(body, receive), send)


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
