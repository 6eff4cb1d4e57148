"""Every path that is no model path goes to the control process, over a local socket, as to any upstream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

from quarterdeck.gateway.headers import value_of
from quarterdeck.gateway.transport import HOP_BY_HOP, Origin, Request, Timeouts, Transport, UpstreamError
from quarterdeck.gateway.watcher import CallerLeft, Watcher

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_DAY_S = 86_400.0
_TIMEOUTS = Timeouts(connect_s=2.0, first_byte_s=120.0, idle_s=_DAY_S, total_s=_DAY_S)
_AWAY = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,"code":"control_away",'
    b'"detail":"The control process is starting or restarting. Model calls go on; this page will be back in a moment."}'
)


class Forwarder:
    """A reverse proxy to one local socket."""

    def __init__(self, transport: Transport, socket_path: str) -> None:
        self._transport = transport
        self._origin = Origin(scheme="http", host="control", port=80, uds=socket_path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        watcher = Watcher(receive)
        begun = False
        try:
            response = await self._transport.send(self._origin, await _request(scope, receive), _TIMEOUTS)
            watcher.watch()
            headers = [pair for pair in response.headers if pair[0] not in HOP_BY_HOP]
            begun = True
            await send({"type": "http.response.start", "status": response.status, "headers": headers})
            while (chunk := await response.chunk()) is not None:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        except UpstreamError:
            if begun:
                # The head is out, so all that is left is to end the connection, which the server does for us.
                raise
            await _answer_away(send)
        except CallerLeft:
            return
        except asyncio.CancelledError:
            if not watcher.stopped:
                raise
            watcher.uncancel()
        finally:
            watcher.done()

    async def text(self, path: str) -> bytes | None:
        """The body of a GET of control's, when it answers 200."""
        try:
            request = Request(method=b"GET", target=path.encode(), headers=[(b"host", b"control")], body=None)
            response = await self._transport.send(self._origin, request, _TIMEOUTS)
            body = await response.read(16 * 1024 * 1024)
        except UpstreamError:
            return None
        return body if response.status == 200 else None


async def _request(scope: Scope, receive: Receive) -> Request:
    headers = [pair for pair in scope["headers"] if pair[0] not in HOP_BY_HOP]
    client = scope.get("client")
    if client is not None:
        headers.append((b"x-forwarded-for", client[0].encode()))
    headers.append((b"x-forwarded-proto", scope["scheme"].encode()))
    target: bytes = scope["raw_path"]
    if scope["query_string"]:
        target += b"?" + scope["query_string"]
    message = await receive()
    if message["type"] == "http.disconnect":
        raise CallerLeft
    body: bytes | AsyncIterator[bytes] | None = message.get("body", b"")
    if message.get("more_body"):
        body = _rest(message["body"], receive)
    elif value_of(headers, b"content-length") is None:
        body = None
    return Request(method=scope["method"].encode(), target=target, headers=headers, body=body)


async def _rest(first: bytes, receive: Receive) -> AsyncIterator[bytes]:
    yield first
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerLeft
        yield message.get("body", b"")
        more = message.get("more_body", False)


async def _answer_away(send: Send) -> None:
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_AWAY)).encode()),
        (b"retry-after", b"1"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _AWAY})
