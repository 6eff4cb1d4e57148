"""/costs/waste, /costs/tasks, /costs/report_card, /costs/reconcile: money by work, and what it came to."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.costs import reconciling, work_store
from quarterdeck.control.costs.waste import WASTE, CostClass, Sums, add_up
from quarterdeck.control.costs.work_store import TaskRow
from quarterdeck.control.http import Admin, Db, Reader
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.store import RunFilter
from quarterdeck.control.shapes import Instant, TaskNamed, instant_in
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks import store as task_store
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, floor_to, iso
from quarterdeck.ledger import account, rollups, work_costs
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.work_costs import Spent

router = APIRouter(tags=["costs"])
By = Literal["total", "agent", "task", "run", "model", "project", "person", "schedule", "day"]
_DAYS_SHOWN = 30
_MOST_RUNS = 500
_MOST_BUCKETS = 50_000
From = Annotated[str | None, Query(alias="from", description="An instant; 30 days ago when absent. Whole days, UTC.")]
To = Annotated[str | None, Query(alias="to", description="An instant, exclusive; now when absent.")]


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
    """Every nano-dollar once. `difference_nano` is what the classes and the ledger differ by: nothing, or a mistake."""

    rows: list[WasteRowOut]
    totals: WasteRowOut
    ledger_nano: int
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
    retries_nano: int
    """What attempts after the first cost."""
    rejected_nano: int
    """What versions cost that a reviewer sent back."""
    runs: list[RunCostOut]
    versions: list[VersionCostOut]


class ReportRowOut(BaseModel):
    """How well somebody, or some model, did. Of tasks whose cost is mostly its own; replays are no work of theirs."""

    value: str
    label: str
    tasks_done: int
    first_pass: int
    """Tasks that every review approved."""
    first_pass_share: float | None
    cost_nano: int
    """All that was spent, also on what came to nothing."""
    cost_per_done_nano: int | None
    waste_share: float | None


class ReportOut(BaseModel):
    rows: list[ReportRowOut]


class ReconcileIn(BaseModel):
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
    *, actor: Reader, db: Db, begin: From = None, end: To = None, by: Annotated[By, Query()] = "total"
) -> WasteOut:
    """Where the money went: useful, rework, failed, looped, duplicate, blocked, unclaimed, replay, or not known yet."""
    async with db.read() as tx:
        since, until = _range(tx, begin, end)
        spent = await work_costs.spent(tx, actor.workspace_id, begin=since, end=until)
        known = await work_store.tasks_of(tx, actor.workspace_id, {each.task_id for each in spent})
        runs, tasks = await work_store.facts_of(tx, actor.workspace_id, {each.run_id for each in spent}, known)
        value_of = _values(by, known)
        found = add_up(((value_of(each), each) for each in spent), runs, tasks)
        whole = add_up((("", each) for each in spent), runs, tasks).get("", Sums.none())
        labels = await _labels(tx, actor.workspace_id, by, set(found))
        balance = await account.balance(tx, actor.workspace_id, begin=since, end=until)
    rows = [_row(value, labels.get(value, value), sums) for value, sums in found.items()]
    rows.sort(key=lambda row: (-row.total_nano, row.value))
    return WasteOut(
        rows=rows,
        totals=_row("", "total", whole),
        ledger_nano=balance.amount,
        difference_nano=balance.amount - whole.total,
    )


@router.get("/costs/tasks/{task_id}", operation_id="get_task_costs")
async def get_task_costs(task_id: str, actor: Reader, db: Db) -> TaskCostsOut:
    """What a task cost: by class, attempt and version."""
    async with db.read() as tx:
        task = await task_actions.get(tx, actor.workspace_id, task_id)
        spent = await work_costs.spent(tx, actor.workspace_id, task_ids=[task_id])
        known = await work_store.tasks_of(tx, actor.workspace_id, [task_id])
        page = await run_store.page(tx, actor.workspace_id, RunFilter(task_id=task_id), limit=_MOST_RUNS)
        runs, tasks = await work_store.facts_of(tx, actor.workspace_id, {run.id for run in page.items}, known)
        versions = await work_store.versions_of(tx, actor.workspace_id, task_id)
    by_run = add_up(((each.run_id, each) for each in spent), runs, tasks)
    whole = add_up((("", each) for each in spent), runs, tasks).get("", Sums.none())
    attempts = [(run, by_run.get(run.id, Sums.none())) for run in reversed(page.items)]
    return TaskCostsOut(
        task=TaskNamed(id=task.id, ref=task.ref, title=task.title),
        classes=whole.cost,
        total_nano=whole.total,
        retries_nano=sum(sums.total for run, sums in attempts if run.attempt > 1),
        rejected_nano=sum(one.cost for one in versions if one.verdict in ("request_changes", "reject")),
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


@router.get("/costs/report_card", operation_id="get_report_card")
async def get_report_card(
    *,
    actor: Reader,
    db: Db,
    begin: From = None,
    end: To = None,
    by: Annotated[Literal["agent", "model"], Query()] = "agent",
) -> ReportOut:
    """Cost per approved task and first-pass approval, by agent or model."""
    async with db.read() as tx:
        since, until = _range(tx, begin, end)
        spent = [
            each
            for each in await work_costs.spent(tx, actor.workspace_id, begin=since, end=until)
            if each.fact is not work_costs.Fact.REPLAY
        ]
        known = await work_store.tasks_of(tx, actor.workspace_id, {each.task_id for each in spent})
        runs, tasks = await work_store.facts_of(tx, actor.workspace_id, {each.run_id for each in spent}, known)
        value_of = _values(by, known)
        sums = add_up(((value_of(each), each) for each in spent), runs, tasks)
        done = {task_id for task_id, row in known.items() if row.state == "done"}
        passed = await work_store.approved_at_first(tx, actor.workspace_id, done)
        labels = await _labels(tx, actor.workspace_id, by, set(sums))
    mostly = _mostly(spent, value_of)
    rows = []
    for value, total in sums.items():
        mine = [task_id for task_id in done if mostly.get(task_id) == value]
        first = sum(task_id in passed for task_id in mine)
        waste = sum(total.cost[each] for each in WASTE)
        rows.append(
            ReportRowOut(
                value=value,
                label=labels.get(value, value),
                tasks_done=len(mine),
                first_pass=first,
                first_pass_share=first / len(mine) if mine else None,
                cost_nano=total.total,
                cost_per_done_nano=total.total // len(mine) if mine else None,
                waste_share=waste / total.total if total.total else None,
            )
        )
    rows.sort(key=lambda row: (-row.tasks_done, row.label))
    return ReportOut(rows=rows)


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
    buckets = await rollups.series(tx, workspace_id, "model", Grain.DAY, begin, end, limit=_MOST_BUCKETS)
    return {(bucket.at, bucket.value): bucket.figures.cost for bucket in buckets if bucket.value}


def _range(tx: Transaction, begin: str | None, end: str | None) -> tuple[int, int]:
    """Whole days that hold what is asked for."""
    until = tx.now if end is None else instant_in(end, "to")
    since = floor_to(until, DAY) - (_DAYS_SHOWN - 1) * DAY if begin is None else instant_in(begin, "from")
    return floor_to(since, DAY), floor_to(until + DAY - 1, DAY)


def _values(by: By, known: Mapping[str, TaskRow]) -> Callable[[Spent], str]:
    """Under which value a row is counted."""
    if by in ("project", "person", "schedule"):
        name = {"project": "project_id", "person": "accountable_id", "schedule": "schedule_id"}[by]
        return lambda spent: getattr(known[spent.task_id], name) or "" if spent.task_id in known else ""
    if by == "day":
        return lambda spent: iso(spent.day)
    if by == "total":
        return lambda _: ""
    name = {"agent": "agent_id", "task": "task_id", "run": "run_id", "model": "model"}[by]
    return lambda spent: str(getattr(spent, name))


def _mostly(spent: list[Spent], value_of: Callable[[Spent], str]) -> dict[str, str]:
    """By task: who, or what, most of its calls are of."""
    counts: dict[str, dict[str, int]] = {}
    for each in spent:
        if each.task_id:
            mine = counts.setdefault(each.task_id, {})
            mine[value_of(each)] = mine.get(value_of(each), 0) + each.calls
    return {task_id: max(mine, key=lambda value: (mine[value], value)) for task_id, mine in counts.items()}


async def _labels(tx: Transaction, workspace_id: str, by: By, values: set[str]) -> dict[str, str]:
    wanted = {value for value in values if value}
    if by == "agent":
        return await agent_store.named(tx, workspace_id, wanted)
    if by == "project":
        return await project_store.named(tx, workspace_id, wanted)
    if by == "person":
        return await people.named(tx, workspace_id, wanted)
    if by == "task":
        named = await task_store.named(tx, workspace_id, wanted)
        return {task_id: f"{task.ref} {task.title}" for task_id, task in named.items()}
    return {}


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
