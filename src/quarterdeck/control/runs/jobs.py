"""What happens to runs by itself. Safe in any number of processes, since ending a run is conditional."""

import logging
from collections.abc import Awaitable, Callable

from quarterdeck.control.runs import actions, store
from quarterdeck.control.runs.model import Run
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.errors import Changed, NotFound

BATCH = 200
log = logging.getLogger("quarterdeck.runs")


async def expire_overdue(db: Database) -> int:
    """End every run whose lease is over; its task is free again. Returns how many.

    A lease that was given by a clock which has been set back since is shortened to what it would be now.
    """
    async with db.read() as tx:
        ahead = await store.any_from_ahead(tx)
    if ahead:
        async with db.transaction() as tx:
            log.warning("leases_shortened count=%d: the clock was set back", await store.shorten_from_ahead(tx))
    return await _end_all(db, store.overdue, actions.expire)


async def stop_retired(db: Database) -> int:
    """Cancel every run of an agent that has been retired; its task is free again. Returns how many."""
    return await _end_all(db, store.of_retired, actions.stop_retired)


async def _end_all(
    db: Database,
    found: Callable[[Transaction, int], Awaitable[list[Run]]],
    end: Callable[[Transaction, Run], Awaitable[Run | None]],
) -> int:
    """Each run in a transaction of its own, so that one that cannot be ended keeps no other open."""
    total = 0
    while True:
        async with db.read() as tx:
            batch = await found(tx, BATCH)
        ended = 0
        for run in batch:
            try:
                async with db.transaction() as tx:
                    ended += await end(tx, run) is not None
            except (Changed, NotFound) as error:
                log.error("run_not_ended run=%s reason=%s", run.id, error.message)
        total += ended
        if len(batch) < BATCH or ended == 0:
            return total
