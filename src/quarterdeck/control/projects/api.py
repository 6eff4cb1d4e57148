"""/projects: what belongs together."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.goals import store as goal_store
from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, IfMatch, Limit, NamePart, Reader, Worker
from quarterdeck.control.projects import actions, store
from quarterdeck.control.projects.actions import REASON_LENGTH
from quarterdeck.control.projects.model import DESCRIPTION_LENGTH, NAME_LENGTH, Project, ProjectChange
from quarterdeck.control.shapes import Instant, Named, RequestBody, shown
from quarterdeck.control.tasks import lists as task_lists
from quarterdeck.control.tasks.bodies import a_review
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.control.tasks.policy import PATTERN as REVIEW_PATTERN
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["projects"])
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Description = Annotated[str, Field(max_length=DESCRIPTION_LENGTH, description="Markdown.")]
Lead = Annotated[str | None, Field(description="The agent that may assign this project's tasks to agents.")]
Review = Annotated[
    str,
    AfterValidator(a_review),
    Field(
        json_schema_extra={"pattern": f"^({REVIEW_PATTERN})$"},
        description="The review policy of tasks that name none themselves.",
    ),
]


class ProjectIn(RequestBody):
    name: Name
    description: Description = ""
    lead_agent_id: Lead = None
    review: Review = "one"


class ProjectPatch(RequestBody):
    name: Name | None = None
    description: Description | None = None
    lead_agent_id: Lead = None
    review: Review | None = None
    archived: bool | None = Field(None, description="An archived project takes no tasks and gives none to agents.")

    def to_change(self) -> ProjectChange:
        return ProjectChange(
            name=self.name,
            description=self.description,
            lead_agent_id=self.lead_agent_id,
            no_lead=self.takes_away("lead_agent_id"),
            review=None if self.review is None else ReviewPolicy(self.review),
            archived=self.archived,
        )


class HoldIn(RequestBody):
    reason: str | None = Field(None, max_length=REASON_LENGTH)


class ProjectOut(BaseModel):
    id: str
    name: str
    description: str
    lead_agent: Named | None
    review: str
    held_at: Instant | None
    """No agent may claim its tasks since then."""
    hold_reason: str | None
    archived_at: Instant | None
    tasks: dict[TaskState, int]
    """How many of its tasks stand where."""
    created_at: Instant
    updated_at: Instant
    version: int


class ProjectsOut(BaseModel):
    items: list[ProjectOut]
    next: str | None


@router.get("/projects", operation_id="list_projects")
async def list_projects(
    *,
    actor: Reader,
    db: Db,
    q: NamePart = None,
    archived: Annotated[bool | None, Query(description="Absent: both.")] = None,
    after: After = None,
    limit: Limit = DEFAULT_LIMIT,
) -> ProjectsOut:
    """Projects by name."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, q=q, archived=archived, limit=limit, after=after)
        return ProjectsOut(items=await _shown(tx, actor.workspace_id, page.items), next=page.next)


@router.post("/projects", status_code=201, operation_id="create_project")
async def create_project(body: ProjectIn, actor: Worker, db: Db) -> ProjectOut:
    """Add a project."""
    async with db.transaction() as tx:
        project = await actions.create(
            tx,
            actor.workspace_id,
            name=body.name,
            description=body.description,
            lead_agent_id=body.lead_agent_id,
            review=ReviewPolicy(body.review),
            actor=actor.id,
        )
        return await _one(tx, project)


@router.get("/projects/{project_id}", operation_id="get_project")
async def get_project(project_id: str, actor: Reader, db: Db) -> ProjectOut:
    """One project."""
    async with db.read() as tx:
        return await _one(tx, await actions.get(tx, actor.workspace_id, project_id))


@router.patch("/projects/{project_id}", operation_id="change_project")
async def change_project(*, project_id: str, body: ProjectPatch, actor: Worker, db: Db, version: IfMatch) -> ProjectOut:
    """Change or archive a project. A new review policy concerns tasks made from now on."""
    async with db.transaction() as tx:
        project = await actions.change(
            tx, actor.workspace_id, project_id, body.to_change(), version=version, actor=actor.id
        )
        return await _one(tx, project)


@router.delete("/projects/{project_id}", operation_id="delete_project", status_code=204)
async def delete_project(project_id: str, actor: Worker, db: Db) -> None:
    """Forget a project without tasks; one that has some is archived instead. Its goals stay, without it."""
    async with db.transaction() as tx:
        counted = (await task_lists.of_projects(tx, actor.workspace_id, [project_id])).get(project_id, {})
        await goal_store.leave_project(tx, actor.workspace_id, project_id)
        await actions.delete(tx, actor.workspace_id, project_id, tasks=sum(counted.values()), actor=actor.id)


@router.post("/projects/{project_id}/hold", operation_id="hold_project")
async def hold_project(*, project_id: str, actor: Worker, db: Db, body: HoldIn | None = None) -> ProjectOut:
    """Let no agent claim a task of this project; open runs go on."""
    async with db.transaction() as tx:
        project = await actions.hold(
            tx, actor.workspace_id, project_id, reason=None if body is None else body.reason, actor=actor.id
        )
        return await _one(tx, project)


@router.post("/projects/{project_id}/release", operation_id="release_project")
async def release_project(project_id: str, actor: Worker, db: Db) -> ProjectOut:
    """Let its tasks be claimed again."""
    async with db.transaction() as tx:
        return await _one(tx, await actions.release(tx, actor.workspace_id, project_id, actor=actor.id))


async def _one(tx: Transaction, project: Project) -> ProjectOut:
    return (await _shown(tx, project.workspace_id, [project]))[0]


async def _shown(tx: Transaction, workspace_id: str, found: Sequence[Project]) -> list[ProjectOut]:
    leads = await agent_store.named(tx, workspace_id, {one.lead_agent_id for one in found if one.lead_agent_id})
    counted = await task_lists.of_projects(tx, workspace_id, [one.id for one in found])
    return [
        ProjectOut(
            id=one.id,
            name=one.name,
            description=one.description,
            lead_agent=None
            if one.lead_agent_id is None
            else Named(id=one.lead_agent_id, name=leads[one.lead_agent_id]),
            review=one.review.value,
            held_at=shown(one.held_at),
            hold_reason=one.hold_reason,
            archived_at=shown(one.archived_at),
            tasks=counted.get(one.id, {}),
            created_at=iso(one.created_at),
            updated_at=iso(one.updated_at),
            version=one.version,
        )
        for one in found
    ]
