"""Tells who follows the live events when a shown status changes. It is computed, compared, told; what was
shown is kept for people to look at (shown.py), and no truth."""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Collection

import sqlalchemy as sa

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.agents.model import Agent, Desired
from quarterdeck.control.status import views, whom, wire
from quarterdeck.control.status.views import StatusOut
from quarterdeck.control.status.wire import Wire
from quarterdeck.db import Database, Transaction
from quarterdeck.db.outbox import EventFeed, StoredEvent, wait_up_to
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.kernel.events import Event
from quarterdeck.worker.shown import ShownHistory

CHANGED = "status.changed"
REST_S = 0.25
"""How long a look rests after another, however much happens."""
REST = 8
"""After a look of t seconds it rests REST times t: looking takes at most a ninth of a core,"""
MOST_REST_S = 1.0
"""but never so long that what is shown is late."""
AT_ONCE = 200
"""So many agents are looked at before others have their turn."""
LOOK_S = 5.0
"""How often everybody is looked at: what changes by time alone, such as silence, is seen this late at the most."""
RETRY_S = 2.0
log = logging.getLogger("quarterdeck.status")

Shown = dict[str, StatusOut]


class StatusWatcher:
    """Compares what is shown of every agent with what was shown a moment before.

    What happens names whom it is about, and those are looked at; everybody now and then, for the clock names nobody.
    """

    def __init__(self, db: Database, feed: EventFeed, on_the_wire: Wire, history: ShownHistory | None = None) -> None:
        self._db = db
        self._feed = feed
        self._wire = on_the_wire
        self._history = history
        self.shown: dict[str, Shown] = {}
        """As of the last look, by workspace and agent."""
        self._wake = asyncio.Event()
        self._named: dict[str, set[str]] = defaultdict(set)
        """Agents and tasks that something happened to since the last look, by workspace."""
        self._everybody = True
        self._everybody_at = 0.0

    def wake(self, moved: Collection[tuple[str, str]] | None) -> None:
        """The wire moved: for these agents, each with its workspace, or for everybody."""
        if moved is None:
            self._everybody = True
        else:
            for workspace_id, agent_id in moved:
                self._named[workspace_id].add(agent_id)
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
                    self._everybody = True
                    await asyncio.sleep(RETRY_S)
                await asyncio.sleep(min(MOST_REST_S, max(REST_S, REST * (time.perf_counter() - began))))
                await wait_up_to(self._wake, LOOK_S)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def look(self) -> None:
        """Compute what is shown now, and tell what differs from the last look."""
        everybody = self._everybody or time.monotonic() - self._everybody_at >= LOOK_S
        named, self._named, self._everybody = self._named, defaultdict(set), False
        async with self._db.read() as tx:
            at = tx.now
            if everybody:
                self._everybody_at = time.monotonic()
                agents = await agent_store.active(tx)
            else:
                agents = {workspace_id: await _meant(tx, workspace_id, ids) for workspace_id, ids in named.items()}
            shown = {workspace_id: await _shown_of(tx, workspace_id, some) for workspace_id, some in agents.items()}
        for workspace_id, now in shown.items():
            before = self.shown.get(workspace_id)
            if before is not None:
                self._tell(workspace_id, before, now)
        if everybody:
            self.shown = shown
        else:
            for workspace_id, now in shown.items():
                self.shown.setdefault(workspace_id, {}).update(now)
        if self._history is not None:
            await self._history.note(shown, at, everybody=everybody)

    def _tell(self, workspace_id: str, before: Shown, now: Shown) -> None:
        changed = {agent_id: each for agent_id, each in now.items() if _differs(each, before.get(agent_id))}
        if changed:
            told = [{"agent_id": agent_id, "status": each.model_dump()} for agent_id, each in changed.items()]
            self._feed.pass_on(Event(workspace_id, CHANGED, workspace_id, {"agents": told}))

    async def _watch(self) -> None:
        while True:
            async with self._feed.subscribe() as subscription:
                self.wake(None)
                while not subscription.over:
                    for event in await subscription.next(LOOK_S):
                        self.note(event)
            await asyncio.sleep(REST_S)

    def note(self, event: StoredEvent) -> None:
        """Something happened: remember whom to look at."""
        if not event.kind.startswith(whom.RELEVANT):
            return
        ids = whom.named_by(event.kind, event.subject_id, event.actor, event.data)
        if ids is None:
            self._everybody = True
        elif ids:
            self._named[event.workspace_id] |= ids
        else:
            return
        self._wake.set()


async def _meant(tx: Transaction, workspace_id: str, ids: Collection[str]) -> list[Agent]:
    agents = await agent_store.of_ids(tx, workspace_id, await whom.agents_of(tx, workspace_id, ids))
    return [each for each in agents if each.desired is not Desired.RETIRED]


async def _shown_of(tx: Transaction, workspace_id: str, agents: list[Agent]) -> Shown:
    shown: Shown = {}
    for at in range(0, len(agents), AT_ONCE):
        shown |= await views.of_agents(tx, workspace_id, agents[at : at + AT_ONCE])
        await asyncio.sleep(0)  # others have their turn
    return shown


def _differs(one: StatusOut, other: StatusOut | None) -> bool:
    """Whether people would see another status; words and verbs count seconds, which the page does by itself."""
    if other is None:
        return True
    return _key(one) != _key(other)


def _key(status: StatusOut) -> tuple[object, ...]:
    waiting = None if status.waits_for is None else (status.waits_for.kind, status.waits_for.id)
    told = status.words if status.evidence.signal_id is not None else None
    return status.state, status.since, waiting, status.evidence.run_id, told, tuple(status.evidence.call_ids)
