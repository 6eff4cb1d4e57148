"""/tasks and /board: work as people see and steer it."""

from collections.abc import Sequence
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from quarterdeck.control.http import (
    DEFAULT_LIMIT,
    After,
    Db,
    Gate,
    Gateways,
    IfMatch,
    Limit,
    Reader,
    Self,
    Worker,
    refuse_and_end,
)
from quarterdeck.control.shapes import instant_in, written
from quarterdeck.control.tasks import actions, cards, creating, holding, lists, watching
from quarterdeck.control.tasks.bodies import AssignIn, HoldIn, MoveIn, TaskIn, TaskPatch
from quarterdeck.control.tasks.lists import TaskFilter
from quarterdeck.control.tasks.model import BOARD, PriorityName, TaskState, priority_of
from quarterdeck.control.tasks.views import BoardOut, TaskOut, TasksOut, shown_task

router = APIRouter(tags=["tasks"])
COLUMN_LENGTH = 50
CARD_BRIEF = 280
"""So much of a brief is shown on a card."""


class Which(BaseModel):
    """Which tasks; all that are given have to fit."""

    agent_id: str | None = Field(None, description="Only tasks of this agent; `none`: of nobody yet.")
    squad_id: str | None = Field(None, description="Only tasks offered to this squad; `none`: to none.")
    q: str | None = Field(None, description="Words, or how they begin, in title, brief or labels; or T-12.")
    project_id: str | None = Field(None, description="Only tasks of this project; `none`: of no project.")
    parent_id: str | None = Field(None, description="Only the subtasks of this task; `none`: no subtasks.")
    goal_id: str | None = Field(None, description="Only tasks that serve this goal; `none`: no goal.")
    accountable_id: str | None = None
    watcher_id: str | None = None
    label: str | None = Field(None, description="As it is written.")
    priority: PriorityName | None = None
    blocked: bool | None = None
    held: bool | None = None
    overdue: bool | None = None
    schedule_id: str | None = Field(None, description="Only tasks that this schedule created.")
    done_since: str | None = Field(None, description="An instant: only tasks done since then.")

    def to_filter(self, *states: TaskState) -> TaskFilter:
        given = self.model_dump(include={*Which.model_fields} - {"priority", "done_since"})
        done_since = None if self.done_since is None else instant_in(self.done_since, "done_since")
        priority = None if self.priority is None else priority_of(self.priority)
        return TaskFilter(states=states, priority=priority, done_since=done_since, **given)


class WhichOfList(Which):
    state: list[TaskState] = Field([], description="May be given more than once.")
    after: After = None
    limit: Limit = DEFAULT_LIMIT


class BoardQuery(Which):
    cards: int = Field(
        COLUMN_LENGTH, ge=0, le=COLUMN_LENGTH, description="So many tasks of each column; 0: the counts alone."
    )


@router.get("/tasks", operation_id="list_tasks", response_model=TasksOut)
async def list_tasks(actor: Reader, db: Db, wanted: Annotated[WhichOfList, Query()]) -> Response:
    """Tasks, newest first; of one state, in the order of its column on the board."""
    which, limit, after = wanted.to_filter(*wanted.state), wanted.limit, wanted.after
    async with db.read() as tx:
        page = await lists.page(tx, actor.workspace_id, which, limit=limit, after=after)
        return written({"items": await cards.of_tasks(tx, actor.workspace_id, page.items), "next": page.next})


