"""Holding a task and all below it: no agent may claim any of it until it is released. Open runs go on."""

from quarterdeck.control.tasks import actions, store, tree
from quarterdeck.control.tasks.model import CLOSED, Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.text import a_text

REASON_LENGTH = 1_000


async def hold(
    tx: Transaction, workspace_id: str, task_id: str, *, reason: str | None = None, actor: str | None = None
) -> Task:
    """Hold a task with its subtree and tell `task.held`. Holding again changes nothing.

    Raises NotFound; Invalid; Changed `task_closed`.
    """
    await store.lock_tree(tx, workspace_id)
    task = await actions.locked(tx, workspace_id, task_id)
    if task.held_at is not None:
        return task
    if task.state in CLOSED:
        raise Changed(f"{task.ref} is {task.state}; there is nothing to hold.", code="task_closed", state=task.state)
    why = None if reason is None else a_text(reason.strip(), "reason", REASON_LENGTH) or None
    task = await actions.write(tx, task, {"held_at": tx.now, "held_by": actor, "hold_reason": why})
    task = await tree.reckon(tx, task)
    await _tell(tx, "task.held", task, {"reason": why}, actor)
    return task


async def release(tx: Transaction, workspace_id: str, task_id: str, *, actor: str | None = None) -> Task:
    """Take the task's own hold away and tell `task.released`, for it and what it frees below. Raises NotFound.

    What a task above it or below it is held by stays held.
    """
    await store.lock_tree(tx, workspace_id)
    task = await actions.locked(tx, workspace_id, task_id)
    if task.held_at is None:
        return task
    before = {node.id for node in await store.subtree(tx, workspace_id, task_id) if node.held}
    task = await actions.write(tx, task, {"held_at": None, "held_by": None, "hold_reason": None})
    task = await tree.reckon(tx, task)
    await _tell(tx, "task.released", task, {"freed": len(before)}, actor)
    for node in await store.subtree(tx, workspace_id, task_id):
        if node.id in before and not node.held and node.id != task_id:
            freed = await store.find(tx, workspace_id, node.id)
            if freed is not None:
                await _tell(tx, "task.released", freed, {}, actor)
    return task


async def _tell(tx: Transaction, kind: str, task: Task, data: dict[str, object], actor: str | None) -> None:
    common = {"ref": task.ref, "state": task.state.value, "agent_id": task.agent_id, "version": task.version}
    await tx.emit(Event(task.workspace_id, kind, task.id, {**common, **data}, actor))
