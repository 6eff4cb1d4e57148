"""Verbs on projects. They stand below tasks' verbs, which ask what a project allows."""

from typing import Any

from quarterdeck.control.agents import store as agents
from quarterdeck.control.projects import store
from quarterdeck.control.projects.model import DESCRIPTION_LENGTH, NAME_LENGTH, Project, ProjectChange
from quarterdeck.control.tasks import reviewable
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.db import Transaction
from quarterdeck.db.named import must_be_at
from quarterdeck.kernel.errors import Changed, NotFound, names_nothing
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name, a_text

REASON_LENGTH = 1_000


async def create(
    tx: Transaction,
    workspace_id: str,
    *,
    name: str,
    description: str = "",
    lead_agent_id: str | None = None,
    review: ReviewPolicy = ReviewPolicy.ONE,
    actor: str | None = None,
) -> Project:
    """Add a project and tell `project.created`. Raises Invalid; Changed `name_taken`."""
    await _must_be_sound(tx, workspace_id, lead_agent_id, review)
    project = Project(
        id=new_id("prj"),
        workspace_id=workspace_id,
        name=a_name(name, "name", NAME_LENGTH),
        description=a_text(description, "description", DESCRIPTION_LENGTH),
        lead_agent_id=lead_agent_id,
        review=review,
        held_at=None,
        hold_reason=None,
        archived_at=None,
        created_by=actor,
        created_at=tx.now,
        updated_at=tx.now,
        version=1,
    )
    await store.insert(tx, project)
    await _tell(tx, "project.created", project, actor)
    return project


async def change(
    tx: Transaction,
    workspace_id: str,
    project_id: str,
    change: ProjectChange,
    *,
    version: int | None = None,
    actor: str | None = None,
) -> Project:
    """Write what differs and tell `project.changed`; nothing differs, nothing is written.

    Raises NotFound; Invalid; Changed when `version` is not the row's any more, `name_taken`.
    """
    project = await _at(tx, workspace_id, project_id, version)
    await _must_be_sound(tx, workspace_id, change.lead_agent_id, change.review)
    values: dict[str, Any] = {}
    if change.name is not None:
        values["name"] = a_name(change.name, "name", NAME_LENGTH)
    if change.description is not None:
        values["description"] = a_text(change.description, "description", DESCRIPTION_LENGTH)
    if change.lead_agent_id is not None or change.no_lead:
        values["lead_agent_id"] = change.lead_agent_id
    if change.review is not None:
        await reviewable.must_not_lower(tx, workspace_id, project.review, change.review, actor)
        values["review"] = change.review
    if change.archived is not None and change.archived is not (project.archived_at is not None):
        values["archived_at"] = tx.now if change.archived else None
    return await _write(tx, project, values, actor)


async def hold(
    tx: Transaction, workspace_id: str, project_id: str, *, reason: str | None = None, actor: str | None = None
) -> Project:
    """Let no agent claim a task of this project. Holding what is held changes nothing. Raises NotFound; Invalid."""
    project = await get(tx, workspace_id, project_id)
    if project.held_at is not None:
        return project
    why = a_text(reason.strip(), "reason", REASON_LENGTH) or None if reason is not None else None
    return await _write(tx, project, {"held_at": tx.now, "hold_reason": why}, actor)


async def release(tx: Transaction, workspace_id: str, project_id: str, *, actor: str | None = None) -> Project:
    """Let its tasks be claimed again. Releasing what is free changes nothing. Raises NotFound."""
    project = await get(tx, workspace_id, project_id)
    return await _write(tx, project, {"held_at": None, "hold_reason": None}, actor)


async def delete(tx: Transaction, workspace_id: str, project_id: str, *, tasks: int, actor: str | None = None) -> None:
    """Forget a project that was made by mistake. Raises NotFound; Changed `project_in_use` when it has `tasks`."""
    project = await get(tx, workspace_id, project_id)
    if tasks:
        raise Changed(
            f"{project.name} has {tasks} tasks; archive it, which keeps their history.",
            code="project_in_use",
            tasks=tasks,
        )
    await store.delete(tx, project)
    await _tell(tx, "project.deleted", project, actor)


async def get(tx: Transaction, workspace_id: str, project_id: str) -> Project:
    """Raises NotFound."""
    project = await store.find(tx, workspace_id, project_id)
    if project is None:
        raise NotFound("There is no such project in this workspace.")
    return project


async def for_work(tx: Transaction, workspace_id: str, project_id: str) -> Project:
    """The project, if it takes tasks. Raises Invalid naming project_id; Changed `project_archived`."""
    project = await store.find(tx, workspace_id, project_id)
    if project is None:
        raise names_nothing("project_id", "project")
    if project.archived_at is not None:
        raise Changed(f"{project.name} is archived; take it out of the archive first.", code="project_archived")
    return project


async def _at(tx: Transaction, workspace_id: str, project_id: str, version: int | None) -> Project:
    project = await get(tx, workspace_id, project_id)
    must_be_at(project, version)
    return project


async def _write(tx: Transaction, project: Project, values: dict[str, Any], actor: str | None) -> Project:
    differing = {field: value for field, value in values.items() if getattr(project, field) != value}
    if not differing:
        return project
    fresh = await store.update(tx, project, differing)
    await _tell(tx, "project.changed", fresh, actor, {"fields": sorted(differing)})
    return fresh


async def _must_be_sound(
    tx: Transaction, workspace_id: str, lead_agent_id: str | None, review: ReviewPolicy | None
) -> None:
    if lead_agent_id is not None and await agents.find(tx, workspace_id, lead_agent_id) is None:
        raise names_nothing("lead_agent_id", "agent")
    await reviewable.must_be_sound(tx, workspace_id, review)


async def _tell(
    tx: Transaction, kind: str, project: Project, actor: str | None, data: dict[str, Any] | None = None
) -> None:
    common = {"name": project.name, "held": project.held_at is not None, "archived": project.archived_at is not None}
    await tx.emit(Event(project.workspace_id, kind, project.id, {**common, **(data or {})}, actor))
