"""Build and run the control process: API, dashboard, ingest, leases, the line to the gateways."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Collection, Coroutine, Generator
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from quarterdeck import __version__
from quarterdeck.access import binding, members, sessions, wire
from quarterdeck.access.throttle import Throttle
from quarterdeck.access.vault import Vault
from quarterdeck.api.a2a.pushing import Pusher
from quarterdeck.api.app import create_app, settle
from quarterdeck.api.services import Readiness, Services
from quarterdeck.bootstrap import pidfile, standing
from quarterdeck.bootstrap.admin import open_database, owner_of, signin_url
from quarterdeck.bootstrap.sockets import BUS_SOCKET, CONTROL_SOCKET
from quarterdeck.control.declared import actions as declared
from quarterdeck.control.declared.model import WARNING
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.settings.model import About, IngestState
from quarterdeck.db import Database, migrate
from quarterdeck.db.outbox import EventFeed
from quarterdeck.kernel import logs, prometheus
from quarterdeck.kernel.origin import Origin, acting
from quarterdeck.kernel.settings import Settings
from quarterdeck.ledger.ingest import Ingester
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.redact import Redactors
from quarterdeck.ledger.windows import ContextWindows
from quarterdeck.worker import (
    bodies,
    checking,
    deliveries,
    housekeeping,
    leases,
    lever,
    notifying,
    replays,
    schedules,
    searching,
    sweeping,
)
from quarterdeck.worker.bus import BusServer
from quarterdeck.worker.objects import S3
from quarterdeck.worker.shown import ShownHistory
from quarterdeck.worker.signals import SignalWatcher
from quarterdeck.worker.snapshots import Publisher
from quarterdeck.worker.spending import SpendingTeller
from quarterdeck.worker.status import StatusWatcher
from quarterdeck.worker.telemetry import exporting

log = logging.getLogger(__name__)

PID_FILE = "control.pid"
NICENESS = 5
"""Control works behind the gateway: on a busy machine a call comes first."""
ANNOUNCE_WITHIN_S = 30.0
REDACTION_EVERY_S = 5.0
BEHIND_MS = 2_000
"""An ingest that is later than this has the machine to itself: calls are made findable when it has caught up."""


def run(settings: Settings, runtime: Path) -> None:
    """Serve until told to stop. `runtime` holds the local sockets."""
    logs.configure("control", settings.log_level, settings.log_format)
    os.nice(NICENESS)
    asyncio.run(Control(settings, runtime).serve())


class Gateways:
    """The gateways, as the API's verbs see them."""

    def __init__(self, publisher: Publisher, bus: BusServer) -> None:
        self._publisher = publisher
        self._bus = bus

    async def ensure_published(self) -> None:
        await self._publisher.ensure_published()

    async def end_calls(self, *, scope: str, ids: Collection[str], code: str, message: str) -> int:
        return await self._bus.end_calls(scope=scope, ids=ids, code=code, message=message)

    def budget_states(self, workspace_id: str) -> list[wire.BudgetState]:
        return self._bus.budget_states(workspace_id)

    def limit_states(self, workspace_id: str) -> list[wire.LimitState]:
        return self._bus.limit_states(workspace_id)


