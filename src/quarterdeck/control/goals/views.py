"""What a task is for, as its worker is told."""

from pydantic import BaseModel

from quarterdeck.control.goals import store
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction


class ServedGoalOut(BaseModel):
    """The goal that a task serves."""

    id: str
    name: str
    statement: str
    """What is to be true in the end."""


async def served_goal(tx: Transaction, task: Task) -> ServedGoalOut | None:
    goal = None if task.goal_id is None else await store.find(tx, task.workspace_id, task.goal_id)
    return None if goal is None else ServedGoalOut(id=goal.id, name=goal.name, statement=goal.statement)
