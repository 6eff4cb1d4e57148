"""Verbs on tasks. Each is one transaction's work, locks the task, and tells what it did as an event in it."""

from collections.abc import Mapping
from typing import Any

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.model import Desired
from quarterdeck.control.budgets import store as budgets
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.dependencies import unblocking
from quarterdeck.control.goals import actions as goals
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.reviews import gate
from quarterdeck.control.runs import ending
from quarterdeck.control.runs.model import RunState
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks import claiming, reviewable, store, tree
from quarterdeck.control.tasks.model import (
    CLOSED,
    NOTE_LENGTH,
    Mover,
    Task,
    TaskChange,
    TaskState,
    a_brief,
    a_budget,
    a_title,
    an_attempt_limit,
    clean_labels,
    criteria,
    may_move,
)
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound, names_nothing
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.text import a_text

NO_FAILURES: Mapping[str, Any] = {
    "failures": 0,
    "last_failure": None,
    "same_failures": 0,
    "not_before": 0,
    "avoid_agent_id": None,
}
"""What a person's move or a success makes of failed attempts."""


async def change(
    tx: Transaction,
    workspace_id: str,
    task_id: str,
    change: TaskChange,
    *,
    version: int | None = None,
    actor: str | None = None,
) -> Task:
    """Write what differs and tell `task.changed`; nothing differs, nothing is written.

    Raises NotFound; Invalid; Changed when `version` is not the row's any more.
    """
    if change.parent_id is not None or change.no_parent:
        await store.lock_tree(tx, workspace_id)
    if change.goal_id is not None:
        await goals.for_work(tx, workspace_id, change.goal_id)
    task = await _locked(tx, workspace_id, task_id, version)
    if change.project_id is not None and change.project_id != task.project_id:
        await projects.for_work(tx, workspace_id, change.project_id)
    differing = {field: value for field, value in _checked(change).items() if getattr(task, field) != value}
    if "accountable_id" in differing:
        await people.must_exist(tx, workspace_id, str(differing["accountable_id"]), "accountable_id")
    await reviewable.must_be_sound(tx, workspace_id, change.review)
    if not differing:
        return task
    lowered = change.review is not None and change.review.lowers(task.review)
    if change.review is not None:
        await reviewable.must_not_lower(tx, workspace_id, task.review, change.review, actor)
    if differing.get("parent_id") is not None:
        await tree.must_fit(tx, task, str(differing["parent_id"]))
    fresh = await write(tx, task, differing)
    if "parent_id" in differing:
        fresh = await tree.reckon(tx, fresh)
    await tell(tx, "task.changed", fresh, {"fields": sorted(differing)}, actor)
    if "budget" in differing:
        await budgets.forget_marks(tx, workspace_id, task.id)
        cap: dict[str, Any] = {"what": "changed", "scope": f"task:{task.id}", "amount_nano": fresh.budget}
        await tx.emit(Event(workspace_id, "budget.changed", task.id, cap, actor))
    if lowered:
        data = {"before": str(task.review), "after": str(fresh.review), "task_id": task.id}
        await tell(tx, "task.review_lowered", fresh, data, actor)
    return fresh


async def move(
    tx: Transaction,
    workspace_id: str,
    task_id: str,
    to: TaskState,
    *,
    note: str | None = None,
    version: int | None = None,
    actor: str | None = None,
) -> Task:
    """A member moves a task; a run that is open on it is cancelled by that. `note` tells the next worker why.

    Moving to where it stands changes nothing. Raises NotFound; Invalid; Changed when `version` is not the row's any
    more, `move_not_allowed`, with what is allowed now, when the table has no such move, and `review_missing` when its
    review policy is not satisfied.
    """
    task = await _locked(tx, workspace_id, task_id, version)
    if to is task.state:
        return task
    mover = Mover.PERSON if task.run_id is None else Mover.PERSON_STOPPING
    if not may_move(task.state, to, mover):
        raise refused(task, to)
    if to is TaskState.DONE and (missing := await gate.missing(tx, task)) is not None:
        raise Changed(
            f"{task.ref} is done once it has {missing}: review it, rather than move it.",
            code="review_missing",
            missing=missing,
            state=task.state,
            allowed=[each for each in task.allowed_moves if each is not TaskState.DONE],
            version=task.version,
        )
    if task.run_id is not None:
        await ending.end(tx, workspace_id, task.run_id, RunState.CANCELLED, reason=f"moved_to_{to}", actor=actor)
    return await _moved(tx, task, to, {**NO_FAILURES, "note": a_note(note)}, actor)


