"""The gateways' picture of the world, put together from rows that are read whole, or renewed where little has changed.

To read a thousand agents and all keys takes far longer than to put the picture together, and most of what happens is
that runs begin and end. So rows are kept from one look to the next, and where nothing else happened only those runs and
their keys are read again. The picture is put together anew each time, by the same code.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from quarterdeck.access.entries import key_entries, key_entries_of_runs
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
from quarterdeck.control.runs.store import RunMark
from quarterdeck.db import Prepared, Transaction
from quarterdeck.db.outbox import StoredEvent
from quarterdeck.db.prepared import Row
from quarterdeck.kernel.clock import HOUR
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
_OF_RUNS = ("run.opened", "run.ended", "run.expired")
_NO_ROWS = ("lever.", "budget.changed", "task.moved", "task.adopted", "task.gave_back")
"""These change what is put together, of rows that are read each time: orders, budgets, adopted sessions."""
RUNS_REMEMBERED = HOUR
_AGENTS = Prepared(
    sa.select(agents.c.workspace_id, agents.c.id, agents.c.name, agents.c.desired, agents.c.body_mode, agents.c.route)
)
OpenRuns = dict[str, list[tuple[str, str | None]]]
"""(run id, task id) of open runs, by agent."""
Sessions = dict[str, tuple[str | None, str | None]]
"""(run id, task id) of the open run that holds a session, or of the task that adopted it, by `<agent id>:<session>`."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What the picture is put together from, but for the few rows that are read each time. Never changed in place."""

    spaces: Sequence[sa.Row[Any]]
    keys: Mapping[bytes, KeyEntry]
    runs: Mapping[str, RunMark]
    """Open or lately ended, by id."""
    agents: Sequence[Row]
    providers: Mapping[str, list[ProviderEntry]]
    routes: Mapping[str, dict[str, bytes]]
    prices: Mapping[str, list[PriceOverride]]
    limits: Mapping[str, list[LimitEntry]]
    """By workspace, as the three before."""


def runs_changed(happened: Iterable[StoredEvent]) -> set[str] | None:
    """Ids of the runs that are to be read again after these events; None: everything is."""
    found = set()
    for event in happened:
        if event.kind.startswith(_OF_RUNS):
            found.add(event.subject_id)
        elif event.kind == "key.created" and event.data.get("kind") == "run":
            found.add(event.data["run_id"])
        elif event.kind.startswith(RELEVANT) and not event.kind.startswith(_NO_ROWS):
            return None
    return found


async def read_all(tx: Transaction, vault: Vault) -> Rows:
    """Every row. A credential that cannot be opened is a problem of its provider's entry, not an error."""
    provider_rows = await provider_store.all_of(tx)
    return Rows(
        spaces=(await tx.execute(sa.select(workspaces))).all(),
        keys=await key_entries(tx),
        runs={run.id: run for run in await run_store.open_or_ended_since(tx, tx.now - RUNS_REMEMBERED)},
        agents=await tx.fetch(_AGENTS),
        providers=await asyncio.to_thread(provider_entries, provider_rows, vault),
        routes=await _routes(tx),
        prices=await _prices(tx),
        limits=await _limits(tx),
    )


async def renewed(tx: Transaction, rows: Rows, run_ids: Collection[str]) -> Rows:
    """The same rows, with those of these runs and of their keys as they are now."""
    if not run_ids:
        return rows
    keys = dict(rows.keys)
    for digest, entry in (await key_entries_of_runs(tx, run_ids)).items():
        if entry is None:
            keys.pop(digest, None)
        else:
            keys[digest] = entry
    marks = {run.id: run for run in await run_store.marked(tx, run_ids)}
    return replace(rows, keys=keys, runs={**rows.runs, **marks})


async def put_together(tx: Transaction, rows: Rows, version: int) -> Snapshot:
    """The picture of these rows, at this moment."""
    open_runs, runs_of, sessions_of = _runs(rows.runs)
    loose = await _put_adopted(tx, open_runs, sessions_of)
    agents_of = _agents(rows.agents, open_runs)
    paused_tasks = await pauses.put_into(tx, agents_of, runs_of, loose)
    budgets_of = await entries_of(tx)
    entries = {
        space.id: WorkspaceEntry(
            id=space.id,
            name=space.name,
            body_mode=space.body_mode,
            providers=rows.providers.get(space.id, []),
            agents=agents_of[space.id],
            runs=runs_of[space.id],
            sessions=sessions_of[space.id],
            routes=rows.routes.get(space.id, {}),
            prices=rows.prices.get(space.id, []),
            redact_patterns=space.settings.get("redaction", {}).get("patterns", []),
            redact_fields=space.settings.get("redaction", {}).get("fields", []),
            budgets=budgets_of[space.id],
            limits=rows.limits.get(space.id, []),
            paused_tasks=paused_tasks[space.id],
        )
        for space in rows.spaces
    }
    return Snapshot(version=version, made_at=tx.now, keys=dict(rows.keys), workspaces=entries)


def _agents(rows: Sequence[Row], open_runs: OpenRuns) -> dict[str, dict[str, AgentEntry]]:
    found: dict[str, dict[str, AgentEntry]] = defaultdict(dict)
    for workspace_id, agent_id, name, desired, body_mode, route in rows:
        found[workspace_id][agent_id] = AgentEntry(
            agent_id, name, desired, body_mode, open_runs.get(agent_id, []), route=route
        )
    return found


def _runs(
    marks: Mapping[str, RunMark],
) -> tuple[OpenRuns, dict[str, dict[str, RunEntry]], dict[str, Sessions]]:
    """Open runs by agent, oldest first; the runs open or lately ended, by workspace and id; the sessions that open
    runs were claimed with, by workspace: the run claimed last has it."""
    open_runs: OpenRuns = defaultdict(list)
    found: dict[str, dict[str, RunEntry]] = defaultdict(dict)
    sessions: dict[str, Sessions] = defaultdict(dict)
    for run_id in sorted(marks):
        run = marks[run_id]
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


def provider_entries(rows: list[tuple[Provider, Credential | None]], vault: Vault) -> dict[str, list[ProviderEntry]]:
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
