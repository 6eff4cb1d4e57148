"""/costs/report_card: how well agents, models and instructions did for the money."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel

from quarterdeck.control.costs import counting, work_store
from quarterdeck.control.costs.waste import WASTE, add_up
from quarterdeck.control.http import Db, Reader
from quarterdeck.control.seats import store as seats
from quarterdeck.ledger import work_costs

router = APIRouter(tags=["costs"])


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
        idle = await seats.spent(tx, actor.workspace_id, begin=since, end=until, agent_id=agent_id)
        paid = await work_costs.spent(tx, actor.workspace_id, begin=since, end=until, agent_id=agent_id)
        spent = [*(each for each in paid if each.fact is not work_costs.Fact.REPLAY), *idle]
        known = await work_store.tasks_of(tx, actor.workspace_id, {each.task_id for each in spent})
        run_ids = {each.run_id for each in spent}
        runs, tasks = await work_store.facts_of(tx, actor.workspace_id, run_ids, known)
        told = await work_store.instructions_of(tx, actor.workspace_id, run_ids) if by == "instructions" else {}
        value_of = counting.values(by, known, told)
        sums = add_up(((value_of(each), each) for each in spent), runs, tasks)
        done = {task_id for task_id, row in known.items() if row.state == "done"}
        passed, approved = await work_store.approvals_of(tx, actor.workspace_id, done)
        labels = await counting.labels(tx, actor.workspace_id, by, set(sums))
    done_by: dict[str, list[str]] = {}
    for task_id, value in counting.mostly(spent, value_of).items():
        if task_id in done:
            done_by.setdefault(value, []).append(task_id)
    rows = []
    for value, total in sums.items():
        mine = done_by.get(value, [])
        first = sum(task_id in passed for task_id in mine)
        good = sum(approved.get(task_id, 0) for task_id in mine)
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
                approved=good,
                cost_per_approved_nano=total.total // good if good else None,
                waste_share=waste / total.total if total.total else None,
            )
        )
    rows.sort(key=lambda row: (-row.tasks_done, row.label))
    return ReportOut(rows=rows)
