"""Whether an agent may take up work, as far as the stop lever is concerned."""

from quarterdeck.control.lever import store
from quarterdeck.control.lever.cover import Cover
from quarterdeck.control.lever.model import Order
from quarterdeck.db import Transaction


async def is_paused(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether a pause covers the agent itself; one of a task or a project keeps the task from being claimed."""
    return Cover(await store.standing(tx, workspace_id), tx.now).of_agent(agent_id) is not None


async def pause_of(tx: Transaction, workspace_id: str, *, run_id: str, task_id: str, agent_id: str) -> Order | None:
    """The pause that keeps an open run from going on: its own, its agent's, its task's or one from above."""
    orders = await store.standing(tx, workspace_id)
    if not orders:
        return None
    cover = Cover(orders, tx.now, await store.above(tx, workspace_id, [task_id]))
    return cover.of_run(run_id, task_id) or cover.of_agent(agent_id)
