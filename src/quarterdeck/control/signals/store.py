"""All SQL of signals."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.signals.model import EVIDENCE_CALLS, Finding, Kind, Response, Signal, SignalState
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

_UP = "state = 'up'"

signals = sa.Table(
    "signals",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("words", sa.Text, nullable=False),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("since", sa.BigInteger, nullable=False),
    sa.Column("noticed_at", sa.BigInteger, nullable=False),
    sa.Column("updated_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("agent_id", sa.Text),
    sa.Column("run_id", sa.Text),
    sa.Column("task_id", sa.Text),
    sa.Column("call_ids", sa.JSON, nullable=False),
    sa.Column("figures", sa.JSON, nullable=False),
    sa.Column("response", sa.Text, nullable=False),
    sa.Column("dismissed_by", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index(
        "uq_signals_up",
        "workspace_id",
        "kind",
        "subject",
        unique=True,
        sqlite_where=sa.text(_UP),
        postgresql_where=sa.text(_UP),
    ),
    sa.Index("ix_signals_run", "workspace_id", "run_id"),
    sa.Index("ix_signals_task", "workspace_id", "task_id"),
    sa.Index("ix_signals_agent", "workspace_id", "agent_id", "id"),
    sa.CheckConstraint("state IN ('up', 'over', 'dismissed')", name="state"),
)

_ALL = sa.select(signals).where(sa.text(_UP)).order_by(signals.c.id)
_THERE = _ALL.where(signals.c.workspace_id == sa.bindparam("workspace_id"))
_ALL_UP, _UP_THERE = Prepared(_ALL), Prepared(_THERE)
_UP_OF_AGENTS = Prepared(_THERE.where(one_of(signals.c.agent_id, "ids")))
_UP_OF_KIND = Prepared(_THERE.where(signals.c.kind == sa.bindparam("kind")))


async def up(tx: Transaction, workspace_id: str | None = None) -> list[Signal]:
    """Every signal that is up, oldest first; of every workspace when none is named."""
    if workspace_id is None:
        return [_signal(row) for row in await tx.fetch_named(_ALL_UP)]
    return [_signal(row) for row in await tx.fetch_named(_UP_THERE, workspace_id=workspace_id)]


async def up_of_kind(tx: Transaction, workspace_id: str, kind: Kind) -> list[Signal]:
    """Those of one kind that are up, oldest first."""
    return [_signal(row) for row in await tx.fetch_named(_UP_OF_KIND, workspace_id=workspace_id, kind=kind.value)]


async def find(tx: Transaction, workspace_id: str, signal_id: str) -> Signal | None:
    if not storable(signal_id):
        return None
    row = await tx.row(sa.select(signals).where(_is(workspace_id, signal_id)))
    return None if row is None else _signal(row)


async def insert(tx: Transaction, workspace_id: str, finding: Finding, response: Response) -> Signal:
    signal = Signal(
        id=new_id("sig"),
        workspace_id=workspace_id,
        kind=finding.kind,
        subject=finding.subject,
        state=SignalState.UP,
        words=finding.words,
        confidence=finding.confidence,
        since=finding.since,
        noticed_at=tx.now,
        updated_at=tx.now,
        ended_at=None,
        agent_id=finding.agent_id,
        run_id=finding.run_id,
        task_id=finding.task_id,
        call_ids=finding.call_ids[-EVIDENCE_CALLS:],
        figures=finding.figures,
        response=response,
        dismissed_by=None,
    )
    values: dict[str, Any] = {name: getattr(signal, name) for name in Signal.__slots__}
    await tx.execute(signals.insert().values({**values, "call_ids": list(signal.call_ids)}))
    return signal


async def refresh(tx: Transaction, signal: Signal, finding: Finding) -> None:
    """What it says now; it has been up all the while."""
    values = {
        "words": finding.words,
        "confidence": finding.confidence,
        "call_ids": list(finding.call_ids[-EVIDENCE_CALLS:]),
        "figures": finding.figures,
        "updated_at": tx.now,
    }
    await tx.execute(signals.update().where(_is(signal.workspace_id, signal.id), sa.text(_UP)).values(values))


async def end(tx: Transaction, signal: Signal, to: SignalState, *, by: str | None = None) -> bool:
    """Whether it was up until now."""
    values = {"state": to.value, "ended_at": tx.now, "updated_at": tx.now, "dismissed_by": by}
    return await tx.changed(signals.update().where(_is(signal.workspace_id, signal.id), sa.text(_UP)).values(values))


async def up_of_agents(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, list[Signal]]:
    """Signals that are up, by agent, for a page of agents or of their runs."""
    found: dict[str, list[Signal]] = {agent_id: [] for agent_id in agent_ids}
    if found:
        for row in await tx.fetch_named(_UP_OF_AGENTS, workspace_id=workspace_id, ids=sorted(found)):
            found[row["agent_id"]].append(_signal(row))
    return found


async def page(
    tx: Transaction,
    workspace_id: str,
    *,
    state: SignalState | None = None,
    kind: Kind | None = None,
    agent_id: str | None = None,
    task_id: str | None = None,
    run_id: str | None = None,
    limit: int,
    after: str | None = None,
) -> Page[Signal]:
    """Newest first; `after` is the id that the page before ended with."""
    query = sa.select(signals).where(signals.c.workspace_id == workspace_id)
    if state is not None:
        query = query.where(signals.c.state == state.value)
    if kind is not None:
        query = query.where(signals.c.kind == kind.value)
    for name, wanted in (("agent_id", agent_id), ("task_id", task_id), ("run_id", run_id)):
        if wanted is not None:
            query = query.where(signals.c[name] == wanted)
    if after is not None:
        query = query.where(signals.c.id < after)
    rows = [_signal(row) for row in await tx.rows(query.order_by(signals.c.id.desc()).limit(limit + 1))]
    return Page(rows[:limit], rows[limit - 1].id if len(rows) > limit else None)


def _is(workspace_id: str, signal_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(signals.c.workspace_id == workspace_id, signals.c.id == signal_id)


def _signal(row: Mapping[str, Any] | sa.RowMapping) -> Signal:
    values: dict[str, Any] = {name: row[name] for name in Signal.__slots__}
    values |= {
        "kind": Kind(row["kind"]),
        "state": SignalState(row["state"]),
        "response": Response(row["response"]),
        "call_ids": tuple(row["call_ids"]),
    }
    return Signal(**values)
