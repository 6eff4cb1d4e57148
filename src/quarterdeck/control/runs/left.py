"""How much a run may still spend."""

from collections.abc import Sequence

from quarterdeck.access.scopes import Facts
from quarterdeck.control.budgets.entries import entries_of
from quarterdeck.control.budgets.spending import Cap, caps_of, left_for
from quarterdeck.control.runs.model import Run
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction


async def budget_left(tx: Transaction, task: Task, *, agent_id: str, run_id: str | None) -> int | None:
    """Nano-dollars that the tightest budget on the agent, the task, its project or the run leaves; None: no budget."""
    facts = Facts(agent_id=agent_id, task_id=task.id, run_id=run_id, project_id=task.project_id)
    entries = (await entries_of(tx, task.workspace_id, task_id=task.id, named=False))[task.workspace_id]
    return await left_for(tx, task.workspace_id, entries, facts)


async def caps(tx: Transaction, workspace_id: str, runs: Sequence[Run]) -> dict[str, Cap]:
    """Of those of these runs that are open, by id, the cap each is nearest to; those without any are left out."""
    mine = [run for run in runs if run.open]
    entries = (await entries_of(tx, workspace_id, named=False))[workspace_id] if mine else []
    if not entries:
        return {}
    of_task = await task_store.briefly(tx, workspace_id, {run.task_id for run in mine})
    facts = {
        run.id: Facts(
            agent_id=run.agent_id, task_id=run.task_id, run_id=run.id, project_id=of_task[run.task_id].project_id
        )
        for run in mine
    }
    return await caps_of(tx, workspace_id, entries, facts)
