"""The server: accepts connections on a listening socket until it is stopped."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from quarterdeck.gateway.server.connection import Connection
from quarterdeck.gateway.server.exchange import Exchange
from quarterdeck.gateway.server.home import Handle, Known
from quarterdeck.gateway.server.limits import Limits

_BACKLOG = 2048
_LAST_BYTES_S = 0.1
_LAST_WORDS_S = 1.0


class Server:
    """HTTP/1.1 for one application: `handle` is run in a task of its own for each request.

    What escapes `handle` is logged and answered 500, or breaks the answer off if that has begun.
    """

    def __init__(
        self,
        handle: Handle,
        limits: Limits | None = None,
        known: Known | None = None,
        end_late: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        """`end_late` ends, in words of its own, some of what is still open after the grace period: how many."""
        self.handle = handle
        self._end_late = end_late
        self.known = known
        self.limits = Limits() if limits is None else limits
        self.stopping = False
        self.loop: asyncio.AbstractEventLoop
        self.open: set[Exchange] = set()
        self._connections: set[Connection] = set()
        self._stop = asyncio.Event()
        self._empty = asyncio.Event()

    @property
    def connections(self) -> int:
        """How many are open, those that are being closed included."""
        return len(self._connections)

    async def serve(self, sock: socket.socket) -> None:
        """Serves on `sock`, which listens already and is closed at the end; returns once `stop` has had its effect."""
        self.loop = asyncio.get_running_loop()
        server = await self.loop.create_server(lambda: Connection(self), sock=sock, backlog=_BACKLOG)
        try:
            await self._stop.wait()
            server.close()
            await self._end()
        finally:
            server.close()
            for connection in self._connections:
                connection.abort()
            # So that the event loop gets to close their sockets.
            await asyncio.sleep(0)
            await asyncio.sleep(0)

    def stop(self) -> None:
        """No new connections or requests; open exchanges get the grace period, then they are cancelled."""
        self.stopping = True
        self._stop.set()

    async def _end(self) -> None:
        grace = self.limits.grace_s
        until = self.loop.time() + grace
        for connection in list(self._connections):
            connection.stop()
        if self.open:
            _, late = await asyncio.wait([exchange.task for exchange in self.open], timeout=grace)
            if late and self._end_late is not None and await self._end_late():
                _, late = await asyncio.wait(late, timeout=_LAST_WORDS_S)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=grace)
        if self._connections:
            # What was written last may still be on its way.
            self._empty.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(max(until, self.loop.time() + _LAST_BYTES_S)):
                    await self._empty.wait()

    # What connections call.

    def opened(self, connection: Connection) -> bool:
        """False when there are too many; when they are far too many, it is gone already."""
        self._connections.add(connection)
        many = len(self._connections)
        if many > 2 * self.limits.connections:
            connection.abort()
        return many <= self.limits.connections

    def closed(self, connection: Connection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._empty.set()
