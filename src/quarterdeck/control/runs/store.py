"""All SQL of runs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cache
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.agents.model import Desired
from quarterdeck.control.agents.store import agents
from quarterdeck.control.runs.model import Run, RunState, RunVerdict, may_follow
from quarterdeck.control.tasks.tables import NEVER_DUE, tasks
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.kernel.clock import MINUTE, SECOND
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

_OPEN = "state IN ('queued', 'running')"
"""The partial indexes and the queries that use them must say it in the same words."""

runs = sa.Table(
    "runs",
    metadata,
    sa.Column("workspace_id", sa.Text, sa.ForeignKey("workspaces.id"), nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("summary", sa.Text),
    sa.Column("verdict", sa.Text),
    sa.Column("note", sa.Text),
    sa.Column("percent", sa.Integer),
    sa.Column("fence", sa.Integer, nullable=False),
    # As wide as an instant, because it is added to one in microseconds.
    sa.Column("lease_s", sa.BigInteger, nullable=False),
    sa.Column("lease_expires_at", sa.BigInteger, nullable=False),
    sa.Column("trace_id", sa.Text, nullable=False),
    sa.Column("session", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("instructions", sa.Integer),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.ForeignKeyConstraint(["workspace_id", "task_id"], ["tasks.workspace_id", "tasks.id"]),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], ["agents.workspace_id", "agents.id"]),
    sa.UniqueConstraint("workspace_id", "task_id", "attempt"),
    sa.Index("ix_runs_id", "id", unique=True),
    sa.Index("ix_runs_agent", "workspace_id", "agent_id", "id"),
    sa.Index("ix_runs_state", "workspace_id", "state", "id"),
    # The store itself refuses a second open run of a task, whatever the verbs above do.
    sa.Index(
        "uq_runs_open_task",
        "workspace_id",
        "task_id",
        unique=True,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    ),
    sa.Index(
        "ix_runs_open_agent",
        "workspace_id",
        "agent_id",
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    ),
    sa.Index("ix_runs_ended", "ended_at"),
    sa.Index("ix_runs_lease", "lease_expires_at", sqlite_where=sa.text(_OPEN), postgresql_where=sa.text(_OPEN)),
    sa.CheckConstraint(
        "state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled', 'expired')",
        name="state",
    ),
)

_INSERT = runs.insert()
_THERE: sa.ColumnElement[bool] = runs.c.workspace_id == sa.bindparam("workspace_id")
_FIND = Prepared(sa.select(runs).where(_THERE, runs.c.id == sa.bindparam("id")))
_OPEN_OF_TASK = Prepared(sa.select(runs).where(_THERE, runs.c.task_id == sa.bindparam("task_id"), sa.text(_OPEN)))
_COUNT_OPEN = Prepared(
    sa.select(sa.func.count()).where(_THERE, runs.c.agent_id == sa.bindparam("agent_id"), sa.text(_OPEN))
)
_OVERDUE = Prepared(
    sa.select(runs)
    .where(sa.text(_OPEN), runs.c.lease_expires_at <= sa.bindparam("now", type_=sa.BigInteger))
    .order_by(runs.c.lease_expires_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_LONGEST = runs.c.lease_s * SECOND + sa.bindparam("now", type_=sa.BigInteger)
"""Until when a lease can last that was given or renewed just now."""
_FROM_AHEAD = Prepared(sa.select(runs.c.id).where(sa.text(_OPEN), runs.c.lease_expires_at > _LONGEST + MINUTE).limit(1))
_OF_RETIRED = Prepared(
    sa.select(runs)
    .where(
        sa.text(_OPEN),
        sa.exists().where(
            agents.c.workspace_id == runs.c.workspace_id,
            agents.c.id == runs.c.agent_id,
            agents.c.desired == Desired.RETIRED.value,
        ),
    )
    .order_by(runs.c.lease_expires_at)  # by the index of open ones; any other walks through all
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
# In no order: asked for one, SQLite would walk through every run there is.
_OPEN_OF_AGENTS = Prepared(sa.select(runs).where(_THERE, one_of(runs.c.agent_id, "ids"), sa.text(_OPEN)))
_OF_IDS = Prepared(sa.select(runs).where(_THERE, one_of(runs.c.id, "ids")))


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs. None means all."""

    task_id: str | None = None
    agent_id: str | None = None
    state: RunState | None = None


async def insert(tx: Transaction, run: Run) -> None:
    values: dict[str, Any] = {name: getattr(run, name) for name in Run.__slots__}
    await tx.execute(_INSERT, {**values, "state": run.state.value})


async def find(tx: Transaction, workspace_id: str, run_id: str) -> Run | None:
    if not storable(run_id):
        return None
    rows = await tx.fetch_named(_FIND, workspace_id=workspace_id, id=run_id)
    return _run(rows[0]) if rows else None


