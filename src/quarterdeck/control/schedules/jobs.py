"""What schedules do by themselves. Safe in any number of processes: a schedule's row is held while it fires."""

import logging
from collections.abc import Awaitable, Callable

from quarterdeck.control.schedules import firing, store
from quarterdeck.control.schedules.model import Firing
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import QuarterdeckError

BATCH = 100
log = logging.getLogger("quarterdeck.schedules")


async def fire_all_due(db: Database) -> int:
    """Fire every schedule whose time has come, and let queued firings have their turn. Returns how many firings."""

    async def fire(tx: Transaction, workspace_id: str, schedule_id: str) -> int:
        return len(await firing.fire_due(tx, workspace_id, schedule_id))

    async def advance(tx: Transaction, workspace_id: str, schedule_id: str) -> int:
        made: Firing | None = await firing.advance_queue(tx, workspace_id, schedule_id)
        return int(made is not None)

    async def set_back(tx: Transaction, workspace_id: str, schedule_id: str) -> int:
        await firing.set_back(tx, workspace_id, schedule_id)
        return 0

    await _each(db, store.ahead, set_back)
    return await _each(db, store.due, fire) + await _each(db, store.with_free_queue, advance)


async def _each(
    db: Database,
    found: Callable[[Transaction, int], Awaitable[list[tuple[str, str]]]],
    act: Callable[[Transaction, str, str], Awaitable[int]],
) -> int:
    """Each schedule in a transaction of its own, so that one that cannot fire keeps no other from it."""
    async with db.read() as tx:
        batch = await found(tx, BATCH)
    total = 0
    for workspace_id, schedule_id in batch:
        try:
            async with db.transaction() as tx:
                total += await act(tx, workspace_id, schedule_id)
        except QuarterdeckError as error:
            log.error("schedule_not_fired schedule=%s reason=%s", schedule_id, error.message)
    return total
