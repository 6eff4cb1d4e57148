"""The loop of what time does by itself: it frees tasks whose workers have gone, and closes questions and approvals."""

import asyncio
import logging

from quarterdeck.control.approvals import actions as approvals
from quarterdeck.control.questions import actions as questions
from quarterdeck.control.runs import jobs
from quarterdeck.db import Database
from quarterdeck.kernel.clock import Steps
from quarterdeck.kernel.errors import QuarterdeckError

GRACE_S = 20.0
"""After a start: leases ran out unseen while we were down, and the gateways first have to say who is alive."""
LOOK_S = 1.0
RETRY_S = 2.0
log = logging.getLogger("quarterdeck.leases")


async def run(db: Database, *, grace_s: float = GRACE_S, look_s: float = LOOK_S, retry_s: float = RETRY_S) -> None:
    """End runs as their leases do, at most `look_s` seconds late, until cancelled."""
    steps = Steps(db.clock)
    await asyncio.sleep(grace_s)
    while True:
        try:
            expired, stopped = await jobs.expire_overdue(db, steps), await jobs.stop_retired(db)
            if expired or stopped:
                log.info("runs_ended expired=%d of_retired_agents=%d", expired, stopped)
            await questions.apply_deadlines(db)
            await approvals.apply_deadlines(db)
            wait_s = look_s
        except QuarterdeckError as error:
            log.warning("expiry_interrupted reason=%s", error.message)
            wait_s = retry_s
        await asyncio.sleep(wait_s)
