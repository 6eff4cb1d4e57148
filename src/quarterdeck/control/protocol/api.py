"""/agent/tasks and /agent/questions: what an agent sees of its work."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from quarterdeck.control.http import AgentCaller, Db
from quarterdeck.control.protocol import sight
from quarterdeck.control.protocol.answers import wait_for_answer
from quarterdeck.control.protocol.views import AssignmentOut, shown_assignment
from quarterdeck.control.questions.api import QuestionOut, shown_question
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.runs.model import REASON_LENGTH
from quarterdeck.control.runs.views import RunOut, shown_run
from quarterdeck.control.shapes import RequestBody
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.control.tasks.views import TaskOut, shown_tasks
from quarterdeck.control.waiting import MAX_WAIT_S
from quarterdeck.db.outbox import EventFeed

agent_router = APIRouter(tags=["agent protocol"])
MAX_TASKS = 200


class AgentTasksOut(BaseModel):
    items: list[TaskOut]
    """What you work on, then what you may claim, most urgent first."""


class ReleaseIn(RequestBody):
    reason: str | None = Field(None, max_length=REASON_LENGTH)
    fence: Fence = None


@agent_router.get("/agent/tasks", operation_id="list_agent_tasks")
async def list_agent_tasks(
    *,
    actor: AgentCaller,
    db: Db,
    state: Annotated[list[TaskState] | None, Query(description="May be given more than once; the open ones.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_TASKS)] = 50,
) -> AgentTasksOut:
    """Your tasks, and those you may claim."""
    async with db.read() as tx:
        found = await sight.listed(tx, actor, tuple(state or sight.OPEN), limit=limit)
        return AgentTasksOut(items=await shown_tasks(tx, actor.workspace_id, found))


@agent_router.get("/agent/tasks/{task_id}", operation_id="get_agent_task")
async def get_agent_task(task_id: str, actor: AgentCaller, db: Db) -> AssignmentOut:
    """One task by id or ref: brief, acceptance criteria, what it waits for, last review, comments, your run."""
    async with db.read() as tx:
        return await shown_assignment(tx, actor, await sight.visible(tx, actor, task_id))


@agent_router.post("/runs/{run_id}/release", operation_id="release_run")
async def release_run(run_id: str, actor: AgentCaller, db: Db, body: ReleaseIn | None = None) -> RunOut:
    """Give your task back without having failed at it: it is ready for another attempt. Safe to repeat."""
    said = body or ReleaseIn()
    async with db.transaction() as tx:
        run = await run_actions.release(tx, actor, run_id, reason=said.reason, fence=said.fence)
        return await shown_run(tx, run)


@agent_router.get("/agent/questions/{question_id}", operation_id="get_agent_question")
async def get_agent_question(
    *,
    question_id: str,
    actor: AgentCaller,
    db: Db,
    request: Request,
    wait_s: Annotated[int, Query(ge=0, le=MAX_WAIT_S, description="Wait so long for the answer.")] = 0,
) -> QuestionOut:
    """A question you asked, and its answer when it has one."""
    feed: EventFeed = request.app.state.feed
    return shown_question(await wait_for_answer(db, feed, actor, question_id, wait_s))
