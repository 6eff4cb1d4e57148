"""Calls of which more is known than that they were made: what they cost is counted under what is known."""

from collections.abc import Sequence

import sqlalchemy as sa

from quarterdeck.control.dependencies import store as dependencies
from quarterdeck.control.dependencies.model import blocked_since
from quarterdeck.control.signals.watch import Row, Watch
from quarterdeck.control.status.facts import blocked_of_agents
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.ledger.work_costs import Fact, mark


async def mark_calls(tx: Transaction, workspace_id: str, watch: Watch, fresh: Sequence[Row]) -> None:
    """Mark what had been answered before, and what was spent while its task waited."""
    for (where, subject), track in list(watch.tracks.items()):
        if where != workspace_id:
            continue
        if track.duplicates:
            await mark(tx, workspace_id, track.duplicates, Fact.DUPLICATE, subject)
            track.duplicates.clear()
    mine = [row for row in fresh if row.workspace_id == workspace_id]
    for task_id, since in (await _blocked(tx, workspace_id, {row.task_id for row in mine if row.task_id})).items():
        ids = [row.call.call_id for row in mine if row.task_id == task_id and row.began >= since]
        await mark(tx, workspace_id, ids, Fact.BLOCKED, task_id)
    # An agent without a run that has nothing but tasks that wait: it looks whether it may go on.
    loose = [row for row in mine if row.task_id is None and row.run_id is None]
    agents = {row.agent_id for row in loose if row.agent_id is not None}
    for agent_id, blocked in (await blocked_of_agents(tx, workspace_id, agents)).items():
        ids = [row.call.call_id for row in loose if row.agent_id == agent_id and row.began >= blocked.since]
        await mark(tx, workspace_id, ids, Fact.BLOCKED, agent_id)


async def _blocked(tx: Transaction, workspace_id: str, task_ids: set[str]) -> dict[str, int]:
    """Those of these tasks that wait for another now, and since when."""
    if not task_ids:
        return {}
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.state).where(tasks.c.workspace_id == workspace_id, tasks.c.id.in_(task_ids))
    )
    waits = await dependencies.waits(tx, workspace_id, [row["id"] for row in rows])
    found = {row["id"]: blocked_since(row["state"], waits[row["id"]]) for row in rows}
    return {task_id: since for task_id, since in found.items() if since is not None}
