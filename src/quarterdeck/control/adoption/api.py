"""/tasks/{task_id}/adopt: unclaimed traffic becomes part of a task, and no part of it again."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.adoption import actions
from quarterdeck.control.adoption.actions import MAX_CALLS, Adopted
from quarterdeck.control.calls.api import Kept
from quarterdeck.control.http import Db, Worker
from quarterdeck.control.tasks.views import TaskOut, shown_task
from quarterdeck.db import Database
from quarterdeck.ledger.adoption import Chosen

router = APIRouter(tags=["tasks"])
CallIds = Annotated[list[str], Field(max_length=MAX_CALLS)]


class CallsIn(BaseModel):
    """Either a conversation, with all its calls that belong to no work, or some calls."""

    conversation_id: str | None = None
    call_ids: CallIds = []

    def to_chosen(self) -> Chosen:
        return Chosen(self.conversation_id, tuple(self.call_ids))


class AdoptIn(CallsIn):
    follow: bool = Field(
        True,
        description="Of a conversation: later calls of the session it was in, as the client names it, are the task's"
        " too, as long as the task is open and no run claims them.",
    )


class AdoptedOut(BaseModel):
    """What was moved just now, and the task with what it cost since."""

    task: TaskOut
    calls: int
    cost_nano: int
    unpriced_calls: int
    more: bool = Field(description="There is more than one request moves: send it again.")


@router.post("/tasks/{task_id}/adopt", operation_id="adopt_calls")
async def adopt_calls(task_id: str, body: AdoptIn, actor: Worker, db: Db, bodies: Kept) -> AdoptedOut:
    """Count unclaimed calls as work on this task, with all they cost. Asking again changes nothing."""
    return await _shown(db, await actions.adopt(db, bodies, actor, task_id, body.to_chosen(), follow=body.follow))


@router.post("/tasks/{task_id}/give-back", operation_id="give_back_calls")
async def give_back_calls(task_id: str, body: CallsIn, actor: Worker, db: Db, bodies: Kept) -> AdoptedOut:
    """Let calls that this task has adopted be unclaimed again; those of its runs stay. Asking again changes nothing."""
    return await _shown(db, await actions.give_back(db, bodies, actor, task_id, body.to_chosen()))


async def _shown(db: Database, done: Adopted) -> AdoptedOut:
    async with db.read() as tx:
        task = await shown_task(tx, done.task)
    return AdoptedOut(task=task, calls=done.calls, cost_nano=done.cost, unpriced_calls=done.unpriced, more=done.more)
