"""One caller's connection: requests come in, wait for their turn, are answered in order."""

import asyncio
import contextlib
import math
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import cast

from quarterdeck.gateway.server.alarm import Alarm
from quarterdeck.gateway.server.errors import CallerLeft
from quarterdeck.gateway.server.exchange import Exchange
from quarterdeck.gateway.server.handing_over import handed_over
from quarterdeck.gateway.server.handling import handled
from quarterdeck.gateway.server.home import Home, Known
from quarterdeck.gateway.server.refusal import (
    BadRequest,
    crowded,
    last_answer,
    pipelined_too_many,
    slow_body,
    slow_head,
)
from quarterdeck.gateway.server.request import Head, RequestParser


class Connection(asyncio.Protocol):
    """Belongs to a server."""

    __slots__ = (
        "_alarm",
        "_client",
        "_current",
        "_handed_over",
        "_head",
        "_head_since",
        "_heard_at",
        "_held",
        "_held_at",
        "_home",
        "_last_words",
        "_parser",
        "_piece",
        "_queue",
        "_reading_paused",
        "_receiving",
        "_transport",
        "_until",
        "_unwritten",
        "_writable",
        "_written_at",
        "full",
        "limits",
        "loop",
        "stopping",
    )

    def __init__(self, home: Home) -> None:
        self._home = home
        self.loop = home.loop
        self.limits = home.limits
        self.full = False
        self.stopping = home.stopping
        self._parser = RequestParser(self, home.limits)
        self._transport: asyncio.Transport | None = None
        self._handed_over: asyncio.Transport | None = None
        """It speaks something else now, to somebody else; only the end of the server still reaches it."""
        self._current: Exchange | None = None
        """Being answered, or answered while the rest of its body is on its way."""
        self._receiving: Exchange | None = None
        """Whose body is coming in."""
        self._queue: list[Exchange] = []
        self._last_words: BadRequest | None = None
        """Said once everything before it is answered; nothing is read any more."""
        self._head = b""
        """An answer's head that waits for the end of this iteration of the loop."""
        self._piece = b""
        """What a request began with, until that is in the parser."""
        self._held = b""
        """The head of a request that is known, and waits a moment for its body before it is read."""
        self._held_at = 0.0
        self._reading_paused = False
        self._writable: asyncio.Future[None] | None = None
        self._alarm = Alarm(home.loop, self._patience)
        self._until = math.inf
        """Closed, or lingering: aborted then at the latest."""

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._client = (peer[0], peer[1]) if isinstance(peer, tuple) else None
        if self._client is not None:
            # The event loops do so only for some sockets. One that was reset already may refuse.
            with contextlib.suppress(OSError):
                transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._transport.set_write_buffer_limits(high=self.limits.unwritten)
        self._head_since = self._heard_at = self._written_at = now = self.loop.time()
        if self._home.opened(self):
            self._alarm.at(now + self.limits.head_s)
        else:
            self._refuse(crowded())

    def data_received(self, data: bytes) -> None:
        if self._until != math.inf or self._last_words is not None:
            return
        if self._current is None and self._receiving is None and not self._parser.in_head:
            if self._held:
                data, self._held = self._held + data, b""
            known = self._home.known
            if known is not None and len(data) <= known.biggest:
                if known and not self.full and not self.stopping and self._knows(known, data):
                    return
                self._piece = data
        self._read(data)

    def _read(self, data: bytes) -> None:
        try:
            self._parser.feed(data)
        except BadRequest as refusal:
            self._refuse(refusal)
            return
        if self._receiving is not None:
            self._heard_at = self.loop.time()
            self.balance()
        elif self._queue:
            self.balance()
        if self._parser.in_head and self._current is None:
            self._await_head()

    def eof_received(self) -> bool:
        """A caller who says that it will send no more while it awaits an answer is taken to have left."""
        self._leave()
        if self._until == math.inf:
            self._until = self.loop.time() + self.limits.stall_s
            self._alarm.at(self._until)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()
        self._until = -math.inf
        self._alarm.stop()
        self.resume_writing()
        self._transport = None
        self._parser.close()
        self._home.closed(self)

    def pause_writing(self) -> None:
        self.full = True
        self._unwritten = -1
        self._written_at = self.loop.time()
        self._alarm.at(self._written_at + self.limits.stall_s)

    def resume_writing(self) -> None:
        self.full = False
        writable, self._writable = self._writable, None
        if writable is not None and not writable.done():
            writable.set_result(None)
        if self._queue and self._current is None:
            self._next()

    # What the parser calls.

    def begin(self, head: Head) -> None:
        exchange = Exchange(self, head, self._client, self._piece)
        self._receiving, self._piece = exchange, b""
        self._head_since = math.inf
        if self._until != math.inf:
            return
        if self._current is None and not self.full:
            self._serve(exchange)
        else:
            self._queue.append(exchange)
            if len(self._queue) > self.limits.pipelined:
                raise pipelined_too_many(self.limits.pipelined)

    def take(self, data: bytes) -> None:
        assert self._receiving is not None
        self._receiving.take(data)

    def end(self) -> None:
        exchange, self._receiving = self._receiving, None
        assert exchange is not None
        exchange.complete()
        if exchange.finished and exchange is self._current:
            self._next()

    # What exchanges call.

    def send(self, data: bytes) -> None:
        if self._head:
            data = self._head + data
            self._head = b""
        if self._transport is not None:
            self._transport.write(data)

    def send_soon(self, data: bytes) -> None:
        self._head = data
        self.loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._head:
            self.send(b"")

    async def drained(self) -> None:
        while self.full:
            if self._writable is None:
                self._writable = self.loop.create_future()
            await self._writable

    def balance(self) -> None:
        receiving = self._receiving
        much = bool(self._queue) or (receiving is not None and receiving.unread > self.limits.unread)
        if much != self._reading_paused and self._until == math.inf:
            self._pause_reading(much)

    def awaits(self) -> None:
        self._heard_at = now = self.loop.time()
        self._alarm.at(now + self.limits.stall_s)

    def answered(self, exchange: Exchange, *, close: bool) -> None:
        if self._head:
            self.send(b"")
        if close or self.stopping:
            self._close()
        elif exchange.arrived:
            self._next()
        else:
            self.balance()
            self.awaits()

    def hand_over(self, last: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        transport, self._transport = self._transport, None
        if transport is None:
            raise CallerLeft
        self._handed_over = transport
        self._until = -math.inf
        self._alarm.stop()
        transport.write(self._head + last)
        self._head = b""
        if self._reading_paused:
            transport.resume_reading()
        return handed_over(transport, self.loop, partial(self._home.closed, self))

    def cut(self, *, reset: bool) -> None:
        if self._head:
            self.send(b"")
        if not reset:
            self._close()
        elif self._transport is not None:
            with contextlib.suppress(OSError):
                sock = self._transport.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.abort()

    def abort(self) -> None:
        self._until = -math.inf
        transport = self._transport or self._handed_over
        if transport is not None:
            transport.abort()

    # What the server calls.

    def stop(self) -> None:
        """Closes when nothing is being answered, else after that answer."""
        self.stopping = True
        if self._held:
            self._read_held()
        if self._current is None or self._current.finished:
            self._close()

    # Requests that are known.

    def _knows(self, known: Known, data: bytes) -> bool:
        """Whether no more is to be done for now with what a request begins with."""
        if known.begins(data):
            self._held, self._held_at = data, self.loop.time()
            self._alarm.at(self._held_at + self.limits.hold_s)
            return True
        answer = known.answer(data)
        if answer is None or self._transport is None:
            return False
        self._transport.write(answer)
        self._head_since, self._heard_at = math.inf, self.loop.time()
        self._alarm.at(self._heard_at + self.limits.idle_s)
        return True

    def _read_held(self) -> None:
        """Its body is not here in time, so it is read as any other."""
        self._piece, self._held = self._held, b""
        self._read(self._piece)

    # Turns.

    def _serve(self, exchange: Exchange) -> None:
        self._current = exchange
        self._home.open.add(exchange)
        # With a name of its own: else each is given another one, which costs half a percent of a call.
        exchange.task = asyncio.Task(handled(exchange, self._home), loop=self.loop, name="exchange")

    def _next(self) -> None:
        """The turn of the next request, or rest."""
        self._current = None
        if self._queue:
            # A caller who does not read its answers gets no further ones.
            if not self.full:
                self._serve(self._queue.pop(0))
                self.balance()
        elif self._last_words is not None:
            self._refuse(self._last_words)
        else:
            self._heard_at = now = self.loop.time()
            if self._parser.in_head:
                self._await_head()
            else:
                self._alarm.at(now + self.limits.idle_s)

    def _await_head(self) -> None:
        if self._head_since == math.inf:
            self._head_since = now = self.loop.time()
            self._alarm.at(now + self.limits.head_s)

    def _refuse(self, refusal: BadRequest) -> None:
        """Tells the caller why nothing more is read from it, in its turn."""
        if self._until != math.inf:
            return
        self._last_words = refusal
        exchange, broken = self._current, self._receiving
        if self._queue and self._queue[-1] is broken:
            self._queue.pop()
        if self._queue or (exchange is not None and exchange is not broken and not exchange.finished):
            return
        if exchange is not None and exchange.begun:
            if exchange.finished:
                self._close()
            else:
                self.abort()
            return
        if exchange is not None:
            exchange.leave()
        self.send(last_answer(refusal))
        self._close()

    def _leave(self) -> None:
        """The caller is gone, and with it everything it asked for."""
        exchange = self._current
        if exchange is not None and not exchange.finished:
            exchange.leave()
        for waiting in self._queue:
            waiting.leave()
        self._queue.clear()

    def _close(self) -> None:
        """Closes once what is written has gone out. A caller that still sends gets to read that before it is reset."""
        transport = self._transport
        if self._until != math.inf or transport is None:
            return
        if self._receiving is None and self._last_words is None:
            self._until = self.loop.time() + self.limits.stall_s
            transport.close()
        else:
            self._until = self.loop.time() + self.limits.linger_s
            try:
                transport.write_eof()
            except OSError:
                # It was reset, and the event loop has not noticed yet.
                self.abort()
                return
            if self._reading_paused:
                self._pause_reading(False)
        self._alarm.at(self._until)

    def _pause_reading(self, pause: bool) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        self._reading_paused = pause
        if pause:
            transport.pause_reading()
        else:
            transport.resume_reading()

    # Time.

    def _patience(self) -> tuple[float, Callable[[], None]]:
        """Until when to wait for what the caller owes us now, and what to do then."""
        limits = self.limits
        if self._until != math.inf:
            return self._until, self.abort
        if self.full and self._transport is not None:
            left = self._transport.get_write_buffer_size()
            if left != self._unwritten:
                self._unwritten, self._written_at = left, self.loop.time()
            return self._written_at + limits.stall_s, self.abort
        if self._current is None:
            return self._patience_at_rest()
        if self._receiving is not None and self._receiving.awaited:
            return self._heard_at + limits.stall_s, self._end_slow_body
        return math.inf, self.abort

    def _patience_at_rest(self) -> tuple[float, Callable[[], None]]:
        if self._held:
            return self._held_at + self.limits.hold_s, self._read_held
        if self._head_since != math.inf:
            return self._head_since + self.limits.head_s, self._end_slow_head
        return self._heard_at + self.limits.idle_s, self._close

    def _end_slow_head(self) -> None:
        if self._parser.in_head:
            self._refuse(slow_head())
        else:
            self._close()

    def _end_slow_body(self) -> None:
        self._refuse(slow_body())
