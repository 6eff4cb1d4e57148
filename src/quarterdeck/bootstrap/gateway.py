"""Build and run the gateway process."""

import asyncio
import contextlib
import logging
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from quarterdeck.access.catalogue import PRICE_KINDS
from quarterdeck.access.snapshot import Snapshot
from quarterdeck.access.vault import Vault
from quarterdeck.bootstrap import pidfile, standing
from quarterdeck.bootstrap.caching import Caches
from quarterdeck.bootstrap.sockets import BUS_SOCKET, CONTROL_SOCKET
from quarterdeck.gateway.app import GatewayApp
from quarterdeck.gateway.bus import Bus
from quarterdeck.gateway.call import ModelCalls
from quarterdeck.gateway.ending import end_all
from quarterdeck.gateway.forward import Forwarder
from quarterdeck.gateway.health import CONTROL_STARTS_S, Health
from quarterdeck.gateway.limits.admission import Admission
from quarterdeck.gateway.limits.spending import Spending
from quarterdeck.gateway.metrics import Metrics
from quarterdeck.gateway.open_calls import OpenCalls
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.providers.signer import Signer
from quarterdeck.gateway.routing.trials import Trials
from quarterdeck.gateway.server import Limits, Server
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.snapshot import SnapshotHolder
from quarterdeck.gateway.transport import Origin, Transport
from quarterdeck.kernel import logs
from quarterdeck.kernel.clock import SystemClock
from quarterdeck.kernel.egress import Egress, EgressPolicy
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.settings import Settings
from quarterdeck.ledger.journal import Journal
from quarterdeck.ledger.prices import PriceBook

log = logging.getLogger(__name__)

FIRST_JOURNAL = "main"
"""Where the first gateway writes, which is the only one of most installations."""
FIRST_SNAPSHOT_S = 10.0
FRESH_SNAPSHOT_S = 2.0


def run(settings: Settings, runtime: Path, gateway_id: str, sock: socket.socket) -> None:
    """Serve until told to stop. `sock` is the public socket, already listening; `runtime` holds the local ones."""
    logs.configure(gateway_id, settings.log_level, settings.log_format)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(settings, runtime, gateway_id, sock))


async def _serve(settings: Settings, runtime: Path, gateway_id: str, sock: socket.socket) -> None:
    vault = Vault.open(settings.data, settings.secret_key)
    holder = SnapshotHolder(settings.data / f"{gateway_id}.snapshot", vault)
    egress = Egress()
    transport = Transport(egress)
    metrics = Metrics()
    open_calls = OpenCalls()
    prices = PriceBook(names=PRICE_KINDS)
    journal_name = FIRST_JOURNAL if gateway_id == settings.gateway_ids[0] else gateway_id
    journal = Journal(settings.data / "journal" / journal_name, settings.journal)
    bus = Bus(str(runtime / BUS_SOCKET), gateway_id, holder, open_calls, journal.id)
    settler = Settler(journal, prices, metrics, bus.journal_grew)
    bus.journal_dropped = lambda: journal.dropped
    admission = _admission(settings, gateway_id, settler, journal)
    bus.spent, bus.report = admission.spending.told, admission.report

    def swapped(snapshot: Snapshot) -> None:
        egress.policy = EgressPolicy(_allowed_hosts(snapshot))
        prices.override([row for workspace in snapshot.workspaces.values() for row in workspace.prices])

    holder.on_swap(swapped)
    holder.on_swap(admission.swapped)
    now = SystemClock().now
    parts = Parts(holder, transport, settler, open_calls, metrics, settings.body_limit, now, Signer(transport, now))
    caches = Caches(settings, parts)
    bus.providers = lambda: parts.health.shown(time.monotonic())
    trials = _trials(settings, gateway_id, parts, bus)
    forward = Forwarder(transport, str(runtime / CONTROL_SOCKET), settings.trusted_proxies)
    health = Health(
        holder,
        bus,
        settler,
        open_calls,
        metrics,
        forward,
        caches.kept,
        several=settings.gateways > 1,
        control_starts_s=CONTROL_STARTS_S,
    )
    health.troubles = admission.troubles
    app = GatewayApp(parts, ModelCalls(parts), forward, health)
    holder.load()
    admission.spending.load()
    beside = [asyncio.create_task(work, name="beside calls") for work in (bus.run(), admission.run(), trials.run())]
    warm = asyncio.create_task(asyncio.to_thread(prices.warm), name="prices")
    await _first_snapshot(holder, bus)
    pidfile.write(settings.data / f"{gateway_id}.pid")
    log.info("gateway_serves snapshot=%d", holder.current.version)
    standing.serves()
    server = Server(app, Limits(), caches.known, partial(end_all, open_calls))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, server.stop)
    try:
        await server.serve(sock)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)
        await warm
        await caches.close()
        await transport.close()
        await journal.close()


async def _first_snapshot(holder: SnapshotHolder, bus: Bus) -> None:
    """Return once there is something to serve from, or it takes too long."""
    try:
        await asyncio.wait_for(holder.arrived.wait(), FIRST_SNAPSHOT_S)
        # What was kept may lack what was paused or revoked since; where control is there it says so at once.
        await asyncio.wait_for(bus.up_to_date(), FRESH_SNAPSHOT_S)
    except TimeoutError:
        log.warning("no_snapshot_from_control version=%d", holder.current.version)


def _trials(settings: Settings, gateway_id: str, parts: Parts, bus: Bus) -> Trials:
    trials = Trials(parts.routes, settings.data / f"{gateway_id}.canaries")
    bus.trials, bus.decided = trials.states, trials.decided
    return trials


def _admission(settings: Settings, gateway_id: str, settler: Settler, journal: Journal) -> Admission:
    """Limits and budgets in memory, or, where a Redis is named, where other gateways see them too."""
    spending = Spending(journal, settings.data / f"{gateway_id}.spent")
    if settings.redis_url is None:
        return Admission(settler.hooks, settler.prices, spending, settings.data / f"{gateway_id}.limits")
    from quarterdeck.gateway.limits.shared.admission import SharedAdmission  # noqa: PLC0415
    from quarterdeck.gateway.limits.shared.store import SharedStore  # noqa: PLC0415

    store = SharedStore(settings.redis_url, journal.id)
    return SharedAdmission(settler.hooks, settler.prices, spending, store)


def _allowed_hosts(snapshot: Snapshot) -> frozenset[str]:
    """Hosts whose private address an admin allowed, with their ports."""
    allowed = set()
    for workspace in snapshot.workspaces.values():
        for provider in workspace.providers:
            if provider.allow_private:
                # A base URL that cannot be is its own provider's trouble, told when it is called.
                with contextlib.suppress(Invalid):
                    allowed.add(Origin.parse(provider.base_url)[0].place)
    return frozenset(allowed)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop  # noqa: PLC0415 - absent on Windows
    except ImportError:
        return None
    return uvloop.new_event_loop
