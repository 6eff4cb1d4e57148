"""Tasks below tasks: where a task may stand, and what a hold above it means for it.

Whether a task is held is kept on each task below the hold, so that a claim need not look up the tree. Whoever calls
this has locked the tree (`store.lock_tree`, or a new task's number).
"""

from quarterdeck.control.tasks import store
from quarterdeck.control.tasks.model import CLOSED, MAX_DEPTH, Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, names_nothing


async def parent(tx: Transaction, workspace_id: str, parent_id: str) -> Task:
    """The task that a new one becomes a part of. Raises Invalid; Changed `task_closed`, `too_deep`."""
    task = await store.find(tx, workspace_id, parent_id)
    if task is None:
        raise names_nothing("parent_id", "task")
    if task.state in CLOSED:
        raise Changed(f"{task.ref} is {task.state}; it gets no more subtasks.", code="task_closed", state=task.state)
    if len(await store.above(tx, workspace_id, parent_id)) + 1 > MAX_DEPTH:
        raise _too_deep()
    return task


async def must_fit(tx: Transaction, task: Task, parent_id: str) -> None:
    """Whether a task may go below another. Raises Invalid; Changed `task_closed`, `parent_cycle`, `too_deep`."""
    above = await parent(tx, task.workspace_id, parent_id)
    below = await store.subtree(tx, task.workspace_id, task.id)
    if any(node.id == parent_id for node in below):
        raise Changed(f"{above.ref} is a part of {task.ref}, so it cannot contain it.", code="parent_cycle")
    if len(await store.above(tx, task.workspace_id, parent_id)) + 1 + below[-1].depth > MAX_DEPTH:
        raise _too_deep()


async def reckon(tx: Transaction, task: Task) -> Task:
    """Make `held` of a task and of all below it what the holds on them and above them say; the task as it is then."""
    over = False if task.parent_id is None else await _is_held(tx, task.workspace_id, task.parent_id)
    held: dict[str, bool] = {}
    wrong: dict[bool, list[str]] = {True: [], False: []}
    for node in await store.subtree(tx, task.workspace_id, task.id):
        from_above = over if node.id == task.id else held[node.parent_id or ""]
        held[node.id] = from_above or node.held_at is not None
        if held[node.id] != node.held:
            wrong[held[node.id]].append(node.id)
    for value, task_ids in wrong.items():
        if task_ids:
            await store.set_held(tx, task.workspace_id, task_ids, value)
    return await store.find(tx, task.workspace_id, task.id) or task


async def _is_held(tx: Transaction, workspace_id: str, task_id: str) -> bool:
    task = await store.find(tx, workspace_id, task_id)
    return task is not None and task.held


def _too_deep() -> Changed:
    return Changed(f"Subtasks go {MAX_DEPTH} deep at most.", code="too_deep")
