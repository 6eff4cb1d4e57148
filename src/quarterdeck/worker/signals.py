"""The loop that notices: reads what was ingested, looks at open runs, lets signals go up and end; one at a time."""

import asyncio
import logging
import os
import time
from uuid import uuid4

import sqlalchemy as sa

from quarterdeck.access.tables import workspaces
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.http import Gateways
from quarterdeck.control.lever.actions import Effect
from quarterdeck.control.lever.gates import carry_out
from quarterdeck.control.lever.model import Verb
from quarterdeck.control.signals import actions, facts, learning, lease, marking, policy, rules, store
from quarterdeck.control.signals.facts import OpenRun, Windows
from quarterdeck.control.signals.model import Finding
from quarterdeck.control.signals.rules import RunFacts
from quarterdeck.control.signals.watch import READ_AT_ONCE, Watch
from quarterdeck.control.status.wire import Wire
from quarterdeck.control.tasks import store as task_store
from quarterdeck.control.tasks.tables import NEVER_DUE
from quarterdeck.db import Database, Transaction, cursors
from quarterdeck.db.outbox import BATCH, EventFeed, StoredEvent, latest_seq, read_after, wait_up_to
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.worker import seats

LOOK_S = 2.0
"""How often is looked at what changes by time alone."""
REST_S = 0.3
"""How long a look rests after another at the least, however much is ingested,"""
REST = 30
"""and this many times what it took where that is more,"""
MOST_REST_S = 1.0
"""but never so long that a signal is late."""
RETRY_S = 2.0
NAME = "signals"
PROGRESS = ("deliverable.", "task.moved", "review.")
ENDED = ("run.ended", "run.expired")
ADOPTED = "task.adopted"
TELLING = ("calls.ingested", ADOPTED, "run.", *PROGRESS)
log = logging.getLogger("quarterdeck.signals")


