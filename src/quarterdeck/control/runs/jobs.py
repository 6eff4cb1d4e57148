"""What happens to runs by itself. Safe in any number of processes, since ending a run is conditional."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial

from quarterdeck.control.runs import actions, store
from quarterdeck.control.runs.model import Run
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import SECOND, Steps
from quarterdeck.kernel.errors import Changed, NotFound

BATCH = 200
log = logging.getLogger("quarterdeck.runs")


async def expire_overdue(db: Database, steps: Steps | None = None) -> int:
    """End every run whose lease is over; its task is free again. Returns how many.

    A lease that was given by a clock which has been set back since is shortened to what it would be now. By as much as
    the clock was set forward since the last look, as `steps` tells, leases last longer: nobody was silent in time that
    did not pass.
    """
    stepped = 0 if steps is None else steps.forward()
    if stepped:
        async with db.transaction() as tx:
            count = await store.move_on(tx, stepped)
        log.warning("leases_moved_on count=%d seconds=%d: the clock was set forward", count, stepped // SECOND)
    if steps is not None:
        steps.settle()
    async with db.read() as tx:
        ahead = await store.any_from_ahead(tx)
    if ahead:
        async with db.transaction() as tx:
            log.warning("leases_shortened count=%d: the clock was set back", await store.shorten_from_ahead(tx))
    # As of the look at the clock: it may be set forward again in this moment.
    as_of = None if steps is None else steps.seen_at
    return await _end_all(db, partial(store.overdue, as_of=as_of), actions.expire)


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
