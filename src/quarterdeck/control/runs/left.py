"""How much a run may still spend."""

from quarterdeck.access.scopes import Facts
from quarterdeck.control.budgets.entries import entries_of
from quarterdeck.control.budgets.spending import left_for
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction


async def budget_left(tx: Transaction, task: Task, *, agent_id: str, run_id: str | None) -> int | None:
    """Nano-dollars that the tightest budget on the agent, the task, its project or the run leaves; None: no budget."""
    facts = Facts(agent_id=agent_id, task_id=task.id, run_id=run_id, project_id=task.project_id)
    entries = (await entries_of(tx, task.workspace_id, task_id=task.id))[task.workspace_id]
    return await left_for(tx, task.workspace_id, entries, facts)
