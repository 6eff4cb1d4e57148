"""One connection to an upstream: at most one exchange at a time, parsed by httptools as the bytes come in."""

import asyncio
import math
import select
import ssl
from collections.abc import AsyncIterator
from typing import Protocol, cast

from quarterdeck.gateway.transport.answer import AnswerParser
from quarterdeck.gateway.transport.errors import (
    ConnectionReset,
    FirstByteTimeout,
    IdleTimeout,
    TlsFailed,
    TotalTimeout,
    Truncated,
    UnsafeRequest,
    UpstreamError,
)
from quarterdeck.gateway.transport.head import CHUNKED
from quarterdeck.gateway.transport.messages import Request, Timeouts
from quarterdeck.gateway.transport.response import Response
from quarterdeck.kernel import faults

_JOIN_BELOW = 64 * 1024


class Home(Protocol):
    """The pool, as its connections see it."""

    max_idle_s: float
    stale_window_s: float
    """A kept connection that breaks later than this after a request was not stale: the upstream had begun on it."""
    buffer: memoryview
    """Where its connections read into, one at a time: what is read is consumed before the call returns."""

    def release(self, connection: "Connection") -> None: ...

    def lost(self, connection: "Connection") -> None: ...

    def gone(self, connection: "Connection") -> None: ...


class Connection(asyncio.BufferedProtocol):
    """Owned by a pool; hands itself back after a clean message and removes itself after anything else.

    All time-outs share one timer, which is moved only when it would fire too late: it costs nothing per request.
    """

    __slots__ = (
        "_due_at",
        "_exchanges",
        "_home",
        "_last_at",
        "_loop",
        "_parser",
        "_pump",
        "_reading_paused",
        "_request_done",
        "_response",
        "_rest_until",
        "_sent_at",
        "_timeouts",
        "_timer",
        "_total_at",
        "_transport",
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
        self._parser = AnswerParser()
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

    # The exchange, as the pool's user sees it.

    def start(
        self, request: Request, head: bytes, length: int, timeouts: Timeouts, total_at: float, *, upgrade: bool = False
    ) -> "asyncio.Future[Response]":
        """Sends the request; the future yields the answer once its head is there."""
        loop = self._loop
        transport = self._transport
        assert transport is not None
        self._exchanges += 1
        self._response = response = Response(loop, self, reused=self._exchanges > 1)
        self._parser.begin(response, is_head=request.method == b"HEAD", upgrade=upgrade)
        self._waiter = waiter = loop.create_future()
        self._timeouts = timeouts
        self._total_at = total_at
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
            self._reading_paused = self._parser.full = False
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

    def quiet(self) -> bool:
        """Whether the socket has nothing to say, not even goodbye. Costs a system call."""
        assert self._transport is not None
        watch = select.poll()
        watch.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not watch.poll(0)

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
        except Exception as error:
            # The caller's own iterator failed: the caller gets its own exception back.
            self._pump = None
            self._fail(error)
            return
        finally:
            close = getattr(body, "aclose", None)
            if close is not None:
                await close()
        self._pump = None
        self._request_done = True
        self._sent_at = self._last_at = now = self._loop.time()
        self._arm(now + min(self._timeouts.first_byte_s, self._timeouts.idle_s))

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

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._home.buffer

    def buffer_updated(self, nbytes: int) -> None:
        response, parser = self._response, self._parser
        if response is None:
            # Nobody asked. Whatever it says, it cannot be matched to a request.
            self.close()
            return
        data = self._home.buffer[:nbytes]
        self._last_at = now = self._loop.time()
        try:
            parser.feed(data)
        except UpstreamError as error:
            self._fail(error)
            return
        if response.status:
            waiter, self._waiter = self._waiter, None
            if waiter is not None:
                if waiter.done():
                    # Cancelled a moment ago; its owner has yet to notice.
                    self.abandon()
                    return
                waiter.set_result(response)
        if parser.upgraded_at is not None:
            self._hand_over(bytes(data[parser.upgraded_at :]))
        elif parser.complete:
            self._finish()
        elif response.status:
            self._arm(now + self._timeouts.idle_s)
            if parser.full and not self._reading_paused and self._transport is not None:
                self._reading_paused = True
                self._transport.pause_reading()

    def eof_received(self) -> bool:
        if self._response is None:
            self.close()
        elif self._parser.ends_with_connection():
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
        self._home.gone(self)

    # The end of an exchange, good or bad.

    def _finish(self) -> None:
        response, self._response = self._response, None
        self._waiter = None
        assert response is not None
        response.end()
        if self._request_done and self._writable is None and self._parser.reusable():
            self.resume()
            self._home.release(self)
        else:
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
        self._home.gone(self)
        reader = asyncio.StreamReader(loop=self._loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=self._loop)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        if rest:
            reader.feed_data(rest)
        response.upgraded = (reader, asyncio.StreamWriter(transport, protocol, reader, self._loop))
        response.end()

    def _closed_early(self) -> UpstreamError:
        if self._parser.started:
            return Truncated("The upstream closed the connection before its answer ended.", sent=True)
        self._note_stale()
        return ConnectionReset("The upstream closed the connection without an answer.", sent=True)

    def _translated(self, error: Exception) -> UpstreamError:
        if not self._parser.started:
            self._note_stale()
        if isinstance(error, ssl.SSLError):
            return TlsFailed(f"TLS broke: {faults.why(error)}", sent=True)
        return ConnectionReset(f"The connection broke: {faults.why(error)}", sent=True)

    def _note_stale(self) -> None:
        self.stale = self._exchanges > 1 and self._loop.time() - self._last_at < self._home.stale_window_s

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
        heard_at = now if self._reading_paused else self._last_at
        if self._writable is not None and self._transport is not None:
            left = self._transport.get_write_buffer_size()
            if left != self._write_left:
                self._write_left, self._sent_at = left, now
            moved_at = max(heard_at, self._sent_at)
            return moved_at + timeouts.idle_s, IdleTimeout("The upstream stopped reading.", sent=True)
        if response is not None and response.status:
            return heard_at + timeouts.idle_s, IdleTimeout("The answer stopped arriving.", sent=True)
        since = self._sent_at if self._request_done else math.inf
        return since + timeouts.first_byte_s, FirstByteTimeout("No answer in time.", sent=True)
