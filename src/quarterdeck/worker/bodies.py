"""What workspaces say about the bodies of their calls: what is taken out of them, and how long they are kept."""

import asyncio
import logging
import re
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.tables import workspaces
from quarterdeck.db import Database
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.ledger import retention
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.redact import Redactors
from quarterdeck.ledger.retention import Freed

EVERY_S = 24 * 3600.0
RETRY_S = 600.0
log = logging.getLogger("quarterdeck.retention")


async def run_retention(db: Database, packs: Packs, *, every_s: float = EVERY_S) -> None:
    """Drop what is old, now and once a day, until cancelled."""
    while True:
        try:
            freed = await drop_old(db, packs)
            if freed.pack_bytes or freed.weeks or freed.months:
                log.info("retention bytes=%d weeks=%s months=%s", freed.pack_bytes, freed.weeks, freed.months)
            wait_s = every_s
        except (QuarterdeckError, OSError) as error:
            log.warning("retention_interrupted reason=%s", error)
            wait_s = RETRY_S
        await asyncio.sleep(wait_s)


async def drop_old(db: Database, packs: Packs) -> Freed:
    """Drop what workspaces need not keep, as their settings say now."""
    settings = await _settings(db, "retention")
    return await retention.apply(
        db, packs, {workspace_id: retention.policy_of(each) for workspace_id, each in settings.items()}
    )


async def configure_redaction(db: Database, redactors: Redactors) -> None:
    """Let `redactors` follow the settings as they are now. A pattern that cannot be leaves them as they were."""
    try:
        redactors.configure(await _settings(db, "redaction"))
    except re.error as error:
        log.error("redaction_not_configured reason=%s", error)


async def _settings(db: Database, name: str) -> dict[str, dict[str, Any]]:
    """A section of every workspace's settings; empty where it has none."""
    async with db.read() as tx:
        rows = await tx.rows(sa.select(workspaces.c.id, workspaces.c.settings))
    return {row["id"]: (row["settings"] or {}).get(name) or {} for row in rows}
