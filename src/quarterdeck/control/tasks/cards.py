"""What is shown of a task, as plain values ready to be written as JSON; `views.TaskOut` documents their shape.

A board shows hundreds at a time, so no model is made of each on the way. A test holds the two to one shape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.attachments import store as attachment_store
from quarterdeck.control.deliverables import store as deliverable_store
from quarterdeck.control.deliverables.store import Newest
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import Wait, blocked_since
from quarterdeck.control.goals import store as goal_store
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.model import Run
from quarterdeck.control.shapes import shown
from quarterdeck.control.squads import store as squad_store
from quarterdeck.control.status import facts
from quarterdeck.control.status.saying import said
from quarterdeck.control.status.shown import of_task
from quarterdeck.control.tasks import store
from quarterdeck.control.tasks.model import Task, TaskState, name_of
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger import rollups
from quarterdeck.ledger.rollups import Figures

Card = dict[str, Any]
_FINISHED = (TaskState.IN_REVIEW, TaskState.DONE)


@dataclass(frozen=True, slots=True)
class Mentioned:
    """What a page of tasks mentions, by id."""

    runs: Mapping[str, Run]
    agents: Mapping[str, str]
    squads: Mapping[str, str]
    members: Mapping[str, str]
    watchers: Mapping[str, Sequence[str]]
    projects: Mapping[str, str]
    goals: Mapping[str, str]
    parents: Mapping[str, store.TaskName]
    subtasks: Mapping[str, store.SubtaskCount]
    attached: Mapping[str, int]
    sums: Mapping[str, Figures]
    waits: Mapping[str, list[Wait]]
    handed_in: Mapping[str, Newest]
    lacking: frozenset[str]
    """Tasks that are finished without the version that they ask for."""
    statuses: Mapping[str, Mapping[str, Any]]


async def of_tasks(tx: Transaction, workspace_id: str, tasks: Sequence[Task]) -> list[Card]:
    """A page of tasks with everything they mention, in a handful of queries however long the page."""
    mentioned = await _mentioned(tx, workspace_id, tasks)
    return [_card(task, mentioned, tx.now) for task in tasks]


async def _mentioned(tx: Transaction, workspace_id: str, tasks: Sequence[Task]) -> Mentioned:
    ids = [task.id for task in tasks]
    runs = await run_store.of_ids(tx, workspace_id, {task.run_id for task in tasks if task.run_id is not None})
    agent_ids = {task.agent_id for task in tasks if task.agent_id is not None} | {r.agent_id for r in runs.values()}
    agents = await agent_store.named(tx, workspace_id, agent_ids)
    watchers = await store.watchers_of(tx, workspace_id, ids)
    member_ids = {task.accountable_id for task in tasks} | {one for found in watchers.values() for one in found}
    waits = await dependency_store.waits(tx, workspace_id, ids)
    asking = {task.id for task in tasks if task.asks_for_deliverable and task.state in _FINISHED}
    squads = await squad_store.named(tx, workspace_id, {task.squad_id for task in tasks if task.squad_id})
    known = facts.Known(runs, agents, waits, squads)
    statuses = await facts.of_tasks(tx, workspace_id, tasks, known)
    return Mentioned(
        runs=runs,
        agents=agents,
        squads=squads,
        members=await people.named(tx, workspace_id, member_ids),
        watchers=watchers,
        projects=await project_store.named(tx, workspace_id, {task.project_id for task in tasks if task.project_id}),
        goals=await goal_store.named(tx, workspace_id, {task.goal_id for task in tasks if task.goal_id}),
        parents=await store.named(tx, workspace_id, {task.parent_id for task in tasks if task.parent_id}),
        subtasks=await store.subtasks_of(tx, workspace_id, ids),
        attached=await attachment_store.counts(tx, workspace_id, ids),
        sums=await rollups.figures(tx, workspace_id, "task", ids),
        waits=waits,
        handed_in=await deliverable_store.newest_of_tasks(tx, workspace_id, ids),
        lacking=frozenset(asking - await deliverable_store.with_finals(tx, workspace_id, asking)),
        statuses={task_id: said(of_task(each, tx.now)) for task_id, each in statuses.items()},
    )


def _card(task: Task, mentioned: Mentioned, now: int) -> Card:
    spent = mentioned.sums[task.id]
    waits = mentioned.waits[task.id]
    parent = None if task.parent_id is None else mentioned.parents[task.parent_id]
    subtasks = mentioned.subtasks.get(task.id)
    return {
        "id": task.id,
        "ref": task.ref,
        "title": task.title,
        "brief": task.brief,
        "brief_cut": task.brief_cut,
        "acceptance": [{"text": one.text, "met": one.met, "deliverable": one.deliverable} for one in task.acceptance],
        "state": task.state,
        "priority": name_of(task.priority),
        "agent": _named(task.agent_id, mentioned.agents),
        "assigned": task.agent_id is not None and not task.taken,
        "squad": _named(task.squad_id, mentioned.squads),
        "accountable": _named(task.accountable_id, mentioned.members),
        "labels": task.labels,
        "due_at": shown(task.due_at),
        "review": str(task.review),
        "attempt_limit": task.attempt_limit,
        "attempts": task.attempts,
        "created_at": iso(task.created_at),
        "updated_at": iso(task.updated_at),
        "state_since": iso(task.state_since),
        "version": task.version,
        "allowed_moves": task.allowed_moves,
        "waits_for": [
            {"id": one.node.id, "ref": one.node.ref, "title": one.node.title, "state": one.node.state} for one in waits
        ],
        "blocked_since": shown(blocked_since(task.state, waits)),
        "latest_version": latest_version(mentioned.handed_in.get(task.id)),
        "run": None if task.run_id is None else _run(mentioned.runs[task.run_id], mentioned.agents),
        "failures": task.failures,
        "last_failure": task.last_failure,
        "missing_deliverable": task.id in mentioned.lacking,
        "project": _named(task.project_id, mentioned.projects),
        "parent": None if parent is None else {"id": parent.id, "ref": parent.ref, "title": parent.title},
        "goal": _named(task.goal_id, mentioned.goals),
        "subtasks": {
            "total": 0 if subtasks is None else subtasks.total,
            "closed": 0 if subtasks is None else subtasks.closed,
        },
        "watchers": [_named(one, mentioned.members) for one in mentioned.watchers[task.id]],
        "attachments": mentioned.attached.get(task.id, 0),
        "budget_nano": task.budget,
        "hold": {"since": shown(task.held_at), "reason": task.hold_reason} if task.held else None,
        "not_before": shown(task.not_before) if task.not_before > now else None,
        "schedule_id": task.schedule_id,
        "calls": spent.calls,
        "cost_nano": spent.cost,
        "unpriced_calls": spent.unpriced_calls,
        "note": task.note,
        "status": mentioned.statuses[task.id],
    }


def _named(an_id: str | None, names: Mapping[str, str]) -> Card | None:
    return None if an_id is None else {"id": an_id, "name": names[an_id]}


def _run(run: Run, agents: Mapping[str, str]) -> Card:
    return {
        "id": run.id,
        "state": run.state,
        "agent_id": run.agent_id,
        "agent_name": agents[run.agent_id],
        "attempt": run.attempt,
        "started_at": shown(run.started_at),
        "lease_expires_at": iso(run.lease_expires_at),
    }


def latest_version(version: Newest | None) -> Card | None:
    if version is None:
        return None
    return {
        "deliverable_id": version.deliverable_id,
        "name": version.name,
        "kind": version.kind,
        "version": version.number,
        "draft": version.draft,
        "created_at": iso(version.created_at),
    }
