"""What each run cost, by day and model, and what is known of its calls one by one; written with the calls it sums.

Learning more of a call moves its cost from one fact to another and never makes or loses any: the sums are the ledger's.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa

from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.clock import DAY
from quarterdeck.ledger.derived_tables import call_marks, work_costs
from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.rollups import is_unpriced
from quarterdeck.ledger.tables import calls

_CHUNK = 400


class Fact(StrEnum):
    """What is known of a call by itself; what came of its run is known elsewhere."""

    PLAIN = "plain"
    FAILED = "failed"
    """It was not answered well, and cost something all the same."""
    BLOCKED = "blocked"
    """Made while its task waited for another."""
    DUPLICATE = "duplicate"
    """The very request had been answered before."""
    LOOPED = "looped"
    REPLAY = "replay"
    """Asked again by a person, from the record; of no run and no task, and never anything else."""


REPLAY_KIND = "rep"
"""What the ids of replays begin with. A replay's key carries its id where a run key carries its run's."""
_RANK = {Fact.BLOCKED: 1, Fact.DUPLICATE: 2, Fact.LOOPED: 3}
"""A call that is known as one is marked as a higher one only."""


@dataclass(frozen=True, slots=True)
class Spent:
    """A row: what calls of one run, task, agent and model cost on a day. Empty ids: none."""

    day: int
    run_id: str
    task_id: str
    agent_id: str
    model: str
    fact: Fact
    calls: int
    cost: int
    unpriced_calls: int


def rows_of(records: Iterable[CallRecord]) -> list[tuple[Any, ...]]:
    """What these records add, in the order of the table's columns."""
    found: dict[tuple[Any, ...], list[int]] = {}
    for record in records:
        fact = _own_fact(record.outcome, record.run_id)
        key = _key(record.workspace_id, record.started, record.run_id, record.task_id, record.agent_id, record.model)
        sums = found.setdefault((*key, fact.value), [0, 0, 0])
        sums[0] += 1
        sums[1] += record.cost or 0
        sums[2] += is_unpriced(record)
    return [(*key, *sums) for key, sums in sorted(found.items())]


async def mark(tx: Transaction, workspace_id: str, call_ids: Collection[str], fact: Fact, subject: str) -> int:
    """Know these calls as `fact`, for `subject`'s sake; how many were not known so before. Unknown ids are ignored."""
    moved = 0
    ordered = sorted(set(call_ids))
    for at in range(0, len(ordered), _CHUNK):
        some = ordered[at : at + _CHUNK]
        marked = {row[0]: Fact(row[1]) for row in await tx.fetch(_MARKS, workspace_id=workspace_id, ids=some)}
        wanted = [each for each in some if each not in marked or _RANK[marked[each]] < _RANK[fact]]
        moves: _Moves = {}
        taken = []
        for row in await _calls(tx, workspace_id, wanted):
            before = marked.get(row.id, _own_fact(row.outcome, row.run_id))
            if before in (Fact.FAILED, Fact.REPLAY):
                continue
            _note(moves, row, before, fact)
            taken.append(row.id)
        if not taken:
            continue
        await _move(tx, moves)
        if again := [each for each in taken if each in marked]:
            await tx.execute(call_marks.delete().where(_are_marks(workspace_id, again)))
        fresh = {"workspace_id": workspace_id, "fact": fact.value, "subject": subject}
        await tx.execute(call_marks.insert(), [{**fresh, "call_id": call_id} for call_id in taken])
        moved += len(taken)
    return moved


async def unmark(tx: Transaction, workspace_id: str, subject: str, fact: Fact) -> int:
    """What was marked so for the subject is plain again; how many calls."""
    query = sa.select(call_marks.c.call_id).where(
        call_marks.c.workspace_id == workspace_id, call_marks.c.subject == subject, call_marks.c.fact == fact.value
    )
    ids = [row["call_id"] for row in await tx.rows(query)]
    for at in range(0, len(ids), _CHUNK):
        moves: _Moves = {}
        rows = await _calls(tx, workspace_id, ids[at : at + _CHUNK])
        for row in rows:
            _note(moves, row, fact, Fact.PLAIN)
        if rows:
            await _move(tx, moves)
            await tx.execute(call_marks.delete().where(_are_marks(workspace_id, [row.id for row in rows])))
    return len(ids)


async def give(tx: Transaction, workspace_id: str, records: Sequence[CallRecord], task_id: str | None) -> None:
    """Count these calls under another task than theirs, or under none; what is known of each stays known."""
    moves: _Moves = {}
    for at in range(0, len(records), _CHUNK):
        some = records[at : at + _CHUNK]
        rows = await tx.fetch(_MARKS, workspace_id=workspace_id, ids=[record.id for record in some])
        marked = {row[0]: Fact(row[1]) for row in rows}
        for record in some:
            fact = marked.get(record.id, _own_fact(record.outcome, record.run_id))
            sums = 1, record.cost or 0, int(is_unpriced(record))
            for whose, sign in ((record.task_id, -1), (task_id, 1)):
                key = _key(workspace_id, record.started, record.run_id, whose, record.agent_id, record.model)
                there = moves.setdefault((*key, fact.value), [0, 0, 0])
                there[:] = (a + sign * b for a, b in zip(there, sums, strict=True))
    if moves:
        await _move(tx, moves)


