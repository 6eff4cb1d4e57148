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


async def strand_waiters(tx: Transaction, cancelled: Task, actor: str | None) -> None:
    """Tell `task.stranded` of every open task that waits for one that will not be done: a person has to decide."""
    for task_id in await store.open_waiters(tx, cancelled.workspace_id, cancelled.id):
        task = await task_store.find(tx, cancelled.workspace_id, task_id)
        if task is not None:
            await tell(tx, task, cancelled.ref, actor, kind="task.stranded")


async def tell(tx: Transaction, task: Task, by: str, actor: str | None, *, kind: str = "task.unblocked") -> None:
    data = {"ref": task.ref, "state": task.state.value, "agent_id": task.agent_id, "version": task.version, "by": by}
    await tx.emit(Event(task.workspace_id, kind, task.id, data, actor))