async def of_tasks(tx: Transaction, workspace_id: str, task_ids: Collection[str]) -> list[Run]:
    """All runs of a page of tasks, in the order of their attempts."""
    if not task_ids:
        return []
    query = sa.select(runs).where(runs.c.workspace_id == workspace_id, runs.c.task_id.in_(sorted(set(task_ids))))
    return [_run(row) for row in await tx.rows(query.order_by(runs.c.task_id, runs.c.attempt))]


async def end(
    tx: Transaction,
    workspace_id: str,
    run_id: str,
    to: RunState,
    *,
    reason: str | None = None,
    summary: str | None = None,
    overdue: bool = False,
) -> Run | None:
    """Close the run if it is open; None when it was not. With `overdue`, only if its lease is over as well."""
    ending = runs.update().where(_is(workspace_id, run_id), runs.c.state.in_(may_follow(to)))
    if overdue:
        ending = ending.where(runs.c.lease_expires_at <= tx.now)
    values = {"state": to.value, "reason": reason, "ended_at": tx.now}
    if summary is not None:
        values["summary"] = summary
    row = await tx.row(ending.values(**values).returning(runs))
    return None if row is None else _run(row)


async def set_verdict(tx: Transaction, run: Run, verdict: RunVerdict) -> Run:
    """Write what an ended run brought."""
    await tx.execute(runs.update().where(_is(run.workspace_id, run.id)).values(verdict=verdict.value))
    return replace(run, verdict=verdict)


async def progress(
    tx: Transaction, workspace_id: str, run_id: str, fence: int | None, values: Mapping[str, Any]
) -> Run | None:
    """Write a sign of life and renew the lease from now; None when the run is over or the fence is another."""
    update = runs.update().where(_is(workspace_id, run_id), runs.c.state == RunState.RUNNING.value)
    if fence is not None:
        update = update.where(runs.c.fence == fence)
    row = await tx.row(
        update.values(**values, lease_expires_at=_later(tx.now + runs.c.lease_s * SECOND)).returning(runs)
    )
    return None if row is None else _run(row)


async def renew(tx: Transaction, seen: Mapping[str, int]) -> None:
    """Renew leases by traffic: run id → when its key was last seen on the wire. Never shortens a lease.

    An instant after now comes from a clock that runs ahead and counts as now.
    """
    at = sa.bindparam("at", type_=sa.BigInteger)
    renewed = at + runs.c.lease_s * SECOND
    await tx.execute(
        runs.update()
        .where(
            runs.c.id == sa.bindparam("run"),
            runs.c.state == RunState.RUNNING.value,
            runs.c.lease_expires_at < renewed,
        )
        .values(lease_expires_at=renewed),
        [{"run": run_id, "at": min(instant, tx.now)} for run_id, instant in seen.items()],
    )


async def count_open(tx: Transaction, workspace_id: str, agent_id: str) -> int:
    """How many runs the agent has open; true until the end of the transaction if the agent's row is locked."""
    return int((await tx.fetch(_COUNT_OPEN, workspace_id=workspace_id, agent_id=agent_id))[0][0])


async def overdue(tx: Transaction, limit: int, *, as_of: int | None = None) -> list[Run]:
    """Open runs whose lease is over, or was at that instant, longest overdue first."""
    now = tx.now if as_of is None else as_of
    return [_run(row) for row in await tx.fetch_named(_OVERDUE, now=now, limit=limit)]


async def move_on(tx: Transaction, by: int) -> int:
    """Let each lease last so many microseconds longer, and no longer than one that is given now. Returns how many."""
    short = runs.update().where(sa.text(_OPEN), runs.c.lease_expires_at < _LONGEST)
    moved = runs.c.lease_expires_at + sa.bindparam("by", type_=sa.BigInteger)
    values = {"lease_expires_at": sa.case((moved < _LONGEST, moved), else_=_LONGEST)}
    return (await tx.execute(short.values(values), {"now": tx.now, "by": by})).rowcount


async def any_from_ahead(tx: Transaction) -> bool:
    """Whether a lease lasts longer than any that is given now: by more than clocks differ, so one was set back."""
    return bool(await tx.fetch(_FROM_AHEAD, now=tx.now))


async def shorten_from_ahead(tx: Transaction) -> int:
    """Let each such lease last as long as one that is given now. Returns how many there were."""
    late = runs.update().where(sa.text(_OPEN), runs.c.lease_expires_at > _LONGEST + MINUTE)
    return (await tx.execute(late.values(lease_expires_at=_LONGEST), {"now": tx.now})).rowcount


async def of_retired(tx: Transaction, limit: int) -> list[Run]:
    """Open runs of agents that are retired, oldest first."""
    return [_run(row) for row in await tx.fetch_named(_OF_RETIRED, limit=limit)]


async def open_of_task(tx: Transaction, workspace_id: str, task_id: str) -> Run | None:
    """The run that is open on a task; there is one at the most."""
    rows = await tx.fetch_named(_OPEN_OF_TASK, workspace_id=workspace_id, task_id=task_id)
    return _run(rows[0]) if rows else None


