"""Why a claim got nothing, in words for the agent."""

from dataclasses import dataclass

from quarterdeck.control.agents.model import Agent
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import blocked_since, reason
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.runs.model import Nothing
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import SECOND


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """Nothing to do, and why, in words for the agent."""

    reason: Nothing
    message: str


async def of_named(tx: Transaction, agent: Agent, task: Task) -> Unclaimed:
    """Why the agent did not get the task that it named."""
    stands = f"is {task.state.replace('_', ' ')}, not ready to be claimed"
    waits = (await dependency_store.waits(tx, task.workspace_id, [task.id]))[task.id]
    if task.agent_id not in (None, agent.id):
        stands = "is assigned to another agent"
    elif await _is_others(tx, agent, task):
        stands = "is offered to a squad that you do not belong to"
    elif blocked_since(task.state, waits) is not None:
        stands = reason([wait.node for wait in waits if wait.met_at is None]) or stands
    elif task.state in (TaskState.READY, TaskState.IN_PROGRESS) and task.run_id is None:
        return await _kept_back(tx, agent, task)
    return Unclaimed(Nothing.NONE_READY, f"{task.ref} {stands}.")


async def _is_others(tx: Transaction, agent: Agent, task: Task) -> bool:
    if task.agent_id is not None or task.squad_id is None:
        return False
    return not await squads.has_agent(tx, task.workspace_id, task.squad_id, agent.id)


async def _kept_back(tx: Transaction, agent: Agent, task: Task) -> Unclaimed:
    """It is ready and free, and yet not to be had."""
    project = None if task.project_id is None else await project_store.find(tx, task.workspace_id, task.project_id)
    if task.held:
        return Unclaimed(Nothing.HELD, f"{task.ref} is held by a person. Ask again later.")
    if project is not None and project.held_at is not None:
        return Unclaimed(Nothing.HELD, f"{task.ref} belongs to {project.name}, which a person holds. Ask again later.")
    if project is not None and project.archived_at is not None:
        return Unclaimed(Nothing.NONE_READY, f"{task.ref} belongs to {project.name}, which is archived.")
    if task.not_before > tx.now:
        left = (task.not_before - tx.now) // SECOND + 1
        return Unclaimed(Nothing.NONE_READY, f"{task.ref} waits {left} s before its next attempt.")
    if task.avoid_agent_id == agent.id:
        return Unclaimed(Nothing.NONE_READY, f"{task.ref} is for another agent after what became of your attempt.")
    return Unclaimed(Nothing.BUDGET, f"{task.ref} has spent its budget. A person may raise it; ask again.")
