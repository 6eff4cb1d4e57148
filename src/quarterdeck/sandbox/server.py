"""The sandbox on a port: HTTP/1.1 on asyncio transports, because some faults no HTTP server would commit.

A connection plays one performance at a time: it sends what is due, and asks the loop to call it again for the rest.
"""

import asyncio
import contextlib
import signal
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import cast

import httptools
import uvloop

from quarterdeck.sandbox.admin import administer
from quarterdeck.sandbox.replies import Ending, Wire, wire_of
from quarterdeck.sandbox.requests import Received
from quarterdeck.sandbox.sandbox import Performance, Sandbox

_RESET_DELAY_S = 0.02  # a reset overtakes bytes still on their way
_MEMORIZED = 8 * 1024
_RST = struct.pack("ii", 1, 0)


class Server:
    """A listening sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.connections: set[_Connection] = set()
        self.received = 0
        self._listener: asyncio.Server | None = None
        self._host = ""
        self._port = 0

    @property
    def url(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"http://{host}:{self._port}"

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Port 0 takes a free one. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: _Connection(self, loop), host, port, backlog=2048)
        self._host, self._port = self._listener.sockets[0].getsockname()[:2]

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.close()
            for connection in list(self.connections):
                connection.abort()
            await self._listener.wait_closed()


@contextlib.asynccontextmanager
async def running(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    speed: float = 1.0,
    seed: int = 0,
    keep: int = 1000,
    corpus: Path | None = None,
) -> AsyncIterator[Server]:
    """A sandbox on this event loop, for a test: `async with running() as server: … server.url`."""
    server = Server(Sandbox(speed=speed, seed=seed, keep=keep, corpus=corpus))
    await server.start(host, port)
    try:
        yield server
    finally:
        await server.stop()


def serve(
    host: str = "127.0.0.1",
    port: int = 9001,
    *,
    speed: float = 1.0,
    seed: int = 0,
    keep: int = 1000,
    corpus: Path | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. `ready` is called with the URL once it listens.

    `keep` is how many requests are remembered (0: none, which is faster). Raises OSError when the port is taken.
    """

    async def main() -> None:
        loop = asyncio.get_running_loop()
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stopped.set)
        async with running(host, port, speed=speed, seed=seed, keep=keep, corpus=corpus) as server:
            if ready is not None:
                ready(server.url)
            await stopped.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


class _Connection(asyncio.Protocol):
    """One client connection. Pipelined requests are answered in their order."""

    def __init__(self, server: Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._sandbox = server.sandbox
        self._loop = loop
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._waiting: deque[tuple[str, str, list[tuple[bytes, bytes]], bytes, bool]] = deque()
        self._busy = False
        self._timer: asyncio.TimerHandle | None = None
        self._performance: Performance
        self._sent = 0
        self._paused = False
        self._request: Received | None = None
        self._target = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._body: list[bytes] = []
        self._keep_alive = True
        self._reading = False
        """In the middle of a request."""
        self._raw: bytes | None = None
        """What came last, when it began a request: if it is the whole of one, it may be memorized."""

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but its base class
        self._server.connections.add(self)

    def data_received(self, data: bytes) -> None:
        if self._busy or self._reading:
            self._raw = None
        else:
            answer = self._sandbox.memo.get(data)
            if answer is not None:
                self._transport.write(answer)
                return
            self._raw = data
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._request is not None:
            self._request.end("client_left")

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        if self._busy and self._timer is None:
            self._send()

    def abort(self) -> None:
        self._transport.abort()

    # httptools' side

    def on_message_begin(self) -> None:
        self._reading = True
        self._target, self._headers, self._body = b"", [], []

    def on_url(self, url: bytes) -> None:
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        self._headers.append((name, value))
        if name == b"expect":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        self._reading = False
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        method = self._parser.get_method().decode()
        request = (method, self._target.decode("latin-1"), self._headers, body, self._parser.should_keep_alive())
        if self._busy:
            self._waiting.append(request)
        else:
            self._begin(*request)

    # playing

    def _begin(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes, keep_alive: bool
    ) -> None:
        self._busy, self._sent, self._keep_alive = True, 0, keep_alive
        sandbox = self._sandbox
        if target.startswith("/sandbox/"):
            self._request = None
            self._performance = Performance(wire_of(administer(sandbox, method, target, body)), None)
        else:
            plan = sandbox.plan(method, target, headers, body)
            self._request = self._remember(method, target, headers, body, plan.source) if sandbox.log.keep else None
            self._performance = sandbox.perform(plan, self._request)
            if self._raw is not None and keep_alive and _is_one(self._raw, body):
                sandbox.memorize(self._raw, plan)
        if self._performance.waits_ms is None:
            self._transport.write(self._performance.wire.joined)
            self._sent = len(self._performance.wire.sends)
            self._end(self._performance.wire)
        else:
            self._wait()

    def _remember(
        self, method: str, target: str, headers: list[tuple[bytes, bytes]], body: bytes, source: str
    ) -> Received:
        self._server.received += 1
        request = Received(self._server.received, time.time(), method, target, headers, body, source)
        self._sandbox.log.add(request)
        return request

    def _wait(self) -> None:
        """Send what is due now, and come back when the next piece is."""
        waits = self._performance.waits_ms or ()
        wait = waits[self._sent]
        if wait > 0:
            self._timer = self._loop.call_later(wait / 1000 / self._sandbox.speed, self._due)
        else:
            self._send()

    def _due(self) -> None:
        self._timer = None
        if not self._paused:
            self._send()

    def _send(self) -> None:
        """The next piece, and every further one that has no wait before it."""
        wire, waits = self._performance.wire, self._performance.waits_ms or ()
        total = len(wire.sends)
        while self._sent < total:
            self._transport.write(wire.sends[self._sent])
            self._sent += 1
            if self._request is not None:
                self._request.sent = self._sent
            if self._sent < total and (self._paused or waits[self._sent] > 0):
                break
        if self._sent == total:
            self._end(wire)
        elif not self._paused:
            self._wait()

    def _end(self, wire: Wire) -> None:
        request = self._request
        if request is not None:
            request.sent = self._sent
        if wire.ending is Ending.HANG:
            return
        if request is not None:
            request.end("answered" if wire.ending is Ending.DONE and request.fault is None else "faulted")
        if wire.ending is Ending.RESET:
            self._timer = self._loop.call_later(_RESET_DELAY_S, self._reset)
        elif wire.ending is Ending.FIN or not self._keep_alive:
            self._transport.close()
        else:
            self._request = None
            self._busy = False
            if self._waiting:
                self._begin(*self._waiting.popleft())

    def _reset(self) -> None:
        connection = self._transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RST)
        self._transport.abort()


def _is_one(raw: bytes, body: bytes) -> bool:
    """Whether the bytes are one whole request, small enough to be memorized."""
    return len(raw) <= _MEMORIZED and raw.find(b"\r\n\r\n") + 4 + len(body) == len(raw)
