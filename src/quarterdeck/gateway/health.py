"""`/healthz`, `/readyz` and `/metrics`: answered here, so that they answer when control is away."""

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar

import msgspec

from quarterdeck.access.snapshot import EMPTY
from quarterdeck.gateway.bus import Bus
from quarterdeck.gateway.cache.memory import MemoryStore
from quarterdeck.gateway.forward import Forwarder
from quarterdeck.gateway.metrics import Metrics
from quarterdeck.gateway.open_calls import OpenCalls
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.kernel import prometheus

CONTROL_S = 0.5
CONTROL_STARTS_S = 60.0
"""How long a gateway that starts leaves control to start too, before it says that it is ready without."""
_NO_STORE = (b"cache-control", b"no-store")


class _Readiness(msgspec.Struct):
    degraded: list[str]


class Health:
    """What an operator asks a gateway."""

    PATHS: ClassVar[frozenset[str]] = frozenset({"/healthz", "/readyz", "/metrics"})

    def __init__(
        self,
        holder: SnapshotHolder,
        bus: Bus,
        settler: Settler,
        open_calls: OpenCalls,
        metrics: Metrics,
        forward: Forwarder,
        kept: MemoryStore,
        *,
        several: bool = False,
        control_starts_s: float = 0.0,
    ) -> None:
        """`several`: there are other gateways, so control is asked for what all of them count. `control_starts_s`: so
        long from now it is not ready unless control has served once."""
        bus.exposition = self._exposition
        self.troubles: Callable[[], list[str]] = list
        """What else is missing."""
        self._several = several
        self._control_served = False
        self._ready_without_at = time.monotonic() + control_starts_s
        self._holder = holder
        self._bus = bus
        self._settler = settler
        self._open_calls = open_calls
        self._metrics = metrics
        self._forward = forward
        self._kept = kept

    async def __call__(self, exchange: Exchange) -> None:
        if exchange.path == "/healthz":
            _answer(exchange, 200, b'{"status":"alive"}', b"application/json")
        elif exchange.path == "/readyz":
            await self._ready(exchange)
        else:
            control = await self._forward.text("/metrics")
            own = b"" if self._several and control is not None else self._exposition().encode()
            _answer(exchange, 200, own + (control or b""), b"text/plain; version=0.0.4")

    async def _ready(self, exchange: Exchange) -> None:
        """200 while model calls can be served, once control has been; `degraded` names what is missing all the same.

        A control that ends later takes no gateway out of a load balancer: calls go on without it.
        """
        degraded = []
        if self._holder.current is EMPTY:
            degraded.append("no snapshot has arrived from control yet, so no key is known")
        if not self._bus.connected:
            degraded.append("control is away: calls are served from the last snapshot and recorded in the journal")
        if self._settler.journal_full:
            degraded.append("the journal's disk is full: new calls are refused")
        degraded += self.troubles()
        for state in self._bus.providers():
            if state.state in ("out", "probing"):
                degraded.append(f"the provider {state.provider} fails: calls wait for it or go to others")
        if self._bus.connected:
            degraded += await self._of_control()
        started = self._control_served or time.monotonic() >= self._ready_without_at
        ready = started and self._holder.current is not EMPTY and not self._settler.journal_full
        body = {"status": "ready" if ready else "not ready", "degraded": degraded}
        _answer(exchange, 200 if ready else 503, msgspec.json.encode(body), b"application/json")

    async def _of_control(self) -> list[str]:
        """What control misses, such as another gateway. A busy one is not waited for: whoever probes us waits too."""
        try:
            async with asyncio.timeout(CONTROL_S):
                text = await self._forward.text("/readyz")
            degraded = msgspec.json.decode(text or b"", type=_Readiness).degraded
        except TimeoutError:
            return []
        except msgspec.DecodeError:
            return ["control is starting: its pages answer 503 until it serves"]
        self._control_served = True
        return degraded

    def _exposition(self) -> str:
        plain = (
            ("quarterdeck_open_calls", "gauge", "Calls in flight.", len(self._open_calls)),
            ("quarterdeck_snapshot_version", "gauge", "Version of the snapshot.", self._holder.current.version),
            ("quarterdeck_control_connected", "gauge", "Whether control is there.", int(self._bus.connected)),
            ("quarterdeck_journal_dropped_total", "counter", "Lost: disk full.", self._bus.journal_dropped()),
            ("quarterdeck_cache_entries", "gauge", "Answers kept in memory.", len(self._kept)),
            ("quarterdeck_cache_bytes", "gauge", "Memory they take.", self._kept.bytes),
        )
        return self._metrics.exposition() + prometheus.text(plain)


def _answer(exchange: Exchange, status: int, body: bytes, kind: bytes) -> None:
    exchange.respond(status, [(b"content-type", kind), _NO_STORE], body)
