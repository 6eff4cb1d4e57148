"""Who watches a task: members that are told about it without answering for it."""

from quarterdeck.access.actors import Actor, Permission, allows
from quarterdeck.control.agents import people
from quarterdeck.control.tasks import actions, store
from quarterdeck.control.tasks.model import MAX_WATCHERS, Task
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Forbidden, Invalid
from quarterdeck.kernel.events import Event

MYSELF = "me"


async def watch(tx: Transaction, actor: Actor, task_id: str, member_id: str) -> Task:
    """Let a member watch and tell `task.watched`. Raises NotFound; Invalid; Forbidden for another one's eyes."""
    task, member_id = await _whom(tx, actor, task_id, member_id)
    await people.must_exist(tx, actor.workspace_id, member_id, "member_id")
    watchers = (await store.watchers_of(tx, actor.workspace_id, [task_id]))[task_id]
    if len(watchers) >= MAX_WATCHERS and member_id not in watchers:
        raise Invalid(f"At most {MAX_WATCHERS} members watch a task: let somebody stop first.", field="member_id")
    if await store.watch(tx, actor.workspace_id, task_id, member_id):
        await _tell(tx, "task.watched", task, member_id, actor)
    return task


async def unwatch(tx: Transaction, actor: Actor, task_id: str, member_id: str) -> Task:
    """Let a member watch no more and tell `task.unwatched`. Raises NotFound; Forbidden for another one's eyes."""
    task, member_id = await _whom(tx, actor, task_id, member_id)
    if await store.unwatch(tx, actor.workspace_id, task_id, member_id):
        await _tell(tx, "task.unwatched", task, member_id, actor)
    return task


async def _whom(tx: Transaction, actor: Actor, task_id: str, member_id: str) -> tuple[Task, str]:
    task = await actions.locked(tx, actor.workspace_id, task_id)
    who = actor.id if member_id == MYSELF else member_id
    if who != actor.id and not allows(actor, Permission.WORK):
        raise Forbidden("You may watch a task yourself, but not let others watch it.", code="not_yours")
    return task, who


async def _tell(tx: Transaction, kind: str, task: Task, member_id: str, actor: Actor) -> None:
    data = {"ref": task.ref, "agent_id": task.agent_id, "member_id": member_id}
    await tx.emit(Event(task.workspace_id, kind, task.id, data, actor.id))
