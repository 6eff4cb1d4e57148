"""Files that nothing names any more: removed a day after they came at the earliest, here and on object storage."""

import asyncio
import logging
import time
from collections.abc import Sequence

import sqlalchemy as sa

from quarterdeck.access.tables import workspaces
from quarterdeck.control.attachments import store as attachments
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.files import SWEPT_AT_ONCE, Files, Remote
from quarterdeck.db import Database
from quarterdeck.kernel.errors import QuarterdeckError

EVERY_S = 24 * 3600.0
RETRY_S = 600.0
SPARED_S = 24 * 3600.0
"""A file is in place before the row that names it: one that came so recently may still get its row."""
log = logging.getLogger("quarterdeck.sweeping")


async def run(db: Database, files: Files, remote: Remote | None = None, *, every_s: float = EVERY_S) -> None:
    """Sweep now and once a day, until cancelled. Any number of processes may, in one directory or in many."""
    while True:
        try:
            freed = await sweep(db, files)
            if remote is not None:
                freed += await sweep_remote(db, files, remote)
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
        kept = await _kept(db, workspace_id, hashes)
        for sha256 in hashes:
            if sha256 not in kept:
                freed += await asyncio.to_thread(files.drop, workspace_id, sha256, before)
    return freed


async def sweep_remote(db: Database, files: Files, remote: Remote, *, before_s: float | None = None) -> int:
    """The same of the object storage behind `files`: one round; the bytes it freed.

    Only rooms of workspaces that are here: others may keep theirs in the same place. The storage has no way to remove
    a file only if nobody sent it again this instant, so whatever was is sent once more from the directory it passed.
    """
    before = time.time() - SPARED_S if before_s is None else before_s
    async with db.read() as tx:
        here = [row["id"] for row in await tx.rows(sa.select(workspaces.c.id).order_by(workspaces.c.id))]
    freed = 0
    for workspace_id in here:
        gone: list[str] = []
        async for hashes in remote.older(workspace_id, before):
            kept = await _kept(db, workspace_id, hashes)
            for sha256 in hashes:
                if sha256 not in kept and (size := await remote.drop(f"{workspace_id}/{sha256}", before)):
                    freed += size
                    gone.append(sha256)
        for start in range(0, len(gone), SWEPT_AT_ONCE):
            for sha256 in await _kept(db, workspace_id, gone[start : start + SWEPT_AT_ONCE]):
                if not await files.keep_remotely(workspace_id, sha256):
                    log.warning("swept_too_soon workspace=%s sha256=%s", workspace_id, sha256)
    return freed


async def _kept(db: Database, workspace_id: str, hashes: Sequence[str]) -> set[str]:
    """Those that a version or an attachment names."""
    async with db.read() as tx:
        kept = await deliverables.kept_files(tx, workspace_id, hashes)
        return kept | await attachments.kept_files(tx, workspace_id, hashes)
