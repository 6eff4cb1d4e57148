"""/analytics: sums of calls by time and by what they were for, from the rollups."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query

from quarterdeck.control.http import Db, Reader
from quarterdeck.control.portkey import store
from quarterdeck.control.portkey.shapes import CENTS, window
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, MS, floor_to, iso
from quarterdeck.kernel.errors import Invalid, NotFound, NotImplementedHere
from quarterdeck.kernel.money import NANO
from quarterdeck.ledger import rollups
from quarterdeck.ledger.rollups import Bucket, Figures, Grain

router = APIRouter(tags=["portkey"])
MOST_BUCKETS = 20_000
_DAYS_SHOWN = 30
Of = Callable[[Figures], float]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


GRAPHS: dict[str, tuple[Of, bool]] = {
    "requests": (lambda sums: sums.calls, True),
    "cost": (lambda sums: sums.cost * CENTS / NANO, True),
    "tokens": (lambda sums: sums.input_tokens + sums.output_tokens, True),
    "errors": (lambda sums: sums.errors, True),
    "errors/rate": (lambda sums: _ratio(sums.errors, sums.calls) * 100, False),
    "latency": (lambda sums: _ratio(sums.duration, sums.calls) / MS, False),
    "cache/hit-rate": (lambda sums: _ratio(sums.cache_hits, sums.calls) * 100, False),
}
"""What a graph shows of a bucket, and whether its buckets add up."""
GROUPS = {"ai-models": "model", "users": "agent", "api-keys": "key", "ai-providers": "provider", "workspaces": "total"}
Least = Annotated[str | None, Query(description="An instant; 30 days ago when absent.")]
Most = Annotated[str | None, Query(description="An instant, exclusive; now when absent.")]


@router.get("/analytics/graphs/{name:path}", operation_id="portkey_analytics_graph")
async def graph(
    name: str, actor: Reader, db: Db, time_of_generation_min: Least = None, time_of_generation_max: Most = None
) -> dict[str, Any]:
    """A figure over time: requests, cost (cents), tokens, errors and their rate, latency (ms), cache hits, feedback."""
    async with db.read() as tx:
        begin, end = _span(tx.now, time_of_generation_min, time_of_generation_max)
        if name == "feedbacks":
            given = await store.between(tx, actor.workspace_id, begin, end)
            return _of_feedback(given, _grain(begin, end))
        if name not in GRAPHS:
            raise _unknown(f"graphs/{name}")
        found = await _series(tx, actor.workspace_id, "total", begin, end)
    show, adds_up = GRAPHS[name]
    points = [(bucket.at, show(bucket.figures), bucket.figures.calls) for bucket in found]
    whole = _added([bucket.figures for bucket in found])
    total = show(whole)
    return {
        "summary": {"total": total, "avg": _ratio(total, len(points)) if adds_up else total},
        "data_points": [
            {"timestamp": iso(at), "total": value, "avg": _ratio(value, calls) if adds_up else value}
            for at, value, calls in points
        ],
        "object": "analytics-graph",
    }


@router.get("/analytics/groups/{name:path}", operation_id="portkey_analytics_group")
async def group(
    name: str, actor: Reader, db: Db, time_of_generation_min: Least = None, time_of_generation_max: Most = None
) -> dict[str, Any]:
    """Requests, tokens and cost by model, agent, key, provider, or a metadata key's values."""
    key = name.removeprefix("metadata/") if name.startswith("metadata/") else None
    dim = "tag" if key is not None else GROUPS.get(name)
    if dim is None:
        raise _unknown(f"groups/{name}")
    async with db.read() as tx:
        begin, end = _span(tx.now, time_of_generation_min, time_of_generation_max)
        found = await _series(tx, actor.workspace_id, dim, begin, end)
    by_value: dict[str, list[Figures]] = {}
    for bucket in found:
        if key is None or bucket.value.startswith(f"{key}="):
            by_value.setdefault(bucket.value.removeprefix(f"{key}=") if key else bucket.value, []).append(
                bucket.figures
            )
    rows = [_group(value, _added(figures)) for value, figures in by_value.items()]
    rows.sort(key=lambda row: -float(row["cost"]))
    return {"total": len(rows), "object": "list", "data": rows}


@router.get("/analytics/summary/{name:path}", operation_id="portkey_analytics_summary")
async def summary(
    name: str, actor: Reader, db: Db, time_of_generation_min: Least = None, time_of_generation_max: Most = None
) -> dict[str, Any]:
    """What our cache did, summed up."""
    if name != "cache":
        raise _unknown(f"summary/{name}")
    async with db.read() as tx:
        begin, end = _span(tx.now, time_of_generation_min, time_of_generation_max)
        sums = _added([bucket.figures for bucket in await _series(tx, actor.workspace_id, "total", begin, end)])
    data = {
        "requests": sums.calls,
        "cache_hits": sums.cache_hits,
        "hit_rate": _ratio(sums.cache_hits, sums.calls) * 100,
        "cost_saved": sums.cache_saved * CENTS / NANO,
    }
    return {"summary": data, "data": data, "object": "analytics-summary"}


async def _series(tx: Any, workspace_id: str, dim: str, begin: int, end: int) -> list[Bucket]:
    grain = _grain(begin, end)
    found = await rollups.series(
        tx, workspace_id, dim, grain, floor_to(begin, grain.length), end, limit=MOST_BUCKETS + 1
    )
    if len(found) > MOST_BUCKETS:
        raise Invalid("This would be too much to show: choose a shorter time.", field="time_of_generation_min")
    return found


def _span(now: int, least: str | None, most: str | None) -> tuple[int, int]:
    begin, end = window(least, most)
    until = now if end is None else end
    return (floor_to(until, DAY) - (_DAYS_SHOWN - 1) * DAY if begin is None else begin), until


def _grain(begin: int, end: int) -> Grain:
    if end - begin <= 3 * HOUR:
        return Grain.MINUTE
    return Grain.HOUR if end - begin <= 7 * DAY else Grain.DAY


def _added(figures: Sequence[Figures]) -> Figures:
    names = Figures.__slots__
    return Figures(**{name: sum(getattr(each, name) for each in figures) for name in names})


def _group(value: str, sums: Figures) -> dict[str, Any]:
    return {
        "name": value,
        "requests": sums.calls,
        "total_tokens": sums.input_tokens + sums.output_tokens,
        "cost": sums.cost * CENTS / NANO,
        "avg_latency": _ratio(sums.duration, sums.calls) / MS,
        "errors": sums.errors,
        "object": "analytics-group",
    }


def _of_feedback(given: list[tuple[int, int, float]], grain: Grain) -> dict[str, Any]:
    buckets: dict[int, list[int]] = {}
    for at, value, _ in given:
        buckets.setdefault(floor_to(at, grain.length or MINUTE), []).append(value)
    values = [value for _, value, _ in given]
    return {
        "summary": {"total": len(values), "avg": _ratio(sum(values), len(values))},
        "data_points": [
            {"timestamp": iso(at), "total": len(some), "avg": _ratio(sum(some), len(some))}
            for at, some in sorted(buckets.items())
        ],
        "object": "analytics-graph",
    }


def _unknown(name: str) -> NotFound | NotImplementedHere:
    return NotImplementedHere(f"/v1/analytics/{name} is not kept here; see GET /api/v1/costs for what is.")
