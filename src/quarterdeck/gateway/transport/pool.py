"""Connections to one origin: the warmest is used first, and whoever finds none free waits in line."""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass

from quarterdeck.gateway.transport.connection import Connection
from quarterdeck.gateway.transport.dial import Dialer
from quarterdeck.gateway.transport.errors import ConnectFailed, ConnectionReset, ConnectTimeout
from quarterdeck.gateway.transport.head import Prefix
from quarterdeck.gateway.transport.messages import Origin

_Turn = asyncio.Future[Connection | None]
"""Yields a free connection, or None: leave to open one."""
_READ_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class PoolCounts:
    """How many connections are open (or being opened), how many of those rest, and how many callers wait for one."""

    open: int
    idle: int
    waiting: int


class Pool:
    """`size` counts the open connections and those being opened; it never exceeds `most`."""

    __slots__ = (
        "_dialer",
        "_emptied",
        "_idle",
        "_live",
        "_policy",
        "_proxied",
        "_sockets",
        "_waiters",
        "buffer",
        "closed",
        "loop",
        "max_idle_s",
        "most",
        "origin",
        "prefix",
        "size",
        "stale_window_s",
    )

    def __init__(self, origin: Origin, dialer: Dialer, *, most: int, max_idle_s: float, stale_window_s: float) -> None:
        self.origin = origin
        self.most = most
        self.max_idle_s = max_idle_s
        self.stale_window_s = stale_window_s
        self.buffer = memoryview(bytearray(_READ_BYTES))
        self.size = 0
        self.closed = False
        self._dialer = dialer
        self._policy = dialer.egress.policy
        self.loop = asyncio.get_running_loop()
        self._idle: list[Connection] = []
        self._live: set[Connection] = set()
        self._sockets: set[Connection] = set()
        self._emptied: asyncio.Future[None] | None = None
        self._waiters: deque[_Turn] = deque()
        proxy = dialer.proxy_for(origin)
        self._proxied = proxy is not None
        absolute = proxy is not None and origin.scheme == "http"
        self.prefix = Prefix(
            origin, absolute=absolute, proxy_authorization=proxy.authorization if absolute and proxy else None
        )

    def counts(self) -> "PoolCounts":
        return PoolCounts(open=self.size, idle=len(self._idle), waiting=len(self._waiters))

    def take(self, *, sure: bool = False) -> Connection | None:
        """The connection that came back last, if it is still good; with `sure`, the socket itself is asked.

        None when there is none.
        """
        if self._policy is not self._dialer.egress.policy:
            self._follow_policy()
        while self._idle:
            connection = self._idle.pop()
            if connection.usable() and (not sure or connection.quiet()):
                return connection
            connection.close()
        return None

    async def acquire(self, until: float, *, sure: bool = False, fresh: bool = False) -> Connection:
        """A connection of one's own, at the latest `until` (loop time); with `fresh`, one that nobody used before.

        Raises ConnectTimeout, ConnectionReset, and what :meth:`Dialer.dial` raises.
        """
        while True:
            if self.closed:
                raise ConnectFailed("The transport is closed.")
            if not fresh and (connection := self.take(sure=sure)) is not None:
                return connection
            if self.size >= self.most and self._idle:
                # Only a caller who wants a fresh one comes here while others rest.
                self._idle[0].close()
            if self.size < self.most:
                self.size += 1
                return await self._open(until)
            turn = await self._wait(until)
            if turn is None:
                return await self._open(until)
            if not fresh and turn.usable():
                return turn
            turn.close()

    async def _wait(self, until: float) -> Connection | None:
        turn: _Turn = self.loop.create_future()
        self._waiters.append(turn)
        timer = self.loop.call_at(until, self._give_up, turn)
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                # What was meant for us goes to the next in line.
                granted = turn.result()
                if granted is None:
                    self._free()
                else:
                    self.release(granted)
            raise
        finally:
            timer.cancel()
            with contextlib.suppress(ValueError):
                self._waiters.remove(turn)

    def _give_up(self, turn: _Turn) -> None:
        if not turn.done():
            turn.set_exception(ConnectTimeout(f"All {self.most} connections to {self.origin} stayed busy."))

    async def _open(self, until: float) -> Connection:
        """Opens a connection for a place that is already counted."""
        left = until - self.loop.time()
        try:
            async with asyncio.timeout(left):
                connection = await self._dialer.dial(self.origin, self._make, left)
        except TimeoutError as error:
            self._free()
            raise ConnectTimeout(f"No connection to {self.origin} in time.") from error
        except BaseException:
            self._free()
            raise
        if not connection.usable():
            self._free()
            raise ConnectionReset(f"{self.origin} hung up at once.")
        self._live.add(connection)
        self._sockets.add(connection)
        if self.closed:
            connection.close()
            raise ConnectFailed("The transport is closed.")
        return connection

    def _make(self, address: str) -> Connection:
        return Connection(self.loop, self, address)

    def release(self, connection: Connection) -> None:
        """Back from a clean exchange."""
        if self._policy is not self._dialer.egress.policy:
            self._follow_policy()
            if not self._permitted(connection):
                connection.close()
                return
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        connection.rest()
        self._idle.append(connection)

    def lost(self, connection: Connection) -> None:
        """Closed, for whatever reason. One that was never handed out is not counted here."""
        if connection in self._live:
            self._live.remove(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            self._free()

    def _free(self) -> None:
        """A place is free: it goes to the first in line, or back."""
        while self._waiters:
            turn = self._waiters.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.size -= 1

    def gone(self, connection: Connection) -> None:
        """Its socket is closed."""
        self._sockets.discard(connection)
        if not self._sockets and self._emptied is not None and not self._emptied.done():
            self._emptied.set_result(None)

    async def close(self) -> None:
        """Breaks everything off, tells whoever waits, and returns when the sockets are closed."""
        self.closed = True
        for turn in self._waiters:
            if not turn.done():
                turn.set_exception(ConnectFailed("The transport is closed."))
        for connection in list(self._live):
            connection.close()
        if self._sockets:
            self._emptied = self.loop.create_future()
            await self._emptied

    def _follow_policy(self) -> None:
        """An address that is no longer allowed must not be reached over a connection from before."""
        self._policy = self._dialer.egress.policy
        for connection in [each for each in self._idle if not self._permitted(each)]:
            connection.close()

    def _permitted(self, connection: Connection) -> bool:
        origin = self.origin
        if origin.uds is not None or self._proxied:
            return True
        return self._policy.allows(origin.host, connection.address, origin.port)
