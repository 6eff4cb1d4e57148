"""Files that nothing names any more: removed from the data directory, a day after they came at the earliest."""

import asyncio
import logging
import time

from quarterdeck.control.attachments import store as attachments
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.files import Files
from quarterdeck.db import Database
from quarterdeck.kernel.errors import QuarterdeckError

EVERY_S = 24 * 3600.0
RETRY_S = 600.0
SPARED_S = 24 * 3600.0
"""A file is in place before the row that names it: one that came so recently may still get its row."""
log = logging.getLogger("quarterdeck.sweeping")


async def run(db: Database, files: Files, *, every_s: float = EVERY_S) -> None:
    """Sweep now and once a day, until cancelled. Any number of processes may, in one directory or in many."""
    while True:
        try:
            freed = await sweep(db, files)
            if freed:
                log.info("swept bytes=%d", freed)
            wait_s = every_s
        except (QuarterdeckError, OSError) as error:
            log.warning("sweep_interrupted reason=%s", error)
            wait_s = RETRY_S
        await asyncio.sleep(wait_s)


async def sweep(db: Database, files: Files, *, before_s: float | None = None) -> int:
    """One round; the bytes it freed. `before_s`, in seconds since the epoch: only what came before it."""
    before = time.time() - SPARED_S if before_s is None else before_s
    found, freed = files.older(before), 0
    while (some := await asyncio.to_thread(next, found, None)) is not None:
        workspace_id, hashes = some
        async with db.read() as tx:
            kept = await deliverables.kept_files(tx, workspace_id, hashes)
            kept |= await attachments.kept_files(tx, workspace_id, hashes)
        for sha256 in hashes:
            if sha256 not in kept:
                freed += await asyncio.to_thread(files.drop, workspace_id, sha256, before)
    return freed
