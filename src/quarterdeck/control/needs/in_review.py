"""What stands on the card of a review that waits: whose work it is, what came last, and what it has cost so far."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.deliverables import store as deliverable_store
from quarterdeck.control.deliverables.store import Newest
from quarterdeck.control.needs.model import Need, NeedKind
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.ledger import rollups
from quarterdeck.ledger.rollups import Figures


@dataclass(frozen=True, slots=True)
class InReview:
    agent_id: str | None
    agent_name: str | None
    latest: Newest | None
    spent: Figures


async def of_needs(tx: Transaction, workspace_id: str, needs: Collection[Need]) -> dict[str, InReview]:
    """By key, of the needs that are reviews: a page at once."""
    wanted = {need.subject_id: need.key for need in needs if need.kind is NeedKind.REVIEW}
    if not wanted:
        return {}
    rows = await tx.rows(
        sa.select(tasks.c.id, tasks.c.agent_id).where(
            tasks.c.workspace_id == workspace_id, tasks.c.id.in_(sorted(wanted))
        )
    )
    of = {row["id"]: row["agent_id"] for row in rows}
    names = await agent_store.named(tx, workspace_id, {each for each in of.values() if each is not None})
    latest = await deliverable_store.newest_of_tasks(tx, workspace_id, wanted)
    sums = await rollups.figures(tx, workspace_id, "task", wanted)
    return {
        key: InReview(of[task_id], names.get(of[task_id] or ""), latest.get(task_id), sums[task_id])
        for task_id, key in wanted.items()
    }
