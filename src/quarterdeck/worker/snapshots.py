"""Building the gateways' picture of the world from rows, and publishing it when something they act on has changed."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable

import sqlalchemy as sa

from quarterdeck.access.entries import key_entries, key_entry
from quarterdeck.access.limits.model import LimitEntry
from quarterdeck.access.routing.identity import written
from quarterdeck.access.snapshot import (
    AgentEntry,
    KeyEntry,
    PriceOverride,
    ProviderEntry,
    RunEntry,
    Snapshot,
    WorkspaceEntry,
)
from quarterdeck.access.tables import workspaces
from quarterdeck.access.vault import Vault
from quarterdeck.control import scopes
from quarterdeck.control.adoption import store as adopted
from quarterdeck.control.agents.store import agents
from quarterdeck.control.budgets.entries import entries_of
from quarterdeck.control.limits import store as limit_store
from quarterdeck.control.limits.model import Limit
from quarterdeck.control.providers import store as provider_store
from quarterdeck.control.providers.credentials import resolve
from quarterdeck.control.providers.model import Credential, Provider
from quarterdeck.control.routes.store import routes
from quarterdeck.control.runs import store as run_store
from quarterdeck.db import Database, Transaction
from quarterdeck.db.outbox import EventFeed, wait_up_to
from quarterdeck.kernel.clock import HOUR
from quarterdeck.kernel.errors import QuarterdeckError, Unavailable
from quarterdeck.worker import pauses

RELEVANT = (
    "agent.",
    "key.",
    "run.opened",
    "run.ended",
    "run.expired",
    "lever.",
    "provider.",
    "settings.",
    "budget.changed",
    "task.changed",
    "task.moved",
    "task.adopted",
    "task.gave_back",
    "limit.",
    "route.",
    "replay.created",
    "replay.ended",
)
RUNS_REMEMBERED = HOUR
DEBOUNCE_S = 0.02
REFRESH_S = 30.0
"""Secrets in files and in the environment change without an event, and keys that are over are forgotten."""
REST = 12
"""After a build of t seconds, unasked-for builds rest REST times t: they take at most a thirteenth of a core."""
PUBLISH_TIMEOUT_S = 5.0
RETRY_S = 1.0
Publish = Callable[[Snapshot], Awaitable[None]]
OpenRuns = dict[str, list[tuple[str, str | None]]]
"""(run id, task id) of open runs, by agent."""
Sessions = dict[str, tuple[str | None, str | None]]
"""(run id, task id) of the open run that holds a session, or of the task that adopted it, by `<agent id>:<session>`."""
log = logging.getLogger("quarterdeck.snapshots")


async def build_snapshot(db: Database, vault: Vault, version: int) -> Snapshot:
    """One consistent look at everything the gateways act on.

    Raises Unavailable. A credential that cannot be opened is a problem of its provider's entry, not an error.
    """
    async with db.read() as tx:
        keys = await key_entries(tx)
        spaces = (await tx.execute(sa.select(workspaces))).all()
        provider_rows = await provider_store.all_of(tx)
        open_runs, runs_of, sessions_of = await _runs(tx)
        loose = await _put_adopted(tx, open_runs, sessions_of)
        agents_of = await _agents(tx, open_runs)
        paused_tasks = await pauses.put_into(tx, agents_of, runs_of, loose)
        routes_of = await _routes(tx)
        prices_of = await _prices(tx)
        budgets_of = await entries_of(tx)
        limits_of = await _limits(tx)
        now = tx.now
    providers_of = await asyncio.to_thread(_providers, provider_rows, vault)
    entries = {
        space.id: WorkspaceEntry(
            id=space.id,
            name=space.name,
            body_mode=space.body_mode,
            providers=providers_of[space.id],
            agents=agents_of[space.id],
            runs=runs_of[space.id],
            sessions=sessions_of[space.id],
            routes=routes_of[space.id],
            prices=prices_of[space.id],
            redact_patterns=space.settings.get("redaction", {}).get("patterns", []),
            redact_fields=space.settings.get("redaction", {}).get("fields", []),
            budgets=budgets_of[space.id],
            limits=limits_of[space.id],
            paused_tasks=paused_tasks[space.id],
        )
        for space in spaces
    }
    return Snapshot(version=version, made_at=now, keys=keys, workspaces=entries)


async def lookup(db: Database, key_hash: bytes) -> KeyEntry | None:
    """The entry of one key, straight from its row: for a key a gateway has not heard of yet."""
    async with db.read() as tx:
        return await key_entry(tx, key_hash)


class Publisher:
    """Keeps gateways up to date: rebuilds after relevant events, and at once for a verb that waits for it."""

    def __init__(self, db: Database, vault: Vault, publish: Publish, feed: EventFeed) -> None:
        self._db = db
        self._vault = vault
        self._publish = publish
        self._feed = feed
        self._asked = 1
        """Number of the newest wish; the first is to publish at all."""
        self._done = 0
        """Number of the newest wish that gateways have acknowledged."""
        self._urgent = asyncio.Event()
        self._wake = asyncio.Event()
        self._progress = asyncio.Condition()
        self._last: Snapshot | None = None

    async def run(self) -> None:
        """Publish until cancelled. Start it as a task beside the feed."""
        watching = asyncio.create_task(self._watch())
        try:
            while True:
                await self._publish_once()
                await wait_up_to(self._wake, REFRESH_S)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def ensure_published(self) -> None:
        """Return once every gateway acts on all that was committed before this call.

        Raises Unavailable `not_published` when that takes more than a few seconds: what was saved stays saved.
        """
        self._asked = mine = self._asked + 1
        self._urgent.set()
        self._wake.set()
        try:
            async with asyncio.timeout(PUBLISH_TIMEOUT_S), self._progress:
                await self._progress.wait_for(lambda: self._done >= mine)
        except TimeoutError:
            raise Unavailable(
                "It is saved, but the gateways have not confirmed it yet; they will act on it as soon as they can.",
                code="not_published",
                retry_after_s=1,
            ) from None

    async def knows(self, key_hash: bytes) -> bool:
        """Whether such a key exists; if so, gateways hold it when this returns."""
        if await lookup(self._db, key_hash) is None:
            return False
        if self._last is None or key_hash not in self._last.keys:
            await self.ensure_published()
        return True

    async def _publish_once(self) -> None:
        self._wake.clear()
        self._urgent.clear()
        wish = self._asked
        started = self._db.clock.monotonic()
        try:
            snapshot = await build_snapshot(self._db, self._vault, self._next_version())
            if self._last is None or not _same(snapshot, self._last):
                await self._publish(snapshot)
                self._last = snapshot
        except (QuarterdeckError, sa.exc.SQLAlchemyError, OSError) as error:
            log.warning("snapshot_not_published reason=%s", error)
            await asyncio.sleep(RETRY_S)
            self._wake.set()
            return
        async with self._progress:
            self._done = wish
            self._progress.notify_all()
        rest = max(DEBOUNCE_S, REST * (self._db.clock.monotonic() - started))
        await wait_up_to(self._urgent, rest)

    async def _watch(self) -> None:
        """Turn events into wishes. A listener that fell behind wishes once for all it missed."""
        while True:
            async with self._feed.subscribe() as subscription:
                self._wish()
                while not subscription.over:
                    batch = await subscription.next(REFRESH_S)
                    if any(event.kind.startswith(RELEVANT) for event in batch):
                        self._wish()
            await asyncio.sleep(DEBOUNCE_S)

    def _wish(self) -> None:
        self._asked += 1
        self._wake.set()

    def _next_version(self) -> int:
        """Grows across restarts too, because it is the time, unless the clock was set back while we run."""
        return max(self._db.clock.now(), 0 if self._last is None else self._last.version + 1)


async def _agents(tx: Transaction, open_runs: OpenRuns) -> dict[str, dict[str, AgentEntry]]:
    columns = (agents.c.workspace_id, agents.c.id, agents.c.name, agents.c.desired, agents.c.body_mode, agents.c.route)
    found: dict[str, dict[str, AgentEntry]] = defaultdict(dict)
    for workspace_id, agent_id, name, desired, body_mode, route in (await tx.execute(sa.select(*columns))).all():
        found[workspace_id][agent_id] = AgentEntry(
            agent_id, name, desired, body_mode, open_runs.get(agent_id, []), route=route
        )
    return found


async def _runs(tx: Transaction) -> tuple[OpenRuns, dict[str, dict[str, RunEntry]], dict[str, Sessions]]:
    """Open runs by agent, oldest first; the runs open or lately ended, by workspace and id; the sessions that open
    runs were claimed with, by workspace: the run claimed last has it."""
    open_runs: OpenRuns = defaultdict(list)
    found: dict[str, dict[str, RunEntry]] = defaultdict(dict)
    sessions: dict[str, Sessions] = defaultdict(dict)
    for run in await run_store.open_or_ended_since(tx, tx.now - RUNS_REMEMBERED):
        if run.open:
            open_runs[run.agent_id].append((run.id, run.task_id))
            if run.session is not None:
                sessions[run.workspace_id][f"{run.agent_id}:{run.session}"] = (run.id, run.task_id)
        state = "open" if run.open else "ended"
        found[run.workspace_id][run.id] = RunEntry(
            run.id,
            run.agent_id,
            run.task_id,
            state,
            run.trace_id,
            attempt=run.attempt,
            priority=run.priority,
            due_at=run.due_at,
            project_id=run.project_id,
        )
    return open_runs, found, sessions


async def _put_adopted(tx: Transaction, open_runs: OpenRuns, sessions: dict[str, Sessions]) -> dict[str, set[str]]:
    """Add the sessions that a person gave to a task, where no run was claimed in them: the task's run of that agent has
    them while there is one. Returns the tasks that have one without a run, by workspace."""
    loose: dict[str, set[str]] = defaultdict(set)
    for each in await adopted.held(tx):
        name = f"{each.agent_id}:{each.session}"
        here = sessions[each.workspace_id]
        if name in here:
            continue
        runs = open_runs.get(each.agent_id, [])
        here[name] = next((run for run in runs if run[1] == each.task_id), (None, each.task_id))
        if here[name][0] is None:
            loose[each.workspace_id].add(each.task_id)
    return loose


async def _routes(tx: Transaction) -> dict[str, dict[str, bytes]]:
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    query = sa.select(routes.c.workspace_id, routes.c.name, routes.c.config)
    for workspace_id, name, config in (await tx.execute(query)).all():
        found[workspace_id][name] = written(config)
    return found


async def _limits(tx: Transaction) -> dict[str, list[LimitEntry]]:
    rows: dict[str, list[Limit]] = defaultdict(list)
    for limit in await limit_store.all_of(tx):
        rows[limit.workspace_id].append(limit)
    found: dict[str, list[LimitEntry]] = defaultdict(list)
    for workspace_id, some in rows.items():
        names = await scopes.shown(tx, workspace_id, [limit.scope for limit in some])
        found[workspace_id] = [limit.entry(names[limit.scope]) for limit in some]
    return found


async def _prices(tx: Transaction) -> dict[str, list[PriceOverride]]:
    found: dict[str, list[PriceOverride]] = defaultdict(list)
    for row in await provider_store.prices(tx):
        found[row["workspace_id"]].append(provider_store.override_of(row))
    return found


def _providers(rows: list[tuple[Provider, Credential | None]], vault: Vault) -> dict[str, list[ProviderEntry]]:
    """With their secrets. Blocking: credentials may be in files."""
    found: dict[str, list[ProviderEntry]] = defaultdict(list)
    for provider, credential in rows:
        resolved = resolve(provider, credential, vault)
        found[provider.workspace_id].append(
            ProviderEntry(
                name=provider.name,
                kind=provider.kind,
                base_url=provider.base_url,
                secret=resolved.secret,
                headers=provider.headers,
                models=provider.models,
                allow_private=provider.allow_private,
                credential=credential.shown
                if credential is not None and credential.reference
                else f"stored:{provider.name}",
                problem=resolved.problem,
                **provider.timeouts,
            )
        )
    return found


def _same(one: Snapshot, other: Snapshot) -> bool:
    return one.keys == other.keys and one.workspaces == other.workspaces
