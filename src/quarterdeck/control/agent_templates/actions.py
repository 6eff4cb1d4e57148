"""Verbs on agent templates, and all their SQL."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.agents.model import BODY_MODES, DESCRIPTION_LENGTH, MAX_CAPACITY, NAME_LENGTH
from quarterdeck.control.agents.profiles import INSTRUCTIONS_LENGTH, clean_words
from quarterdeck.control.agents.tables import templates
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name, a_text, comparable, storable


@dataclass(frozen=True, slots=True)
class AgentTemplate:
    """What an agent made from it begins with; later changes of the template do not reach it."""

    id: str
    workspace_id: str
    name: str
    description: str
    skills: tuple[str, ...]
    labels: tuple[str, ...]
    instructions: str
    capacity: int
    body_mode: str | None
    created_at: int
    version: int


async def save(
    tx: Transaction,
    workspace_id: str,
    values: dict[str, Any],
    *,
    template_id: str | None,
    version: int | None = None,
    actor: str,
) -> AgentTemplate:
    """Make a template, or write it whole. Tells `agent_template.saved`.

    Raises NotFound; Invalid; Changed `name_taken`, or when it is no longer at `version`.
    """
    written = _checked(values)
    other = await tx.row(
        sa.select(templates.c.id).where(
            templates.c.workspace_id == workspace_id, templates.c.name_key == written["name_key"]
        )
    )
    if other is not None and other["id"] != template_id:
        raise Changed(f"A template called {written['name']!r} exists already; choose another name.", code="name_taken")
    if template_id is None:
        template_id = new_id("agtt")
        await tx.execute(
            templates.insert().values(
                workspace_id=workspace_id, id=template_id, created_at=tx.now, version=1, **written
            )
        )
    else:
        before = await get(tx, workspace_id, template_id)
        change = templates.update().where(
            _is(workspace_id, template_id), templates.c.version == (before.version if version is None else version)
        )
        if not await tx.changed(change.values(**written, version=templates.c.version + 1)):
            raise Changed(f"{before.name} was changed meanwhile; load it again.", version=before.version)
    saved = await get(tx, workspace_id, template_id)
    await tx.emit(Event(workspace_id, "agent_template.saved", saved.id, {"name": saved.name}, actor))
    return saved


async def remove(tx: Transaction, workspace_id: str, template_id: str, *, actor: str) -> None:
    """Agents made from it stay as they are. Tells `agent_template.removed`. Raises NotFound."""
    template = await get(tx, workspace_id, template_id)
    await tx.execute(templates.delete().where(_is(workspace_id, template_id)))
    await tx.emit(Event(workspace_id, "agent_template.removed", template.id, {"name": template.name}, actor))


async def get(tx: Transaction, workspace_id: str, template_id: str) -> AgentTemplate:
    """Raises NotFound."""
    row = await tx.row(sa.select(templates).where(_is(workspace_id, template_id))) if storable(template_id) else None
    if row is None:
        raise NotFound("There is no such agent template in this workspace.")
    return _template(row)


async def all_of(tx: Transaction, workspace_id: str) -> list[AgentTemplate]:
    """By name."""
    rows = await tx.rows(
        sa.select(templates).where(templates.c.workspace_id == workspace_id).order_by(templates.c.name_key)
    )
    return [_template(row) for row in rows]


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    name = a_name(values["name"], "name", NAME_LENGTH)
    if not 1 <= values["capacity"] <= MAX_CAPACITY:
        raise Invalid(f"capacity must be 1 to {MAX_CAPACITY} runs at once.", field="capacity")
    if values["body_mode"] not in (None, *BODY_MODES):
        raise Invalid(f"body_mode must be one of {', '.join(BODY_MODES)}.", field="body_mode")
    return {
        "name": name,
        "name_key": comparable(name),
        "description": a_text(values["description"], "description", DESCRIPTION_LENGTH),
        "skills": list(clean_words(values["skills"], "skills")),
        "labels": list(clean_words(values["labels"], "labels")),
        "instructions": a_text(values["instructions"].strip(), "instructions", INSTRUCTIONS_LENGTH),
        "capacity": values["capacity"],
        "body_mode": values["body_mode"],
    }


def _is(workspace_id: str, template_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(templates.c.workspace_id == workspace_id, templates.c.id == template_id)


def _template(row: sa.RowMapping) -> AgentTemplate:
    values: dict[str, Any] = {name: row[name] for name in AgentTemplate.__slots__}
    return AgentTemplate(**{**values, "skills": tuple(row["skills"]), "labels": tuple(row["labels"])})
