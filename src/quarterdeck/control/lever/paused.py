"""Whether an agent may take up work, as far as the stop lever is concerned."""

from quarterdeck.control.lever import store
from quarterdeck.control.lever.cover import Cover
from quarterdeck.db import Transaction


async def is_paused(tx: Transaction, workspace_id: str, agent_id: str) -> bool:
    """Whether a pause covers the agent itself; one of a task or a project keeps the task from being claimed."""
    return Cover(await store.standing(tx, workspace_id), tx.now).of_agent(agent_id) is not None