async def open_of_agents(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, list[Run]]:
    """Open runs by agent, oldest first, for a page of agents."""
    found: dict[str, list[Run]] = {agent_id: [] for agent_id in agent_ids}
    if found:
        rows = await tx.fetch_named(_OPEN_OF_AGENTS, workspace_id=workspace_id, ids=sorted(found))
        for row in sorted(rows, key=itemgetter("id")):
            found[row["agent_id"]].append(_run(row))
    return found


async def of_ids(tx: Transaction, workspace_id: str, run_ids: Collection[str]) -> dict[str, Run]:
    """Runs by id, for a page of tasks."""
    if not run_ids:
        return {}
    rows = await tx.fetch_named(_OF_IDS, workspace_id=workspace_id, ids=sorted(set(run_ids)))
    return {row["id"]: _run(row) for row in rows}


@dataclass(frozen=True, slots=True)
class RunMark:
    """As much of a run as calls are attributed by."""

    id: str
    workspace_id: str
    agent_id: str
    task_id: str
    trace_id: str
    session: str | None
    open: bool
    project_id: str | None = None
    """Of its task, as are the next two."""
    priority: int = 2
    due_at: int | None = None
    attempt: int | None = None


_MARKED = ("id", "workspace_id", "agent_id", "task_id", "trace_id", "session", "attempt", "ended_at")
_MARK = sa.select(*(runs.c[name] for name in _MARKED))


async def open_or_ended_since(tx: Transaction, ended_since: int) -> list[RunMark]:
    """Runs of every workspace that are open or ended at that instant or later, oldest first."""
    # Two looks, because one with OR in it would read every run there ever was; what ended between them has ended.
    found = {row["id"]: _mark(row) for row in await tx.fetch_named(_marks_open())}
    found |= {row["id"]: _mark(row) for row in await tx.fetch_named(_marks_ended(), since=ended_since)}
    return [found[run_id] for run_id in sorted(found)]


async def marked(tx: Transaction, run_ids: Collection[str]) -> list[RunMark]:
    """These runs, of whichever workspace."""
    return [_mark(row) for row in await tx.fetch_named(_marks_of(), ids=sorted(run_ids))]


@cache
def _marks_open() -> Prepared:
    return Prepared(_with_task(_MARK.where(sa.text(_OPEN))))


@cache
def _marks_ended() -> Prepared:
    return Prepared(_with_task(_MARK.where(runs.c.ended_at >= sa.bindparam("since", type_=sa.BigInteger))))


@cache
def _marks_of() -> Prepared:
    return Prepared(_with_task(_MARK.where(one_of(runs.c.id, "ids"))))


async def page(
    tx: Transaction, workspace_id: str, which: RunFilter, *, limit: int, after: str | None = None
) -> Page[Run]:
    """Newest first; `after` is the id that the page before ended with."""
    query = sa.select(runs).where(runs.c.workspace_id == workspace_id)
    if which.task_id is not None:
        query = query.where(runs.c.task_id == which.task_id)
    if which.agent_id is not None:
        query = query.where(runs.c.agent_id == which.agent_id)
    if which.state is not None:
        query = query.where(runs.c.state == which.state.value)
    if after is not None:
        query = query.where(runs.c.id < after)
    rows = await tx.rows(query.order_by(runs.c.id.desc()).limit(limit + 1))
    found = [_run(row) for row in rows]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def _later(instant: sa.ColumnElement[int]) -> sa.ColumnElement[int]:
    return sa.case((runs.c.lease_expires_at > instant, runs.c.lease_expires_at), else_=instant)


def _is(workspace_id: str, run_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(runs.c.workspace_id == workspace_id, runs.c.id == run_id)


def _mark(row: Mapping[str, Any]) -> RunMark:
    return RunMark(
        id=row["id"],
        workspace_id=row["workspace_id"],
        agent_id=row["agent_id"],
        task_id=row["task_id"],
        trace_id=row["trace_id"],
        session=row["session"],
        open=row["ended_at"] is None,
        project_id=row["project_id"],
        priority=row["priority"],
        due_at=None if row["due_order"] == NEVER_DUE else row["due_order"],
        attempt=row["attempt"],
    )


def _with_task(of_run: sa.Select[Any]) -> sa.Select[Any]:
    """What of their tasks decides how soon their calls are served."""
    inner = of_run.subquery()
    return sa.select(inner, tasks.c.project_id, tasks.c.priority, tasks.c.due_order).join(
        tasks, sa.and_(tasks.c.workspace_id == inner.c.workspace_id, tasks.c.id == inner.c.task_id)
    )


def _run(row: Mapping[str, Any] | sa.RowMapping) -> Run:
    values: dict[str, Any] = {name: row[name] for name in Run.__slots__}
    verdict = None if row["verdict"] is None else RunVerdict(row["verdict"])
    return Run(**{**values, "state": RunState(row["state"]), "verdict": verdict})
