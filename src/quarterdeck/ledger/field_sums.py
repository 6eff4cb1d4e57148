"""How many calls of each hour had which value in a field of few values, and what came of them.

Written with the calls they count, from the very rows. Calls from before they were counted are not among them: `since`.
"""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Prepared, Transaction
from quarterdeck.kernel.clock import HOUR
from quarterdeck.ledger.call_filter import CallFilter, Range
from quarterdeck.ledger.derived_tables import FIELD_SUMS, field_sums
from quarterdeck.ledger.rollups import FAILED
from quarterdeck.ledger.tables import calls

FIELDS = (
    "error_code", "route", "stop_reason", "service_tier", "cache", "status", "provider_kind", "dialect", "body_mode",
    "stream",
)  # fmt: skip
"""Columns that have few values and keep them, those that tell most first."""
SINCE = "since"
"""In place of a field: its row says from when on calls are counted."""
_columns = [column.name for column in calls.columns]
_started = _columns.index("started")
_told = itemgetter(*(_columns.index(name) for name in ("workspace_id", "outcome", *FIELDS)))


def add_up(rows: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What rows of `calls` add, in the order of the table's columns."""
    groups = Counter((row[_started] // HOUR, _told(row)) for row in rows)
    found: dict[tuple[str, str, str, int], list[int]] = {}
    for (hour, (workspace_id, outcome, *values)), count in groups.items():
        for field, value in zip(FIELDS, values, strict=True):
            if value is None:
                continue
            sums = found.setdefault((workspace_id, field, text_of(value), hour * HOUR), [0] * len(FIELD_SUMS))
            sums[0] += count
            sums[1] += count * (outcome in FAILED)
            sums[2] += count * (outcome == "cancelled")
            sums[3] += count * (outcome == "refused")
            sums[4] += count * (outcome == "cut")
    return [(*key, *sums) for key, sums in sorted(found.items())]


def text_of(value: str | int) -> str:
    """Numbers so that they sort as such, up to three places; a bool is 0 or 1."""
    return value if isinstance(value, str) else f"{int(value):03d}"


def of(which: CallFilter) -> tuple[str, list[sa.ColumnElement[bool]]] | None:
    """The most telling field that a filter wants a value of, and the sums of that value; None: it wants none."""
    c = field_sums.c
    for field in FIELDS:
        if (value := getattr(which, field)) is not None:
            return field, [c.field == field, c.value == text_of(value)]
    if (status := which.ranges.get("status", Range())) != Range():
        bounds = [c.value >= text_of(status.least)] if status.least is not None else []
        bounds += [c.value <= text_of(status.most)] if status.most is not None else []
        return "status", [c.field == "status", *bounds]
    return None


_SINCE = Prepared(
    sa.select(field_sums.c.at).where(
        field_sums.c.workspace_id == sa.literal_column("''"),
        field_sums.c.field == sa.literal_column(f"'{SINCE}'"),
        field_sums.c.value == sa.literal_column("''"),
    )
)


async def since(tx: Transaction) -> int:
    """The beginning of the first hour whose calls are all counted."""
    rows = await tx.fetch(_SINCE)
    return rows[0][0] if rows else 0
