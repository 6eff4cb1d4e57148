"""What budgets have spent, by the account: summed from roll-ups, together with how far each journal is in them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import sqlalchemy as sa

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry, Mode, Window
from quarterdeck.access.budgets.windows import bounds
from quarterdeck.access.scopes import EACH, Facts, ScopeKind, counted_under
from quarterdeck.control.runs.store import RunMark, open_or_ended_since
from quarterdeck.control.tasks.tables import tasks
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import HOUR
from quarterdeck.ledger.derived_tables import ceiling_sums, rollups
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import ingest_offsets

RUNS_REMEMBERED = HOUR
_MOST_ASKED = 500
_DIMS = {
    ScopeKind.WORKSPACE: "total",
    ScopeKind.AGENT: "agent",
    ScopeKind.TASK: "task",
    ScopeKind.RUN: "run",
    ScopeKind.KEY: "key",
    ScopeKind.MODEL: "model",
    ScopeKind.PROVIDER: "provider",
    ScopeKind.TAG: "tag",
}
_OF_CALLS = frozenset({ScopeKind.KEY, ScopeKind.MODEL, ScopeKind.PROVIDER, ScopeKind.TAG})
"""What a piece of work may or may not use: such a budget is no measure of what is left for it."""
_PATTERNED = frozenset({ScopeKind.MODEL, ScopeKind.TAG})


@dataclass(frozen=True, slots=True)
class Cap:
    """How a hard budget on one piece of work stands, in nano-dollars. `budget_id` is the task's where it is its own."""

    budget_id: str
    spent: int
    amount: int

    @property
    def fullness(self) -> float:
        return self.spent / self.amount if self.amount else 1.0


Sums = dict[str, int]
"""Nano-dollars by value of a dimension."""


async def offsets(tx: Transaction) -> dict[str, tuple[int, int]]:
    """How far each journal has been read into what this transaction sees."""
    rows = await tx.rows(sa.select(ingest_offsets.c.journal_id, ingest_offsets.c.segment, ingest_offsets.c.place))
    return {row["journal_id"]: (row["segment"], row["place"]) for row in rows}


async def spent_of(tx: Transaction, workspace_id: str, entries: Iterable[BudgetEntry]) -> list[wire.SpentRow]:
    """The current window of each budget, a row for each value it counts apart. What has spent nothing has no row."""
    wanted = list(entries)
    found: list[wire.SpentRow] = []
    asked: dict[tuple[str, int], list[BudgetEntry]] = defaultdict(list)
    for entry in wanted:
        if entry.window != Window.RUN and entry.scope.kind in _DIMS:
            begin, _ = bounds(entry.window, tx.now)
            asked[_DIMS[ScopeKind(entry.scope.kind)], begin].append(entry)
    for (dim, begin), some in asked.items():
        sums = await _sums(tx, workspace_id, dim, begin, _values(some))
        for entry in some:
            found += _rows(entry, str(begin), sums)
    found += await _of_projects(tx, workspace_id, [entry for entry in wanted if _is_of_project(entry)])
    found += await _of_runs(tx, workspace_id, [entry for entry in wanted if entry.window == Window.RUN])
    return found


async def left_for(tx: Transaction, workspace_id: str, entries: Iterable[BudgetEntry], facts: Facts) -> int | None:
    """Nano-dollars that the tightest hard budget on this work leaves; None when there is none.

    By the account: what calls in flight hold is not taken off.
    """
    hard = [entry for entry in entries if entry.mode == Mode.HARD and entry.scope.kind not in _OF_CALLS]
    on_it = {entry.id: (entry, value) for entry in hard if (value := counted_under(entry.scope, facts)) is not None}
    if not on_it:
        return None
    left = {budget_id: entry.amount for budget_id, (entry, _) in on_it.items()}
    for row in await spent_of(tx, workspace_id, [entry for entry, _ in on_it.values()]):
        entry, value = on_it[row.budget_id]
        if row.value == value and (entry.window != Window.RUN or row.window == facts.run_id):
            left[row.budget_id] -= row.amount
    return max(0, min(left.values()))


async def caps_of(
    tx: Transaction, workspace_id: str, entries: Iterable[BudgetEntry], runs: Mapping[str, Facts]
) -> dict[str, Cap]:
    """By run, the cap on this one piece of work that it is nearest to, by the account. Without any: not in it."""
    hard = [entry for entry in entries if entry.mode == Mode.HARD and entry.of_a_run]
    if not hard or not runs:
        return {}
    spent = {(row.budget_id, row.value, row.window): row.amount for row in await spent_of(tx, workspace_id, hard)}
    found: dict[str, Cap] = {}
    for run_id, facts in runs.items():
        for entry in hard:
            if (value := counted_under(entry.scope, facts)) is None:
                continue
            window = run_id if entry.window == Window.RUN else str(bounds(entry.window, tx.now)[0])
            cap = Cap(entry.id, spent.get((entry.id, value, window), 0), entry.amount)
            if run_id not in found or cap.fullness > found[run_id].fullness:
                found[run_id] = cap
    return found


