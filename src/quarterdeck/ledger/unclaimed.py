"""Traffic of no work, by agent and conversation: summed from the calls, for no roll-up knows conversations."""

from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.pages import Page
from quarterdeck.ledger.listing import cursor
from quarterdeck.ledger.tables import calls

LOOKED_AT = 20_000
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


@dataclass(frozen=True, slots=True)
class Unclaimed:
    """A page of them, and of all that were looked at: how many calls, what they cost in nano-dollars, of how many
    agents. `whole`: there are no others."""

    groups: Page[Group]
    calls: int
    cost: int
    agents: int
    whole: bool


async def page(tx: Transaction, workspace_id: str, *, limit: int, after: str | None = None) -> Unclaimed:
    """The one with the newest call first. Raises Invalid when `after` is no cursor of ours."""
    before = None if after is None else cursor(after)
    every = await _groups(tx, workspace_id)
    found = every if before is None else [each for each in every if each.last_call_id < before]
    count = sum(each.calls for each in every)
    return Unclaimed(
        Page(found[:limit], found[limit - 1].last_call_id if len(found) > limit else None),
        calls=count,
        cost=sum(each.cost for each in every),
        agents=len({each.agent_id for each in every}),
        whole=count < LOOKED_AT,
    )


async def _groups(tx: Transaction, workspace_id: str) -> list[Group]:
    """All of them: looking at the calls is what takes long, so it is done once for a page and its sums."""
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
    )
    return [
        Group(agent_id, conversation_id, int(count), int(cost), int(unknown), first, newest)
        for agent_id, conversation_id, count, cost, unknown, first, newest in (await tx.execute(query)).all()
    ]


def _loose(workspace_id: str) -> sa.Subquery:
    c = calls.c
    query = sa.select(c.id, c.agent_id, c.conversation_id, c.cost, c.input_total)
    query = query.where(c.workspace_id == workspace_id, c.run_id.is_(None), c.task_id.is_(None))
    return query.order_by(c.id.desc()).limit(LOOKED_AT).subquery()
