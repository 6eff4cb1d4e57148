"""Calls as the ledger sums them, without making any."""

from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, floor_to
from quarterdeck.ledger.derived_tables import ROLLUP_SUMS, rollups
from quarterdeck.ledger.rollups import Grain


async def spend(db: Database, workspace_id: str, dim: str, value: str, *, days_ago: int = 0, **sums: int) -> None:
    """Add a day's sums of one agent, task or run."""
    at = floor_to(db.clock.now(), DAY) - days_ago * DAY
    row = dict.fromkeys(ROLLUP_SUMS, 0) | sums
    async with db.transaction() as tx:
        await tx.execute(
            rollups.insert().values(workspace_id=workspace_id, grain=int(Grain.DAY), dim=dim, value=value, at=at, **row)
        )
