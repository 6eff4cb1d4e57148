"""One connection to an upstream: at most one exchange at a time, parsed by httptools as the bytes come in."""

import asyncio
import math
import ssl
from collections.abc import AsyncIterator
from typing import Protocol, cast

import httptools

from quarterdeck.gateway.transport.errors import (
    ConnectionReset,
    FirstByteTimeout,
    IdleTimeout,
    ProtocolError,
    TlsFailed,
    TotalTimeout,
    Truncated,
    UnsafeRequest,
    UpstreamError,
)
from quarterdeck.gateway.transport.head import CHUNKED
from quarterdeck.gateway.transport.messages import Headers, Request, Timeouts
from quarterdeck.gateway.transport.response import Response

MOST_HEAD_BYTES = 64 * 1024
"""Of an answer's head with its 1xx forerunners, and of anything else that is not body, such as trailers."""
MOST_HEADERS = 256
STALE_WINDOW_S = 1.0
"""A kept connection that breaks later than this after a request was written was not stale: the upstream had begun."""
_JOIN_BELOW = 64 * 1024


class Home(Protocol):
    """The pool, as its connections see it."""

    max_idle_s: float

    def release(self, connection: "Connection") -> None: ...

    def lost(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """Owned by a pool; hands itself back after a clean message and removes itself after anything else.

    All time-outs share one timer, which is moved only when it would fire too late: it costs nothing per request.
    """

    __slots__ = (
        "_complete",
        "_due_at",
        "_exchanges",
        "_headers",
        "_home",
        "_interim",
        "_is_head",
        "_keep",
        "_last_at",
        "_loop",
        "_overhead",
        "_parser",
        "_pump",
        "_reading_paused",
        "_reason",
        "_request_done",
        "_response",
        "_rest_until",
        "_sent_at",
        "_started",
        "_stray",
        "_timeouts",
        "_timer",
        "_total_at",
        "_transport",
        "_upgrade",
        "_waiter",
        "_writable",
        "_write_left",
        "address",
        "closed",
        "stale",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, home: Home, address: str) -> None:
        self._loop = loop
        self._home = home
        self.address = address
        self.closed = False
        self.stale = False
        """The last exchange broke because the upstream had already dropped this kept connection."""
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._exchanges = 0
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = math.inf
        self._rest_until = math.inf
        self._response: Response | None = None
        self._waiter: asyncio.Future[Response] | None = None
        self._pump: asyncio.Task[None] | None = None
        self._writable: asyncio.Future[None] | None = None
        self._reading_paused = False
        self._timeouts = Timeouts()
        self._reset()

    def _reset(self) -> None:
        self._headers: Headers = []
        self._reason = b""
        self._overhead = 0
        self._started = False
        self._interim = False
        self._complete = False
        self._keep = False
        self._stray = False

    # The exchange, as the pool's user sees it.

    def start(
        self, request: Request, head: bytes, length: int, timeouts: Timeouts, total_at: float, *, upgrade: bool = False
    ) -> "asyncio.Future[Response]":
        """Sends the request; the future yields the answer once its head is there."""
        loop = self._loop
        transport = self._transport
        assert transport is not None
        self._reset()
        self._exchanges += 1
        self._response = Response(loop, self, reused=self._exchanges > 1)
        self._waiter = waiter = loop.create_future()
        self._timeouts = timeouts
        self._total_at = total_at
        self._is_head = request.method == b"HEAD"
        self._upgrade = upgrade
        self._sent_at = self._last_at = now = loop.time()
        body = request.body
        self._request_done = True
        if not body:
            transport.write(head)
        elif isinstance(body, bytes):
            if len(body) < _JOIN_BELOW:
                transport.write(head + body)
            else:
                transport.write(head)
                transport.write(body)
        else:
            self._request_done = False
            transport.write(head)
            self._pump = loop.create_task(self._send_body(body, length))
        if self._request_done and self._writable is None:
            self._arm(now + timeouts.first_byte_s)
        self._arm(total_at)
        return waiter

    def resume(self) -> None:
        if self._reading_paused and self._transport is not None and not self.closed:
            self._reading_paused = False
            self._last_at = self._loop.time()
            self._transport.resume_reading()

    def abandon(self) -> None:
        """Nobody waits for this exchange any more."""
        self._response = None
        self._waiter = None
        self.close()

    def withdraw(self, waiter: "asyncio.Future[Response]") -> None:
        """Whoever waited for `waiter` was cancelled. The exchange may be over, and the connection somebody else's."""
        if self._waiter is waiter:
            self.abandon()
        elif not waiter.cancelled() and waiter.done() and waiter.exception() is None:
            waiter.result().abort()

    def close(self) -> None:
        """Closes at once and leaves the pool. Safe to repeat."""
        if self.closed:
            return
        self.closed = True
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _leave(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due_at = math.inf
        if self._pump is not None:
            self._pump.cancel()
        self._home.lost(self)

    def usable(self) -> bool:
        """Whether it can carry another exchange, as far as can be known without trying."""
        return not self.closed and self._transport is not None and not self._transport.is_closing()

    def rest(self) -> None:
        """Kept for the next one, for so long."""
        self._rest_until = until = self._loop.time() + self._home.max_idle_s
        self._arm(until)

    # The request's body.

    async def _send_body(self, body: AsyncIterator[bytes], length: int) -> None:
        try:
            await self._write_all(body, length)
        except asyncio.CancelledError:
            raise
        except Exception as error:
            # The caller's own iterator failed: the caller gets its own exception back.
            self._fail(error)
            return
        finally:
            self._pump = None
        self._request_done = True
        self._sent_at = self._loop.time()
        self._arm(self._sent_at + self._timeouts.first_byte_s)

    async def _write_all(self, body: AsyncIterator[bytes], length: int) -> None:
        transport = self._transport
        assert transport is not None
        left = length
        async for piece in body:
            if not piece:
                continue
            if length == CHUNKED:
                transport.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            else:
                left -= len(piece)
                if left < 0:
                    raise UnsafeRequest(f"The body is longer than its content-length, {length}.", sent=True)
                transport.write(piece)
            if self._writable is not None:
                await self._writable
        if length == CHUNKED:
            transport.write(b"0\r\n\r\n")
        elif left:
            raise UnsafeRequest(f"The body is {left} bytes shorter than its content-length, {length}.", sent=True)

    def pause_writing(self) -> None:
        assert self._transport is not None
        self._writable = self._loop.create_future()
        self._write_left = self._transport.get_write_buffer_size()
        self._sent_at = self._loop.time()
        self._arm(self._sent_at + self._timeouts.idle_s)

    def resume_writing(self) -> None:
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
        self._sent_at = self._loop.time()
        if self._response is not None and self._request_done:
            self._arm(self._sent_at + self._timeouts.first_byte_s)

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._response is None:
            # Nobody asked. Whatever it says, it cannot be matched to a request.
            self.close()
            return
        self._overhead += len(data)
        self._last_at = now = self._loop.time()
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._hand_over(data[upgrade.args[0] :])
            return
        except httptools.HttpParserError as error:
            if not self._complete:
                known = error.__context__
                self._fail(known if isinstance(known, UpstreamError) else _garbage(error))
                return
            self._stray = True
        if self._complete:
            self._finish()
        elif self._overhead > MOST_HEAD_BYTES:
            self._fail(ProtocolError(f"More than {MOST_HEAD_BYTES} bytes of headers.", sent=True))
        elif self._response is not None and self._response.status:
            self._arm(now + self._timeouts.idle_s)

    def eof_received(self) -> bool:
        response = self._response
        if response is None:
            self.close()
        elif response.status and _ends_with_connection(response.headers):
            self._finish()
        else:
            self._fail(self._closed_early())
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        if self._response is not None:
            self._fail(self._closed_early() if exc is None else self._translated(exc))
        if not self.closed:
            self.closed = True
            self._leave()
        self.resume_writing()

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._complete:
            self._stray = True
        self._started = True

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        headers, response = self._headers, self._response
        if self._complete or response is None:
            return
        status = self._parser.get_status_code()
        if len(headers) > MOST_HEADERS:
            raise ProtocolError(f"More than {MOST_HEADERS} headers.", sent=True)
        if self._overhead > MOST_HEAD_BYTES and sum(len(n) + len(v) + 4 for n, v in headers) > MOST_HEAD_BYTES:
            raise ProtocolError(f"More than {MOST_HEAD_BYTES} bytes of headers.", sent=True)
        if status < 200 and not (status == 101 and self._upgrade):
            if status < 100 or status == 101:
                raise ProtocolError(f"The upstream answered {status}, which was not asked for.", sent=True)
            self._interim = True
            return
        for name, value in headers:
            if name == b"transfer-encoding" and value.lower() != b"chunked":
                raise ProtocolError(f"The upstream answered in transfer-encoding {value!r}.", sent=True)
        self._overhead = 0
        response.status = status
        response.reason = self._reason
        response.headers = headers
        self._headers = response.trailers
        if self._is_head:
            self._end_of_message()
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def on_body(self, data: bytes) -> None:
        self._overhead = 0
        response = self._response
        if self._complete or response is None:
            self._stray = True
        elif response.push(data) and not self._reading_paused and self._transport is not None:
            self._reading_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
            self._headers = []
            self._reason = b""
        elif not self._complete:
            self._end_of_message()

    def _end_of_message(self) -> None:
        self._complete = True
        self._keep = self._parser.should_keep_alive()

    # The end of an exchange, good or bad.

    def _finish(self) -> None:
        response, self._response = self._response, None
        self._waiter = None
        assert response is not None
        keep = self._keep and not self._stray and self._request_done and self._writable is None
        if keep and not self.closed:
            if self._is_head:
                # The parser cannot be told that this answer had no body.
                self._parser = httptools.HttpResponseParser(self)
            self.resume()
            self._home.release(self)
        response.end()
        if not keep:
            self.close()

    def _fail(self, error: BaseException) -> None:
        response, self._response = self._response, None
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        elif response is not None:
            response.break_off(error)
        self.close()

    def _hand_over(self, rest: bytes) -> None:
        """After 101 the connection speaks something else and belongs to whoever asked for that."""
        response, self._response = self._response, None
        transport, self._transport = self._transport, None
        assert response is not None and transport is not None
        self.closed = True
        self._leave()
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if rest:
            reader.feed_data(rest)
        response.upgraded = (reader, asyncio.StreamWriter(transport, protocol, reader, self._loop))
        response.end()

    def _closed_early(self) -> UpstreamError:
        if self._started:
            return Truncated("The upstream closed the connection before its answer ended.", sent=True)
        self._note_stale()
        return ConnectionReset("The upstream closed the connection without an answer.", sent=True)

    def _translated(self, error: Exception) -> UpstreamError:
        if isinstance(error, ssl.SSLError):
            return TlsFailed(f"TLS broke: {error}.", sent=True)
        if not self._started:
            self._note_stale()
        return ConnectionReset(f"The connection broke: {error}.", sent=True)

    def _note_stale(self) -> None:
        self.stale = self._exchanges > 1 and self._loop.time() - self._last_at < STALE_WINDOW_S

    # Time.

    def _arm(self, when: float) -> None:
        if when >= self._due_at or self.closed:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_at = when
        self._timer = self._loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._due_at = math.inf
        now = self._loop.time()
        if self._response is None:
            if now >= self._rest_until:
                self.close()
            self._arm(self._rest_until)
            return
        when, error = self._patience(now)
        if when <= now:
            self._fail(error)
        elif self._total_at <= now:
            self._fail(TotalTimeout("The exchange took too long.", sent=True))
        else:
            self._arm(min(when, self._total_at))

    def _patience(self, now: float) -> tuple[float, UpstreamError]:
        """Until when to wait for what is awaited now, and what to say then."""
        response, timeouts = self._response, self._timeouts
        if response is not None and response.status:
            since = now if self._reading_paused else self._last_at
            return since + timeouts.idle_s, IdleTimeout("The answer stopped arriving.", sent=True)
        if self._writable is not None and self._transport is not None:
            left = self._transport.get_write_buffer_size()
            if left != self._write_left:
                self._write_left, self._sent_at = left, now
            return self._sent_at + timeouts.idle_s, IdleTimeout("The upstream stopped reading.", sent=True)
        since = self._sent_at if self._request_done else math.inf
        return since + timeouts.first_byte_s, FirstByteTimeout("No answer in time.", sent=True)


def _garbage(error: Exception) -> ProtocolError:
    return ProtocolError(f"The upstream does not speak HTTP as it should: {error}.", sent=True)


def _ends_with_connection(headers: Headers) -> bool:
    """Whether the body's only end is that of the connection (RFC 9112, 6.3)."""
    return not any(name in {b"content-length", b"transfer-encoding"} for name, _ in headers)
