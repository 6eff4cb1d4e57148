"""What is usual: how long agents are quiet, how long between outputs, what a run costs; learned as rough histograms.

A histogram has four steps to each doubling, so a quantile is right to a fifth. Learned per agent and per model.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum

import sqlalchemy as sa

from quarterdeck.control.signals.tables import usuals
from quarterdeck.db import Prepared, Transaction, one_of

STEPS = 4
FEW = 8
"""With fewer samples than that nothing is usual yet."""
MOST = 2_000
"""Then the older half is forgotten, so that what is usual may change."""


class What(StrEnum):
    SILENCE = "silence"
    """Between the end of a call and the beginning of the next in a run, in microseconds."""
    OUTPUT = "output"
    """Between two changes of what a run puts out, in microseconds."""
    COST = "cost"
    """Of a run, in nano-dollars."""
    LENGTH = "length"
    """Of a run that succeeded, in microseconds."""


class Histogram:
    """How often values fell into each step."""

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self.counts: Counter[int] = Counter({int(step): count for step, count in (counts or {}).items()})

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    def add(self, values: Iterable[int]) -> None:
        self.counts.update(step_of(value) for value in values)
        if self.total > MOST:
            self.counts = Counter({step: count // 2 for step, count in self.counts.items() if count > 1})

    def quantile(self, share: float) -> int | None:
        """The value that this share of all does not exceed; None while there are too few."""
        total = self.total
        if total < FEW:
            return None
        seen = 0
        for step in sorted(self.counts):
            seen += self.counts[step]
            if seen >= share * total:
                return top_of(step)
        return None


def step_of(value: int) -> int:
    return 0 if value <= 1 else math.ceil(STEPS * math.log2(value))


def top_of(step: int) -> int:
    """The largest value of a step."""
    return round(2 ** (step / STEPS))


async def learn(tx: Transaction, workspace_id: str, what: What, samples: Mapping[str, Iterable[int]]) -> None:
    """Add samples by key."""
    for key, values in samples.items():
        here = (usuals.c.workspace_id == workspace_id, usuals.c.what == what.value, usuals.c.key == key)
        row = await tx.row(sa.select(usuals.c.counts).where(*here).with_for_update())
        histogram = Histogram(None if row is None else row["counts"])
        histogram.add(values)
        written = {"counts": {str(step): n for step, n in histogram.counts.items()}, "total": histogram.total}
        if row is None:
            await tx.execute(usuals.insert().values(workspace_id=workspace_id, what=what.value, key=key, **written))
        else:
            await tx.execute(usuals.update().where(*here).values(**written))


_KNOWN = Prepared(
    sa.select(usuals.c.key, usuals.c.counts).where(
        usuals.c.workspace_id == sa.bindparam("workspace_id"),
        usuals.c.what == sa.bindparam("what"),
        one_of(usuals.c.key, "keys"),
    )
)


async def of(tx: Transaction, workspace_id: str, what: What, keys: Collection[str]) -> dict[str, Histogram]:
    """What is known, by key."""
    if not keys:
        return {}
    rows = await tx.fetch(_KNOWN, workspace_id=workspace_id, what=what.value, keys=sorted(keys))
    return {key: Histogram(counts) for key, counts in rows}


async def silences(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, int]:
    """How long each agent is usually quiet at most; without those that are not known well enough."""
    found = await of(tx, workspace_id, What.SILENCE, {f"agent:{agent_id}" for agent_id in agent_ids})
    quantiles = {key.removeprefix("agent:"): each.quantile(0.95) for key, each in found.items()}
    return {agent_id: value for agent_id, value in quantiles.items() if value is not None}
