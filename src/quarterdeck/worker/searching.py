"""The loop that makes calls findable by their words: in batches, behind the ingest, one process at a time."""

import asyncio
import itertools
import logging
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import sqlalchemy as sa

from quarterdeck.access.tables import workspaces
from quarterdeck.control.signals import lease
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger import calls, partitions
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.search import index, marks, reading
from quarterdeck.ledger.search.index import Doc
from quarterdeck.ledger.search.marks import FORWARD, Mark
from quarterdeck.ledger.tables import calls as call_rows

NAME = "search"
BATCH = 200
LOOK_S = 1.0
BEHIND_S = 2.0
"""How long it makes way for an ingest that is behind."""
REST_S = 0.02
"""The least between two batches; it rests at least as long as it worked."""
RETRY_S = 5.0
RENEW_S = 5.0
LATE = 60 * SECOND
"""So long after it was numbered a batch of calls may still be committed."""
LATE_EVERY_S = 10.0
LOOKED_BACK = 20_000
"""and only so many of the latest are looked through for such."""
log = logging.getLogger("quarterdeck.search")
Call = tuple[str, str]
"""Workspace and id."""


class Indexer:
    """Indexes the calls of every workspace: new ones as they are stored, then those of before, newest first."""

    def __init__(self, db: Database, packs: Packs, *, behind: Callable[[], Awaitable[bool]]) -> None:
        """`behind` says whether calls wait to be stored: that comes first."""
        self._db = db
        self._packs = packs
        self._behind = behind
        self._holder = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._known: dict[str, None] = {}
        """The latest calls that were looked at, in the order they were stored in."""
        self._late_at = 0.0
        self._holds = False
        self._renew_at = 0.0

    async def run(self) -> None:
        """Index until cancelled."""
        while True:
            try:
                if await self._behind():
                    await asyncio.sleep(BEHIND_S)
                began = time.monotonic()
                count = await self.look()
                wait_s = max(REST_S, time.monotonic() - began) if count else LOOK_S
            except (QuarterdeckError, sa.exc.SQLAlchemyError, OSError) as error:
                log.warning("search_interrupted reason=%s", error)
                wait_s = RETRY_S
            await asyncio.sleep(wait_s)

    async def look(self) -> int:
        """One batch, if it is this process's turn; how many calls it looked at."""
        if not await self._has_lease():
            return 0
        return await self._forward() or await self._late() or await self._back()

    async def _has_lease(self) -> bool:
        if time.monotonic() >= self._renew_at:
            async with self._db.transaction() as tx:
                self._holds = await lease.take(tx, NAME, self._holder)
            self._renew_at = time.monotonic() + RENEW_S
        return self._holds

    async def _forward(self) -> int:
        async with self._db.read() as tx:
            mark = await marks.read(tx, FORWARD)
            query = sa.select(turns.c.workspace_id, turns.c.call_id, turns.c.ingested_at)
            query = query.where(marks.stored_after(mark)) if mark is not None else query.where(sa.false())
            rows = await tx.rows(query.order_by(turns.c.ingested_at, turns.c.call_id).limit(BATCH))
            newest = await tx.scalar(sa.select(sa.func.max(turns.c.ingested_at))) if mark is None else None
        if mark is None:
            await self._store([], FORWARD, Mark(newest or 0, ""))
            return 1
        if not rows:
            return 0
        self._known |= dict.fromkeys(row["call_id"] for row in rows)
        for call_id in list(itertools.islice(self._known, max(0, len(self._known) - LOOKED_BACK))):
            del self._known[call_id]
        last = rows[-1]
        some = [(row["workspace_id"], row["call_id"]) for row in rows]
        return await self._index(some, FORWARD, Mark(last["ingested_at"], last["call_id"]))

    async def _late(self) -> int:
        """Calls that were committed when the mark had passed them already."""
        if time.monotonic() < self._late_at:
            return 0
        async with self._db.read() as tx:
            mark = await marks.read(tx, FORWARD)
            if mark is None:
                return 0
            recent = sa.and_(turns.c.ingested_at >= mark.at - LATE, turns.c.ingested_at <= mark.at)
            query = sa.select(turns.c.workspace_id, turns.c.call_id).where(recent)
            query = query.order_by(turns.c.ingested_at.desc(), turns.c.call_id.desc()).limit(LOOKED_BACK)
            rows = (await tx.rows(query))[::-1]
        late = [row for row in rows if row["call_id"] not in self._known][:BATCH]
        known = self._known.keys() | {row["call_id"] for row in late}
        self._known = {row["call_id"]: None for row in rows if row["call_id"] in known}
        if not late:
            self._late_at = time.monotonic() + LATE_EVERY_S
            return 0
        return await self._index([(row["workspace_id"], row["call_id"]) for row in late], None, None)

    async def _back(self) -> int:
        async with self._db.read() as tx:
            epochs = await partitions.epochs(tx)
            for workspace_id in (await tx.execute(sa.select(workspaces.c.id))).scalars():
                mark = await marks.read(tx, workspace_id)
                if mark is None or mark.call_id:
                    break
            else:
                return 0
            before = mark.call_id if mark is not None else lowest_id("call", tx.now)
            oldest = lowest_id("call", max(0, partitions.epoch_begin(epochs[0]))) if epochs else before
            query = sa.select(call_rows.c.id).where(
                call_rows.c.workspace_id == workspace_id, call_rows.c.id < before, call_rows.c.id >= oldest
            )
            ids = list((await tx.execute(query.order_by(call_rows.c.id.desc()).limit(BATCH))).scalars())
        done = Mark(self._db.clock.now(), ids[-1] if len(ids) == BATCH else "")
        await self._index([(workspace_id, each) for each in ids], workspace_id, done)
        return max(1, len(ids))

    async def _index(self, some: Sequence[Call], name: str | None, mark: Mark | None) -> int:
        docs = []
        for workspace_id in dict.fromkeys(workspace_id for workspace_id, _ in some):
            docs += await self._docs(workspace_id, [each for owner, each in some if owner == workspace_id])
        await self._store(docs, name, mark)
        return len(some)

    async def _docs(self, workspace_id: str, ids: Sequence[str]) -> list[Doc]:
        async with self._db.read() as tx:
            found = await calls.of_ids(tx, workspace_id, ids)
        passages = await reading.passages_of(self._db, self._packs, found)
        made = await asyncio.to_thread(
            lambda: [index.doc_of(call, passages[call.id]) for call in found if call.id in passages]
        )
        return [doc for doc in made if doc is not None]

    async def _store(self, docs: Sequence[Doc], name: str | None, mark: Mark | None) -> None:
        async with self._db.transaction() as tx:
            kept = set(await partitions.epochs(tx))
            for epoch in sorted({doc.epoch for doc in docs} & kept):
                await partitions.ensure_search(tx, epoch)
            await index.add(tx, [doc for doc in docs if doc.epoch in kept])
            if name is not None and mark is not None:
                await marks.move(tx, name, mark)