class Server(uvicorn.Server):
    """Tells those who follow the live events that it is over, so that nothing waits for them to leave."""

    def __init__(self, config: uvicorn.Config, feed: EventFeed) -> None:
        super().__init__(config)
        self._feed = feed

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """uvicorn raises the signals anew at its end, and so killed this process before what is closed after it."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._feed.close()
        await super().shutdown(sockets)


class Control:
    """One control process."""

    def __init__(self, settings: Settings, runtime: Path) -> None:
        self._settings = settings
        self._runtime = runtime
        self._db: Database = open_database(settings)
        self._vault = Vault.open(settings.data, settings.secret_key)
        self._feed = EventFeed(self._db)
        objects = settings.objects
        self._objects = None if objects is None else S3(objects)
        self._packs = Packs(settings.data / "packs")
        self._redactors = Redactors()
        configured = exporting.wanted(os.environ, settings.otlp_endpoint)
        self._telemetry = exporting.Telemetry(settings.otlp_endpoint) if configured else None
        self._ingester = Ingester(
            self._db,
            settings.data / "journal",
            self._packs,
            redact=self._redactors,
            stored=self._telemetry.take if self._telemetry is not None else None,
        )
        self._bus = BusServer(
            runtime / BUS_SOCKET, lookup=self._knows, traffic=self._renew, written=self._ingester.wake
        )
        holder = f"{socket.gethostname()}:{settings.data.resolve()}"
        self._status = StatusWatcher(self._db, self._feed, self._bus, ShownHistory(self._db, holder))
        self._bus.moved = self._status.wake
        self._spending = SpendingTeller(self._db, self._bus)
        self._bus.spent, self._bus.stopped = self._spending.spent, self._spending.stopped
        self._ingester.keep = self._spending.needed_from
        self._publisher = Publisher(self._db, self._vault, self._bus.publish, self._feed)
        hosts = frozenset(settings.a2a_push_hosts)
        self._pusher = Pusher(self._db, self._vault, settings.base_url, deliveries.post, hosts)
        self._signals = SignalWatcher(
            self._db, self._feed, Gateways(self._publisher, self._bus), self._bus, ContextWindows().of
        )

        self._replayer = replays.Replayer(
            self._db,
            self._vault,
            self._packs,
            settings.local_url,
            holder=holder,
        )

    async def serve(self) -> None:
        """Raises QuarterdeckError when it cannot start as configured."""
        news = await self._prepare()
        services = Services(
            db=self._db,
            vault=self._vault,
            throttle=Throttle(self._db.clock),
            about=About(version=__version__, gateway_url=self._settings.base_url),
            feed=self._feed,
            files=self._settings.data / "files",
            remote=self._objects,
            push_hosts=frozenset(self._settings.a2a_push_hosts),
            web_push_hosts=frozenset(self._settings.web_push_hosts),
            packs=self._packs,
            gateways=Gateways(self._publisher, self._bus),
            wire=self._bus,
            readiness=self._readiness,
            ingest_state=self._ingest_state,
            check_provider=partial(checking.check, self._vault),
            metrics=self._metrics,
        )
        await self._bus.start()
        async with self._feed.running(), self._loops():
            pidfile.write(self._settings.data / PID_FILE)
            announcing = asyncio.create_task(self._announce(news))
            app = create_app(services)
            standing.serves()
            await Server(self._config(app), self._feed).serve()
            announcing.cancel()
            await settle(app)
        await self._bus.stop()
        if self._objects is not None:
            await self._objects.close()
        await self._db.close()

    async def _prepare(self) -> list[str]:
        """Bring the database up to date and what is declared into it; lines to show once: secrets that were made."""
        await migrate.upgrade(self._db)
        async with self._db.transaction() as tx:
            boot = await members.first_boot(tx, token=self._settings.owner_token, email=self._settings.owner_email)
            if boot is None and self._settings.owner_token is not None:
                await members.use_owner_token(tx, self._settings.owner_token)
        news = [f"Owner's API token, shown this once: {boot.token}"] if boot is not None and boot.token else []
        await binding.check(self._db, self._settings.host)
        if self._settings.config is not None:
            owner = await owner_of(self._db)
            with acting(Origin("file")):
                changes = await declared.apply_file(self._db, self._vault, owner.workspace_id, self._settings.config)
            for each in changes:
                if each.verb == WARNING:
                    log.warning("declared_does_not_work what=%r reason=%r", each.what, each.detail)
            news += [f"{each.what}, key shown this once: {each.secret}" for each in changes if each.secret]
        await bodies.configure_redaction(self._db, self._redactors)
        return news

    @contextlib.asynccontextmanager
    async def _loops(self) -> AsyncIterator[None]:
        """Everything that runs beside the API. One that fails is logged and started again."""
        tasks = [
            asyncio.create_task(_kept_up(name, work))
            for name, work in (
                ("snapshots", self._publisher.run),
                ("ingest", self._ingester.run),
                ("spending", self._spending.run),
                ("leases", lambda: leases.run(self._db)),
                ("notifying", lambda: notifying.run(self._db, self._feed, self._settings.base_url)),
                ("escalations", lambda: notifying.run_escalations(self._db)),
                ("deliveries", lambda: self._courier().run()),
                ("pushes", self._pusher.run),
                ("schedules", lambda: schedules.run(self._db)),
                ("housekeeping", lambda: housekeeping.run(self._db)),
                ("sweeping", self._sweep),
                ("retention", lambda: bodies.run_retention(self._db, self._packs)),
                ("searching", searching.Indexer(self._db, self._packs, behind=self._is_behind).run),
                ("redaction", self._follow_redaction),
                ("status", self._status.run),
                ("signals", self._signals.run),
                ("replays", self._replayer.run),
                ("lever", lambda: lever.run(self._db, Gateways(self._publisher, self._bus))),
                *([] if self._telemetry is None else [("telemetry", self._telemetry.run)]),
            )
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _courier(self) -> deliveries.Courier:
        hosts = frozenset(self._settings.web_push_hosts)
        return deliveries.Courier(self._db, self._vault, push_hosts=hosts)

    async def _sweep(self) -> None:
        await sweeping.run(self._db, Files(self._settings.data / "files", remote=self._objects), self._objects)

    async def _knows(self, key_hash: bytes) -> bool:
        return await self._publisher.knows(key_hash)

    async def _renew(self, run_ids: list[str]) -> None:
        async with self._db.transaction() as tx:
            await runs.renew_by_traffic(tx, dict.fromkeys(run_ids, tx.now))

    async def _follow_redaction(self) -> None:
        """`quarterdeck apply` may change what is to be taken out while we run."""
        while True:
            await asyncio.sleep(REDACTION_EVERY_S)
            await bodies.configure_redaction(self._db, self._redactors)

    async def _readiness(self) -> Readiness:
        there = {line.gateway_id for line in self._bus.gateways}
        degraded = [f"{each} is not connected" for each in self._settings.gateway_ids if each not in there]
        return Readiness(ready=True, degraded=degraded)

    async def _ingest_state(self) -> IngestState:
        backlog = await asyncio.to_thread(self._ingester.backlog)
        return IngestState(backlog.records, backlog.bytes, backlog.lag_ms)

    async def _is_behind(self) -> bool:
        return (await self._ingest_state()).lag_ms > BEHIND_MS

    async def _metrics(self) -> bytes:
        """Control's part of /metrics, in Prometheus' text format."""
        ingest = await self._ingest_state()
        values = [
            ("quarterdeck_ingest_backlog_records", "gauge", "Calls not stored yet.", ingest.backlog_records),
            ("quarterdeck_ingest_backlog_bytes", "gauge", "Journal not stored yet.", ingest.backlog_bytes),
            ("quarterdeck_ingest_lag_seconds", "gauge", "Age of the oldest of them.", ingest.lag_ms / 1_000),
            ("quarterdeck_gateways_connected", "gauge", "Gateways that are there.", len(self._bus.gateways)),
        ]
        if self._telemetry is not None:
            values += [
                ("quarterdeck_otlp_spans_total", "counter", "Spans a collector took.", self._telemetry.exported),
                ("quarterdeck_otlp_dropped_calls_total", "counter", "Calls not sent.", self._telemetry.dropped),
            ]
        own = prometheus.text(values)
        if self._settings.gateways == 1:
            return own.encode()
        return (prometheus.together(await self._bus.scrape(), "gateway") + own).encode()

    async def _announce(self, news: list[str]) -> None:
        """Say where it serves, once it does; and give the one-time link, which is worth nothing before."""
        async with asyncio.timeout(ANNOUNCE_WITHIN_S):
            await self._bus.somebody.wait()
        lines = [f"Quarterdeck {__version__} serves on {self._settings.base_url}", *news]
        if news or os.environ.get("QUARTERDECK_LINK"):
            owner = await owner_of(self._db)
            async with self._db.transaction() as tx:
                token = await sessions.make_link(tx, owner)
            lines.append(f"Sign in (once, within 15 minutes): {signin_url(self._settings, token)}")
        # In one piece, for others write there too; this is what the person at the terminal waits for.
        sys.stdout.write("\n".join(lines) + "\n")
        sys.stdout.flush()

    def _config(self, app: Any) -> uvicorn.Config:
        return uvicorn.Config(
            app,
            uds=str(self._runtime / CONTROL_SOCKET),
            http="httptools",
            ws="none",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips="*",
            timeout_graceful_shutdown=3,
        )


async def _kept_up(name: str, work: Any) -> None:
    """Run a loop for good: if it fails, say so and begin again."""
    while True:
        try:
            coroutine: Coroutine[Any, Any, None] = work()
            await coroutine
        except Exception:
            log.exception("loop_failed name=%s", name)
        await asyncio.sleep(1.0)
