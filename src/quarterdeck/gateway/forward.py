"""Every path that is no model path goes to the control process, over a local socket, as to any upstream."""

import asyncio
from collections.abc import Sequence

from quarterdeck.gateway.caller_address import Network, caller
from quarterdeck.gateway.headers import value_of
from quarterdeck.gateway.lever import Lever
from quarterdeck.gateway.server import CallerLeft, Exchange
from quarterdeck.gateway.transport import HOP_BY_HOP, Origin, Request, Response, Timeouts, Transport, UpstreamError

_DAY_S = 86_400.0
_TIMEOUTS = Timeouts(connect_s=2.0, first_byte_s=120.0, idle_s=_DAY_S, total_s=_DAY_S)
_AWAY = (
    b'{"type":"about:blank","title":"Service Unavailable","status":503,"code":"control_away",'
    b'"detail":"The control process is starting or restarting. Model calls go on; this page will be back in a moment."}'
)
_UNSAFE = (
    b'{"type":"about:blank","title":"Bad Request","status":400,"code":"request_unsafe",'
    b'"detail":"The request\'s framing headers contradict each other, so it was not passed on."}'
)
_AWAY_HEADERS = [(b"content-type", b"application/problem+json"), (b"retry-after", b"1")]
_REPLACED = HOP_BY_HOP | {b"x-forwarded-for", b"x-forwarded-proto", b"forwarded"}
_MAX_TEXT = 16 * 1024 * 1024


class Forwarder:
    """A reverse proxy to one local socket."""

    def __init__(self, transport: Transport, socket_path: str, trusted: Sequence[Network] = ()) -> None:
        """`trusted`: where proxies stand that are believed whom they speak for."""
        self._transport = transport
        self._trusted = trusted
        self._origin = Origin(scheme="http", host="control", port=80, uds=socket_path)

    async def __call__(self, exchange: Exchange, path: bytes | None = None) -> None:
        """`path` is asked for in place of the caller's."""
        lever = Lever()
        exchange.on_gone = lever.pull
        response: Response | None = None
        try:
            response = await self._transport.send(
                self._origin, _request(exchange, path or exchange.raw_path, self._trusted), _TIMEOUTS
            )
            headers = [pair for pair in response.headers if pair[0] not in HOP_BY_HOP]
            exchange.start(response.status, headers)
            while (chunk := await response.chunk()) is not None:
                await exchange.write(chunk)
            exchange.finish()
        except UpstreamError as error:
            if exchange.begun:
                exchange.break_off()
            elif error.status == 400:
                exchange.respond(400, _AWAY_HEADERS[:1], _UNSAFE)
            else:
                exchange.respond(503, _AWAY_HEADERS, _AWAY)
        except CallerLeft:
            pass
        except asyncio.CancelledError:
            if not lever.pulled:
                raise
            lever.understood()
        finally:
            lever.release()
            if response is not None:
                response.abort()

    async def text(self, path: str) -> bytes | None:
        """The body of a GET of control's, when it answers 200."""
        try:
            response = await self._transport.send(self._origin, Request(b"GET", path.encode(), []), _TIMEOUTS)
            body = await response.read(_MAX_TEXT)
        except UpstreamError:
            return None
        return body if response.status == 200 else None


def _request(exchange: Exchange, path: bytes, trusted: Sequence[Network]) -> Request:
    headers = [pair for pair in exchange.headers if pair[0] not in _REPLACED]
    scheme = exchange.scheme
    if exchange.client is not None:
        who = caller(exchange.client[0], scheme, exchange.headers, trusted)
        headers.append((b"x-forwarded-for", who.address.encode()))
        scheme = who.scheme
    headers.append((b"x-forwarded-proto", scheme.encode()))
    target = path + b"?" + exchange.query if exchange.query else path
    length = value_of(headers, b"content-length")
    chunked = value_of(exchange.headers, b"transfer-encoding") is not None
    body = exchange.stream() if chunked or length not in (None, b"0") else None
    return Request(exchange.method, target, headers, body)