@router.get("/board", operation_id="get_board", response_model=BoardOut)
async def get_board(actor: Reader, db: Db, wanted: Annotated[BoardQuery, Query()]) -> Response:
    """The five columns: how many tasks each holds, and its first fifty."""
    async with db.read() as tx:
        counts = await lists.counts(tx, actor.workspace_id, wanted.to_filter(*BOARD))
        if wanted.cards == 0:
            return written(
                {"columns": [{"state": state, "count": counts[state], "items": [], "next": None} for state in BOARD]}
            )
        pages = [
            await lists.page(tx, actor.workspace_id, wanted.to_filter(state), limit=wanted.cards, brief=CARD_BRIEF)
            for state in BOARD
        ]
        # All at once: what a page of tasks mentions is looked up in as many queries however long the page.
        shown = iter(await cards.of_tasks(tx, actor.workspace_id, [task for page in pages for task in page.items]))
    columns = [
        {"state": state, "count": counts[state], "items": list(islice(shown, len(page.items))), "next": page.next}
        for state, page in zip(BOARD, pages, strict=True)
    ]
    return written({"columns": columns})


@router.post("/tasks", status_code=201, operation_id="create_task")
async def create_task(body: TaskIn, actor: Worker, db: Db) -> TaskOut:
    """Put a task on the board."""
    async with db.transaction() as tx:
        return await shown_task(tx, await creating.create(tx, actor.workspace_id, body.to_new(), actor=actor))


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
    await stop_run(gate, before.run_id, still=task.run_id)
    return answer


@router.post("/tasks/{task_id}/assign", operation_id="assign_task")
async def assign_task(*, task_id: str, body: AssignIn, actor: Worker, db: Db, gate: Gate, version: IfMatch) -> TaskOut:
    """Say which agent is to do it, or which squad. An open run of another agent is cancelled: it is ready again."""
    async with db.transaction() as tx:
        before = await actions.locked(tx, actor.workspace_id, task_id)
        task = await actions.assign(
            tx,
            actor.workspace_id,
            task_id,
            body.agent_id,
            squad_id=body.squad_id,
            note=body.note,
            version=version,
            actor=actor.id,
        )
        answer = await shown_task(tx, task)
    await stop_run(gate, before.run_id, still=task.run_id)
    return answer


@router.post("/tasks/{task_id}/hold", operation_id="hold_task")
async def hold_task(*, task_id: str, actor: Worker, db: Db, body: HoldIn | None = None) -> TaskOut:
    """Let no agent claim this task or any below it; open runs go on."""
    async with db.transaction() as tx:
        task = await holding.hold(
            tx, actor.workspace_id, task_id, reason=None if body is None else body.reason, actor=actor.id
        )
        return await shown_task(tx, task)


@router.post("/tasks/{task_id}/release", operation_id="release_task")
async def release_task(task_id: str, actor: Worker, db: Db) -> TaskOut:
    """Take this task's own hold away; what is held above or below it stays held."""
    async with db.transaction() as tx:
        return await shown_task(tx, await holding.release(tx, actor.workspace_id, task_id, actor=actor.id))


@router.put("/tasks/{task_id}/watchers/{member_id}", operation_id="watch_task")
async def watch_task(task_id: str, member_id: str, actor: Self, db: Db) -> TaskOut:
    """Let a member watch a task: everybody themselves (`me`), who may work on tasks anybody."""
    async with db.transaction() as tx:
        task = await watching.watch(tx, actor, task_id, member_id)
        return await shown_task(tx, task)


@router.delete("/tasks/{task_id}/watchers/{member_id}", operation_id="unwatch_task")
async def unwatch_task(task_id: str, member_id: str, actor: Self, db: Db) -> TaskOut:
    """Let a member (`me`: yourself) watch a task no more."""
    async with db.transaction() as tx:
        task = await watching.unwatch(tx, actor, task_id, member_id)
        return await shown_task(tx, task)


async def stop_run(gate: Gateways, run_id: str | None, *, still: str | None) -> None:
    """Make the gateways end the calls of a run that has just been cancelled."""
    if run_id is not None and run_id != still:
        await end_calls_of(gate, [run_id])


async def end_calls_of(gate: Gateways, run_ids: Sequence[str]) -> None:
    """Return once the gateways have ended the calls of runs that have just been cancelled."""
    if run_ids:
        await refuse_and_end(gate, scope="run", ids=run_ids, code="run_stopped", message="A person stopped this run.")
