"""One act on many tasks: each is a transaction of its own, so that one that refuses keeps no other from it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from quarterdeck.access.actors import Actor
from quarterdeck.control.tasks import actions, holding
from quarterdeck.control.tasks.model import Task, TaskChange, TaskState, clean_labels
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.text import comparable

MAX_TASKS = 500


@dataclass(frozen=True, slots=True)
class Assignment:
    agent_id: str | None
    squad_id: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What to do with each task, in this order: change, labels, assign, hold or release, move."""

    change: TaskChange | None = None
    add_labels: tuple[str, ...] = ()
    remove_labels: tuple[str, ...] = ()
    assign: Assignment | None = None
    hold: bool | None = None
    """True holds it, False releases it."""
    move_to: TaskState | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it for one task: the task as it is then, or why it refused."""

    task_id: str
    task: Task | None
    refusal: QuarterdeckError | None
    stopped_run_id: str | None
    """The run that this ended."""


async def apply(db: Database, actor: Actor, task_ids: Sequence[str], act: Act) -> list[Done]:
    """Do it to each task once, in the order given."""
    found = []
    for task_id in dict.fromkeys(task_ids):
        try:
            async with db.transaction() as tx:
                before = await actions.get(tx, actor.workspace_id, task_id)
                task = await _one(tx, actor, before, act)
            stopped = before.run_id if before.run_id != task.run_id else None
            found.append(Done(task_id, task, None, stopped))
        except QuarterdeckError as error:
            found.append(Done(task_id, None, error, None))
    return found


async def _one(tx: Transaction, actor: Actor, before: Task, act: Act) -> Task:
    where, by = (tx, before.workspace_id, before.id), actor.id
    task = before
    change = act.change or TaskChange()
    if act.add_labels or act.remove_labels:
        gone = {comparable(label) for label in act.remove_labels}
        kept = tuple(label for label in before.labels if comparable(label) not in gone)
        change = replace(change, labels=clean_labels((*kept, *act.add_labels)))
    if change != TaskChange():
        task = await actions.change(*where, change, actor=by)
    if act.assign is not None:
        to = act.assign
        task = await actions.assign(*where, to.agent_id, squad_id=to.squad_id, note=to.note, actor=by)
    if act.hold is not None:
        task = await (
            holding.hold(*where, reason=act.note, actor=by) if act.hold else holding.release(*where, actor=by)
        )
    if act.move_to is not None:
        task = await actions.move(*where, act.move_to, note=act.note, actor=by)
    return task
