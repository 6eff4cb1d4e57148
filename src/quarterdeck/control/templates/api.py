"""/task-templates: tasks in waiting."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.http import DEFAULT_LIMIT, After, Db, IfMatch, Limit, Reader, Worker
from quarterdeck.control.schedules import store as schedule_store
from quarterdeck.control.shapes import Instant, RequestBody
from quarterdeck.control.tasks.views import TaskOut, shown_task
from quarterdeck.control.templates import actions, store
from quarterdeck.control.templates.bodies import DraftBody, Values, VariableBody, Variables
from quarterdeck.control.templates.model import DESCRIPTION_LENGTH, NAME_LENGTH, Template
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["task templates"])
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Description = Annotated[str, Field(max_length=DESCRIPTION_LENGTH)]


class TemplateIn(RequestBody):
    name: Name
    description: Description = ""
    task: DraftBody
    variables: Variables = []


class TemplatePatch(RequestBody):
    name: Name | None = None
    description: Description | None = None
    task: DraftBody | None = None
    variables: Variables | None = None

    def to_values(self) -> Mapping[str, Any]:
        given = {
            "name": self.name,
            "description": self.description,
            "draft": None if self.task is None else self.task.to_draft(),
            "variables": None if self.variables is None else tuple(one.to_variable() for one in self.variables),
        }
        return {field: value for field, value in given.items() if value is not None}


class UseTemplateIn(RequestBody):
    variables: Values = {}


class TemplateOut(BaseModel):
    id: str
    name: str
    description: str
    task: DraftBody
    variables: list[VariableBody]
    created_at: Instant
    updated_at: Instant
    version: int

    @classmethod
    def of(cls, template: Template) -> "TemplateOut":
        return cls(
            id=template.id,
            name=template.name,
            description=template.description,
            task=DraftBody.of(template.draft),
            variables=[VariableBody.of(one) for one in template.variables],
            created_at=iso(template.created_at),
            updated_at=iso(template.updated_at),
            version=template.version,
        )


class TemplatesOut(BaseModel):
    items: list[TemplateOut]
    next: str | None


@router.get("/task-templates", operation_id="list_task_templates")
async def list_task_templates(actor: Reader, db: Db, after: After = None, limit: Limit = DEFAULT_LIMIT) -> TemplatesOut:
    """Templates by name."""
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, limit=limit, after=after)
    return TemplatesOut(items=[TemplateOut.of(one) for one in page.items], next=page.next)


@router.post("/task-templates", status_code=201, operation_id="create_task_template")
async def create_task_template(body: TemplateIn, actor: Worker, db: Db) -> TemplateOut:
    """Keep a template. Every variable in its texts is declared or built in."""
    async with db.transaction() as tx:
        template = await actions.create(
            tx,
            actor.workspace_id,
            name=body.name,
            description=body.description,
            draft=body.task.to_draft(),
            variables=tuple(one.to_variable() for one in body.variables),
            actor=actor.id,
        )
    return TemplateOut.of(template)


@router.get("/task-templates/{template_id}", operation_id="get_task_template")
async def get_task_template(template_id: str, actor: Reader, db: Db) -> TemplateOut:
    """One template."""
    async with db.read() as tx:
        return TemplateOut.of(await actions.get(tx, actor.workspace_id, template_id))


@router.patch("/task-templates/{template_id}", operation_id="change_task_template")
async def change_task_template(
    *, template_id: str, body: TemplatePatch, actor: Worker, db: Db, version: IfMatch
) -> TemplateOut:
    """Change a template; tasks made from it stay as they are."""
    async with db.transaction() as tx:
        template = await actions.change(
            tx, actor.workspace_id, template_id, body.to_values(), version=version, actor=actor.id
        )
    return TemplateOut.of(template)


@router.delete("/task-templates/{template_id}", status_code=204, operation_id="delete_task_template")
async def delete_task_template(template_id: str, actor: Worker, db: Db) -> None:
    """Forget a template that no schedule uses."""
    async with db.transaction() as tx:
        used_by = await schedule_store.names_using(tx, actor.workspace_id, template_id)
        await actions.delete(tx, actor.workspace_id, template_id, used_by=used_by, actor=actor.id)


@router.post("/task-templates/{template_id}/tasks", status_code=201, operation_id="create_task_from_template")
async def create_task_from_template(
    *, template_id: str, actor: Worker, db: Db, body: UseTemplateIn | None = None
) -> TaskOut:
    """Make a task of a template."""
    given = {} if body is None else body.variables
    async with db.transaction() as tx:
        return await shown_task(tx, await actions.use(tx, actor.workspace_id, template_id, given, actor=actor))
