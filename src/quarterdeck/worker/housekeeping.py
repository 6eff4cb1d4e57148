"""Forgetting what nobody needs any more: old events, spent sessions, links and shares, keys long over."""

import asyncio
import logging

import sqlalchemy as sa

from quarterdeck.access import keyring, sessions
from quarterdeck.access.tables import workspaces
from quarterdeck.control.adoption import store as adopted
from quarterdeck.control.channels import store as channels
from quarterdeck.control.notifications import store as notifications
from quarterdeck.control.portkey.inserted import store as declared
from quarterdeck.control.replays import store as replays
from quarterdeck.control.shares import store as shares
from quarterdeck.control.status import store as shown
from quarterdeck.db import Database
from quarterdeck.db.outbox import prune
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.errors import QuarterdeckError

EVENTS_DAYS = 30
"""How long events are kept where no workspace says otherwise; readers that were away longer load anew."""
KEYS_KEPT = 30 * DAY
DELIVERIES_KEPT = 30 * DAY
NOTIFICATIONS_KEPT = 90 * DAY
DRY_REPLAYS_KEPT = 30 * DAY
EVERY_S = 3600.0
BATCH = 10_000
REPLAYS_BATCH = 20
"""A replay goes with its steps, up to five hundred."""
log = logging.getLogger("quarterdeck.housekeeping")


async def run(db: Database, *, every_s: float = EVERY_S) -> None:
    """Tidy up now and every hour, until cancelled."""
    while True:
        try:
            await tidy(db)
        except QuarterdeckError as error:
            log.warning("housekeeping_interrupted reason=%s", error.message)
        await asyncio.sleep(every_s)


async def tidy(db: Database) -> None:
    """One round, in short transactions so that nobody waits for it."""
    async with db.read() as tx:
        rows = await tx.rows(sa.select(workspaces.c.id, workspaces.c.settings))
    settings = {row["id"]: (row["settings"] or {}).get("retention") or {} for row in rows}
    days = max((each.get("events_days", EVENTS_DAYS) for each in settings.values()), default=EVENTS_DAYS)
    calls_days = {key: int(each["calls_days"]) for key, each in settings.items() if each.get("calls_days") is not None}
    while True:
        async with db.transaction() as tx:
            pruned = await prune(tx, tx.now - days * DAY, limit=BATCH)
        if pruned < BATCH:
            break
    async with db.transaction() as tx:
        await sessions.forget_spent(tx)
        await shares.forget_expired(tx)
        await keyring.forget_over(tx, before=tx.now - KEYS_KEPT)
        await adopted.forget_closed(tx)
    for forget, kept, at_once in (
        (channels.forget_delivered, DELIVERIES_KEPT, BATCH),
        (notifications.forget, NOTIFICATIONS_KEPT, BATCH),
        (replays.forget_dry, DRY_REPLAYS_KEPT, REPLAYS_BATCH),
        (shown.forget, shown.KEPT, BATCH),
    ):
        while True:
            async with db.transaction() as tx:
                forgotten = await forget(tx, tx.now - kept, at_once)
            if forgotten < at_once:
                break
    for workspace_id, days in calls_days.items():
        while True:
            async with db.transaction() as tx:
                forgotten = await declared.forget(tx, workspace_id, tx.now - days * DAY, BATCH)
            if forgotten < BATCH:
                break