async def assign(
    tx: Transaction,
    workspace_id: str,
    task_id: str,
    agent_id: str | None,
    *,
    squad_id: str | None = None,
    note: str | None = None,
    version: int | None = None,
    actor: str | None = None,
) -> Task:
    """Say which agent is to do it, or which squad's agents may claim it; neither: any agent. Tells `task.assigned`.

    `note` hands the task off: whoever claims it next reads it.

    An open run of an agent that it is not for any more is cancelled and the task is ready again. Raises NotFound;
    Invalid; Changed when `version` is not the row's any more, `task_closed`, `agent_retired`.
    """
    task = await _locked(tx, workspace_id, task_id, version)
    said = {} if note is None else {"note": a_note(note)}
    if _is_for(task, agent_id, squad_id) and said.get("note", task.note) == task.note:
        return task
    if task.state in CLOSED:
        raise Changed(f"{task.ref} is {task.state}; nobody works on it any more.", code="task_closed", state=task.state)
    await must_be_assignable(tx, workspace_id, agent_id, squad_id)
    # Who works on it already goes on where it belongs to the squad.
    stays = squad_id is not None and task.run_id is not None and await _belongs(tx, task, squad_id)
    if task.run_id is not None and task.agent_id != agent_id and not stays:
        await ending.end(tx, workspace_id, task.run_id, RunState.CANCELLED, reason="reassigned", actor=actor)
        task = await _moved(tx, task, TaskState.READY, NO_FAILURES, actor)
    whose = {"agent_id": task.agent_id if stays else agent_id, "taken": stays, "squad_id": squad_id}
    fresh = await write(tx, task, {**whose, "not_before": 0, "avoid_agent_id": None, **said})
    await tell(tx, "task.assigned", fresh, {"squad_id": squad_id}, actor)
    return fresh


async def take(
    tx: Transaction, workspace_id: str, agent_id: str, run_id: str, *, task_id: str | None = None
) -> Task | None:
    """An agent claims its most urgent task, or the one named, for the run that it is about to open.

    None when there is nothing it may have. Tells `task.moved` when the task was ready until now.
    """
    task = await claiming.take(tx, workspace_id, agent_id, run_id, task_id=task_id)
    if task is not None and task.state_since == tx.now:
        await tell_moved(tx, task, TaskState.READY, agent_id)
    return task


async def hand_in(tx: Transaction, task: Task, *, actor: str | None) -> Task:
    """Its run succeeded: on to review, or done when nobody asked for one. The caller has locked the task.

    Without the deliverable that its acceptance asks for it goes to review in any case, and is marked so.
    """
    missing = task.asks_for_deliverable and not await deliverables.with_finals(tx, task.workspace_id, [task.id])
    to = TaskState.DONE if task.review == ReviewPolicy.NONE and not missing else TaskState.IN_REVIEW
    note = "Said to be finished, but handed in nothing that its acceptance asks for." if missing else None
    return await _moved_by_work(tx, task, to, {**NO_FAILURES, "note": note}, actor)


async def give_back(tx: Transaction, task: Task, *, actor: str | None) -> Task:
    """Its run was cancelled, which is nobody's failure: ready again. The caller has locked the task."""
    return await _moved_by_work(tx, task, TaskState.READY, {}, actor)


async def come_back(tx: Transaction, task: Task, *, again: bool, values: Mapping[str, Any], actor: str | None) -> Task:
    """Its run came to nothing: ready for another attempt, or in the backlog for a person. The caller has locked it."""
    return await _moved_by_work(tx, task, TaskState.READY if again else TaskState.BACKLOG, values, actor)


async def get(tx: Transaction, workspace_id: str, task_id: str) -> Task:
    """Raises NotFound."""
    task = await store.find(tx, workspace_id, task_id)
    if task is None:
        raise _unknown()
    return task


async def locked(tx: Transaction, workspace_id: str, task_id: str) -> Task:
    """The task, held until the transaction ends. Raises NotFound."""
    return await _locked(tx, workspace_id, task_id, None)


async def _locked(tx: Transaction, workspace_id: str, task_id: str, version: int | None) -> Task:
    task = await store.lock(tx, workspace_id, task_id)
    if task is None:
        raise _unknown()
    if version is not None and version != task.version:
        raise _changed(task)
    return task


async def _moved_by_work(
    tx: Transaction, task: Task, to: TaskState, values: Mapping[str, Any], actor: str | None
) -> Task:
    if not may_move(task.state, to, Mover.WORK):
        raise refused(task, to)
    return await _moved(tx, task, to, values, actor)


