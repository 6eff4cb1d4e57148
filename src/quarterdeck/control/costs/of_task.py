"""What a task cost, run by run and by class: a handful of queries, however many runs and versions it has."""

from quarterdeck.control.costs import work_store
from quarterdeck.control.costs.waste import CostClass, Sums, add_up
from quarterdeck.control.seats import store as seats
from quarterdeck.db import Transaction
from quarterdeck.ledger import work_costs


async def by_run(tx: Transaction, workspace_id: str, task_id: str) -> tuple[dict[str, Sums], int]:
    """Sums by run, those without one under the empty name; and what of them are seats that waited, in nano-dollars."""
    idle = await seats.spent(tx, workspace_id, task_ids=[task_id])
    spent = [*await work_costs.spent(tx, workspace_id, task_ids=[task_id]), *idle]
    known = await work_store.tasks_of(tx, workspace_id, [task_id])
    runs, tasks = await work_store.facts_of(tx, workspace_id, {each.run_id for each in spent}, known)
    return add_up(((each.run_id, each) for each in spent), runs, tasks), sum(each.cost for each in idle)


async def classes(tx: Transaction, workspace_id: str, task_id: str) -> dict[CostClass, int]:
    """Nano-dollars by class, and nothing else of it."""
    sums, _ = await by_run(tx, workspace_id, task_id)
    return Sums.all_of(sums.values()).cost
