"""The loop that tells people: it follows the events and hands each on to whom it concerns."""

import asyncio
import logging
import time

from quarterdeck.control.needs import escalating, items
from quarterdeck.control.notifications.audience import People
from quarterdeck.control.notifications.fan_out import BATCH, fan_out
from quarterdeck.control.peers import pushes
from quarterdeck.control.reviews import by_agents
from quarterdeck.db import Database, Transaction
from quarterdeck.db.outbox import EventFeed, StoredEvent
from quarterdeck.kernel.errors import QuarterdeckError

LOOK_S = 5.0
REST = 10
"""After a look of t seconds it rests REST times t: what happens meanwhile is handed on together,"""
MOST_REST_S = 0.2
"""but nobody waits for it."""
RETRY_S = 2.0
ESCALATE_S = 30.0
log = logging.getLogger("quarterdeck.notifying")


async def _follow(tx: Transaction, event: StoredEvent, people: People) -> None:
    await items.follow(tx, event, people)
    await by_agents.follow(tx, event, people)
    await pushes.follow(tx, event, people)


async def run(db: Database, feed: EventFeed, base_url: str) -> None:
    """Hand events on until cancelled."""
    while True:
        async with feed.subscribe() as subscription:
            while not subscription.over:
                began = time.perf_counter()
                try:
                    while await fan_out(db, base_url, follow=_follow) == BATCH:
                        pass
                    wait_s = LOOK_S
                except QuarterdeckError as error:
                    log.warning("notifying_interrupted reason=%s", error.message)
                    wait_s = RETRY_S
                await asyncio.sleep(min(MOST_REST_S, REST * (time.perf_counter() - began)))
                await subscription.next(wait_s)
        await asyncio.sleep(RETRY_S)


async def run_escalations(db: Database, *, every_s: float = ESCALATE_S) -> None:
    """Hand on what waits too long, until cancelled."""
    while True:
        await asyncio.sleep(every_s)
        try:
            await escalating.escalate_all(db)
        except QuarterdeckError as error:
            log.warning("escalations_interrupted reason=%s", error.message)
