"""Who is to take up a task that nobody works on, and whether it will."""

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.reviews import store as reviews
from quarterdeck.control.status.model import Taker
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.db import Prepared, Transaction, one_of

_NOT_ENABLED = Prepared(
    sa.select(agent_store.agents.c.id, agent_store.agents.c.desired).where(
        agent_store.agents.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(agent_store.agents.c.id, "ids"),
        agent_store.agents.c.desired != Desired.ENABLED.value,
    )
)


async def not_enabled(tx: Transaction, workspace_id: str, agent_ids: Collection[str | None]) -> dict[str, str]:
    """Of those of these agents that are to claim nothing, what they are meant to be."""
    ids = sorted(each for each in agent_ids if each is not None)
    rows = await tx.fetch(_NOT_ENABLED, workspace_id=workspace_id, ids=ids) if ids else []
    return {row[0]: row[1] for row in rows}


async def looking_first(tx: Transaction, workspace_id: str, tasks: Sequence[Task]) -> dict[str, Taker]:
    """Of these tasks, those in review that an agent has yet to look at before people are asked: which agent."""
    asked = {
        task.id: (task.state_since, task.review.agent_id)
        for task in tasks
        if task.state is TaskState.IN_REVIEW and task.review.agent_id is not None
    }
    if not asked:
        return {}
    waiting = await reviews.under_review_by_agents(tx, workspace_id)
    first = {task_id: who for task_id, (since, who) in asked.items() if (task_id, since) in waiting}
    names = await agent_store.named(tx, workspace_id, set(first.values()))
    idle = await not_enabled(tx, workspace_id, set(first.values()))
    enabled = Desired.ENABLED.value
    return {task_id: Taker(names[who], idle.get(who, enabled)) for task_id, who in first.items() if who in names}
