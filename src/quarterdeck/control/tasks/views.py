"""How a task looks from outside: its row with everything it mentions, looked up for a whole page at once."""

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel

from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.attachments import store as attachment_store
from quarterdeck.control.deliverables import store as deliverable_store
from quarterdeck.control.deliverables.store import Newest
from quarterdeck.control.dependencies import store as dependency_store
from quarterdeck.control.dependencies.model import blocked_since
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.runs import store as run_store
from quarterdeck.control.runs.model import RunState
from quarterdeck.control.shapes import Instant, Named, TaskNamed, TaskWaitedFor, shown
from quarterdeck.control.status import views as status_views
from quarterdeck.control.status.views import StatusOut
from quarterdeck.control.tasks import store
from quarterdeck.control.tasks.model import Priority, Task, TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.ledger import rollups

_FINISHED = (TaskState.IN_REVIEW, TaskState.DONE)
PriorityName = Literal["urgent", "high", "normal", "low"]


def priority_of(name: PriorityName) -> Priority:
    return Priority[name.upper()]


def name_of(priority: Priority) -> PriorityName:
    names: dict[Priority, PriorityName] = {
        Priority.URGENT: "urgent",
        Priority.HIGH: "high",
        Priority.NORMAL: "normal",
        Priority.LOW: "low",
    }
    return names[priority]


class CriterionOut(BaseModel):
    text: str
    met: bool
    deliverable: bool
    """It asks for something to be handed in."""


class SubtasksOut(BaseModel):
    total: int
    closed: int
    """Done or cancelled."""


class HoldOut(BaseModel):
    """No agent may claim it. `since` and `reason` are its own hold's; null when only a task above it is held."""

    since: Instant | None
    reason: str | None


class TaskRunOut(BaseModel):
    """The run that is open on a task."""

    id: str
    state: RunState
    agent_id: str
    agent_name: str
    attempt: int
    started_at: Instant | None
    lease_expires_at: Instant


class LatestVersionOut(BaseModel):
    """What a task handed in last, draft or not."""

    deliverable_id: str
    name: str
    kind: str
    version: int
    draft: bool
    created_at: Instant


class TaskOut(BaseModel):
    id: str
    ref: str
    title: str
    brief: str
    brief_cut: bool
    """The list shows the beginning of a long brief; the task itself has all of it."""
    acceptance: list[CriterionOut]
    state: TaskState
    priority: PriorityName
    agent: Named | None
    assigned: bool
    """False when the agent is there because it claimed the task."""
    accountable: Named
    labels: list[str]
    due_at: Instant | None
    review: str
    """What stands before done: `none`, `one`, `member:<id>`, `role:<role>` or `n:<k>`."""
    attempt_limit: int
    attempts: int
    created_at: Instant
    updated_at: Instant
    state_since: Instant
    version: int
    allowed_moves: list[TaskState]
    waits_for: list[TaskWaitedFor]
    """What has to be done first, done or not."""
    blocked_since: Instant | None
    """Computed: null when nothing that it waits for is still to be done."""
    latest_version: LatestVersionOut | None
    failures: int
    """Attempts that failed since a person last moved it or one succeeded."""
    last_failure: str | None
    """Why the last of them did."""
    missing_deliverable: bool
    """In review, or done, without the version that its acceptance criteria ask for."""
    run: TaskRunOut | None
    project: Named | None
    parent: TaskNamed | None
    subtasks: SubtasksOut
    watchers: list[Named]
    attachments: int
    """How many files it comes with."""
    budget_nano: int | None
    """What it may cost; null: nobody said."""
    hold: HoldOut | None
    not_before: Instant | None
    """The next attempt begins no sooner."""
    schedule_id: str | None
    """The schedule that created it."""
    calls: int
    cost_nano: int
    unpriced_calls: int
    note: str | None
    status: StatusOut
    """Computed: what is shown of it now."""


class TasksOut(BaseModel):
    items: list[TaskOut]
    next: str | None


class ColumnOut(BaseModel):
    """A column of the board: how many tasks it holds, its first hundred, and where GET /tasks?state= goes on."""

    state: TaskState
    count: int
    items: list[TaskOut]
    next: str | None


class BoardOut(BaseModel):
    columns: list[ColumnOut]