class SignalWatcher:
    """Notices for every workspace of the installation."""

    def __init__(self, db: Database, feed: EventFeed, gate: Gateways, wire: Wire, windows: Windows) -> None:
        self._db = db
        self._feed = feed
        self._gate = gate
        self._wire = wire
        self._windows = windows
        self._warm = False
        self._watch = Watch()
        self._holder = f"{os.getpid()}-{uuid4().hex[:8]}"
        self._holds = False
        self._renew_at = 0.0
        self._looked_at = 0
        self._wake = asyncio.Event()
        self._seq: int | None = None
        """The last event that was noted; None: not known since this process began to watch."""
        self._percent: dict[str, int] = {}

    async def run(self) -> None:
        """Watch until cancelled."""
        following = asyncio.create_task(self._follow())
        try:
            while True:
                wait_s = LOOK_S
                began = time.perf_counter()
                try:
                    await self.look()
                except (QuarterdeckError, sa.exc.SQLAlchemyError, OSError) as error:
                    log.warning("signals_interrupted reason=%s", error)
                    wait_s = RETRY_S
                self._wake.clear()
                await asyncio.sleep(min(MOST_REST_S, max(REST_S, REST * (time.perf_counter() - began))))
                await wait_up_to(self._wake, wait_s)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def look(self) -> None:
        """One look, if it is this process's turn."""
        mine = await self._has_lease()
        if mine and not self._holds:
            # Another one watched until now, or nobody: what it knew is read again.
            self._watch, self._looked_at, self._seq = Watch(), 0, None
        self._holds = mine
        if not self._warm:
            self._warm = True
            await asyncio.to_thread(self._windows, None, "gpt-4o")
        if not mine:
            return
        while True:
            async with self._db.read() as tx:
                count = await self._watch.read(tx)
            if count < READ_AT_ONCE:
                break
        await self._catch_up()
        for workspace_id in await self._workspaces():
            effects = await self._look_at(workspace_id)
            for effect in effects:
                killed = effect.order is not None and effect.order.verb is Verb.KILL
                await carry_out(self._gate, effect, end_open=killed)
            await seats.count(self._db, workspace_id)
        self._watch.fresh.clear()
        self._looked_at = self._db.clock.now()

    async def _has_lease(self) -> bool:
        now = self._db.clock.monotonic()
        if self._holds and now < self._renew_at:
            return True
        async with self._db.transaction() as tx:
            mine = await lease.take(tx, NAME, self._holder)
        self._renew_at = now + lease.LASTS / SECOND / 3
        return mine

    async def _look_at(self, workspace_id: str) -> list[Effect]:
        calls = self._wire.open_calls(workspace_id)
        calling = {call.run_id for call in calls if call.run_id is not None}
        async with self._db.read() as tx:
            found = await facts.open_runs(tx, workspace_id, NEVER_DUE)
            policies = await policy.policies_of(tx, workspace_id)
            troubles = self._watch.troubles(workspace_id, tx.now)
            in_trouble = frozenset(trouble.subject for trouble in troubles)
            since = tx.now - self._looked_at if self._looked_at else 0
            seen = await facts.facts_of(tx, workspace_id, found, self._watch, calling, in_trouble, self._windows, since)
            findings = [*troubles, *self._watch.loops(workspace_id, {run.id for run in found}, tx.now)]
            findings += self._watch.unclaimed(workspace_id, tx.now)
            # A run that goes in circles brings nothing forth either: it is told once.
            looping = {finding.run_id for finding in findings}
            others = [run for run in seen if run.run_id not in looping]
            findings += _of_runs(others, in_trouble, policies.floors, tx.now)
            findings += await _talk(tx, workspace_id, found, seen)
            fresh = [row for row in self._watch.fresh if row.workspace_id == workspace_id]
            nothing = not findings and not fresh and not await store.up(tx, workspace_id)
        if nothing:
            return []
        projects = {run.task_id: run.project_id for run in found}
        async with self._db.transaction() as tx:
            await marking.mark_calls(tx, workspace_id, self._watch, fresh)
            return await actions.reconcile(tx, workspace_id, _one_each(findings), policies, projects)

    async def _catch_up(self) -> None:
        """Note what happened since the last look, each event once it has been: one that fails is tried again."""
        while True:
            async with self._db.read() as tx:
                since = await cursors.read(tx, NAME) if self._seq is None else self._seq
                happened = [] if since is None else await read_after(tx, since)
            if since is None:
                async with self._db.transaction() as tx:
                    await cursors.begin(tx, NAME, await latest_seq(tx))
                return
            self._seq = since
            for event in happened:
                await self._note(event)
                self._seq = event.seq
            if len(happened) < BATCH:
                return
            async with self._db.transaction() as tx:
                await cursors.reach(tx, NAME, self._seq)

    async def _note(self, event: StoredEvent) -> None:
        """What came of a run, and what its end teaches about the usual."""
        run_id = event.data.get("run_id") or (event.subject_id if event.kind.startswith("run.") else None)
        if event.kind.startswith(PROGRESS) or self._is_further(event):
            self._progressed(event, run_id)
        if event.kind == ADOPTED:
            async with self._db.read() as tx:
                await self._watch.claimed(tx, event.workspace_id, event.data.get("agent_ids", []))
        if event.kind in ENDED:
            key = (event.workspace_id, event.subject_id)
            track = self._watch.tracks.get(key)
            async with self._db.transaction() as tx:
                # The mark moves with what is learned: whoever watches next learns of no run twice, and misses none.
                if await cursors.reach(tx, NAME, event.seq):
                    silences = track.silences if track is not None else ()
                    await learning.learn_from(tx, *key, silences)
            self._watch.drop(*key)
            self._percent.pop(event.subject_id, None)

    def _progressed(self, event: StoredEvent, run_id: str | None) -> None:
        for (workspace_id, _), track in self._watch.tracks.items():
            same = track.run_id == run_id if run_id is not None else track.task_id == event.data.get("task_id")
            if workspace_id == event.workspace_id and same and track.run_id is not None:
                track.progressed(event.at)

    def _is_further(self, event: StoredEvent) -> bool:
        """Whether a run says that it is further than before; words alone are no progress."""
        percent = event.data.get("percent")
        if event.kind != "run.progressed" or percent is None:
            return False
        before = self._percent.get(event.subject_id, -1)
        self._percent[event.subject_id] = max(before, percent)
        return bool(percent > before)

    async def _workspaces(self) -> list[str]:
        async with self._db.read() as tx:
            return list((await tx.execute(sa.select(workspaces.c.id))).scalars())

    async def _follow(self) -> None:
        while True:
            async with self._feed.subscribe() as subscription:
                while not subscription.over:
                    if any(event.kind.startswith(TELLING) for event in await subscription.next(LOOK_S)):
                        self._wake.set()
            await asyncio.sleep(REST_S)


def _of_runs(seen: list[RunFacts], in_trouble: frozenset[str], floors: rules.Floors, now: int) -> list[Finding]:
    found = []
    for run in seen:
        found += [
            rules.stuck(run, now, floors),
            rules.silent(run, now, floors),
            rules.failing(run, in_trouble),
            rules.context_pressure(run),
            rules.cost_anomaly(run, now),
            rules.forecast(run, now),
        ]
    return [finding for finding in found if finding is not None]


async def _talk(tx: Transaction, workspace_id: str, found: list[OpenRun], seen: list[RunFacts]) -> list[Finding]:
    """Agents that answer each other about a task, and nothing comes of it."""
    outputs = {run.task_id: run.last_output or run.began for run in seen if run.task_id is not None}
    said = await facts.talk(tx, workspace_id, {run.task_id for run in found})
    names = await agent_store.named(tx, workspace_id, {author for some in said.values() for author, _ in some})
    tasks = await task_store.named(tx, workspace_id, said)
    findings = []
    for run in found:
        since = outputs.get(run.task_id, run.began)
        authors: list[tuple[str, str]] = []
        for author, at in said[run.task_id]:
            if author not in names:
                authors.clear()  # a person spoke
            elif at > since:
                authors.append((author, names[author]))
        cost = next((each.cost_since for each in seen if each.run_id == run.id), 0)
        ref = tasks[run.task_id].ref
        finding = rules.ping_pong(run.task_id, ref, authors, since, cost, run.agent_id)
        if finding is not None:
            findings.append(finding)
    return findings


def _one_each(findings: list[Finding]) -> list[Finding]:
    """Of two that are about the same, the surer one."""
    best: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = (finding.kind.value, finding.subject)
        if key not in best or finding.confidence > best[key].confidence:
            best[key] = finding
    return list(best.values())
