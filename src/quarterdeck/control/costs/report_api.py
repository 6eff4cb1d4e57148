"""/costs/report_card: how well agents, models and instructions did for the money."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from quarterdeck.control.costs import counting, grouped, outcomes, work_store
from quarterdeck.control.costs.outcomes import Outcome
from quarterdeck.control.costs.waste import WASTE, CostClass, Sums, class_of
from quarterdeck.control.http import Db, Reader
from quarterdeck.control.seats import store as seats
from quarterdeck.control.shapes import Instant
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, floor_to, iso, parse_iso
from quarterdeck.ledger.work_costs import Spent

router = APIRouter(tags=["costs"])
WEEK = 7 * DAY


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
    approved: int
    """Deliverables of those tasks that were approved, with whatever versions."""
    cost_per_approved_nano: int | None
    waste_share: float | None


class ReportOut(BaseModel):
    rows: list[ReportRowOut]


@router.get("/costs/report_card", operation_id="get_report_card")
async def get_report_card(
    *,
    actor: Reader,
    db: Db,
    begin: counting.From = None,
    end: counting.To = None,
    by: Annotated[Literal["agent", "model", "instructions"], Query()] = "agent",
    agent_id: Annotated[str | None, Query(description="Only what this agent spent.")] = None,
) -> ReportOut:
    """Cost per approved deliverable and first-pass approval, by agent, model or version of instructions."""
    async with db.read() as tx:
        since, until = counting.days(tx, begin, end)
        sums, came_of = await _outcome(tx, actor.workspace_id, by, since, until, agent_id)
        labels = await counting.labels(tx, actor.workspace_id, by, set(sums))
    rows = []
    for value, total in sums.items():
        mine = came_of.get(value, Outcome())
        waste = sum(total.cost[each] for each in WASTE)
        rows.append(
            ReportRowOut(
                value=value,
                label=labels.get(value, value),
                tasks_done=mine.done,
                first_pass=mine.first_pass,
                first_pass_share=mine.first_pass / mine.done if mine.done else None,
                cost_nano=total.total,
                cost_per_done_nano=total.total // mine.done if mine.done else None,
                approved=mine.approved,
                cost_per_approved_nano=total.total // mine.approved if mine.approved else None,
                waste_share=waste / total.total if total.total else None,
            )
        )
    rows.sort(key=lambda row: (-row.tasks_done, row.label))
    return ReportOut(rows=rows)


class WeekOut(BaseModel):
    """Seven days, UTC. The last one is under way: it ends today."""

    begin: Instant
    tasks_done: int
    first_pass_share: float | None
    """Of the tasks done, those that every review approved; null when none was done."""
    rework_share: float | None
    """Of what was spent, what went into work that a reviewer had sent back; null when nothing was spent."""
    waste_share: float | None
    cost_nano: int


class WeeksOut(BaseModel):
    weeks: list[WeekOut]
    """The oldest first."""


@router.get("/costs/report_card/weeks", operation_id="get_report_card_weeks")
async def get_report_card_weeks(
    actor: Reader,
    db: Db,
    agent_id: Annotated[str | None, Query(description="Only what this agent spent; else everybody.")] = None,
    weeks: Annotated[int, Query(ge=1, le=26)] = 8,
) -> WeeksOut:
    """Approval and rework week by week: whether it goes better or worse."""
    async with db.read() as tx:
        until = floor_to(tx.now, DAY) + DAY
        begins = [until - back * WEEK for back in range(weeks, 0, -1)]
        since = begins[0]
        # One pass over the costs for all weeks: each by itself would be a report of its own.
        by_day = await grouped.sums(tx, actor.workspace_id, "day", since, until, agent_id=agent_id, replays=False)
        sums: list[list[Sums]] = [[] for _ in begins]
        for day, each in by_day.items():
            sums[(parse_iso(day) - since) // WEEK].append(each)
        outcomes_of = await outcomes.by_stretch(tx, actor.workspace_id, since, until, WEEK, agent_id=agent_id)
        came_of = [[outcomes_of[at]] if at in outcomes_of else [] for at in range(weeks)]
        idle = await seats.spent(tx, actor.workspace_id, begin=since, end=until, agent_id=agent_id)
        for at, begin in enumerate(begins):
            if mine := [each for each in idle if begin <= each.day < begin + WEEK]:
                more: tuple[dict[str, Sums], dict[str, Outcome]] = {}, {}
                await _add_idle(tx, actor.workspace_id, mine, "total", (begin, begin + WEEK, agent_id), *more)
                sums[at] += more[0].values()
                came_of[at] += more[1].values()
    return WeeksOut(weeks=[_week(*each) for each in zip(begins, sums, came_of, strict=True)])


def _week(begin: int, sums: list[Sums], came_of: list[Outcome]) -> WeekOut:
    total = sum(each.total for each in sums)
    done, first = sum(each.done for each in came_of), sum(each.first_pass for each in came_of)
    rework = sum(each.cost[CostClass.REWORK] for each in sums)
    waste = sum(each.cost[one] for each in sums for one in WASTE)
    return WeekOut(
        begin=iso(begin),
        tasks_done=done,
        first_pass_share=first / done if done else None,
        rework_share=rework / total if total else None,
        waste_share=waste / total if total else None,
        cost_nano=total,
    )


async def _outcome(
    tx: Transaction, workspace_id: str, by: counting.By, since: int, until: int, agent_id: str | None
) -> tuple[dict[str, Sums], dict[str, Outcome]]:
    """What was spent and what came of it, by value, seats that waited included; replays are nobody's work."""
    idle = await seats.spent(tx, workspace_id, begin=since, end=until, agent_id=agent_id)
    sums = await grouped.sums(tx, workspace_id, by, since, until, agent_id=agent_id, replays=False)
    came_of = await outcomes.of_done_tasks(tx, workspace_id, by, since, until, agent_id=agent_id)
    if idle:
        await _add_idle(tx, workspace_id, idle, by, (since, until, agent_id), sums, came_of)
    return sums, came_of


async def _add_idle(
    tx: Transaction,
    workspace_id: str,
    idle: list[Spent],
    by: counting.By,
    when: tuple[int, int, str | None],
    sums: dict[str, Sums],
    came_of: dict[str, Outcome],
) -> None:
    """What seats cost while their work waited; and the tasks that nothing but a seat was spent on."""
    since, until, agent_id = when
    told = (
        await work_store.instructions_of(tx, workspace_id, {each.run_id for each in idle})
        if by == "instructions"
        else {}
    )
    task_ids = {each.task_id for each in idle if each.task_id}
    known = await work_store.tasks_of(tx, workspace_id, task_ids)
    value_of = counting.values(by, known, told)
    for each in idle:
        sums.setdefault(value_of(each), Sums.none()).add(each, class_of(each, {}, {}))
    counted = await outcomes.with_calls(tx, workspace_id, since, until, task_ids, agent_id=agent_id)
    done = {task_id for task_id, row in known.items() if row.state == "done"} - counted
    passed, approved = await work_store.approvals_of(tx, workspace_id, done)
    for task_id, value in counting.mostly([each for each in idle if each.task_id in done], value_of).items():
        mine = came_of.setdefault(value, Outcome())
        mine.done += 1
        mine.first_pass += task_id in passed
        mine.approved += approved.get(task_id, 0)
