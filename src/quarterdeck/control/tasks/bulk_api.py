"""/tasks/bulk: one act on many tasks."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.http import Db, Gate, Worker
from quarterdeck.control.shapes import RequestBody
from quarterdeck.control.tasks import bulk
from quarterdeck.control.tasks.api import end_calls_of
from quarterdeck.control.tasks.bodies import AssignIn, Label, TaskPatch
from quarterdeck.control.tasks.bulk import MAX_TASKS, Act, Assignment
from quarterdeck.control.tasks.model import MAX_LABELS, NOTE_LENGTH, TaskState
from quarterdeck.control.tasks.views import TaskOut, shown_tasks

router = APIRouter(tags=["tasks"])


class BulkIn(RequestBody):
    """What to do with each task, in this order: change, labels, assign, hold, move."""

    task_ids: list[str] = Field(min_length=1, max_length=MAX_TASKS)
    change: TaskPatch | None = None
    add_labels: list[Label] = Field([], max_length=MAX_LABELS)
    remove_labels: list[Label] = Field([], max_length=MAX_LABELS)
    assign: AssignIn | None = None
    hold: bool | None = Field(None, description="true holds, false releases.")
    move_to: TaskState | None = None
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="Why: of the move, or of the hold.")

    def to_act(self) -> Act:
        return Act(
            change=None if self.change is None else self.change.to_change(),
            add_labels=tuple(self.add_labels),
            remove_labels=tuple(self.remove_labels),
            assign=None
            if self.assign is None
            else Assignment(self.assign.agent_id, self.assign.squad_id, self.assign.note),
            hold=self.hold,
            move_to=self.move_to,
            note=self.note,
        )


class RefusalOut(BaseModel):
    code: str
    detail: str
    extra: dict[str, Any]
    """What is allowed now, where the refusal says so."""


class BulkDoneOut(BaseModel):
    task_id: str
    task: TaskOut | None
    refusal: RefusalOut | None


class BulkOut(BaseModel):
    done: int
    refused: int
    items: list[BulkDoneOut]


@router.post("/tasks/bulk", operation_id="change_tasks")
async def change_tasks(body: BulkIn, actor: Worker, db: Db, gate: Gate) -> BulkOut:
    """Do one thing to many tasks. Each answers for itself: one that refuses keeps no other from it."""
    done = await bulk.apply(db, actor, body.task_ids, body.to_act())
    await end_calls_of(gate, [one.stopped_run_id for one in done if one.stopped_run_id is not None])
    async with db.read() as tx:
        changed = [one.task for one in done if one.task is not None]
        shown = {task.id: task for task in await shown_tasks(tx, actor.workspace_id, changed)}
    items = [
        BulkDoneOut(
            task_id=one.task_id,
            task=shown.get(one.task_id),
            refusal=None
            if one.refusal is None
            else RefusalOut(code=one.refusal.code, detail=one.refusal.message, extra=one.refusal.extra),
        )
        for one in done
    ]
    return BulkOut(done=len(changed), refused=len(done) - len(changed), items=items)
