"""How a task looks from outside: its row with everything it mentions, looked up for a whole page at once."""

from collections.abc import Sequence

from pydantic import BaseModel

from quarterdeck.control.runs.model import RunState
from quarterdeck.control.shapes import Instant, Named, TaskNamed, TaskWaitedFor
from quarterdeck.control.status.views import StatusOut
from quarterdeck.control.tasks import cards
from quarterdeck.control.tasks.model import PriorityName, Task, TaskState
from quarterdeck.db import Transaction


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
    squad: Named | None
    """Whose agents may claim it; the agent, once one of them did."""
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
    goal: Named | None
    """What it serves."""
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
    """A column of the board: how many tasks it holds, its first fifty, and where GET /tasks?state= goes on."""

    state: TaskState
    count: int
    items: list[TaskOut]
    next: str | None


class BoardOut(BaseModel):
    columns: list[ColumnOut]


async def shown_tasks(tx: Transaction, workspace_id: str, tasks: Sequence[Task]) -> list[TaskOut]:
    """A page of tasks with everything they mention, in a handful of queries however long the page."""
    return [TaskOut.model_validate(card) for card in await cards.of_tasks(tx, workspace_id, tasks)]


async def shown_task(tx: Transaction, task: Task) -> TaskOut:
    return (await shown_tasks(tx, task.workspace_id, [task]))[0]
