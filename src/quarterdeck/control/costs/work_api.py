"""/costs/waste, /costs/tasks, /costs/reconcile: money by work, and what it came to."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.costs import counting, grouped, of_task, reconciling, work_store
from quarterdeck.control.costs.waste import WASTE, CostClass, Sums, class_of
from quarterdeck.control.http import Admin, Db, Reader
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.store import RunFilter
from quarterdeck.control.seats import store as seats
from quarterdeck.control.shapes import Instant, RequestBody, TaskNamed
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, iso
from quarterdeck.kernel.errors import Invalid
from quarterdeck.ledger import account, rollups
from quarterdeck.ledger.rollups import Grain

router = APIRouter(tags=["costs"])
_MOST_RUNS = 500
_MOST_BUCKETS = 50_000


class WasteRowOut(BaseModel):
    """What was spent under one value, in nano-dollars by class. The classes add up to `total_nano`."""

    value: str = Field(description="An id, a model or a day; empty: what has none.")
    label: str
    classes: dict[CostClass, int]
    total_nano: int
    waste_nano: int
    calls: int
    unpriced_calls: int


class WasteOut(BaseModel):
    """Every nano-dollar once. `difference_nano` is what the classes and the ledger with the seats differ by: nothing,
    or a mistake."""

    rows: list[WasteRowOut]
    totals: WasteRowOut
    ledger_nano: int
    """What calls cost."""
    seats_nano: int
    """What seats with an hourly price cost while their work waited: part of `blocked_idle`, and of no invoice for
    calls."""
    difference_nano: int


class RunCostOut(BaseModel):
    run_id: str
    attempt: int
    state: str
    classes: dict[CostClass, int]
    total_nano: int
    retry: bool
    """It was not the first attempt."""


class VersionCostOut(BaseModel):
    deliverable_id: str
    name: str
    version: int
    draft: bool
    run_id: str
    created_at: Instant
    calls: int
    cost_nano: int
    unpriced_calls: int
    verdict: str | None
    """The latest review of it; `request_changes` or `reject` make it a rejected draft."""


class TaskCostsOut(BaseModel):
    task: TaskNamed
    classes: dict[CostClass, int]
    total_nano: int
    seats_nano: int
    """What of it are seats that waited; the rest are calls."""
    retries_nano: int
    """What attempts after the first cost."""
    rejected_nano: int
    """What versions cost that a reviewer sent back."""
    runs: list[RunCostOut]
    versions: list[VersionCostOut]


class ReconcileIn(RequestBody):
    csv: str = Field(max_length=3_500_000, description="With columns for the day, the model and the cost in dollars.")
    provider: str | None = Field(None, description="Only the models of this provider of ours.")


class DifferenceOut(BaseModel):
    day: Instant
    model: str
    theirs_nano: int | None
    ours_nano: int | None
    difference_nano: int


class ReconciledOut(BaseModel):
    rows: list[DifferenceOut]
    theirs_nano: int
    ours_nano: int
    difference_nano: int


@router.get("/costs/waste", operation_id="get_waste")
async def get_waste(
    *,
    actor: Reader,
    db: Db,
    begin: counting.From = None,
    end: counting.To = None,
    by: Annotated[counting.By, Query()] = "total",
) -> WasteOut:
    """Where the money went: useful, rework, failed, looped, duplicate, blocked, unclaimed, replay, or not known yet."""
    async with db.read() as tx:
        since, until = counting.days(tx, begin, end)
        idle = await seats.spent(tx, actor.workspace_id, begin=since, end=until)
        found = await grouped.sums(tx, actor.workspace_id, by, since, until)
        known = await work_store.tasks_of(tx, actor.workspace_id, {each.task_id for each in idle})
        value_of = counting.values(by, known)
        for each in idle:
            found.setdefault(value_of(each), Sums.none()).add(each, class_of(each, {}, {}))
        whole = Sums.all_of(found.values())
        labels = await counting.labels(tx, actor.workspace_id, by, set(found))
        ledger = await account.summed(tx, actor.workspace_id, since, until)
    rows = [_row(value, labels.get(value, value), sums) for value, sums in found.items()]
    rows.sort(key=lambda row: (-row.total_nano, row.value))
    return WasteOut(
        rows=rows,
        totals=_row("", "total", whole),
        ledger_nano=ledger,
        seats_nano=(seats_nano := sum(each.cost for each in idle)),
        difference_nano=ledger + seats_nano - whole.total,
    )


@router.get("/costs/tasks/{task_id}", operation_id="get_task_costs")
async def get_task_costs(task_id: str, actor: Reader, db: Db) -> TaskCostsOut:
    """What a task cost: by class, attempt and version."""
    async with db.read() as tx:
        return await costs_of_task(tx, actor.workspace_id, task_id)


async def costs_of_task(tx: Transaction, workspace_id: str, task_id: str) -> TaskCostsOut:
    """Raises NotFound."""
    task = await task_actions.get(tx, workspace_id, task_id)
    by_run, seats_nano = await of_task.by_run(tx, workspace_id, task_id)
    page = await run_store.page(tx, workspace_id, RunFilter(task_id=task_id), limit=_MOST_RUNS)
    versions = await work_store.versions_of(tx, workspace_id, task_id)
    whole = Sums.all_of(by_run.values())
    attempts = [(run, by_run.get(run.id, Sums.none())) for run in reversed(page.items)]
    return TaskCostsOut(
        task=TaskNamed(id=task.id, ref=task.ref, title=task.title),
        classes=whole.cost,
        total_nano=whole.total,
        seats_nano=seats_nano,
        retries_nano=sum(sums.total for run, sums in attempts if run.attempt > 1),
        rejected_nano=sum(one.cost for one in versions if one.verdict in work_store.SENT_BACK),
        runs=[
            RunCostOut(
                run_id=run.id,
                attempt=run.attempt,
                state=run.state.value,
                classes=sums.cost,
                total_nano=sums.total,
                retry=run.attempt > 1,
            )
            for run, sums in attempts
        ],
        versions=[
            VersionCostOut(
                deliverable_id=one.deliverable_id,
                name=one.name,
                version=one.number,
                draft=one.draft,
                run_id=one.run_id,
                created_at=iso(one.created_at),
                calls=one.calls,
                cost_nano=one.cost,
                unpriced_calls=one.unpriced_calls,
                verdict=one.verdict,
            )
            for one in versions
        ],
    )


@router.post("/costs/reconcile", operation_id="reconcile_costs")
async def reconcile_costs(body: ReconcileIn, actor: Admin, db: Db) -> ReconciledOut:
    """A provider's usage export beside our account: the difference per day and model. Nothing is kept."""
    theirs = reconciling.read_export(body.csv)
    days = sorted({day for day, _ in theirs})
    async with db.read() as tx:
        ours = await _ours(tx, actor.workspace_id, days[0], days[-1] + DAY, body.provider) if days else {}
    found = reconciling.compare(theirs, ours)
    return ReconciledOut(
        rows=[
            DifferenceOut(
                day=iso(each.day),
                model=each.model,
                theirs_nano=each.theirs,
                ours_nano=each.ours,
                difference_nano=each.difference,
            )
            for each in found
        ],
        theirs_nano=sum(theirs.values()),
        ours_nano=sum(ours.values()),
        difference_nano=sum(each.difference for each in found),
    )


async def _ours(
    tx: Transaction, workspace_id: str, begin: int, end: int, provider: str | None
) -> dict[tuple[int, str], int]:
    if provider is not None:
        return await account.by_day_and_model(tx, workspace_id, provider, begin, end)
    buckets = await rollups.series(tx, workspace_id, "model", Grain.DAY, begin, end, limit=_MOST_BUCKETS + 1)
    if len(buckets) > _MOST_BUCKETS:
        raise Invalid("These days have too many models to be compared at once: send fewer days.", field="csv")
    return {(bucket.at, bucket.value): bucket.figures.cost for bucket in buckets if bucket.value}


def _row(value: str, label: str, sums: Sums) -> WasteRowOut:
    return WasteRowOut(
        value=value,
        label=label,
        classes=sums.cost,
        total_nano=sums.total,
        waste_nano=sum(sums.cost[each] for each in WASTE),
        calls=sums.calls,
        unpriced_calls=sums.unpriced_calls,
    )
