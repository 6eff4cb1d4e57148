"""/tasks and /board: work as people see and steer it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Gate, Gateways, IfMatch, Limit, Reader, Worker
from quarterdeck.control.shapes import instant_in
from quarterdeck.control.tasks import actions, store
from quarterdeck.control.tasks.model import (
    BOARD,
    BRIEF_LENGTH,
    CRITERION_LENGTH,
    DEFAULT_ATTEMPT_LIMIT,
    LABEL_LENGTH,
    MAX_ATTEMPT_LIMIT,
    MAX_CRITERIA,
    MAX_LABELS,
    NOTE_LENGTH,
    TITLE_LENGTH,
    Criterion,
    NewTask,
    TaskChange,
    TaskState,
)
from quarterdeck.control.tasks.policy import PATTERN as REVIEW_PATTERN
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.tasks.store import TaskFilter
from quarterdeck.control.tasks.views import (
    BoardOut,
    ColumnOut,
    PriorityName,
    TaskOut,
    TasksOut,
    priority_of,
    shown_task,
    shown_tasks,
)

router = APIRouter(tags=["tasks"])
COLUMN_LENGTH = 100

Label = Annotated[str, Field(min_length=1, max_length=LABEL_LENGTH)]
CriterionText = Annotated[str, Field(min_length=1, max_length=CRITERION_LENGTH)]
Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH)]
Brief = Annotated[str, Field(max_length=BRIEF_LENGTH, description="Markdown.")]
AttemptLimit = Annotated[
    int,
    Field(
        ge=1,
        le=MAX_ATTEMPT_LIMIT,
        description="After so many failed or expired runs in a row the task waits in the backlog for a person.",
    ),
]
DueAt = Annotated[str, Field(description="RFC 3339, with a zone.", json_schema_extra={"format": "date-time"})]
Review = Annotated[
    str,
    Field(
        pattern=f"^({REVIEW_PATTERN})$",
        description="What stands before done: none, one, member:<id>, role:<role> or n:<k> different members.",
    ),
]
OfAgent = Annotated[str | None, Query(description="Only tasks of this agent.")]
Words = Annotated[str | None, Query(description="Words in the title or the brief, or a number such as T-12.")]


class TaskIn(BaseModel):
    title: Title
    brief: Brief = ""
    acceptance: list[CriterionText] = Field([], max_length=MAX_CRITERIA)
    priority: PriorityName = "normal"
    agent_id: str | None = Field(None, description="Who is to do it; null: any agent may claim it.")
    accountable_id: str | None = Field(None, description="The member who answers for it; yourself when absent.")
    labels: list[Label] = Field([], max_length=MAX_LABELS)
    due_at: DueAt | None = None
    state: Literal["backlog", "ready"] = "backlog"
    review: Review = "one"
    attempt_limit: AttemptLimit = DEFAULT_ATTEMPT_LIMIT

    def to_new(self) -> NewTask:
        return NewTask(
            title=self.title,
            brief=self.brief,
            acceptance=tuple(self.acceptance),
            state=TaskState(self.state),
            priority=priority_of(self.priority),
            labels=tuple(self.labels),
            agent_id=self.agent_id,
            accountable_id=self.accountable_id,
            due_at=None if self.due_at is None else instant_in(self.due_at, "due_at"),
            review=ReviewPolicy(self.review),
            attempt_limit=self.attempt_limit,
        )


class CriterionIn(BaseModel):
    text: CriterionText
    met: bool = False


class TaskPatch(BaseModel):
    title: Title | None = None
    brief: Brief | None = None
    acceptance: list[CriterionIn] | None = Field(None, max_length=MAX_CRITERIA)
    priority: PriorityName | None = None
    accountable_id: str | None = None
    labels: list[Label] | None = Field(None, max_length=MAX_LABELS)
    due_at: DueAt | None = Field(None, description="null takes it away.")
    review: Review | None = None
    attempt_limit: AttemptLimit | None = None

    def to_change(self) -> TaskChange:
        return TaskChange(
            title=self.title,
            brief=self.brief,
            acceptance=None
            if self.acceptance is None
            else tuple(Criterion(one.text, one.met) for one in self.acceptance),
            priority=None if self.priority is None else priority_of(self.priority),
            labels=None if self.labels is None else tuple(self.labels),
            accountable_id=self.accountable_id,
            due_at=None if self.due_at is None else instant_in(self.due_at, "due_at"),
            never_due="due_at" in self.model_fields_set and self.due_at is None,
            review=None if self.review is None else ReviewPolicy(self.review),
            attempt_limit=self.attempt_limit,
        )


class MoveIn(BaseModel):
    to: TaskState
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="Why; the next worker reads it.")


class AssignIn(BaseModel):
    agent_id: str | None = Field(description="null: any agent may claim it.")


@router.get("/tasks", operation_id="list_tasks")
async def list_tasks(
    *,
    actor: Reader,
    db: Db,
    state: Annotated[list[TaskState] | None, Query(description="May be given more than once.")] = None,
    agent_id: OfAgent = None,
    q: Words = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> TasksOut:
    """Tasks, newest first; of one state, in the order of its column on the board."""
    which = TaskFilter(tuple(state or ()), agent_id, q)
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, which, limit=limit, after=after)
        return TasksOut(items=await shown_tasks(tx, actor.workspace_id, page.items), next=page.next)


@router.get("/board", operation_id="get_board")
async def get_board(actor: Reader, db: Db, agent_id: OfAgent = None, q: Words = None) -> BoardOut:
    """The five columns: how many tasks each holds, and its first hundred."""
    async with db.read() as tx:
        counts = await store.counts(tx, actor.workspace_id, TaskFilter(BOARD, agent_id, q))
        columns = []
        for state in BOARD:
            which = TaskFilter((state,), agent_id, q)
            page = await store.page(tx, actor.workspace_id, which, limit=COLUMN_LENGTH)
            items = await shown_tasks(tx, actor.workspace_id, page.items)
            columns.append(ColumnOut(state=state, count=counts[state], items=items, next=page.next))
    return BoardOut(columns=columns)


@router.post("/tasks", status_code=201, operation_id="create_task")
async def create_task(body: TaskIn, actor: Worker, db: Db) -> TaskOut:
    """Put a task on the board."""
    async with db.transaction() as tx:
        return await shown_task(tx, await actions.create(tx, actor.workspace_id, body.to_new(), actor=actor))


@router.get("/tasks/{task_id}", operation_id="get_task")
async def get_task(task_id: str, actor: Reader, db: Db) -> TaskOut:
    """One task."""
    async with db.read() as tx:
        return await shown_task(tx, await actions.get(tx, actor.workspace_id, task_id))


@router.patch("/tasks/{task_id}", operation_id="change_task")
async def change_task(*, task_id: str, body: TaskPatch, actor: Worker, db: Db, version: IfMatch) -> TaskOut:
    """Change what a task says. Moving and assigning are verbs of their own."""
    change = body.to_change()
    async with db.transaction() as tx:
        task = await actions.change(tx, actor.workspace_id, task_id, change, version=version, actor=actor.id)
        return await shown_task(tx, task)


@router.post("/tasks/{task_id}/move", operation_id="move_task")
async def move_task(*, task_id: str, body: MoveIn, actor: Worker, db: Db, gate: Gate, version: IfMatch) -> TaskOut:
    """Move a task. A run that is open on it is cancelled by that: when this answers, its model calls have ended."""
    async with db.transaction() as tx:
        before = await actions.locked(tx, actor.workspace_id, task_id)
        task = await actions.move(
            tx, actor.workspace_id, task_id, body.to, note=body.note, version=version, actor=actor.id
        )
        answer = await shown_task(tx, task)
    await _stop(gate, before.run_id, still=task.run_id)
    return answer


@router.post("/tasks/{task_id}/assign", operation_id="assign_task")
async def assign_task(*, task_id: str, body: AssignIn, actor: Worker, db: Db, gate: Gate, version: IfMatch) -> TaskOut:
    """Say which agent is to do it. An open run of another agent is cancelled and the task is ready again."""
    async with db.transaction() as tx:
        before = await actions.locked(tx, actor.workspace_id, task_id)
        task = await actions.assign(tx, actor.workspace_id, task_id, body.agent_id, version=version, actor=actor.id)
        answer = await shown_task(tx, task)
    await _stop(gate, before.run_id, still=task.run_id)
    return answer


async def _stop(gate: Gateways, run_id: str | None, *, still: str | None) -> None:
    """Make the gateways end the calls of a run that has just been cancelled."""
    if run_id is not None and run_id != still:
        await gate.ensure_published()
        await gate.end_calls(scope="run", scope_id=run_id, code="run_stopped", message="A person stopped this run.")
