"""Verbs on squads, and all their SQL: a squad is a name, a lead, and agents."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.agents import store as agents
from quarterdeck.control.agents.tables import squad_agents, squads
from quarterdeck.control.tasks.model import CLOSED
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.errors import Changed, Invalid, NotFound
from quarterdeck.kernel.events import Event
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.text import a_name, a_text, comparable, storable

NAME_LENGTH = 100
DESCRIPTION_LENGTH = 10_000
MAX_AGENTS = 500


@dataclass(frozen=True, slots=True)
class Squad:
    id: str
    workspace_id: str
    name: str
    description: str
    lead_id: str | None
    agent_ids: tuple[str, ...]
    created_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """None leaves a field as it is (or, of a new squad, empty)."""

    name: str | None = None
    description: str | None = None
    lead_id: str | None = None
    no_lead: bool = False
    agent_ids: tuple[str, ...] | None = None


async def create(tx: Transaction, workspace_id: str, wanted: Wanted, *, actor: str) -> Squad:
    """Tells `squad.created`. The lead belongs to the squad. Raises Invalid; Changed `name_taken`."""
    name = a_name(wanted.name or "", "name", NAME_LENGTH)
    await _must_be_free(tx, workspace_id, name, None)
    squad_id = new_id("sqd")
    members = await _members(tx, workspace_id, wanted.agent_ids or (), wanted.lead_id)
    await tx.execute(
        squads.insert().values(
            workspace_id=workspace_id,
            id=squad_id,
            name=name,
            name_key=comparable(name),
            description=a_text(wanted.description or "", "description", DESCRIPTION_LENGTH),
            lead_id=wanted.lead_id,
            created_at=tx.now,
            version=1,
        )
    )
    await _set_members(tx, workspace_id, squad_id, members)
    return await _told(tx, workspace_id, squad_id, "squad.created", actor)


async def change(
    tx: Transaction, workspace_id: str, squad_id: str, wanted: Wanted, *, version: int | None, actor: str
) -> Squad:
    """Tells `squad.changed`. Raises NotFound; Invalid; Changed when it is no longer at `version`."""
    squad = await get(tx, workspace_id, squad_id)
    values: dict[str, Any] = {}
    if wanted.name is not None:
        values["name"] = a_name(wanted.name, "name", NAME_LENGTH)
        values["name_key"] = comparable(values["name"])
        await _must_be_free(tx, workspace_id, values["name"], squad.id)
    if wanted.description is not None:
        values["description"] = a_text(wanted.description, "description", DESCRIPTION_LENGTH)
    lead_id = None if wanted.no_lead else wanted.lead_id or squad.lead_id
    values["lead_id"] = lead_id
    members = await _members(
        tx, workspace_id, squad.agent_ids if wanted.agent_ids is None else wanted.agent_ids, lead_id
    )
    taken = await tx.changed(
        squads.update()
        .where(_is(workspace_id, squad.id), squads.c.version == (squad.version if version is None else version))
        .values(**values, version=squads.c.version + 1)
    )
    if not taken:
        raise Changed(f"{squad.name} was changed meanwhile; load it again.", version=squad.version)
    await _set_members(tx, workspace_id, squad.id, members)
    return await _told(tx, workspace_id, squad.id, "squad.changed", actor)


async def remove(tx: Transaction, workspace_id: str, squad_id: str, *, actor: str) -> None:
    """Its agents stay. Tells `squad.removed`.

    Raises NotFound; Changed `squad_in_use` while open tasks are offered to it: nobody else's agents get them silently.
    """
    squad = await get(tx, workspace_id, squad_id)
    # Held, so that nothing is offered to it meanwhile.
    await tx.row(sa.select(squads.c.id).where(_is(workspace_id, squad.id)).with_for_update())
    offered = sa.and_(tasks.c.workspace_id == workspace_id, tasks.c.squad_id == squad.id)
    is_open = tasks.c.state.not_in([state.value for state in CLOSED])
    if count := await tx.scalar(sa.select(sa.func.count()).where(offered, is_open)):
        raise Changed(
            f"{count} open tasks are offered to {squad.name}; assign them to others first."
            if count > 1
            else f"An open task is offered to {squad.name}; assign it to others first.",
            code="squad_in_use",
            tasks=count,
        )
    await tx.execute(tasks.update().where(offered).values(squad_id=None))
    await _set_members(tx, workspace_id, squad.id, ())
    await tx.execute(squads.delete().where(_is(workspace_id, squad.id)))
    await tx.emit(Event(workspace_id, "squad.removed", squad.id, {"name": squad.name}, actor))


async def get(tx: Transaction, workspace_id: str, squad_id: str) -> Squad:
    """Raises NotFound."""
    found = [one for one in await all_of(tx, workspace_id) if one.id == squad_id] if storable(squad_id) else []
    if not found:
        raise NotFound("There is no such squad in this workspace.")
    return found[0]


async def all_of(tx: Transaction, workspace_id: str) -> list[Squad]:
    """By name."""
    rows = await tx.rows(sa.select(squads).where(squads.c.workspace_id == workspace_id).order_by(squads.c.name_key))
    belongs: dict[str, list[str]] = {row["id"]: [] for row in rows}
    for row in await tx.rows(
        sa.select(squad_agents).where(squad_agents.c.workspace_id == workspace_id).order_by(squad_agents.c.agent_id)
    ):
        belongs[row["squad_id"]].append(row["agent_id"])
    return [
        Squad(
            row["id"],
            workspace_id,
            row["name"],
            row["description"],
            row["lead_id"],
            tuple(belongs[row["id"]]),
            row["created_at"],
            row["version"],
        )
        for row in rows
    ]


async def _members(
    tx: Transaction, workspace_id: str, agent_ids: Sequence[str], lead_id: str | None
) -> tuple[str, ...]:
    """Raises Invalid for who is no agent of the workspace."""
    wanted = tuple(dict.fromkeys((*agent_ids, *((lead_id,) if lead_id else ()))))
    if len(wanted) > MAX_AGENTS:
        raise Invalid(f"A squad has at most {MAX_AGENTS} agents: take some out first.", field="agent_ids")
    known = await agents.named(tx, workspace_id, [each for each in wanted if storable(each)])
    for each in wanted:
        if each not in known:
            field = "lead_id" if each == lead_id else "agent_ids"
            raise Invalid(f"{field} names an agent that is not in this workspace.", field=field)
    return wanted


async def _set_members(tx: Transaction, workspace_id: str, squad_id: str, wanted: Sequence[str]) -> None:
    there = sa.and_(squad_agents.c.workspace_id == workspace_id, squad_agents.c.squad_id == squad_id)
    present = {row["agent_id"] for row in await tx.rows(sa.select(squad_agents.c.agent_id).where(there))}
    if gone := present - set(wanted):
        await tx.execute(squad_agents.delete().where(there, squad_agents.c.agent_id.in_(sorted(gone))))
    for agent_id in [each for each in wanted if each not in present]:
        await tx.execute(squad_agents.insert().values(workspace_id=workspace_id, squad_id=squad_id, agent_id=agent_id))


async def _must_be_free(tx: Transaction, workspace_id: str, name: str, own_id: str | None) -> None:
    row = await tx.row(
        sa.select(squads.c.id).where(squads.c.workspace_id == workspace_id, squads.c.name_key == comparable(name))
    )
    if row is not None and row["id"] != own_id:
        raise Changed(f"A squad called {name!r} exists already; choose another name.", code="name_taken")


async def _told(tx: Transaction, workspace_id: str, squad_id: str, kind: str, actor: str) -> Squad:
    squad = await get(tx, workspace_id, squad_id)
    data = {"name": squad.name, "lead_id": squad.lead_id, "agents": len(squad.agent_ids)}
    await tx.emit(Event(workspace_id, kind, squad.id, data, actor))
    return squad


def _is(workspace_id: str, squad_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(squads.c.workspace_id == workspace_id, squads.c.id == squad_id)