async def spent(
    tx: Transaction,
    workspace_id: str,
    *,
    begin: int | None = None,
    end: int | None = None,
    task_ids: Collection[str] | None = None,
    agent_id: str | None = None,
) -> list[Spent]:
    """What was spent on days that begin in [begin, end), of these tasks and this agent only when they are named."""
    query = sa.select(work_costs).where(work_costs.c.workspace_id == workspace_id)
    if begin is not None:
        query = query.where(work_costs.c.day >= begin)
    if end is not None:
        query = query.where(work_costs.c.day < end)
    if task_ids is not None:
        query = query.where(work_costs.c.task_id.in_(sorted(task_ids)))
    if agent_id is not None:
        query = query.where(work_costs.c.agent_id == agent_id)
    names = Spent.__slots__
    return [Spent(**{**{name: row[name] for name in names}, "fact": Fact(row["fact"])}) for row in await tx.rows(query)]


def _key(
    workspace_id: str, started: int, run_id: str | None, task_id: str | None, agent_id: str | None, model: str | None
) -> tuple[Any, ...]:
    return workspace_id, started - started % DAY, run_id or "", task_id or "", agent_id or "", model or ""


def is_replay(run_id: str | None) -> bool:
    """Whether what stands for the run of a call is a replay."""
    return run_id is not None and run_id.startswith(f"{REPLAY_KIND}_")


def _own_fact(outcome: str, run_id: str | None) -> Fact:
    if is_replay(run_id):
        return Fact.REPLAY
    return Fact.PLAIN if outcome in ("ok", "refused") else Fact.FAILED


class _Call(NamedTuple):
    workspace_id: str
    id: str
    started: int
    run_id: str | None
    task_id: str | None
    agent_id: str | None
    model: str | None
    outcome: str
    cost: int | None
    input_total: int | None


_MARKS = Prepared(
    sa.select(call_marks.c.call_id, call_marks.c.fact).where(
        call_marks.c.workspace_id == sa.bindparam("workspace_id"), one_of(call_marks.c.call_id, "ids")
    )
)
_CALLS = Prepared(
    sa.select(*(calls.c[name] for name in _Call._fields))
    .where(calls.c.workspace_id == sa.bindparam("workspace_id"), one_of(calls.c.id, "ids"))
    .order_by(calls.c.id)
    # Whose they are may be said anew meanwhile (see adoption.py), and what moves must be what is counted.
    .with_for_update()
)


async def _calls(tx: Transaction, workspace_id: str, call_ids: Sequence[str]) -> list[_Call]:
    if not call_ids:
        return []
    return [_Call(*row) for row in await tx.fetch(_CALLS, workspace_id=workspace_id, ids=list(call_ids))]


_Moves = dict[tuple[Any, ...], list[int]]
"""By what `_key` makes of a call, and a fact: calls, cost and calls without a price that come or go."""
_ADD = sa.text(
    "INSERT INTO work_costs (workspace_id, day, run_id, task_id, agent_id, model, fact, calls, cost,"
    " unpriced_calls) VALUES (:workspace_id, :day, :run_id, :task_id, :agent_id, :model, :fact, :calls, :cost,"
    " :unpriced_calls) ON CONFLICT (workspace_id, day, run_id, task_id, agent_id, model, fact) DO UPDATE SET"
    " calls = work_costs.calls + excluded.calls, cost = work_costs.cost + excluded.cost,"
    " unpriced_calls = work_costs.unpriced_calls + excluded.unpriced_calls"
)
_ADDED = ("workspace_id", "day", "run_id", "task_id", "agent_id", "model", "fact", "calls", "cost", "unpriced_calls")


def _note(moves: _Moves, row: _Call, frm: Fact, to: Fact) -> None:
    """One call's cost goes from a fact to another."""
    key = _key(row.workspace_id, row.started, row.run_id, row.task_id, row.agent_id, row.model)
    unpriced = int(row.cost is None and row.input_total is not None)
    for fact, sign in ((frm, -1), (to, 1)):
        sums = moves.setdefault((*key, fact.value), [0, 0, 0])
        sums[0] += sign
        sums[1] += sign * (row.cost or 0)
        sums[2] += sign * unpriced


async def _move(tx: Transaction, moves: _Moves) -> None:
    """In one order whoever moves, so that no two wait for each other."""
    rows = [dict(zip(_ADDED, (*key, *sums), strict=True)) for key, sums in sorted(moves.items())]
    await tx.execute(_ADD, rows)


def _are_marks(workspace_id: str, call_ids: Sequence[str]) -> sa.ColumnElement[bool]:
    return sa.and_(call_marks.c.workspace_id == workspace_id, call_marks.c.call_id.in_(list(call_ids)))
