"""Traffic of no work, by agent and conversation: summed from the calls, for no roll-up knows conversations."""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.pages import Page
from quarterdeck.ledger.listing import cursor
from quarterdeck.ledger.tables import calls

LOOKED_AT = 50_000
"""So many of the newest are looked at: an installation whose agents never claim anything has them all here."""


@dataclass(frozen=True, slots=True)
class Group:
    """Calls of one agent: those of a conversation, or (None) of no conversation. `cost` is of those with a price."""

    agent_id: str | None
    conversation_id: str | None
    calls: int
    cost: int
    unpriced: int
    first_call_id: str
    last_call_id: str


async def groups(tx: Transaction, workspace_id: str, *, limit: int, after: str | None = None) -> Page[Group]:
    """The one with the newest call first. Raises Invalid when `after` is no cursor of ours."""
    loose = _loose(workspace_id)
    last = sa.func.max(loose.c.id)
    unpriced = sa.and_(loose.c.cost.is_(None), loose.c.input_total.is_not(None))
    query = (
        sa.select(
            loose.c.agent_id,
            loose.c.conversation_id,
            sa.func.count(),
            sa.func.coalesce(sa.func.sum(loose.c.cost), 0),
            sa.func.sum(sa.case((unpriced, 1), else_=0)),
            sa.func.min(loose.c.id),
            last,
        )
        .group_by(loose.c.agent_id, loose.c.conversation_id)
        .order_by(last.desc())
        .limit(limit + 1)
    )
    if after is not None:
        query = query.having(last < cursor(after))
    found = [
        Group(agent_id, conversation_id, int(count), int(cost), int(unknown), first, newest)
        for agent_id, conversation_id, count, cost, unknown, first, newest in (await tx.execute(query)).all()
    ]
    return Page(found[:limit], found[limit - 1].last_call_id if len(found) > limit else None)


async def sums(tx: Transaction, workspace_id: str) -> dict[str, Any]:
    """How many calls in all, what they cost in nano-dollars, of how many agents, and whether all were looked at."""
    loose = _loose(workspace_id)
    agents = sa.func.count(sa.distinct(sa.func.coalesce(loose.c.agent_id, "")))
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(loose.c.cost), 0), agents).select_from(loose)
    count, cost, of_agents = (await tx.execute(query)).one()
    return {"calls": count, "cost_nano": int(cost), "agents": of_agents, "whole": count < LOOKED_AT}


def _loose(workspace_id: str) -> sa.Subquery:
    c = calls.c
    query = sa.select(c.id, c.agent_id, c.conversation_id, c.cost, c.input_total)
    query = query.where(c.workspace_id == workspace_id, c.run_id.is_(None), c.task_id.is_(None))
    return query.order_by(c.id.desc()).limit(LOOKED_AT).subquery()
