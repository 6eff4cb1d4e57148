"""All SQL of replays."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.replays.model import (
    Change,
    Figures,
    Plan,
    Replay,
    ReplayState,
    Step,
    StepState,
    Target,
    Totals,
)
from quarterdeck.db import Prepared, Transaction, metadata
from quarterdeck.kernel.pages import Page
from quarterdeck.kernel.text import storable

replays = sa.Table(
    "replays",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("id", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("run_id", sa.Text),
    sa.Column("call_id", sa.Text),
    sa.Column("task_id", sa.Text),
    sa.Column("target", sa.JSON, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("cap", sa.BigInteger),
    sa.Column("at_once", sa.Integer, nullable=False),
    sa.Column("agent_id", sa.Text),
    sa.Column("budget_id", sa.Text),
    sa.Column("sealed_key", sa.LargeBinary),
    sa.Column("created_by", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("holder", sa.Text),
    sa.Column("lease_expires_at", sa.BigInteger),
    sa.PrimaryKeyConstraint("workspace_id", "id"),
    sa.Index("ix_replays_run", "workspace_id", "run_id", "id"),
    sa.Index("ix_replays_call", "workspace_id", "call_id", "id"),
    sa.Index("ix_replays_open", "open", sqlite_where=sa.text("open"), postgresql_where=sa.text("open")),
    sa.CheckConstraint("state IN ('dry', 'running', 'done', 'stopped', 'cancelled')", name="state"),
    sa.CheckConstraint("(state = 'dry') = (cap IS NULL)", name="cap"),
)

steps = sa.Table(
    "replay_steps",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("replay_id", sa.Text, nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("call_id", sa.Text, nullable=False),
    sa.Column("conversation_id", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("was_provider", sa.Text),
    sa.Column("was_model", sa.Text),
    sa.Column("was_outcome", sa.Text, nullable=False),
    sa.Column("was_input", sa.BigInteger),
    sa.Column("was_output", sa.BigInteger),
    sa.Column("was_cost", sa.BigInteger),
    sa.Column("was_duration", sa.BigInteger),
    sa.Column("plan", sa.JSON(none_as_null=True)),
    sa.Column("estimate", sa.BigInteger),
    sa.Column("unpriced", sa.Boolean, nullable=False),
    sa.Column("new_call_id", sa.Text),
    sa.Column("provider", sa.Text),
    sa.Column("model", sa.Text),
    sa.Column("outcome", sa.Text),
    sa.Column("input", sa.BigInteger),
    sa.Column("output", sa.BigInteger),
    sa.Column("cost", sa.BigInteger),
    sa.Column("duration", sa.BigInteger),
    sa.Column("compared", sa.JSON(none_as_null=True)),
    sa.Column("same", sa.Boolean),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "replay_id", "number"),
)
"""One for each recorded call, in the order they are asked."""

_OWN = tuple(name for name in Replay.__slots__ if name != "target")
_AT_ONCE = 100


async def insert(tx: Transaction, replay: Replay, made: Sequence[Step]) -> None:
    values = {name: getattr(replay, name) for name in _OWN}
    await tx.execute(replays.insert().values(**values, target=asdict(replay.target)))
    for at in range(0, len(made), _AT_ONCE):
        await tx.execute(steps.insert(), [_values(step) for step in made[at : at + _AT_ONCE]])


async def find(tx: Transaction, workspace_id: str, replay_id: str) -> Replay | None:
    if not storable(replay_id):
        return None
    row = await tx.row(sa.select(replays).where(_is(workspace_id, replay_id)))
    return None if row is None else _replay(row)


async def page(
    tx: Transaction,
    workspace_id: str,
    *,
    limit: int,
    after: str | None = None,
    state: ReplayState | None = None,
    run_id: str | None = None,
    call_id: str | None = None,
) -> Page[Replay]:
    """Newest first."""
    query = sa.select(replays).where(replays.c.workspace_id == workspace_id)
    for column, wanted in ((replays.c.state, state), (replays.c.run_id, run_id), (replays.c.call_id, call_id)):
        if wanted is not None:
            query = query.where(column == wanted)
    if after is not None:
        query = query.where(replays.c.id < after)
    found = [_replay(row) for row in await tx.rows(query.order_by(replays.c.id.desc()).limit(limit + 1))]
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


async def change(tx: Transaction, replay: Replay, frm: ReplayState, **values: Any) -> Replay | None:
    """Write it while it is in that state; None when it is not any more."""
    row = await tx.row(
        replays.update()
        .where(_is(replay.workspace_id, replay.id), replays.c.state == frm.value)
        .values(**values)
        .returning(replays)
    )
    return None if row is None else _replay(row)


async def close(tx: Transaction, replay: Replay) -> bool:
    """Nothing is left to be done for it; whether it was open."""
    mine = sa.and_(_is(replay.workspace_id, replay.id), replays.c.open.is_(True))
    return await tx.changed(replays.update().where(mine).values(open=False, sealed_key=None))


_OPEN_ONES = Prepared(sa.select(replays).where(replays.c.open.is_(True)).order_by(replays.c.id))


async def open_ones(tx: Transaction) -> list[tuple[Replay, str | None, int]]:
    """All that are open, oldest first, each with who works on it and until when."""
    rows = await tx.fetch_named(_OPEN_ONES)
    return [(_replay(row), row["holder"], row["lease_expires_at"] or 0) for row in rows]


async def take(tx: Transaction, replay: Replay, holder: str, lasts: int) -> bool:
    """Work on it for so many microseconds, or longer; False when somebody else does."""
    nobody_else = sa.or_(replays.c.holder == holder, replays.c.holder.is_(None), replays.c.lease_expires_at <= tx.now)
    return await tx.changed(
        replays.update()
        .where(_is(replay.workspace_id, replay.id), replays.c.open.is_(True), nobody_else)
        .values(holder=holder, lease_expires_at=tx.now + lasts)
    )


async def agent_of(tx: Transaction, workspace_id: str) -> str | None:
    """The agent by which replays of this workspace have called so far."""
    query = sa.select(replays.c.agent_id).where(replays.c.workspace_id == workspace_id, replays.c.agent_id.is_not(None))
    found: str | None = await tx.scalar(query.order_by(replays.c.id.desc()).limit(1))
    return found


async def steps_page(
    tx: Transaction, workspace_id: str, replay_id: str, *, limit: int, after: int = 0
) -> tuple[list[Step], int | None]:
    """In their order, and after which number the next ones come."""
    query = sa.select(steps).where(_of(workspace_id, replay_id), steps.c.number > after)
    rows = [_step(row) for row in await tx.rows(query.order_by(steps.c.number).limit(limit + 1))]
    return rows[:limit], rows[limit - 1].number if len(rows) > limit else None


async def step(tx: Transaction, workspace_id: str, replay_id: str, number: int) -> Step | None:
    row = await tx.row(sa.select(steps).where(_of(workspace_id, replay_id), steps.c.number == number))
    return None if row is None else _step(row)


async def in_state(tx: Transaction, replay: Replay, *states: StepState, limit: int | None = None) -> list[Step]:
    query = sa.select(steps).where(
        _of(replay.workspace_id, replay.id), steps.c.state.in_([each.value for each in states])
    )
    return [_step(row) for row in await tx.rows(query.order_by(steps.c.number).limit(limit))]


async def move(tx: Transaction, one: Step, frm: Sequence[StepState], to: StepState, **values: Any) -> bool:
    """Whether it was in one of these states and is now in that."""
    return await tx.changed(
        steps.update()
        .where(_of(one.workspace_id, one.replay_id), steps.c.number == one.number)
        .where(steps.c.state.in_([each.value for each in frm]))
        .values(state=to.value, changed_at=tx.now, **values)
    )


async def begin(tx: Transaction, one: Step, holder: str) -> bool:
    """Whether this process may send it now: it is its turn, the replay runs, and nobody else works on it."""
    mine = (
        sa.select(replays.c.id)
        .where(_is(one.workspace_id, one.replay_id))
        .where(replays.c.state == ReplayState.RUNNING.value, replays.c.holder == holder)
    )
    return await tx.changed(
        steps.update()
        .where(_of(one.workspace_id, one.replay_id), steps.c.number == one.number)
        .where(steps.c.state == StepState.PENDING.value, sa.exists(mine))
        .values(state=StepState.SENDING.value, changed_at=tx.now)
    )


async def move_all(tx: Transaction, replay: Replay, frm: StepState, to: StepState) -> int:
    result = await tx.execute(
        steps.update()
        .where(_of(replay.workspace_id, replay.id), steps.c.state == frm.value)
        .values(state=to.value, changed_at=tx.now)
    )
    return result.rowcount


async def totals(tx: Transaction, workspace_id: str, replay_ids: Sequence[str]) -> dict[str, Totals]:
    """Sums of each of these replays."""
    if not replay_ids:
        return {}
    c = steps.c
    done = c.state == StepState.DONE.value
    query = (
        sa.select(
            c.replay_id,
            c.state,
            sa.func.count().label("steps"),
            *(_sum(c[name], name) for name in ("was_cost", "was_input", "was_output", "was_duration", "estimate")),
            *(_sum(c[name], name) for name in ("cost", "input", "output", "duration")),
            _count(c.was_cost.is_(None) & c.was_input.is_not(None), "was_unpriced"),
            _count(c.unpriced, "unpriced"),
            _count(c.was_input.is_(None) & c.plan.is_not(None), "without_usage"),
            _count(done & c.cost.is_(None) & c.input.is_not(None), "cost_unpriced"),
            _count(c.same.is_(True), "same"),
            _count(c.same.is_(False), "different"),
        )
        .where(c.workspace_id == workspace_id, c.replay_id.in_(list(replay_ids)))
        .group_by(c.replay_id, c.state)
    )
    found: dict[str, dict[str, Any]] = {each: {"by_state": {}} for each in replay_ids}
    for row in await tx.rows(query):
        sums = found[row["replay_id"]]
        sums["by_state"][row["state"]] = int(row["steps"])
        for name, value in row.items():
            if name not in ("replay_id", "state"):
                sums[name] = sums.get(name, 0) + int(value)
        if row["state"] == StepState.DONE.value:
            sums["done_was_cost"], sums["done_was_duration"] = int(row["was_cost"]), int(row["was_duration"])
    return {replay_id: Totals(**sums) for replay_id, sums in found.items()}


async def forget_dry(tx: Transaction, before: int, limit: int) -> int:
    """Delete dry replays made before that instant, as many as `limit`, with all their steps; how many."""
    old = await tx.rows(
        sa.select(replays.c.workspace_id, replays.c.id)
        .where(replays.c.state == ReplayState.DRY.value, replays.c.created_at < before)
        .limit(limit)
    )
    keys = [(row["workspace_id"], row["id"]) for row in old]
    if keys:
        await tx.execute(steps.delete().where(sa.tuple_(steps.c.workspace_id, steps.c.replay_id).in_(keys)))
        await tx.execute(replays.delete().where(sa.tuple_(replays.c.workspace_id, replays.c.id).in_(keys)))
    return len(keys)


def _sum(column: sa.Column[Any], name: str) -> sa.Label[Any]:
    return sa.func.coalesce(sa.func.sum(column), 0).label(name)


def _count(condition: sa.ColumnElement[bool], name: str) -> sa.Label[Any]:
    return sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0).label(name)


def _is(workspace_id: str, replay_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(replays.c.workspace_id == workspace_id, replays.c.id == replay_id)


def _of(workspace_id: str, replay_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(steps.c.workspace_id == workspace_id, steps.c.replay_id == replay_id)


def _values(one: Step) -> dict[str, Any]:
    plan = one.plan
    return {
        "workspace_id": one.workspace_id,
        "replay_id": one.replay_id,
        "number": one.number,
        "call_id": one.call_id,
        "conversation_id": one.conversation_id,
        "state": one.state.value,
        "reason": one.reason,
        "was_provider": one.was_provider,
        "was_model": one.was_model,
        "was_outcome": one.was_outcome,
        "was_input": one.was.input,
        "was_output": one.was.output,
        "was_cost": one.was.cost,
        "was_duration": one.was.duration,
        "plan": None if plan is None else asdict(plan),
        "estimate": None if plan is None else plan.estimate,
        "unpriced": plan is not None and plan.unpriced,
        "changed_at": one.changed_at,
    }


def _replay(row: Mapping[str, Any] | sa.RowMapping) -> Replay:
    values: dict[str, Any] = {name: row[name] for name in _OWN}
    return Replay(**{**values, "state": ReplayState(row["state"])}, target=Target(**row["target"]))


def _step(row: Mapping[Any, Any]) -> Step:
    return Step(
        workspace_id=row["workspace_id"],
        replay_id=row["replay_id"],
        number=row["number"],
        call_id=row["call_id"],
        conversation_id=row["conversation_id"],
        state=StepState(row["state"]),
        reason=row["reason"],
        was_provider=row["was_provider"],
        was_model=row["was_model"],
        was_outcome=row["was_outcome"],
        was=Figures(row["was_input"], row["was_output"], row["was_cost"], row["was_duration"]),
        plan=None if row["plan"] is None else _plan(row["plan"]),
        new_call_id=row["new_call_id"],
        provider=row["provider"],
        model=row["model"],
        outcome=row["outcome"],
        found=Figures(row["input"], row["output"], row["cost"], row["duration"]),
        compared=row["compared"],
        same=row["same"],
        changed_at=row["changed_at"],
    )


def _plan(values: dict[str, Any]) -> Plan:
    return Plan(
        **{
            **values,
            "changes": tuple(Change(**each) for each in values["changes"]),
            "decisions": tuple((place, words) for place, words in values["decisions"]),
        }
    )
