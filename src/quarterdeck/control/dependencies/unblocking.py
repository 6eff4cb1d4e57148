"""The moment a task is free. It stands below tasks' verbs, which call it when a task is done."""

from quarterdeck.control.dependencies import store
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.model import Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.events import Event


async def release_waiters(tx: Transaction, done: Task, actor: str | None) -> None:
    """Tell `task.unblocked` of every task whose last blocker this one was. The caller has written that it is done."""
    if not await store.has_waiters(tx, done.workspace_id, done.id):
        return
    await store.lock_graph(tx, done.workspace_id)
    for task_id in await store.free_waiters(tx, done.workspace_id, done.id):
        task = await task_store.find(tx, done.workspace_id, task_id)
        if task is not None:
            await tell(tx, task, done.ref, actor)


async def tell(tx: Transaction, task: Task, by: str, actor: str | None) -> None:
    data = {"ref": task.ref, "state": task.state.value, "agent_id": task.agent_id, "version": task.version, "by": by}
    await tx.emit(Event(task.workspace_id, "task.unblocked", task.id, data, actor))
