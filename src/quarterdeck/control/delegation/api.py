"""/runs/{id}/subtasks, /agent/dependencies and /agent/tasks/{id}/assign: agents that share out work."""

from fastapi import APIRouter
from pydantic import Field

from quarterdeck.control.delegation import actions
from quarterdeck.control.delegation.actions import MAX_PER_RUN, Part
from quarterdeck.control.http import AgentCaller, Db, Gate
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.shapes import RequestBody, instant_in
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.control.tasks.api import stop_run
from quarterdeck.control.tasks.bodies import AssignIn, Brief, Budget, CriterionIn, CriterionText, DueAt, Label, Title
from quarterdeck.control.tasks.model import MAX_CRITERIA, MAX_LABELS, NOTE_LENGTH, NewTask, PriorityName, priority_of
from quarterdeck.control.tasks.views import TaskOut, shown_task

agent_router = APIRouter(tags=["agent protocol"])


class SubtaskIn(RequestBody):
    title: Title
    brief: Brief = ""
    acceptance: list[CriterionText | CriterionIn] = Field([], max_length=MAX_CRITERIA)
    priority: PriorityName = "normal"
    agent_id: str | None = Field(None, description="Yourself, or null: any agent. Another one only as the lead.")
    squad_id: str | None = Field(None, description="In place of an agent: any agent of that squad may claim it.")
    labels: list[Label] = Field([], max_length=MAX_LABELS)
    due_at: DueAt | None = None
    budget_nano: Budget | None = Field(None, description="Needed where your own task has a budget.")
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="What its worker should know.")
    waits_for: list[str] = Field([], max_length=MAX_PER_RUN, description="Tasks of yours to be done first.")
    needed: bool = Field(True, description="Your own task waits for it before its next attempt.")
    fence: Fence = None

    def to_part(self) -> Part:
        new = NewTask(
            title=self.title,
            brief=self.brief,
            acceptance=tuple(one if isinstance(one, str) else one.to_criterion() for one in self.acceptance),
            priority=priority_of(self.priority),
            labels=tuple(self.labels),
            agent_id=self.agent_id,
            squad_id=self.squad_id,
            due_at=None if self.due_at is None else instant_in(self.due_at, "due_at"),
            budget=self.budget_nano,
            note=self.note,
        )
        return Part(new, tuple(self.waits_for), self.needed)


class WaitForIn(RequestBody):
    task_id: str
    waits_for: str
    """The id of the task that has to be done first."""


@agent_router.post("/runs/{run_id}/subtasks", status_code=201, operation_id="create_subtask")
async def create_subtask(run_id: str, body: SubtaskIn, actor: AgentCaller, db: Db) -> TaskOut:
    """Make a part of your task a task of its own, for you or another agent. It costs at most what you hand on."""
    async with db.transaction() as tx:
        task = await actions.split(tx, actor, run_id, body.to_part(), fence=body.fence)
        return await shown_task(tx, task)


@agent_router.post("/agent/dependencies", operation_id="link_own_tasks")
async def link_own_tasks(body: WaitForIn, actor: AgentCaller, db: Db) -> TaskOut:
    """Let one of your tasks wait for another of them. A cycle is refused, and named."""
    async with db.transaction() as tx:
        return await shown_task(tx, await actions.link(tx, actor, body.task_id, body.waits_for))


@agent_router.post("/agent/tasks/{task_id}/assign", operation_id="assign_as_lead")
async def assign_as_lead(task_id: str, body: AssignIn, actor: AgentCaller, db: Db, gate: Gate) -> TaskOut:
    """As the lead agent of its project: say which agent, or which squad, is to do a task, with a note for it."""
    async with db.transaction() as tx:
        before = await task_actions.get(tx, actor.workspace_id, task_id)
        task = await actions.assign(tx, actor, task_id, body.agent_id, squad_id=body.squad_id, note=body.note)
        answer = await shown_task(tx, task)
    await stop_run(gate, before.run_id, still=task.run_id)
    return answer
