"""The account: what was spent, exactly and for good.

A call's row is its entry. Beside the calls stand `ledger_entries`: what was carried over from months of calls that are
kept no longer, and corrections. The balance is the sum of both, and rollups equal it.
"""

from dataclasses import dataclass
from enum import StrEnum

import msgspec
import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.ids import lowest_id, new_id
from quarterdeck.ledger import rollups
from quarterdeck.ledger.partitions import Month
from quarterdeck.ledger.record import Attempt
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import calls, ledger_entries

_WHO = ("agent_id", "task_id", "run_id", "key_id")
_WRITTEN_AT_ONCE = 500
_attempts = msgspec.json.Decoder(list[Attempt])


class EntryKind(StrEnum):
    CARRIED = "carried"
    """The sum of calls whose rows are gone, per agent, task, run and key."""
    ADJUSTMENT = "adjustment"
    """A correction, with its reason in `note`."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Nano-dollars of the calls that have a price; the others are counted apart."""

    amount: int
    calls: int
    unpriced_calls: int


async def balance(tx: Transaction, workspace_id: str, *, begin: int = 0, end: int | None = None) -> Balance:
    """What was spent by calls that began in [begin, end). Months that were carried over count as begun on their 1st."""
    unpriced = sa.and_(calls.c.cost.is_(None), calls.c.input_total.is_not(None))
    of_calls = sa.select(
        sa.func.coalesce(sa.func.sum(calls.c.cost), 0),
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(sa.case((unpriced, 1), else_=0)), 0),
    ).where(calls.c.workspace_id == workspace_id, calls.c.id >= lowest_id("call", begin))
    entry = ledger_entries.c
    of_entries = sa.select(
        sa.func.coalesce(sa.func.sum(entry.amount), 0),
        sa.func.coalesce(sa.func.sum(entry.calls), 0),
        sa.func.coalesce(sa.func.sum(entry.unpriced_calls), 0),
    ).where(entry.workspace_id == workspace_id, entry.at >= begin)
    if end is not None:
        of_calls = of_calls.where(calls.c.id < lowest_id("call", end))
        of_entries = of_entries.where(entry.at < end)
    first, second = (await tx.execute(of_calls)).one(), (await tx.execute(of_entries)).one()
    return Balance(*(int(a + b) for a, b in zip(first, second, strict=True)))


async def summed(tx: Transaction, workspace_id: str, begin: int, end: int) -> int:
    """The balance of whole days, from their rollups, which are written with the calls that they sum: a page may ask for
    it over however many calls. Corrections are added as they stand."""
    days = await rollups.series(tx, workspace_id, "total", Grain.DAY, begin, end, limit=(end - begin) // DAY + 1)
    entry = ledger_entries.c
    corrected = await tx.scalar(
        sa.select(sa.func.coalesce(sa.func.sum(entry.amount), 0)).where(
            entry.workspace_id == workspace_id,
            entry.kind == EntryKind.ADJUSTMENT.value,
            entry.at >= begin,
            entry.at < end,
        )
    )
    return sum(day.figures.cost for day in days) + int(corrected)


async def by_day_and_model(
    tx: Transaction, workspace_id: str, provider: str, begin: int, end: int
) -> dict[tuple[int, str], int]:
    """What one provider was paid, by day (its first instant) and model, in nano-dollars: for calls that it answered,
    and for tries at it that another answered after."""
    day = calls.c.started - calls.c.started % DAY
    query = (
        sa.select(day.label("day"), calls.c.model, sa.func.coalesce(sa.func.sum(calls.c.cost), 0).label("cost"))
        .where(calls.c.workspace_id == workspace_id, calls.c.provider == provider, calls.c.model.is_not(None))
        .where(calls.c.id >= lowest_id("call", begin), calls.c.id < lowest_id("call", end))
        .group_by(day, calls.c.model)
    )
    found = {(int(row["day"]), row["model"]): int(row["cost"]) for row in await tx.rows(query)}
    several = sa.select(day.label("day"), calls.c.provider, calls.c.model, calls.c.attempts).where(
        calls.c.workspace_id == workspace_id,
        sa.or_(calls.c.attempt_count > 1, calls.c.model.is_(None)),
        calls.c.cost > 0,
        calls.c.id >= lowest_id("call", begin),
        calls.c.id < lowest_id("call", end),
    )
    for row in await tx.rows(several):
        for each in _attempts.decode(row["attempts"]):
            if not each.cost:
                continue
            if row["provider"] == provider and row["model"] is not None:
                found[int(row["day"]), row["model"]] = found.get((int(row["day"]), row["model"]), 0) - each.cost
            if each.provider == provider:
                found[int(row["day"]), each.model] = found.get((int(row["day"]), each.model), 0) + each.cost
    return found


async def carry_over(tx: Transaction, month: Month) -> None:
    """Enter the sums of a month's calls, whose rows are about to go in this same transaction."""
    unpriced = sa.and_(calls.c.cost.is_(None), calls.c.input_total.is_not(None))
    who = [calls.c[name] for name in _WHO]
    query = (
        sa.select(
            calls.c.workspace_id,
            *who,
            sa.func.coalesce(sa.func.sum(calls.c.cost), 0).label("amount"),
            sa.func.count().label("calls"),
            sa.func.coalesce(sa.func.sum(sa.case((unpriced, 1), else_=0)), 0).label("unpriced_calls"),
        )
        .where(calls.c.id >= lowest_id("call", month.begin), calls.c.id < lowest_id("call", month.end))
        .group_by(calls.c.workspace_id, *who)
    )
    entries = [
        {
            "workspace_id": row["workspace_id"],
            "id": new_id("ent"),
            "at": month.begin,
            "kind": EntryKind.CARRIED.value,
            "note": f"calls of {month.suffix[:4]}-{month.suffix[4:]}",
            **{name: row[name] for name in _WHO},
            **{name: int(row[name]) for name in ("amount", "calls", "unpriced_calls")},
        }
        for row in await tx.rows(query)
    ]
    for at in range(0, len(entries), _WRITTEN_AT_ONCE):
        await tx.execute(ledger_entries.insert(), entries[at : at + _WRITTEN_AT_ONCE])
