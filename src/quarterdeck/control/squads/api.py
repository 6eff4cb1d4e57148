"""/squads."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.http import Db, IfMatch, Operator, Reader
from quarterdeck.control.shapes import Instant, Named, RequestBody
from quarterdeck.control.squads import actions
from quarterdeck.control.squads.actions import DESCRIPTION_LENGTH, MAX_AGENTS, NAME_LENGTH, Squad, Wanted
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["squads"])
AgentIds = Annotated[list[str], Field(max_length=MAX_AGENTS)]


class SquadIn(RequestBody):
    name: str = Field(min_length=1, max_length=NAME_LENGTH)
    description: str = Field("", max_length=DESCRIPTION_LENGTH)
    lead_id: str | None = Field(None, description="An agent; it belongs to the squad by that.")
    agent_ids: AgentIds = []


class SquadPatch(RequestBody):
    name: str | None = Field(None, min_length=1, max_length=NAME_LENGTH)
    description: str | None = Field(None, max_length=DESCRIPTION_LENGTH)
    lead_id: str | None = Field(None, description="null: no lead.")
    agent_ids: AgentIds | None = Field(None, description="All of its agents.")


class SquadOut(BaseModel):
    id: str
    name: str
    description: str
    lead: Named | None
    agents: list[Named]
    created_at: Instant
    version: int


class SquadsOut(BaseModel):
    items: list[SquadOut]


@router.get("/squads", operation_id="list_squads")
async def list_squads(actor: Reader, db: Db) -> SquadsOut:
    """Squads by name."""
    async with db.read() as tx:
        return SquadsOut(items=await _shown(tx, actor.workspace_id, await actions.all_of(tx, actor.workspace_id)))


@router.post("/squads", status_code=201, operation_id="create_squad")
async def create_squad(body: SquadIn, actor: Operator, db: Db) -> SquadOut:
    """Put agents together."""
    wanted = Wanted(body.name, body.description, body.lead_id, agent_ids=tuple(body.agent_ids))
    async with db.transaction() as tx:
        squad = await actions.create(tx, actor.workspace_id, wanted, actor=actor.id)
        return (await _shown(tx, actor.workspace_id, [squad]))[0]


@router.get("/squads/{squad_id}", operation_id="get_squad")
async def get_squad(squad_id: str, actor: Reader, db: Db) -> SquadOut:
    """One squad."""
    async with db.read() as tx:
        return (await _shown(tx, actor.workspace_id, [await actions.get(tx, actor.workspace_id, squad_id)]))[0]


@router.patch("/squads/{squad_id}", operation_id="change_squad")
async def change_squad(squad_id: str, body: SquadPatch, actor: Operator, db: Db, version: IfMatch) -> SquadOut:
    """Change its name, its lead, or who belongs to it."""
    wanted = Wanted(
        body.name,
        body.description,
        body.lead_id,
        no_lead=body.takes_away("lead_id"),
        agent_ids=None if body.agent_ids is None else tuple(body.agent_ids),
    )
    async with db.transaction() as tx:
        squad = await actions.change(tx, actor.workspace_id, squad_id, wanted, version=version, actor=actor.id)
        return (await _shown(tx, actor.workspace_id, [squad]))[0]


@router.delete("/squads/{squad_id}", status_code=204, operation_id="remove_squad")
async def remove_squad(squad_id: str, actor: Operator, db: Db) -> None:
    """Remove a squad that no open task is offered to; its agents stay."""
    async with db.transaction() as tx:
        await actions.remove(tx, actor.workspace_id, squad_id, actor=actor.id)


async def _shown(tx: Transaction, workspace_id: str, found: list[Squad]) -> list[SquadOut]:
    names = await agent_store.named(tx, workspace_id, {each for one in found for each in one.agent_ids})
    return [
        SquadOut(
            id=one.id,
            name=one.name,
            description=one.description,
            lead=None if one.lead_id is None else Named(id=one.lead_id, name=names[one.lead_id]),
            agents=sorted((Named(id=each, name=names[each]) for each in one.agent_ids), key=lambda each: each.name),
            created_at=iso(one.created_at),
            version=one.version,
        )
        for one in found
    ]
