"""Verbs on task templates."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from quarterdeck.access.actors import Actor
from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agents
from quarterdeck.control.goals import store as goals
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.squads import store as squads
from quarterdeck.control.tasks import creating, reviewable
from quarterdeck.control.tasks.model import NewTask, Task
from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.control.templates import store
from quarterdeck.control.templates.model import (
    DESCRIPTION_LENGTH,
    NAME_LENGTH,
    Draft,
    Template,
    Variable,
    checked,
    dates,
    values_of,
)
from quarterdeck.db import Transaction
from quarterdeck.db.named import must_be_at
from quarterdeck.kernel.clock import utc
from quarterdeck.kernel.errors import Changed, Invalid, NotFound, names_nothing
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name, a_text


async def create(
    tx: Transaction,
    workspace_id: str,
    *,
    name: str,
    draft: Draft,
    description: str = "",
    variables: tuple[Variable, ...] = (),
    actor: str | None = None,
) -> Template:
    """Keep a template and tell `template.created`. Raises Invalid; Changed `name_taken`."""
    checked(draft, variables)
    await must_be_sound(tx, workspace_id, draft, actor)
    template = Template(
        id=new_id("tpl"),
        workspace_id=workspace_id,
        name=a_name(name, "name", NAME_LENGTH),
        description=a_text(description, "description", DESCRIPTION_LENGTH),
        draft=draft,
        variables=variables,
        created_by=actor,
        created_at=tx.now,
        updated_at=tx.now,
        version=1,
    )
    await store.insert(tx, template)
    await tx.emit(Event(workspace_id, "template.created", template.id, {"name": template.name}, actor))
    return template


async def change(
    tx: Transaction,
    workspace_id: str,
    template_id: str,
    values: Mapping[str, Any],
    *,
    version: int | None = None,
    actor: str | None = None,
) -> Template:
    """Write `name`, `description`, `draft`, `variables`, whichever are given, and tell `template.changed`.

    Raises NotFound; Invalid; Changed when `version` is not the row's any more, `name_taken`.
    """
    template = await get(tx, workspace_id, template_id)
    must_be_at(template, version)
    written = dict(values)
    if "name" in written:
        written["name"] = a_name(written["name"], "name", NAME_LENGTH)
    if "description" in written:
        written["description"] = a_text(written["description"], "description", DESCRIPTION_LENGTH)
    checked(written.get("draft", template.draft), written.get("variables", template.variables))
    differing = {field: value for field, value in written.items() if getattr(template, field) != value}
    if not differing:
        return template
    if "draft" in differing:
        await must_be_sound(tx, workspace_id, differing["draft"], actor)
    fresh = await store.update(tx, template, differing)
    await tx.emit(Event(workspace_id, "template.changed", template.id, {"fields": sorted(differing)}, actor))
    return fresh


async def delete(
    tx: Transaction, workspace_id: str, template_id: str, *, used_by: list[str], actor: str | None = None
) -> None:
    """Forget a template; tasks made from it stay. Raises NotFound; Changed `template_in_use` by schedules."""
    template = await get(tx, workspace_id, template_id)
    if used_by:
        raise Changed(
            f"{template.name} is what {', '.join(used_by[:5])} makes tasks from; change or delete that first.",
            code="template_in_use",
            schedules=used_by,
        )
    await store.delete(tx, template)
    await tx.emit(Event(workspace_id, "template.deleted", template.id, {"name": template.name}, actor))


async def use(
    tx: Transaction, workspace_id: str, template_id: str, given: Mapping[str, str], *, actor: Actor | None = None
) -> Task:
    """Make a task of it. Dates are of this moment in UTC. Raises NotFound; Invalid; what creating a task raises."""
    template = await get(tx, workspace_id, template_id)
    values = values_of(template.variables, given, dates(utc(tx.now)))
    return await creating.create(tx, workspace_id, await filled(tx, workspace_id, template.draft, values), actor=actor)


async def filled(
    tx: Transaction, workspace_id: str, draft: Draft, values: Mapping[str, Any], *, at: int | None = None
) -> NewTask:
    """The task to make, now or at another instant. A goal that was forgotten since is not served. Raises Invalid."""
    new = draft.fill(values, tx.now if at is None else at)
    if new.goal_id is not None and await goals.find(tx, workspace_id, new.goal_id) is None:
        return replace(new, goal_id=None)
    return new


async def must_be_sound(tx: Transaction, workspace_id: str, draft: Draft, actor: str | None) -> None:
    """Whom and what it names is there now. Later it may not be. Raises Invalid naming the field.

    Raises Forbidden for a review that the actor may not lower so far: whoever fires it later is asked no more.
    """
    if draft.agent_id is not None and draft.squad_id is not None:
        raise Invalid("A task is for an agent or for a squad: name one of them.", field="squad_id")
    if draft.squad_id is not None:
        await squads.must_exist(tx, workspace_id, draft.squad_id)
    if draft.agent_id is not None and await agents.find(tx, workspace_id, draft.agent_id) is None:
        raise names_nothing("agent_id", "agent")
    if draft.accountable_id is not None:
        await people.must_exist(tx, workspace_id, draft.accountable_id, "accountable_id")
    for member_id in draft.watchers:
        await people.must_exist(tx, workspace_id, member_id, "watchers")
    goal = None if draft.goal_id is None else await goals.find(tx, workspace_id, draft.goal_id)
    if draft.goal_id is not None and goal is None:
        raise names_nothing("goal_id", "goal")
    project_id = draft.project_id or (None if goal is None else goal.project_id)
    project = None if project_id is None else await projects.for_work(tx, workspace_id, project_id)
    if draft.review is not None:
        review = ReviewPolicy(draft.review)
        await reviewable.must_be_sound(tx, workspace_id, review)
        if project is not None:
            await reviewable.must_not_lower(tx, workspace_id, project.review, review, actor)


async def get(tx: Transaction, workspace_id: str, template_id: str) -> Template:
    """Raises NotFound."""
    template = await store.find(tx, workspace_id, template_id)
    if template is None:
        raise NotFound("There is no such template in this workspace.")
    return template
