"""/calls/histogram, /calls/latency, /calls/values, /latencies: calls counted, over time and by how long they took."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.access import keyring
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.calls.query import Which
from quarterdeck.control.costs import counting
from quarterdeck.control.http import Db, Reader
from quarterdeck.control.shapes import Instant, instant_in, shown
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, MS, SECOND, floor_to, iso
from quarterdeck.ledger import counted, latency, rollups
from quarterdeck.ledger.latency import Latency, Measure
from quarterdeck.ledger.rollups import Grain

router = APIRouter(tags=["calls"])
ValueField = Literal[
    "agent_id", "key_id", "task_id", "run_id", "attribution", "session", "trace_id", "client", "tag", "dialect",
    "endpoint", "provider", "provider_kind", "model_asked", "model", "model_answered", "service_tier", "route",
    "response_type", "status", "error_code", "stop_reason", "cache",
]  # fmt: skip
MOST_VALUES = 100
_SHARES = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
_NAMES = {Measure.TOTAL: "total", Measure.FIRST_BYTE: "first_byte", Measure.OVERHEAD: "overhead"}
_tags = msgspec.json.Decoder(dict[str, str])


class CallBarOut(BaseModel):
    """Calls that began in a stretch of time. `failed`: errors, and answers that were cut."""

    at: Instant
    ok: int
    failed: int
    cancelled: int
    refused: int


class CallHistogramOut(BaseModel):
    """Stretches of time, each `width_s` long; one that is left out has no call."""

    begins: Instant
    ends: Instant
    width_s: int
    bars: list[CallBarOut]
    from_sums: bool = Field(description="From the ledger's sums; else counted call by call.")
    counted_back_to: Instant | None = Field(description="Older calls were not counted, to answer soon. Null: all were.")


class LatencyBinOut(BaseModel):
    from_ms: float
    to_ms: float
    calls: int


class MeasureOut(BaseModel):
    """How long calls took by one measure. Quantiles are right to a fifth of themselves; null: no call."""

    measure: Literal["total", "first_byte", "overhead"]
    calls: int
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    bins: list[LatencyBinOut] = Field(description="Those that hold a call, shortest first.")


class CallLatencyOut(BaseModel):
    measures: list[MeasureOut]
    unknown_calls: int | None = Field(
        description="Calls whose latency is not among these: they came before it was kept. Null: none is missing."
    )
    counted_back_to: Instant | None = Field(description="Older calls were not counted, to answer soon. Null: all were.")


class LatencyOfOut(BaseModel):
    value: str
    measures: list[MeasureOut]
    unknown_calls: int | None = Field(
        description="Answered calls that came before latencies were kept. Null: not known for targets."
    )


class LatenciesOut(BaseModel):
    """Of calls that were answered well, by what answered; answers from our cache apart. The busiest first."""

    items: list[LatencyOfOut]


class CallValueOut(BaseModel):
    value: str
    label: str
    calls: int


class CallValuesOut(BaseModel):
    """The most frequent values first."""

    items: list[CallValueOut]
    counted_back_to: Instant | None = Field(description="Older calls were not looked at, to answer soon.")


@router.get("/calls/histogram", operation_id="get_call_histogram")
async def get_call_histogram(
    actor: Reader, db: Db, which: Which, bars: Annotated[int, Query(ge=1, le=500, description="At most.")] = 60
) -> CallHistogramOut:
    """Calls over time, by what came of them. Without `from`: from the first call on, at most 30 days.

    Bars begin on whole multiples of their width; the first and the last are shown whole.
    """
    async with db.read() as tx:
        made = await counted.over_time(tx, actor.workspace_id, which, most=bars)
    return CallHistogramOut(
        begins=iso(made.begin),
        ends=iso(made.end),
        width_s=made.width // SECOND,
        bars=[
            CallBarOut(at=iso(at), ok=bar.ok, failed=bar.failed, cancelled=bar.cancelled, refused=bar.refused)
            for at, bar in sorted(made.bars.items())
        ],
        from_sums=made.from_sums,
        counted_back_to=shown(made.reach),
    )


@router.get("/calls/latency", operation_id="get_call_latency")
async def get_call_latency(actor: Reader, db: Db, which: Which) -> CallLatencyOut:
    """How long these calls took: in all, until the first byte, and what of it was ours."""
    async with db.read() as tx:
        found, unknown, reach = await counted.latency_of(tx, actor.workspace_id, which)
    return CallLatencyOut(measures=_measures(found), unknown_calls=unknown or None, counted_back_to=shown(reach))


@router.get("/calls/values", operation_id="list_call_values")
async def list_call_values(
    actor: Reader, db: Db, which: Which, field: Annotated[ValueField, Query(description="A filter of `/calls`.")]
) -> CallValuesOut:
    """Which values a field has among these calls, to choose a filter from: of the newest, where there are many."""
    async with db.read() as tx:
        column = "tags" if field == "tag" else field
        found, reach = await counted.values_of(tx, actor.workspace_id, which, column)
        counts = _tag_counts(found) if field == "tag" else {str(value): count for value, count in found.items()}
        most = sorted(counts, key=lambda value: (-counts[value], value))[:MOST_VALUES]
        labels = await _labels(tx, actor.workspace_id, field, set(most))
    items = [CallValueOut(value=each, label=labels.get(each, each), calls=counts[each]) for each in most]
    return CallValuesOut(items=items, counted_back_to=shown(reach))


@router.get("/latencies", operation_id="list_latencies")
async def list_latencies(
    *,
    actor: Reader,
    db: Db,
    by: Annotated[Literal["provider", "model", "target"], Query(description="`target`: provider/model.")] = "provider",
    begin: Annotated[str | None, Query(alias="from", description="An instant; a day ago when absent.")] = None,
    end: Annotated[str | None, Query(alias="to", description="An instant, exclusive; now when absent.")] = None,
) -> LatenciesOut:
    """How long answers took, by provider, model or target; over whole hours, or whole days where it is over 8 days."""
    async with db.read() as tx:
        until = tx.now if end is None else instant_in(end, "to")
        since = until - DAY if begin is None else instant_in(begin, "from")
        grain = Grain.HOUR if until - since <= 8 * DAY else Grain.DAY
        since = floor_to(since, grain.length)
        found = await latency.of(tx, actor.workspace_id, by, grain, since, until)
        answered = await _answered(tx, actor.workspace_id, by, grain, since, until)
    items = [
        LatencyOfOut(
            value=value,
            measures=_measures(found.get(value, {})),
            unknown_calls=None if by == "target" else max(0, answered.get(value, 0) - _known(found.get(value))),
        )
        for value in sorted(found.keys() | answered.keys())
    ]
    items = [each for each in items if each.measures[0].calls or each.unknown_calls]
    items.sort(key=lambda each: -(each.measures[0].calls + (each.unknown_calls or 0)))
    return LatenciesOut(items=items)


def _measures(found: Latency) -> list[MeasureOut]:
    shown_ones = []
    for measure, name in _NAMES.items():
        bins = found.get(measure, {})
        quantiles = {key: latency.quantile(bins, share) for key, share in _SHARES.items()}
        shown_ones.append(
            MeasureOut(
                measure=name,
                calls=sum(bins.values()),
                **{key: None if each is None else each / MS for key, each in quantiles.items()},
                bins=[
                    LatencyBinOut(from_ms=latency.begins(place) / MS, to_ms=latency.begins(place + 1) / MS, calls=count)
                    for place, count in sorted(bins.items())
                ],
            )
        )
    return shown_ones


def _known(found: Latency | None) -> int:
    return 0 if found is None else sum(found.get(Measure.TOTAL, {}).values())


async def _answered(
    tx: Transaction, workspace_id: str, by: str, grain: Grain, since: int, until: int
) -> dict[str, int]:
    """How many calls each of them answered well, by the ledger's sums; of targets it keeps none."""
    if by == "target":
        return {}
    found: dict[str, int] = {}
    for bucket in await rollups.series(tx, workspace_id, by, grain, since, until, limit=100_000):
        f = bucket.figures
        if bucket.value:
            good = f.calls - f.errors - f.cancelled - f.refused - f.cache_hits
            found[bucket.value] = found.get(bucket.value, 0) + good
    return {value: count for value, count in found.items() if count > 0}


def _tag_counts(found: Mapping[Any, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for text, count in found.items():
        for name, value in _tags.decode(text).items():
            tag = f"{name}={value}"
            counts[tag] = counts.get(tag, 0) + count
    return counts


async def _labels(tx: Transaction, workspace_id: str, field: str, values: set[str]) -> dict[str, str]:
    if field == "agent_id":
        return await agent_store.named(tx, workspace_id, values)
    if field == "key_id":
        return await keyring.named(tx, workspace_id, values)
    return await counting.labels(tx, workspace_id, field.removesuffix("_id"), values)
