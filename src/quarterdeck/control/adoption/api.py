"""/conversations/unclaimed and /tasks/{task_id}/adopt: traffic of no task, and how it becomes part of one."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.adoption import actions
from quarterdeck.control.adoption.actions import MAX_CALLS, Adopted
from quarterdeck.control.calls.api import Kept
from quarterdeck.control.calls.views import CallOut, shown_calls
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, Limit, Reader, Worker
from quarterdeck.control.shapes import Instant, Named, RequestBody
from quarterdeck.control.tasks.views import TaskOut, shown_task
from quarterdeck.db import Database
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.ids import instant_of
from quarterdeck.ledger import calls, unclaimed
from quarterdeck.ledger.adoption import Chosen
from quarterdeck.ledger.unclaimed import Group

router = APIRouter(tags=["tasks"])
CallIds = Annotated[list[str], Field(max_length=MAX_CALLS)]


class CallsIn(RequestBody):
    """One of three: a conversation, some calls, or what an agent asked outside any conversation."""

    conversation_id: str | None = None
    call_ids: CallIds = []
    agent_id: str | None = Field(None, description="Its calls that are of no conversation, such as embeddings.")

    def to_chosen(self) -> Chosen:
        return Chosen(self.conversation_id, tuple(self.call_ids), self.agent_id)


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


class UnclaimedTrafficOut(BaseModel):
    """Calls of one agent that belong to no work: those of a conversation, or (null) of none."""

    agent: Named | None
    conversation_id: str | None
    calls: int
    cost_nano: int
    unpriced_calls: int
    first_call_id: str
    started_at: Instant
    newest: CallOut


class UnclaimedPageOut(BaseModel):
    items: list[UnclaimedTrafficOut]
    next: str | None
    calls: int = Field(description="In all, as the next two.")
    cost_nano: int
    agents: int
    whole: bool = Field(description="False: there are more unclaimed calls than were looked at, the newest 20,000.")


@router.get("/conversations/unclaimed", operation_id="list_unclaimed")
async def list_unclaimed(
    *, actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT
) -> UnclaimedPageOut:
    """Traffic of no task by agent and conversation, the one that had a call last first."""
    async with db.read() as tx:
        found = await unclaimed.page(tx, actor.workspace_id, limit=limit, after=after)
        groups = found.groups
        newest = await calls.of_ids(tx, actor.workspace_id, [group.last_call_id for group in groups.items])
        shown = {call.id: call for call in await shown_calls(tx, actor.workspace_id, newest)}
    return UnclaimedPageOut(
        items=[_group(each, shown[each.last_call_id]) for each in groups.items],
        next=groups.next,
        calls=found.calls,
        cost_nano=found.cost,
        agents=found.agents,
        whole=found.whole,
    )


@router.post("/tasks/{task_id}/adopt", operation_id="adopt_calls")
async def adopt_calls(task_id: str, body: AdoptIn, actor: Worker, db: Db, bodies: Kept) -> AdoptedOut:
    """Count unclaimed calls as work on this task, with all they cost. Asking again changes nothing."""
    return await _shown(db, await actions.adopt(db, bodies, actor, task_id, body.to_chosen(), follow=body.follow))


@router.post("/tasks/{task_id}/give-back", operation_id="give_back_calls")
async def give_back_calls(task_id: str, body: CallsIn, actor: Worker, db: Db, bodies: Kept) -> AdoptedOut:
    """Let calls that this task has adopted be unclaimed again; those of its runs stay. Asking again changes nothing."""
    return await _shown(db, await actions.give_back(db, bodies, actor, task_id, body.to_chosen()))


def _group(group: Group, newest: CallOut) -> UnclaimedTrafficOut:
    return UnclaimedTrafficOut(
        agent=newest.agent,
        conversation_id=group.conversation_id,
        calls=group.calls,
        cost_nano=group.cost,
        unpriced_calls=group.unpriced,
        first_call_id=group.first_call_id,
        started_at=iso(instant_of(group.first_call_id)),
        newest=newest,
    )


async def _shown(db: Database, done: Adopted) -> AdoptedOut:
    async with db.read() as tx:
        task = await shown_task(tx, done.task)
    return AdoptedOut(task=task, calls=done.calls, cost_nano=done.cost, unpriced_calls=done.unpriced, more=done.more)
