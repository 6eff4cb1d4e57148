"""/agents/{id}/seat_prices: what an agent's seat or machine costs by the hour."""

from fastapi import APIRouter
from pydantic import BaseModel, Field

from quarterdeck.control.agents import actions as agent_actions
from quarterdeck.control.agents import people
from quarterdeck.control.http import Db, Operator, Reader
from quarterdeck.control.seats import actions, store
from quarterdeck.control.seats.model import MAX_PER_HOUR
from quarterdeck.control.shapes import Instant, Named, RequestBody, instant_in
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["costs"])


class SeatPriceIn(RequestBody):
    nano_per_hour: int = Field(ge=0, le=MAX_PER_HOUR, description="Nano-dollars; 0: nothing any more.")
    valid_from: str | None = Field(None, description="An instant, now when absent; what was counted after it changes.")


class SeatPriceOut(BaseModel):
    nano_per_hour: int
    valid_from: Instant
    set_by: Named | None


class SeatPricesOut(BaseModel):
    items: list[SeatPriceOut]
    """In order of validity; each holds until the next begins."""
    idle_nano: int
    """What the seat cost, in all, while the agent's work waited for others."""


@router.get("/agents/{agent_id}/seat_prices", operation_id="list_seat_prices")
async def list_seat_prices(agent_id: str, actor: Reader, db: Db) -> SeatPricesOut:
    """What the agent's seat costs by the hour, and since when."""
    async with db.read() as tx:
        await agent_actions.get(tx, actor.workspace_id, agent_id)
        return await _shown(tx, actor.workspace_id, agent_id)


@router.post("/agents/{agent_id}/seat_prices", status_code=201, operation_id="set_seat_price")
async def set_seat_price(agent_id: str, body: SeatPriceIn, actor: Operator, db: Db) -> SeatPricesOut:
    """Say what the agent's seat or machine costs by the hour from an instant on."""
    valid_from = None if body.valid_from is None else instant_in(body.valid_from, "valid_from")
    async with db.transaction() as tx:
        await actions.set_price(
            tx, actor.workspace_id, agent_id, body.nano_per_hour, valid_from=valid_from, actor=actor.id
        )
        return await _shown(tx, actor.workspace_id, agent_id)


async def _shown(tx: Transaction, workspace_id: str, agent_id: str) -> SeatPricesOut:
    prices = await store.prices_of(tx, workspace_id, agent_id)
    names = await people.named(tx, workspace_id, {price.set_by for price in prices if price.set_by is not None})
    spent = await store.spent(tx, workspace_id, agent_id=agent_id)
    return SeatPricesOut(
        items=[
            SeatPriceOut(
                nano_per_hour=price.nano_per_hour,
                valid_from=iso(price.valid_from),
                set_by=None if price.set_by is None else Named(id=price.set_by, name=names.get(price.set_by, "")),
            )
            for price in prices
        ],
        idle_nano=sum(row.cost for row in spent),
    )
