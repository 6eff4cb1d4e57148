"""/agents/{agent_id}/states: what was shown of an agent."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from quarterdeck.control.agents import actions as agents
from quarterdeck.control.http import After, Db, Reader
from quarterdeck.control.shapes import Instant, instant_in, shown
from quarterdeck.control.status import store
from quarterdeck.control.status.model import State, WaitsFor
from quarterdeck.control.status.stretches import Stretch, overlapping
from quarterdeck.kernel.clock import DAY, MS, iso
from quarterdeck.kernel.errors import Invalid

router = APIRouter(tags=["agents"])
MOST = 2_000
"""More than the minutes of a day: no stretch that is over is shorter."""


class ShownForOut(BaseModel):
    state: State
    ms: int


class StretchOut(BaseModel):
    """A stretch of time, and what was shown in it: one state, or several that took turns within a minute or so."""

    began_at: Instant
    ended_at: Instant | None = Field(description="null: it goes on.")
    shown: list[ShownForOut] = Field(description="The longest first. One that goes on alone has 0 ms.")
    run_id: str | None
    waits_for: WaitsFor | None
    waits_name: str | None

    @classmethod
    def of(cls, each: Stretch) -> "StretchOut":
        shares = sorted(each.shown.items(), key=lambda share: (-share[1], share[0]))
        return cls(
            began_at=iso(each.began),
            ended_at=shown(each.until),
            shown=[ShownForOut(state=state, ms=length // MS) for state, length in shares],
            run_id=each.run_id,
            waits_for=each.waits_for,
            waits_name=each.waits_name,
        )


class StretchesOut(BaseModel):
    items: list[StretchOut]
    next: str | None


@router.get("/agents/{agent_id}/states", operation_id="list_agent_states")
async def list_agent_states(
    *,
    agent_id: str,
    actor: Reader,
    db: Db,
    begin: Annotated[str | None, Query(alias="from", description="An instant; a day ago when absent.")] = None,
    end: Annotated[str | None, Query(alias="to", description="An instant; now when absent.")] = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=MOST)] = MOST,
) -> StretchesOut:
    """What was shown of an agent, oldest first, for eight days. Of time between stretches nothing is known: no control
    process ran. A state is here a minute after it was first shown, or when it is over."""
    async with db.read() as tx:
        await agents.get(tx, actor.workspace_id, agent_id)
        until = tx.now if end is None else instant_in(end, "to")
        since = until - DAY if begin is None else instant_in(begin, "from")
        since = since if after is None else _cursor(after) + 1
        found = await store.between(tx, actor.workspace_id, agent_id, since, until, limit=limit + 2)
    # Of those that had begun before, and on a later page were shown, none.
    rest = [each for each in overlapping(found, since) if after is None or each.began >= since]
    more = len(rest) > limit
    return StretchesOut(
        items=[StretchOut.of(each) for each in rest[:limit]], next=str(rest[limit - 1].began) if more else None
    )


def _cursor(after: str) -> int:
    if not after.isdecimal() or len(after) > 18:
        raise Invalid("after must be the 'next' of the page before.", field="after")
    return int(after)