async def _moved(tx: Transaction, task: Task, to: TaskState, values: Mapping[str, Any], actor: str | None) -> Task:
    written: dict[str, Any] = {**values, "state": to.value, "state_since": tx.now, "run_id": None}
    if task.taken and to in (TaskState.BACKLOG, TaskState.READY):
        written |= {"agent_id": None, "taken": False}
    fresh = await write(tx, task, written)
    await tell_moved(tx, fresh, task.state, actor)
    if to is TaskState.DONE:
        await unblocking.release_waiters(tx, fresh, actor)
    elif to is TaskState.CANCELLED:
        await unblocking.strand_waiters(tx, fresh, actor)
    return fresh


async def write(tx: Transaction, task: Task, values: Mapping[str, Any]) -> Task:
    """Write fields of a task that is locked, without a word. Raises Changed."""
    fresh = await store.update(tx, task, values)
    if fresh is None:
        raise _changed(task)
    return fresh


def _is_for(task: Task, agent_id: str | None, squad_id: str | None) -> bool:
    """Whether nothing is left to assign. Who took it out of a squad is there until the task comes back."""
    if task.squad_id != squad_id:
        return False
    if squad_id is None:
        return task.agent_id == agent_id and not task.taken
    return agent_id is None and (task.agent_id is None or task.taken)


async def _belongs(tx: Transaction, task: Task, squad_id: str) -> bool:
    return task.agent_id is not None and await squads.has_agent(tx, task.workspace_id, squad_id, task.agent_id)


async def must_be_assignable(
    tx: Transaction, workspace_id: str, agent_id: str | None, squad_id: str | None = None
) -> None:
    """Raises Invalid; Changed `agent_retired`."""
    if agent_id is not None and squad_id is not None:
        raise Invalid("A task is for an agent or for a squad: name one of them.", field="squad_id")
    if squad_id is not None:
        await squads.must_exist(tx, workspace_id, squad_id)
    if agent_id is None:
        return
    agent = await agents.find(tx, workspace_id, agent_id)
    if agent is None:
        raise names_nothing("agent_id", "agent")
    if agent.desired is Desired.RETIRED:
        raise Changed(f"{agent.name} is retired; enable it or assign another agent.", code="agent_retired")


def _checked(change: TaskChange) -> dict[str, Any]:
    """The fields of a task to write, clean. Raises Invalid."""
    values: dict[str, Any] = {}
    if change.title is not None:
        values["title"] = a_title(change.title)
    if change.brief is not None:
        values["brief"] = a_brief(change.brief)
    if change.acceptance is not None:
        values["acceptance"] = criteria(change.acceptance)
    if change.labels is not None:
        values["labels"] = clean_labels(change.labels)
    if change.attempt_limit is not None:
        values["attempt_limit"] = an_attempt_limit(change.attempt_limit)
    if change.due_at is not None or change.never_due:
        values["due_at"] = change.due_at
    for field, taken_away in (("project_id", "no_project"), ("parent_id", "no_parent"), ("goal_id", "no_goal")):
        if getattr(change, field) is not None or getattr(change, taken_away):
            values[field] = getattr(change, field)
    if change.budget is not None or change.no_budget:
        values["budget"] = a_budget(change.budget)
    for field in ("priority", "accountable_id", "review"):
        if getattr(change, field) is not None:
            values[field] = getattr(change, field)
    return values


def a_note(note: str | None) -> str | None:
    return None if note is None or not note.strip() else a_text(note.strip(), "note", NOTE_LENGTH)


async def tell_moved(tx: Transaction, task: Task, frm: TaskState, actor: str | None) -> None:
    await tell(tx, "task.moved", task, {"from": frm.value, "to": task.state.value}, actor)


async def tell(tx: Transaction, kind: str, task: Task, data: dict[str, Any], actor: str | None) -> None:
    common = {"ref": task.ref, "state": task.state.value, "agent_id": task.agent_id, "version": task.version}
    await tx.emit(Event(task.workspace_id, kind, task.id, {**common, **data}, actor))


def _unknown() -> NotFound:
    return NotFound("There is no such task in this workspace.")


def _changed(task: Task) -> Changed:
    return Changed(
        f"{task.ref} was changed meanwhile; load it again.",
        version=task.version,
        state=task.state,
        allowed=task.allowed_moves,
    )


def refused(task: Task, to: TaskState) -> Changed:
    allowed = task.allowed_moves
    where = " or ".join(allowed).replace("_", " ") if allowed else "nowhere: it is closed"
    return Changed(
        f"{task.ref} is {task.state} and cannot move to {to}. It may move to {where}.".replace("_", " "),
        code="move_not_allowed",
        state=task.state,
        allowed=allowed,
        version=task.version,
    )
