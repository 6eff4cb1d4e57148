"""Calls as the GenAI conventions' metrics."""

from opentelemetry.metrics import MeterProvider

from quarterdeck import __version__
from quarterdeck.kernel.money import NANO
from quarterdeck.ledger import savings
from quarterdeck.ledger.record import CallRecord
from quarterdeck.worker.telemetry import names

MOST_MODELS = 200
"""Models that have series of their own: a caller may write any name, and a series is for ever."""
_DURATION_S = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)


class Meters:
    """Adds calls up; whoever made the provider sends the sums on."""

    def __init__(self, provider: MeterProvider) -> None:
        meter = provider.get_meter("quarterdeck", __version__)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="Time of a call.",
            explicit_bucket_boundaries_advisory=_DURATION_S,
        )
        self._first_chunk = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            unit="s",
            description="Time until a stream's first chunk.",
            explicit_bucket_boundaries_advisory=_DURATION_S,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Tokens of a call.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._cost = meter.create_counter("quarterdeck.cost", unit="USD", description="Priced cost.")
        self._saved = meter.create_counter("quarterdeck.cache.saved", unit="USD", description="Saved by our cache.")
        self._models: set[str] = set()

    def add(self, record: CallRecord) -> None:
        common = {
            "gen_ai.operation.name": names.operation(record),
            "gen_ai.provider.name": names.provider(record),
            "gen_ai.request.model": self._bounded(record.model or record.model_asked),
        }
        failed = record.outcome not in ("ok", "cancelled")
        timed = {**common, "error.type": record.error_code or record.outcome} if failed else common
        self._duration.record(record.ended / 1_000_000, timed)
        if record.stream and record.first_byte is not None:
            self._first_chunk.record(record.first_byte / 1_000_000, common)
        if record.usage is not None:
            self._tokens.record(record.usage.input_total, {**common, "gen_ai.token.type": "input"})
            self._tokens.record(record.usage.output_total, {**common, "gen_ai.token.type": "output"})
        if record.cost:
            self._cost.add(record.cost / NANO, common)
        if saved := savings.cache_saved(record):
            self._saved.add(saved / NANO, common)

    def _bounded(self, model: str) -> str:
        if model not in self._models:
            if len(self._models) >= MOST_MODELS:
                return "other"
            self._models.add(model)
        return model
