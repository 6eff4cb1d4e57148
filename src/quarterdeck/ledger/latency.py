"""How long calls took, as counts in bins that grow by the same share: a quantile is right to a fifth of itself,
and of many calls to a tenth.

Written with the calls they count, as roll-ups are; what came before there were bins is known not to be among them.
"""

from collections.abc import Iterable
from enum import IntEnum
from math import log2
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, HOUR
from quarterdeck.ledger import savings
from quarterdeck.ledger.derived_tables import latencies
from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.rollups import Grain

PER_DOUBLING = 4
BINS = 96
_FIRST = 100
"""Microseconds at which the first bin begins: it also has what is shorter, and the last what is longer."""
DIMS = ("total", "provider", "model", "target")
"""`total` counts every call; the others those that a provider answered well, by what answered."""
KEPT_HOURS = 35 * DAY
"""How long bins by the hour are kept; those by the day stay."""
Bins = dict[int, int]
"""Calls by bin."""


class Measure(IntEnum):
    TOTAL = 0
    """From the first byte that came in to the last that left."""
    FIRST_BYTE = 1
    OVERHEAD = 2
    """Ours, not spent waiting for the provider."""


Latency = dict[Measure, Bins]
"""How long some calls took, by each measure that is known of any."""


def bin_of(duration: int) -> int:
    """Of a duration in microseconds."""
    return min(BINS - 1, int(PER_DOUBLING * log2(duration / _FIRST))) if duration > _FIRST else 0


def begins(place: int) -> float:
    """Microseconds at which a bin begins, and the one before it ends."""
    return float(_FIRST * 2 ** (place / PER_DOUBLING)) if place else 0.0


def quantile(bins: Bins, share: float) -> float | None:
    """Microseconds that this share of the calls took at most, as evenly as they may lie in their bin; None: no call."""
    total = sum(bins.values())
    if not total:
        return None
    left = share * total
    for place, count in sorted(bins.items()):
        if left <= count:
            return begins(place) + (begins(place + 1) - begins(place)) * left / count
        left -= count
    return begins(max(bins) + 1)


def measured(duration: int, first_byte: int | None, overhead: int) -> list[tuple[Measure, int]]:
    """The measure and the bin of each that is known of a call."""
    found = [(Measure.TOTAL, bin_of(duration)), (Measure.OVERHEAD, bin_of(overhead))]
    return found if first_byte is None else [*found, (Measure.FIRST_BYTE, bin_of(first_byte))]


def add_up(records: Iterable[CallRecord]) -> list[tuple[Any, ...]]:
    """What the records add, in the order of the table's columns."""
    groups: dict[tuple[str, int, str, str], dict[tuple[Measure, int], int]] = {}
    for record in records:
        answered = record.outcome == "ok" and record.provider is not None and not savings.is_hit(record)
        whose = (record.provider or "", record.model or "") if answered else ("", "")
        group = groups.setdefault((record.workspace_id, record.started - record.started % HOUR, *whose), {})
        for each in measured(record.ended, record.first_byte, record.overhead):
            group[each] = group.get(each, 0) + 1
    rows: dict[tuple[Any, ...], int] = {}
    for (workspace_id, hour, provider, model), counts in groups.items():
        values = [("total", "")]
        if provider:
            values += [("provider", provider), ("model", model), ("target", f"{provider}/{model}")]
        for grain, at in ((Grain.HOUR, hour), (Grain.DAY, hour - hour % DAY)):
            for dim, value in values:
                for (measure, place), count in counts.items():
                    key = (workspace_id, int(grain), dim, at, value, int(measure), place)
                    rows[key] = rows.get(key, 0) + count
    return [(*key, count) for key, count in sorted(rows.items())]


async def of(tx: Transaction, workspace_id: str, dim: str, grain: Grain, begin: int, end: int) -> dict[str, Latency]:
    """By value of a dimension, over the hours or days that begin in [begin, end)."""
    c = latencies.c
    query = (
        sa.select(c.value, c.measure, c.bin, sa.func.sum(c.calls).label("calls"))
        .where(c.workspace_id == workspace_id, c.grain == int(grain), c.dim == dim, c.at >= begin, c.at < end)
        .group_by(c.value, c.measure, c.bin)
    )
    found: dict[str, Latency] = {}
    for row in await tx.rows(query):
        found.setdefault(row["value"], {}).setdefault(Measure(row["measure"]), {})[row["bin"]] = int(row["calls"])
    return found


async def forget_hours(tx: Transaction, workspace_id: str, before: int) -> None:
    """Those that began before."""
    for dim in DIMS:
        c = latencies.c
        here = c.workspace_id == workspace_id, c.grain == int(Grain.HOUR), c.dim == dim, c.at < before
        await tx.execute(latencies.delete().where(*here))
