"""The loop of schedules. Any number of processes may run it: each firing makes its task once."""

import asyncio
import logging

from quarterdeck.control.schedules import jobs
from quarterdeck.db import Database
from quarterdeck.kernel.errors import QuarterdeckError

LOOK_S = 1.0
RETRY_S = 5.0
log = logging.getLogger("quarterdeck.schedules")


async def run(db: Database, *, look_s: float = LOOK_S, retry_s: float = RETRY_S) -> None:
    """Fire what is due, at most `look_s` seconds late, until cancelled."""
    while True:
        try:
            fired = await jobs.fire_all_due(db)
            if fired:
                log.info("schedules_fired count=%d", fired)
            wait_s = look_s
        except QuarterdeckError as error:
            log.warning("schedules_interrupted reason=%s", error.message)
            wait_s = retry_s
        await asyncio.sleep(wait_s)
