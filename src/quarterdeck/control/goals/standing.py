"""How the tasks of goals stand and what they cost: three queries for a page of goals, however many tasks they have."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.dependencies.tables import is_blocked
from quarterdeck.control.goals.model import PACE_WINDOW, Standing
from quarterdeck.control.tasks.model import CLOSED, TaskState
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.ledger.derived_tables import rollups
from quarterdeck.ledger.rollups import Grain


async def of_goals(tx: Transaction, workspace_id: str, goal_ids: Collection[str]) -> dict[str, Standing]:
    """By id; a goal without tasks stands empty."""
    wanted = sorted(set(goal_ids))
    found: dict[str, dict[str, Any]] = {goal_id: {"tasks": {}, "done_lately": 0} for goal_id in wanted}
    if not wanted:
        return {}
    serves = sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.goal_id.in_(wanted))
    lately = sa.case((tasks.c.state_since > tx.now - PACE_WINDOW, 1), else_=0)
    for goal_id, state, count, recent, first_at in await tx.execute(
        sa.select(tasks.c.goal_id, tasks.c.state, sa.func.count(), sa.func.sum(lately), sa.func.min(tasks.c.created_at))
        .where(serves)
        .group_by(tasks.c.goal_id, tasks.c.state)
    ):
        of_goal = found[goal_id]
        of_goal["tasks"][TaskState(state)] = int(count)
        of_goal["first_at"] = min(int(first_at), of_goal.get("first_at", int(first_at)))
        if state == TaskState.DONE:
            of_goal["done_lately"] = int(recent)
    is_open = tasks.c.state.not_in([state.value for state in CLOSED])
    for goal_id, count in await tx.execute(
        sa.select(tasks.c.goal_id, sa.func.count())
        .where(serves, is_open, is_blocked(tasks, tasks))
        .group_by(tasks.c.goal_id)
    ):
        found[goal_id]["blocked"] = int(count)
    sums = [sa.func.sum(rollups.c[name]) for name in ("calls", "cost", "unpriced_calls")]
    for goal_id, *figures in await tx.execute(
        sa.select(tasks.c.goal_id, *sums)
        .select_from(
            tasks.join(
                rollups,
                sa.and_(
                    rollups.c.workspace_id == tasks.c.workspace_id,
                    rollups.c.grain == int(Grain.DAY),
                    rollups.c.dim == "task",
                    rollups.c.value == tasks.c.id,
                ),
            )
        )
        .where(serves)
        .group_by(tasks.c.goal_id)
    ):
        found[goal_id] |= zip(("calls", "cost", "unpriced_calls"), map(int, figures), strict=True)
    return {goal_id: Standing(**each) for goal_id, each in found.items()}


async def let_go(tx: Transaction, workspace_id: str, goal_id: str) -> int:
    """Take a goal from its tasks, which stay as they are. How many there were."""
    result = await tx.execute(
        tasks.update()
        .where(tasks.c.workspace_id == workspace_id, tasks.c.goal_id == goal_id)
        .values(goal_id=None, updated_at=tx.now, version=tasks.c.version + 1)
    )
    return result.rowcount
