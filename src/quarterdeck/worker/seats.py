"""Counts the time of seats that cost something while their work waits for others."""

from quarterdeck.control.runs import store as run_store
from quarterdeck.control.seats import actions, store
from quarterdeck.control.seats.model import Waits
from quarterdeck.control.status import facts
from quarterdeck.db import Database, Transaction


async def count(db: Database, workspace_id: str) -> None:
    """Look who waits now. Costs one query where no seat has a price."""
    async with db.read() as tx:
        priced = await store.priced(tx, workspace_id)
        if not priced:
            return
        waiting = await _waiting(tx, workspace_id, set(priced))
    async with db.transaction() as tx:
        await actions.count(tx, workspace_id, waiting)


async def _waiting(tx: Transaction, workspace_id: str, agent_ids: set[str]) -> dict[str, Waits]:
    """Those of these agents that are enabled, have no open run, and whose every open task waits."""
    wanted = await store.enabled(tx, workspace_id, agent_ids)
    open_runs = await run_store.open_of_agents(tx, workspace_id, wanted)
    blocked = await facts.blocked_of_agents(tx, workspace_id, [each for each in wanted if not open_runs[each]])
    return {agent_id: Waits(each.task_id, each.since) for agent_id, each in blocked.items()}