def _is_of_project(entry: BudgetEntry) -> bool:
    return entry.scope.kind == ScopeKind.PROJECT and entry.window != Window.RUN


async def _of_projects(tx: Transaction, workspace_id: str, entries: list[BudgetEntry]) -> list[wire.SpentRow]:
    """What a project's tasks have spent, as the tasks are in it now."""
    found = []
    for entry in entries:
        begin, _ = bounds(entry.window, tx.now)
        sums: Sums = defaultdict(int)
        for table, amount, these in (
            (rollups, rollups.c.cost, rollups.c.grain == int(Grain.DAY)),
            (ceiling_sums, ceiling_sums.c.amount, sa.true()),
        ):
            same = sa.and_(tasks.c.workspace_id == table.c.workspace_id, tasks.c.id == table.c.value)
            query = (
                sa.select(tasks.c.project_id, sa.func.sum(amount))
                .join(tasks, same)
                .where(
                    table.c.workspace_id == workspace_id,
                    these,
                    table.c.dim == "task",
                    table.c.at >= begin,
                    tasks.c.project_id.is_not(None),
                )
                .group_by(tasks.c.project_id)
            )
            for project_id, total in (await tx.execute(query)).all():
                sums[project_id] += int(total)
        found += _rows(entry, str(begin), sums)
    return found


async def _of_runs(tx: Transaction, workspace_id: str, entries: list[BudgetEntry]) -> list[wire.SpentRow]:
    """Budgets per run: of the runs that are open, or ended so lately that a call may still be settled."""
    if not entries:
        return []
    marks = await open_or_ended_since(tx, tx.now - RUNS_REMEMBERED)
    here = [run for run in marks if run.workspace_id == workspace_id]
    sums: Sums = {}
    for at in range(0, len(here), _MOST_ASKED):
        some = [run.id for run in here[at : at + _MOST_ASKED]]
        sums |= await _sums(tx, workspace_id, "run", 0, some)
    found = []
    for entry in entries:
        for run in here:
            value = counted_under(entry.scope, _facts(run))
            if value is not None and sums.get(run.id):
                found.append(wire.SpentRow(entry.id, value, run.id, sums[run.id]))
    return found


def _facts(run: RunMark) -> Facts:
    return Facts(agent_id=run.agent_id, task_id=run.task_id, run_id=run.id, project_id=run.project_id)


def _values(entries: list[BudgetEntry]) -> list[str] | None:
    """The values to ask for; None for all, where one counts each value apart or matches by a pattern."""
    if any(entry.scope.value == EACH or entry.scope.kind in _PATTERNED for entry in entries):
        return None
    return sorted({entry.scope.value for entry in entries})


async def _sums(tx: Transaction, workspace_id: str, dim: str, begin: int, values: list[str] | None) -> Sums:
    found: Sums = defaultdict(int)
    rolled, ceiling = rollups.c, ceiling_sums.c
    cost = sa.select(rolled.value, sa.func.sum(rolled.cost)).where(
        rolled.workspace_id == workspace_id, rolled.grain == int(Grain.DAY), rolled.dim == dim, rolled.at >= begin
    )
    beside = sa.select(ceiling.value, sa.func.sum(ceiling.amount)).where(
        ceiling.workspace_id == workspace_id, ceiling.dim == dim, ceiling.at >= begin
    )
    if values is not None:
        cost, beside = cost.where(rolled.value.in_(values)), beside.where(ceiling.value.in_(values))
    for query in (cost.group_by(rolled.value), beside.group_by(ceiling.value)):
        for value, amount in (await tx.execute(query)).all():
            found[value] += int(amount)
    return found


def _rows(entry: BudgetEntry, window: str, sums: Sums) -> list[wire.SpentRow]:
    kind, wanted = entry.scope.kind, entry.scope.value
    if kind == ScopeKind.TAG and wanted.endswith("=" + EACH):
        matching = {value: amount for value, amount in sums.items() if value.startswith(wanted[:-1])}
    elif wanted == EACH:
        matching = {value: amount for value, amount in sums.items() if value}
    else:
        of_all = sum(amount for value, amount in sums.items() if _is_of(kind, wanted, value))
        matching = {"": of_all}
    return [wire.SpentRow(entry.id, value, window, amount) for value, amount in matching.items() if amount]


def _is_of(kind: str, wanted: str, value: str) -> bool:
    return fnmatchcase(value, wanted) if kind == ScopeKind.MODEL else value == wanted
