"""/agent-templates. POST /agents with `template_id` makes an agent from one."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.agent_templates import actions
from quarterdeck.control.agent_templates.actions import AgentTemplate
from quarterdeck.control.agents.model import DESCRIPTION_LENGTH, MAX_CAPACITY, NAME_LENGTH
from quarterdeck.control.agents.profiles import INSTRUCTIONS_LENGTH, MAX_WORDS, WORD_LENGTH
from quarterdeck.control.http import Db, IfMatch, Operator, Reader
from quarterdeck.control.shapes import Instant, RequestBody
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["agents"])
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=WORD_LENGTH)]], Field(max_length=MAX_WORDS)]


class AgentTemplateIn(RequestBody):
    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    description: str = Field("", max_length=DESCRIPTION_LENGTH)
    skills: Words = []
    labels: Words = []
    instructions: str = Field("", max_length=INSTRUCTIONS_LENGTH, description="Markdown.")
    capacity: int = Field(1, ge=1, le=MAX_CAPACITY)
    body_mode: Literal["full", "redacted", "none"] | None = None


class AgentTemplateOut(AgentTemplateIn):
    id: str
    created_at: Instant
    version: int


class AgentTemplatesOut(BaseModel):
    items: list[AgentTemplateOut]


@router.get("/agent-templates", operation_id="list_agent_templates")
async def list_agent_templates(actor: Reader, db: Db) -> AgentTemplatesOut:
    """Templates by name."""
    async with db.read() as tx:
        return AgentTemplatesOut(items=[_shown(one) for one in await actions.all_of(tx, actor.workspace_id)])


@router.post("/agent-templates", status_code=201, operation_id="create_agent_template")
async def create_agent_template(body: AgentTemplateIn, actor: Operator, db: Db) -> AgentTemplateOut:
    """Make a template."""
    async with db.transaction() as tx:
        return _shown(await actions.save(tx, actor.workspace_id, body.model_dump(), template_id=None, actor=actor.id))


@router.put("/agent-templates/{template_id}", operation_id="change_agent_template")
async def change_agent_template(
    template_id: str, body: AgentTemplateIn, actor: Operator, db: Db, version: IfMatch
) -> AgentTemplateOut:
    """Write a template whole. Agents made from it before stay as they are."""
    async with db.transaction() as tx:
        saved = await actions.save(
            tx, actor.workspace_id, body.model_dump(), template_id=template_id, version=version, actor=actor.id
        )
    return _shown(saved)


@router.delete("/agent-templates/{template_id}", status_code=204, operation_id="remove_agent_template")
async def remove_agent_template(template_id: str, actor: Operator, db: Db) -> None:
    """Remove a template; agents made from it stay."""
    async with db.transaction() as tx:
        await actions.remove(tx, actor.workspace_id, template_id, actor=actor.id)


def _shown(one: AgentTemplate) -> AgentTemplateOut:
    return AgentTemplateOut(
        id=one.id,
        name=one.name,
        description=one.description,
        skills=list(one.skills),
        labels=list(one.labels),
        instructions=one.instructions,
        capacity=one.capacity,
        body_mode=one.body_mode,
        created_at=iso(one.created_at),
        version=one.version,
    )
