"""Verbs of agents on tasks other than the one they work on. Each says how far an agent's reach goes."""

from dataclasses import dataclass, replace

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.dependencies import actions as dependencies
from quarterdeck.control.projects import store as projects
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks import creating, store
from quarterdeck.control.tasks.model import CLOSED, NewTask, Task, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Forbidden, Invalid
from quarterdeck.ledger import rollups

MAX_PER_RUN = 50
MAX_DELEGATED_DEPTH = 5
"""How deep below a person's task agents may go on splitting."""


@dataclass(frozen=True, slots=True)
class Part:
    """A subtask that a worker asks for, and what it has to do with the others."""

    new: NewTask
    waits_for: tuple[str, ...] = ()
    """Tasks of its own that have to be done first."""
    needed: bool = True
    """The worker's own task waits for it before its next attempt."""


async def split(tx: Transaction, actor: Actor, run_id: str, part: Part, *, fence: int | None = None) -> Task:
    """A worker makes a part of its task a task of its own, ready to be claimed.

    The part has the same accountable person, project and review policy. Raises NotFound; Invalid for a budget that
    leaves the task's; Forbidden `not_lead` for assigning it to another agent; Changed `lease_lost`,
    `too_many_subtasks`, `too_deep`.
    """
    # Before the run's task: whoever moves the tree takes the locks in this order.
    await store.lock_tree(tx, actor.workspace_id)
    run = await runs.own(tx, actor, run_id)
    parent = await tasks.locked(tx, actor.workspace_id, run.task_id)
    await runs.sign_of_life(tx, actor, run_id, fence)
    if await store.made_by_run(tx, actor.workspace_id, run_id) >= MAX_PER_RUN:
        raise Changed(f"A run makes at most {MAX_PER_RUN} subtasks.", code="too_many_subtasks", limit=MAX_PER_RUN)
    if len(await store.above(tx, actor.workspace_id, parent.id)) >= MAX_DELEGATED_DEPTH:
        raise Changed(
            f"Agents split work {MAX_DELEGATED_DEPTH} deep at most; do this part yourself.",
            code="too_deep",
            limit=MAX_DELEGATED_DEPTH,
        )
    if part.new.agent_id not in (None, actor.id):
        await _must_lead(tx, actor, parent.project_id)
    await _must_afford(tx, parent, part.new.budget)
    new = replace(
        part.new,
        state=TaskState.READY,
        parent_id=parent.id,
        project_id=parent.project_id,
        accountable_id=parent.accountable_id,
        review=parent.review,
        origin_run_id=run_id,
    )
    task = await creating.create(tx, actor.workspace_id, new, actor=actor)
    for waits_for in part.waits_for:
        await link(tx, actor, task.id, waits_for)
    if part.needed:
        await dependencies.add(tx, actor.workspace_id, parent.id, task.id, actor=actor.id)
    return task


async def link(tx: Transaction, actor: Actor, task_id: str, waits_for_id: str) -> Task:
    """Let one of the agent's own tasks wait for another of them.

    Raises what :func:`dependencies.add` does; Forbidden `not_own` for a task that is not the agent's.
    """
    for one in (task_id, waits_for_id):
        if not _is_own(actor, await tasks.get(tx, actor.workspace_id, one)):
            raise Forbidden(
                "You may link tasks that you made or work on; ask a person for others.", code="not_own", task_id=one
            )
    return await dependencies.add(tx, actor.workspace_id, task_id, waits_for_id, actor=actor.id)


async def assign(
    tx: Transaction,
    actor: Actor,
    task_id: str,
    agent_id: str | None,
    *,
    squad_id: str | None = None,
    note: str | None = None,
) -> Task:
    """The lead agent of a project assigns one of its tasks. Raises NotFound; Invalid; Changed; Forbidden `not_lead`."""
    task = await tasks.get(tx, actor.workspace_id, task_id)
    await _must_lead(tx, actor, task.project_id)
    where = tx, actor.workspace_id, task_id
    return await tasks.assign(*where, agent_id, squad_id=squad_id, note=note, actor=actor.id)


async def left_to_hand_on(tx: Transaction, parent: Task) -> int | None:
    """Nano-dollars that a task may give to new subtasks; None when it has no budget."""
    if parent.budget is None:
        return None
    spent = (await rollups.figures(tx, parent.workspace_id, "task", [parent.id]))[parent.id].cost
    return max(0, parent.budget - spent - await store.budgets_below(tx, parent.workspace_id, parent.id))


async def _must_lead(tx: Transaction, actor: Actor, project_id: str | None) -> None:
    project = None if project_id is None else await projects.find(tx, actor.workspace_id, project_id)
    if project is None or project.lead_agent_id != actor.id:
        raise Forbidden(
            "Only the lead agent of its project assigns a task to another agent; leave agent_id out and any may"
            " claim it.",
            code="not_lead",
        )


async def _must_afford(tx: Transaction, parent: Task, budget: int | None) -> None:
    left = await left_to_hand_on(tx, parent)
    if left is None:
        return
    if budget is None or budget > left:
        raise Invalid(
            f"{parent.ref} has {left} nano-dollars left to hand on: give the subtask a budget_nano up to that.",
            field="budget_nano",
            left_nano=left,
        )


def _is_own(actor: Actor, task: Task) -> bool:
    """An agent's key reaches what the agent made or works on; a run's key no further than that run."""
    if actor.kind is ActorKind.RUN:
        return task.id == actor.task_id or task.origin_run_id == actor.run_id
    return task.created_by == actor.id or (task.agent_id == actor.id and task.state not in CLOSED)
