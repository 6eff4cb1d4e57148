"""The transport: one per process, sends a request to an origin and yields its answer."""

import asyncio
import os
import ssl

from quarterdeck.gateway.transport.dial import Dialer
from quarterdeck.gateway.transport.errors import ConnectFailed, UpstreamError
from quarterdeck.gateway.transport.head import build_head
from quarterdeck.gateway.transport.messages import Origin, Request, Timeouts
from quarterdeck.gateway.transport.pool import Pool, PoolCounts
from quarterdeck.gateway.transport.proxies import Proxies
from quarterdeck.gateway.transport.response import Response
from quarterdeck.kernel.egress import Egress

_LONG_S = 86_400.0
"""Stands for never where a finite number is needed."""


class Transport:
    """Keep-alive HTTP/1.1 to any number of origins. Belongs to the event loop it first sends on.

    Raises from :meth:`send` and from the responses are UpstreamError alone, and whatever a request body's own
    iterator raises.
    """

    def __init__(
        self,
        egress: Egress,
        *,
        tls: ssl.SSLContext | None = None,
        proxies: Proxies | None = None,
        most_per_origin: int = 2048,
        max_idle_s: float = 30.0,
        stale_window_s: float = 1.0,
    ) -> None:
        """`tls` defaults to the system's trust; `proxies` to those the environment names.

        A kept connection that breaks within `stale_window_s` after taking a request is held to have been dead before.
        """
        if tls is None:
            tls = ssl.create_default_context()
            tls.set_alpn_protocols(["http/1.1"])
        self._dialer = Dialer(egress, Proxies.from_environment(os.environ) if proxies is None else proxies, tls)
        self._most = most_per_origin
        self._max_idle_s = max_idle_s
        self._stale_window_s = stale_window_s
        self._pools: dict[Origin, Pool] = {}
        self._closed = False

    async def send(self, origin: Origin, request: Request, timeouts: Timeouts, *, upgrade: bool = False) -> Response:
        """The answer, once its head is there. With `upgrade`, a 101 yields the raw connection as `upgraded`.

        A kept connection that turns out to be dead is replaced by a fresh one, once, if the body can be sent again.
        """
        pool = self._pools.get(origin)
        if pool is None:
            pool = self._open_pool(origin)
        head, length = build_head(request, pool.prefix)
        started = pool.loop.time()
        total_at = started + timeouts.total_s
        replayable = isinstance(request.body, bytes | None)
        connection = pool.take(sure=not replayable)
        if connection is None:
            until = min(started + min(timeouts.connect_s, _LONG_S), total_at)
            connection = await pool.acquire(until, sure=not replayable)
        while True:
            waiter = connection.start(request, head, length, timeouts, total_at, upgrade=upgrade)
            try:
                return await waiter
            except asyncio.CancelledError:
                connection.withdraw(waiter)
                raise
            except UpstreamError:
                # A fresh connection is never stale, so this happens once at the most.
                if not connection.stale or not replayable:
                    raise
            until = min(pool.loop.time() + min(timeouts.connect_s, _LONG_S), total_at)
            try:
                connection = await pool.acquire(until, fresh=True)
            except UpstreamError as error:
                # The dead connection took the request; who knows how far.
                error.sent = True
                raise

    def counts(self) -> dict[Origin, PoolCounts]:
        """The state of every pool, for metrics."""
        return {origin: pool.counts() for origin, pool in self._pools.items()}

    async def close(self) -> None:
        """Hangs up on everybody, and returns when all sockets are closed."""
        self._closed = True
        for pool in self._pools.values():
            await pool.close()

    def _open_pool(self, origin: Origin) -> Pool:
        if self._closed:
            raise ConnectFailed("The transport is closed.")
        pool = Pool(
            origin,
            self._dialer,
            most=self._most,
            max_idle_s=self._max_idle_s,
            stale_window_s=self._stale_window_s,
        )
        self._pools[origin] = pool
        return pool
