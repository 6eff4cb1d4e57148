"""/agents/{id}/instructions: what an agent is told to be, version by version."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.agents import actions, people, profiles
from quarterdeck.control.agents.profiles import INSTRUCTIONS_LENGTH, NOTE_LENGTH, Instructions
from quarterdeck.control.http import AgentCaller, Db, Operator, Reader
from quarterdeck.control.shapes import Instant, Named, RequestBody
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["agents"])
agent_router = APIRouter(tags=["agent protocol"])


class InstructionsIn(RequestBody):
    text: str = Field(min_length=1, max_length=INSTRUCTIONS_LENGTH, description="Markdown.")
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="Why it changed.")


class RollBackIn(RequestBody):
    number: int = Field(ge=1, le=2**31 - 1)


class InstructionsOut(BaseModel):
    number: int
    text: str
    note: str | None
    author: Named
    created_at: Instant
    holds: bool
    """This is the version that the agent is given now."""


class InstructionsHistoryOut(BaseModel):
    items: list[InstructionsOut]
    """Newest first."""


class OwnInstructionsOut(BaseModel):
    number: int | None
    """null: nobody wrote any."""
    text: str


@router.get("/agents/{agent_id}/instructions", operation_id="list_instructions")
async def list_instructions(agent_id: str, actor: Reader, db: Db) -> InstructionsHistoryOut:
    """Every version of an agent's instructions."""
    async with db.read() as tx:
        return await _shown(tx, actor.workspace_id, agent_id)


@router.post("/agents/{agent_id}/instructions", status_code=201, operation_id="write_instructions")
async def write_instructions(agent_id: str, body: InstructionsIn, actor: Operator, db: Db) -> InstructionsHistoryOut:
    """Write the next version; it holds from now on."""
    async with db.transaction() as tx:
        await profiles.instruct(tx, actor.workspace_id, agent_id, body.text, note=body.note, actor=actor.id)
        return await _shown(tx, actor.workspace_id, agent_id)


@router.post("/agents/{agent_id}/instructions/rollback", operation_id="roll_back_instructions")
async def roll_back_instructions(agent_id: str, body: RollBackIn, actor: Operator, db: Db) -> InstructionsHistoryOut:
    """Let another version hold again. Nothing is lost: the history stays."""
    async with db.transaction() as tx:
        await profiles.roll_back(tx, actor.workspace_id, agent_id, body.number, actor=actor.id)
        return await _shown(tx, actor.workspace_id, agent_id)


@agent_router.get("/agent/instructions", operation_id="read_own_instructions")
async def read_own_instructions(actor: AgentCaller, db: Db) -> OwnInstructionsOut:
    """Your instructions, as people wrote them."""
    async with db.read() as tx:
        held: Instructions | None = await profiles.held_by(tx, actor.workspace_id, actor.id)
    return OwnInstructionsOut(number=None if held is None else held.number, text="" if held is None else held.text)


async def _shown(tx: Transaction, workspace_id: str, agent_id: str) -> InstructionsHistoryOut:
    agent = await actions.get(tx, workspace_id, agent_id)
    history = await profiles.history_of(tx, workspace_id, agent.id)
    profile = (await profiles.of_agents(tx, workspace_id, [agent.id]))[agent.id]
    names = await people.named(tx, workspace_id, {one.author_id for one in history})
    return InstructionsHistoryOut(
        items=[
            InstructionsOut(
                number=one.number,
                text=one.text,
                note=one.note,
                author=Named(id=one.author_id, name=names.get(one.author_id, "")),
                created_at=iso(one.created_at),
                holds=one.number == profile.instructions,
            )
            for one in history
        ]
    )