async def shown_tasks(tx: Transaction, workspace_id: str, tasks: Sequence[Task]) -> list[TaskOut]:
    """A page of tasks with everything they mention, in a handful of queries however long the page."""
    runs = await run_store.of_ids(tx, workspace_id, {task.run_id for task in tasks if task.run_id is not None})
    mentioned = {task.agent_id for task in tasks if task.agent_id is not None} | {r.agent_id for r in runs.values()}
    agents = await agent_store.named(tx, workspace_id, mentioned)
    ids = [task.id for task in tasks]
    watchers = await store.watchers_of(tx, workspace_id, ids)
    people_ids = {task.accountable_id for task in tasks} | {one for found in watchers.values() for one in found}
    members = await people.named(tx, workspace_id, people_ids)
    projects = await project_store.named(tx, workspace_id, {task.project_id for task in tasks if task.project_id})
    parents = await store.named(tx, workspace_id, {task.parent_id for task in tasks if task.parent_id})
    subtasks = await store.subtasks_of(tx, workspace_id, ids)
    attached = await attachment_store.counts(tx, workspace_id, ids)
    sums = await rollups.figures(tx, workspace_id, "task", ids)
    waits = await dependency_store.waits(tx, workspace_id, ids)
    handed_in = await deliverable_store.newest_of_tasks(tx, workspace_id, ids)
    asking = {task.id for task in tasks if task.asks_for_deliverable and task.state in _FINISHED}
    finals = await deliverable_store.with_finals(tx, workspace_id, asking)
    statuses = await status_views.of_tasks(tx, workspace_id, tasks)
    items = []
    for task in tasks:
        run = None if task.run_id is None else runs[task.run_id]
        spent = sums[task.id]
        items.append(
            TaskOut(
                id=task.id,
                ref=task.ref,
                title=task.title,
                brief=task.brief,
                brief_cut=task.brief_cut,
                acceptance=[
                    CriterionOut(text=one.text, met=one.met, deliverable=one.deliverable) for one in task.acceptance
                ],
                state=task.state,
                priority=name_of(task.priority),
                agent=None if task.agent_id is None else Named(id=task.agent_id, name=agents[task.agent_id]),
                assigned=task.agent_id is not None and not task.taken,
                accountable=Named(id=task.accountable_id, name=members[task.accountable_id]),
                labels=list(task.labels),
                due_at=shown(task.due_at),
                review=task.review.value,
                attempt_limit=task.attempt_limit,
                attempts=task.attempts,
                created_at=iso(task.created_at),
                updated_at=iso(task.updated_at),
                state_since=iso(task.state_since),
                version=task.version,
                allowed_moves=task.allowed_moves,
                waits_for=[
                    TaskWaitedFor(id=w.node.id, ref=w.node.ref, title=w.node.title, state=w.node.state.value)
                    for w in waits[task.id]
                ],
                blocked_since=shown(blocked_since(task.state, waits[task.id])),
                latest_version=_latest(handed_in.get(task.id)),
                run=None
                if run is None
                else TaskRunOut(
                    id=run.id,
                    state=run.state,
                    agent_id=run.agent_id,
                    agent_name=agents[run.agent_id],
                    attempt=run.attempt,
                    started_at=shown(run.started_at),
                    lease_expires_at=iso(run.lease_expires_at),
                ),
                failures=task.failures,
                last_failure=task.last_failure,
                missing_deliverable=task.id in asking and task.id not in finals,
                project=None if task.project_id is None else Named(id=task.project_id, name=projects[task.project_id]),
                parent=None if task.parent_id is None else _task_named(parents[task.parent_id]),
                subtasks=_subtasks(subtasks.get(task.id)),
                watchers=[Named(id=one, name=members[one]) for one in watchers[task.id]],
                attachments=attached.get(task.id, 0),
                budget_nano=task.budget,
                hold=HoldOut(since=shown(task.held_at), reason=task.hold_reason) if task.held else None,
                not_before=shown(task.not_before) if task.not_before > tx.now else None,
                schedule_id=task.schedule_id,
                calls=spent.calls,
                cost_nano=spent.cost,
                unpriced_calls=spent.unpriced_calls,
                note=task.note,
                status=statuses[task.id],
            )
        )
    return items


def _task_named(task: store.TaskName) -> TaskNamed:
    return TaskNamed(id=task.id, ref=task.ref, title=task.title)


def _subtasks(found: store.SubtaskCount | None) -> SubtasksOut:
    return SubtasksOut(total=0, closed=0) if found is None else SubtasksOut(total=found.total, closed=found.closed)


def _latest(version: Newest | None) -> LatestVersionOut | None:
    if version is None:
        return None
    return LatestVersionOut(
        deliverable_id=version.deliverable_id,
        name=version.name,
        kind=version.kind,
        version=version.number,
        draft=version.draft,
        created_at=iso(version.created_at),
    )


async def shown_task(tx: Transaction, task: Task) -> TaskOut:
    return (await shown_tasks(tx, task.workspace_id, [task]))[0]
