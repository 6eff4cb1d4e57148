"""/costs: what calls cost, by time and by whatever it is asked for."""

from collections.abc import Iterable
from typing import Annotated, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.costs import counting
from quarterdeck.control.http import Db, Reader
from quarterdeck.control.shapes import Instant, instant_in
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, floor_to, iso
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger import rollups
from quarterdeck.ledger.derived_tables import rollups as rollup_rows
from quarterdeck.ledger.rollups import Bucket, Figures, Grain, Split

router = APIRouter(tags=["costs"])
Dim = Literal["total", "agent", "task", "project", "person", "run", "model", "provider", "key", "tag"]
GrainName = Literal["minute", "hour", "day"]
_GRAINS: dict[str, Grain] = {"minute": Grain.MINUTE, "hour": Grain.HOUR, "day": Grain.DAY}
_DAYS_SHOWN = 30
MOST_BUCKETS = 20_000
_TASK = (tasks, sa.and_(tasks.c.workspace_id == rollup_rows.c.workspace_id, tasks.c.id == rollup_rows.c.value))
_OF_TASKS: dict[str, Split] = {
    "project": Split("task", sa.func.coalesce(tasks.c.project_id, ""), _TASK),
    "person": Split("task", sa.func.coalesce(tasks.c.accountable_id, ""), _TASK),
}


class SumsOut(BaseModel):
    """Sums of calls. `cost_nano` is that of the calls that have a price; the others are counted apart."""

    calls: int
    errors: int
    cancelled: int
    refused: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_nano: int
    unpriced_calls: int
    estimated_calls: int
    cache_hits: int
    cache_saved_nano: int = Field(description="What the answers that our cache gave again had cost.")
    prompt_saved_nano: int = Field(
        description="What providers' own prompt caches saved: cached tokens at their price, less the price of writing."
    )


class BucketOut(SumsOut):
    at: Instant
    value: str = Field(description="An id or a name; empty for calls that have none.")
    label: str


class CostsOut(BaseModel):
    """`totals` are the sums of the buckets and the others; by tag a call counts once for each of its tags."""

    buckets: list[BucketOut]
    others: list[BucketOut] = Field(description="What came after the first `top` values, as one; empty without `top`.")
    totals: SumsOut


@router.get("/costs", operation_id="get_costs")
async def get_costs(
    *,
    actor: Reader,
    db: Db,
    begin: Annotated[str | None, Query(alias="from", description="An instant; 30 days ago when absent.")] = None,
    end: Annotated[str | None, Query(alias="to", description="An instant, exclusive; now when absent.")] = None,
    by: Annotated[Dim, Query()] = "total",
    grain: Annotated[GrainName, Query()] = "day",
    value: Annotated[str | None, Query(description="Only this value of what it is split by.")] = None,
    top: Annotated[int | None, Query(ge=1, le=200, description="Only this many values, the dearest.")] = None,
) -> CostsOut:
    """What calls cost. Buckets begin on whole minutes, hours or days, UTC; a first one that is cut is shown whole.

    By project and by person, a call counts for what its task belongs to now.
    """
    async with db.read() as tx:
        until = tx.now if end is None else instant_in(end, "to")
        since = floor_to(until, DAY) - (_DAYS_SHOWN - 1) * DAY if begin is None else instant_in(begin, "from")
        return await report(tx, actor.workspace_id, since, until, by=by, grain=grain, value=value, top=top)


async def report(
    tx: Transaction,
    workspace_id: str,
    since: int,
    until: int,
    *,
    by: Dim,
    grain: GrainName,
    value: str | None = None,
    top: int | None = None,
) -> CostsOut:
    """What calls of [since, until) cost. Raises Invalid where that would be too much to show."""
    size = _GRAINS[grain]
    what = (workspace_id, _OF_TASKS.get(by, Split(by)), size, floor_to(since, size.length), until)
    among = None if value is None else [value]
    if top is not None and value is None:
        among = await rollups.dearest(tx, *what, limit=top)
    found = await rollups.series(tx, *what, among=among, limit=MOST_BUCKETS + 1)
    full = value is None and among is not None and len(among) == top
    others = await rollups.series(tx, *what, but=among or (), limit=MOST_BUCKETS + 1) if full else []
    if max(len(found), len(others)) > MOST_BUCKETS:
        said = "This would be too much to show: choose a coarser grain, a shorter time or fewer values (`top`)."
        raise Invalid(said, field="grain")
    labels = await counting.labels(tx, workspace_id, by, {bucket.value for bucket in found})
    return CostsOut(
        buckets=[_bucket(bucket, labels.get(bucket.value, bucket.value)) for bucket in found],
        others=[_bucket(bucket, "") for bucket in others],
        totals=SumsOut(**_added(bucket.figures for bucket in [*found, *others])),
    )


def _bucket(bucket: Bucket, label: str) -> BucketOut:
    return BucketOut(at=iso(bucket.at), value=bucket.value, label=label, **_sums(bucket.figures))


def _sums(figures: Figures) -> dict[str, int]:
    return {name: getattr(figures, name.removesuffix("_nano")) for name in SumsOut.model_fields}


def _added(figures: Iterable[Figures]) -> dict[str, int]:
    totals = dict.fromkeys(SumsOut.model_fields, 0)
    for each in figures:
        for name, value in _sums(each).items():
            totals[name] += value
    return totals
