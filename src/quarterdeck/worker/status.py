"""Tells who follows the live events when a shown status changes. Nothing is stored: it is computed, compared, told."""

import asyncio
import logging
import time

import sqlalchemy as sa

from quarterdeck.control.agents.store import active
from quarterdeck.control.status import views, wire
from quarterdeck.control.status.views import StatusOut
from quarterdeck.control.status.wire import Wire
from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed, wait_up_to
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event

CHANGED = "status.changed"
REST_S = 0.25
"""How long a look rests after another, however much happens."""
REST = 8
"""After a look of t seconds it rests REST times t: a thousand agents take at most a ninth of a core,"""
MOST_REST_S = 1.0
"""but never so long that what is shown is late."""
AT_ONCE = 200
"""So many agents are looked at before others have their turn."""
LOOK_S = 5.0
"""What changes by time alone, such as silence, is seen this late at the most."""
RETRY_S = 2.0
RELEVANT = ("agent.", "run.", "task.", "question.", "review.", "signal.", "lever.", "calls.ingested", "key.")
log = logging.getLogger("quarterdeck.status")

Shown = dict[str, StatusOut]


class StatusWatcher:
    """Compares what is shown of every agent with what was shown a moment before."""

    def __init__(self, db: Database, feed: EventFeed, on_the_wire: Wire) -> None:
        self._db = db
        self._feed = feed
        self._wire = on_the_wire
        self._shown: dict[str, Shown] = {}
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """The wire moved."""
        self._wake.set()

    async def run(self) -> None:
        """Watch until cancelled."""
        wire.use(self._wire)
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                self._wake.clear()
                began = time.perf_counter()
                try:
                    await self.look()
                except (QuarterdeckError, sa.exc.SQLAlchemyError) as error:
                    log.warning("status_not_computed reason=%s", error)
                    await asyncio.sleep(RETRY_S)
                await asyncio.sleep(min(MOST_REST_S, max(REST_S, REST * (time.perf_counter() - began))))
                await wait_up_to(self._wake, LOOK_S)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def look(self) -> None:
        """Compute what is shown now, and tell what differs from the last look."""
        async with self._db.read() as tx:
            agents = await active(tx)
            shown: dict[str, Shown] = {}
            for workspace_id, some in agents.items():
                shown[workspace_id] = {}
                for at in range(0, len(some), AT_ONCE):
                    shown[workspace_id] |= await views.of_agents(tx, workspace_id, some[at : at + AT_ONCE])
                    await asyncio.sleep(0)  # others have their turn
        for workspace_id, now in shown.items():
            before = self._shown.get(workspace_id)
            if before is None:
                continue
            changed = {agent_id: each for agent_id, each in now.items() if _differs(each, before.get(agent_id))}
            if changed:
                told = [{"agent_id": agent_id, "status": each.model_dump()} for agent_id, each in changed.items()]
                self._feed.pass_on(Event(workspace_id, CHANGED, workspace_id, {"agents": told}))
        self._shown = shown

    async def _watch(self) -> None:
        while True:
            async with self._feed.subscribe() as subscription:
                self._wake.set()
                while not subscription.over:
                    batch = await subscription.next(LOOK_S)
                    if any(event.kind.startswith(RELEVANT) for event in batch):
                        self._wake.set()
            await asyncio.sleep(REST_S)


def _differs(one: StatusOut, other: StatusOut | None) -> bool:
    """Whether people would see another status; words and verbs count seconds, which the page does by itself."""
    if other is None:
        return True
    return _key(one) != _key(other)


def _key(status: StatusOut) -> tuple[object, ...]:
    waiting = None if status.waits_for is None else (status.waits_for.kind, status.waits_for.id)
    told = status.words if status.evidence.signal_id is not None else None
    return status.state, status.since, waiting, status.evidence.run_id, told, tuple(status.evidence.call_ids)
