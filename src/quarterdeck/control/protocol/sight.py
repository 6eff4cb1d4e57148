"""Which tasks an agent may see, and which run is its own."""

import re
from collections.abc import Collection

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.control.inbox import store as inbox_store
from quarterdeck.control.reviews import store as review_store
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.model import Run
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.model import Task, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, NotFound

OPEN = (TaskState.READY, TaskState.IN_PROGRESS, TaskState.IN_REVIEW)
NOT_CLAIMED = "not_claimed"
_REF = re.compile(r"[tT]-([0-9]{1,9})")


async def visible(tx: Transaction, actor: Actor, task_id: str) -> Task:
    """The task with that id or ref (`T-12`), if the agent has to do with it: it is the agent's, made by it, nobody's
    yet, or something about it came to the agent's inbox. A run key sees the task of its run.

    Raises NotFound for any other, as if it were not there.
    """
    task = await _find(tx, actor.workspace_id, task_id)
    if task is None or not await _may_see(tx, actor, task):
        raise NotFound("You have no such task; list_my_tasks (GET /agent/tasks) shows those you have.")
    return task


async def named(tx: Transaction, actor: Actor, task_id: str) -> Task:
    """Any task of the workspace, by id or ref, for a worker that waits for it. Raises NotFound."""
    task = await _find(tx, actor.workspace_id, task_id)
    if task is None:
        raise NotFound("There is no such task in this workspace.")
    return task


async def listed(tx: Transaction, actor: Actor, states: Collection[TaskState], *, limit: int) -> list[Task]:
    """What the agent works on, then what it may claim, most urgent first. A run key lists the task of its run."""
    if actor.kind is ActorKind.RUN:
        task = await task_store.find(tx, actor.workspace_id, actor.task_id or "")
        return [task] if task is not None and task.state in states else []
    return await task_store.of_agent(tx, actor.workspace_id, actor.id, states, limit=limit)


async def files_of(tx: Transaction, actor: Actor, run_id: str) -> frozenset[str]:
    """The tasks whose files a run's worker may read: its own, and while the run is open the one that it reviews.

    Raises NotFound; Forbidden for a run key that belongs to another run.
    """
    run = await run_actions.own(tx, actor, run_id)
    reviewed = await review_store.review_task(tx, actor.workspace_id, run.task_id) if run.open else None
    return frozenset({run.task_id} if reviewed is None else {run.task_id, reviewed.reviewed_id})


async def held_run(tx: Transaction, actor: Actor, task: Task) -> Run | None:
    """The open run by which the actor works on the task; None when it does not."""
    run = await run_store.open_of_task(tx, actor.workspace_id, task.id)
    if run is None or run.agent_id != actor.id or (actor.kind is ActorKind.RUN and run.id != actor.run_id):
        return None
    return run


async def own_run(tx: Transaction, actor: Actor, task: Task) -> Run:
    """The run by which the actor works, or worked last, on the task.

    Raises Changed `not_claimed` when it never did: most verbs need a claim first.
    """
    if (run := await held_run(tx, actor, task)) is not None:
        return run
    which = run_store.RunFilter(task_id=task.id, agent_id=actor.id)
    page = await run_store.page(tx, actor.workspace_id, which, limit=1)
    last = page.items[0] if page.items else None
    if last is None or (actor.kind is ActorKind.RUN and last.id != actor.run_id):
        raise Changed(
            f"You do not hold {task.ref}: claim it first, with claim_task (POST /agent/claim).",
            code=NOT_CLAIMED,
            state=task.state,
        )
    return last


async def _find(tx: Transaction, workspace_id: str, task_id: str) -> Task | None:
    if (ref := _REF.fullmatch(task_id.strip())) is not None:
        return await task_store.by_number(tx, workspace_id, int(ref[1]))
    return await task_store.find(tx, workspace_id, task_id)


async def _may_see(tx: Transaction, actor: Actor, task: Task) -> bool:
    if actor.kind is ActorKind.RUN:
        return task.id == actor.task_id
    if actor.id in (task.agent_id, task.created_by):
        return True
    if task.agent_id is None and task.state is TaskState.READY and await _is_offered(tx, actor, task):
        return True
    return await inbox_store.got_any_about(tx, actor.workspace_id, actor.id, task.id)


async def _is_offered(tx: Transaction, actor: Actor, task: Task) -> bool:
    return task.squad_id is None or await squads.has_agent(tx, actor.workspace_id, task.squad_id, actor.id)
