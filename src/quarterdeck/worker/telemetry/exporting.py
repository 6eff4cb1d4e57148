"""Sending calls to a collector over OTLP, when one is configured. Best effort: what cannot be sent is counted."""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from quarterdeck.db.outbox import wait_up_to
from quarterdeck.ledger.record import CallRecord

if TYPE_CHECKING:
    pass

MOST_WAITING = 20_000
BATCH = 500
IDLE_S = 5.0
TIMEOUT_S = 10.0
_ENDPOINTS = (
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
)
log = logging.getLogger("quarterdeck.telemetry")


def wanted(environ: Mapping[str, str], endpoint: str | None) -> bool:
    """Whether a collector is configured, by our own setting or by OpenTelemetry's variables."""
    if environ.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    return endpoint is not None or any(environ.get(name) for name in _ENDPOINTS)


class Telemetry:
    """A bounded queue of stored calls, and a thread's work that sends them."""

    def __init__(self, endpoint: str | None = None) -> None:
        """`endpoint` is a collector's base URL; None: what OpenTelemetry's own variables say."""
        self._endpoint = endpoint.rstrip("/") if endpoint is not None else None
        self._waiting: deque[CallRecord] = deque()
        self._awake = asyncio.Event()
        self.exported = 0
        """Spans a collector took."""
        self.dropped = 0
        """Calls that were not sent: the queue was full, or the collector did not take them."""

    def take(self, records: Sequence[CallRecord]) -> None:
        """Calls that were stored just now. Returns at once."""
        room = MOST_WAITING - len(self._waiting)
        self._waiting.extend(records[: max(0, room)])
        self.dropped += max(0, len(records) - max(0, room))
        self._awake.set()

    async def run(self) -> None:
        """Send until cancelled; what is left is sent at the end."""
        pipe = await asyncio.to_thread(_Pipe, self._endpoint)
        try:
            while True:
                await wait_up_to(self._awake, IDLE_S)
                self._awake.clear()
                while self._waiting:
                    await self._send(pipe)
        finally:
            await asyncio.shield(asyncio.to_thread(pipe.close, self._take_batch()))

    def _take_batch(self) -> list[CallRecord]:
        return [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]

    async def _send(self, pipe: "_Pipe") -> None:
        batch = self._take_batch()
        sent = await asyncio.to_thread(pipe.send, batch)
        if sent is None:
            self.dropped += len(batch)
            log.warning("telemetry_not_sent calls=%d", len(batch))
        else:
            self.exported += sent


class _Pipe:
    """OpenTelemetry's exporters. Everything here blocks and is called in a thread."""

    def __init__(self, endpoint: str | None) -> None:
        # Loaded only where a collector is configured: a tenth of a second that no other start pays.
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter  # noqa: PLC0415
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.metrics import MeterProvider  # noqa: PLC0415
        from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader  # noqa: PLC0415
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415

        from quarterdeck import __version__  # noqa: PLC0415
        from quarterdeck.worker.telemetry.meters import Meters  # noqa: PLC0415

        traces, metrics = (None, None) if endpoint is None else (f"{endpoint}/v1/traces", f"{endpoint}/v1/metrics")
        ours = Resource.create({"service.name": "quarterdeck", "service.version": __version__})
        # What the operator's own variables say wins over what we say of ourselves.
        self._resource: Resource = ours.merge(OTELResourceDetector().detect())
        self._spans: OTLPSpanExporter = OTLPSpanExporter(endpoint=traces, timeout=TIMEOUT_S)
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(endpoint=metrics, timeout=TIMEOUT_S))
        self._provider: MeterProvider = MeterProvider([reader], resource=self._resource, shutdown_on_exit=False)
        self._meters: Meters = Meters(self._provider)

    def send(self, records: Sequence[CallRecord]) -> int | None:
        """How many spans were taken; None when the collector did not take them."""
        from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

        from quarterdeck.worker.telemetry.spans import spans_of  # noqa: PLC0415

        spans = []
        for record in records:
            self._meters.add(record)
            spans += spans_of(record, self._resource)
        if spans and self._spans.export(spans) is not SpanExportResult.SUCCESS:
            return None
        return len(spans)

    def close(self, rest: Sequence[CallRecord]) -> None:
        if rest:
            self.send(rest)
        self._spans.shutdown()  # type: ignore[no-untyped-call]
        self._provider.shutdown()
