"""/goals: what tasks are for."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.agents import people
from quarterdeck.control.goals import actions, standing, store
from quarterdeck.control.goals.model import NAME_LENGTH, STATEMENT_LENGTH, Goal, GoalChange, GoalState
from quarterdeck.control.goals.store import GoalFilter
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, IfMatch, Limit, NamePart, Reader, Worker
from quarterdeck.control.projects import store as project_store
from quarterdeck.control.shapes import Instant, Named, RequestBody, instant_in, shown
from quarterdeck.control.tasks.bodies import DueAt
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["goals"])
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Statement = Annotated[
    str, Field(max_length=STATEMENT_LENGTH, description="What is to be true in the end, in words. Markdown.")
]


class GoalIn(RequestBody):
    name: Name
    statement: Statement = ""
    project_id: str | None = Field(None, description="Where it belongs; tasks of other projects may serve it too.")
    accountable_id: str | None = Field(None, description="The member who answers for it; yourself when absent.")
    due_at: DueAt | None = None


class GoalPatch(RequestBody):
    name: Name | None = None
    statement: Statement | None = None
    project_id: str | None = Field(None, description="null takes it out of its project.")
    accountable_id: str | None = None
    due_at: DueAt | None = Field(None, description="null takes it away.")

    def to_change(self) -> GoalChange:
        return GoalChange(
            name=self.name,
            statement=self.statement,
            project_id=self.project_id,
            no_project=self.takes_away("project_id"),
            accountable_id=self.accountable_id,
            due_at=None if self.due_at is None else instant_in(self.due_at, "due_at"),
            never_due=self.takes_away("due_at"),
        )


class GoalOut(BaseModel):
    id: str
    name: str
    statement: str
    project: Named | None
    accountable: Named
    due_at: Instant | None
    state: GoalState
    """Computed from its tasks."""
    tasks: dict[TaskState, int]
    """How many of its tasks stand where."""
    done_share: float | None
    """0 to 1, of its tasks that were not cancelled; null when there are none."""
    blocked: int
    """How many of its open tasks wait for others."""
    calls: int
    cost_nano: int
    """What its tasks have cost so far, in nano-dollars."""
    unpriced_calls: int
    forecast_at: Instant | None
    """When the rest is done at the pace of the last two weeks; null when too little was done to tell."""
    created_at: Instant
    updated_at: Instant
    version: int


class GoalsOut(BaseModel):
    items: list[GoalOut]
    next: str | None


@router.get("/goals", operation_id="list_goals")
async def list_goals(
    *,
    actor: Reader,
    db: Db,
    q: NamePart = None,
    project_id: Annotated[str | None, Query()] = None,
    accountable_id: Annotated[str | None, Query()] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> GoalsOut:
    """Goals by name, each with how its tasks stand."""
    which = GoalFilter(q=q, project_id=project_id, accountable_id=accountable_id)
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, which, limit=limit, after=after)
        return GoalsOut(items=await _shown(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/goals", status_code=201, operation_id="create_goal")
async def create_goal(body: GoalIn, actor: Worker, db: Db) -> GoalOut:
    """Add a goal. Tasks serve it by naming it as their `goal_id`."""
    async with db.transaction() as tx:
        goal = await actions.create(
            tx,
            actor.workspace_id,
            name=body.name,
            statement=body.statement,
            project_id=body.project_id,
            accountable_id=body.accountable_id or actor.id,
            due_at=None if body.due_at is None else instant_in(body.due_at, "due_at"),
            actor=actor.id,
        )
        return await _one(tx, goal)


@router.get("/goals/{goal_id}", operation_id="get_goal")
async def get_goal(goal_id: str, actor: Reader, db: Db) -> GoalOut:
    """One goal."""
    async with db.read() as tx:
        return await _one(tx, await actions.get(tx, actor.workspace_id, goal_id))


@router.patch("/goals/{goal_id}", operation_id="change_goal")
async def change_goal(*, goal_id: str, body: GoalPatch, actor: Worker, db: Db, version: IfMatch) -> GoalOut:
    """Change what a goal says. How it stands is computed."""
    async with db.transaction() as tx:
        goal = await actions.change(tx, actor.workspace_id, goal_id, body.to_change(), version=version, actor=actor.id)
        return await _one(tx, goal)


@router.delete("/goals/{goal_id}", operation_id="delete_goal", status_code=204)
async def delete_goal(*, goal_id: str, actor: Worker, db: Db, version: IfMatch) -> None:
    """Forget a goal; its tasks stay, without it."""
    async with db.transaction() as tx:
        await actions.delete(tx, actor.workspace_id, goal_id, version=version, actor=actor.id)


async def _one(tx: Transaction, goal: Goal) -> GoalOut:
    return (await _shown(tx, goal.workspace_id, [goal]))[0]


async def _shown(tx: Transaction, workspace_id: str, found: Sequence[Goal]) -> list[GoalOut]:
    members = await people.named(tx, workspace_id, {one.accountable_id for one in found})
    projects = await project_store.named(tx, workspace_id, {one.project_id for one in found if one.project_id})
    stand = await standing.of_goals(tx, workspace_id, [one.id for one in found])
    return [
        GoalOut(
            id=one.id,
            name=one.name,
            statement=one.statement,
            project=None if one.project_id is None else Named(id=one.project_id, name=projects[one.project_id]),
            accountable=Named(id=one.accountable_id, name=members[one.accountable_id]),
            due_at=shown(one.due_at),
            state=stand[one.id].state,
            tasks=dict(stand[one.id].tasks),
            done_share=stand[one.id].done_share,
            blocked=stand[one.id].blocked,
            calls=stand[one.id].calls,
            cost_nano=stand[one.id].cost,
            unpriced_calls=stand[one.id].unpriced_calls,
            forecast_at=shown(stand[one.id].forecast(tx.now)),
            created_at=iso(one.created_at),
            updated_at=iso(one.updated_at),
            version=one.version,
        )
        for one in found
    ]
