"""Sums of calls by minute, hour and day, written with the calls they sum, so they are always equal to them."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import sqlalchemy as sa

from quarterdeck.db import Prepared, Transaction, one_of
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE
from quarterdeck.ledger import savings
from quarterdeck.ledger.derived_tables import ROLLUP_SUMS, agent_activity, ceiling_sums, rollups
from quarterdeck.ledger.record import CallRecord, Usage

DIMS = ("total", "agent", "task", "run", "model", "provider", "key", "tag")
FAILED = frozenset({"error", "cut"})
Sums = list[int]
"""In the order of derived_tables.ROLLUP_SUMS."""
Key = tuple[str, int, str, str, int]
"""Workspace, grain, dimension, value, beginning of the bucket."""
_Group = tuple[str, int, str, str, str, str, str, str, tuple[tuple[str, str], ...]]


class Grain(IntEnum):
    """How long a bucket is, in minutes."""

    MINUTE = 1
    HOUR = 60
    DAY = 1440

    @property
    def length(self) -> int:
        """In microseconds."""
        return {Grain.MINUTE: MINUTE, Grain.HOUR: HOUR, Grain.DAY: DAY}[self]


@dataclass(frozen=True, slots=True)
class Figures:
    """Sums of calls. `cost` is nano-dollars of the calls that have a price; the others are counted apart."""

    calls: int = 0
    errors: int = 0
    cancelled: int = 0
    refused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost: int = 0
    unpriced_calls: int = 0
    estimated_calls: int = 0
    duration: int = 0
    first_byte: int = 0
    first_byte_calls: int = 0
    cache_hits: int = 0
    """Calls that our cache answered."""
    cache_saved: int = 0
    """Nano-dollars: what those answers had cost."""
    prompt_saved: int = 0
    """Nano-dollars that providers' own prompt caches saved; negative when more was written than read."""
    cut: int = 0
    """Those of the errors whose answer ended early; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """Figures of one value of a dimension (empty: calls that have none) in one stretch of time from `at` on."""

    at: int
    value: str
    figures: Figures


@dataclass(frozen=True, slots=True)
class LastCall:
    call_id: str
    at: int
    model: str | None
    outcome: str


def is_unpriced(record: CallRecord) -> bool:
    """Whether it used something that has no price."""
    return record.cost is None and record.usage is not None


def sums_of(record: CallRecord) -> Sums:
    usage, outcome = record.usage, record.outcome
    return [
        1,
        outcome in FAILED,
        outcome == "cancelled",
        outcome == "refused",
        usage.input_total if usage is not None else 0,
        usage.output_total if usage is not None else 0,
        usage.cache_read if usage is not None else 0,
        usage.cache_write_5m + usage.cache_write_1h if usage is not None else 0,
        usage.reasoning if usage is not None else 0,
        record.cost or 0,
        is_unpriced(record),
        record.usage_source == "estimated",
        record.ended,
        record.first_byte or 0,
        record.first_byte is not None,
        savings.is_hit(record),
        savings.cache_saved(record) or 0,
        savings.prompt_saved(record),
        outcome == "cut",
    ]


def add_up(records: Iterable[CallRecord]) -> dict[Key, Sums]:
    """What the records add to every bucket that they fall into."""
    groups: dict[_Group, Sums] = {}
    for record in records:
        group = _group_of(record)
        _add(groups, group, sums_of(record))
        for whose, sums in _tries(record, group):
            _add(groups, whose, sums)
    buckets: dict[Key, Sums] = {}
    for group, sums in groups.items():
        for key in _keys(group):
            _add(buckets, key, sums)
    return buckets


def _tries(record: CallRecord, group: _Group) -> Iterator[tuple[_Group, Sums]]:
    """What tries used that did not answer belongs to the provider and the model that were tried: their tokens beside
    the call's own, their cost, which is part of the call's, taken from where the answer stands."""
    for each in record.attempts:
        cost = (each.cost or 0) if record.cost is not None else 0
        if not cost and each.usage is None:
            continue
        usage = each.usage or Usage()
        figures = Figures(
            input_tokens=usage.input_total,
            output_tokens=usage.output_total,
            cache_read_tokens=usage.cache_read,
            cache_write_tokens=usage.cache_write_5m + usage.cache_write_1h,
            reasoning_tokens=usage.reasoning,
            cost=cost,
        )
        workspace_id, at, agent, task, run, _, _, key, tags = group
        there = (workspace_id, at, agent, task, run, each.model, each.provider, key, tags)
        yield there, [getattr(figures, name) for name in ROLLUP_SUMS]
        yield group, [-cost if name == "cost" else 0 for name in ROLLUP_SUMS]


def ceilings(records: Iterable[CallRecord]) -> dict[tuple[str, str, str, int], int]:
    """What calls without a price count as by their ceiling price: (workspace, dimension, value, day) → nano-dollars."""
    found: dict[tuple[str, str, str, int], int] = {}
    for record in records:
        amount = record.extra.get("ceiling")
        if record.cost is None and amount:
            for workspace_id, grain, dim, value, at in _keys(_group_of(record)):
                if grain == Grain.DAY:
                    found[workspace_id, dim, value, at] = found.get((workspace_id, dim, value, at), 0) + amount
    return found


def _group_of(record: CallRecord) -> _Group:
    return (
        record.workspace_id,
        record.started - record.started % MINUTE,
        record.agent_id or "",
        record.task_id or "",
        record.run_id or "",
        record.model or "",
        record.provider or "",
        record.key_id or "",
        tuple(record.tags),
    )


def _add(into: dict, key: tuple, sums: Sums) -> None:  # type: ignore[type-arg]
    there = into.get(key)
    into[key] = list(sums) if there is None else [a + b for a, b in zip(there, sums, strict=True)]


def _keys(group: _Group) -> Iterator[Key]:
    workspace_id, minute, agent, task, run, model, provider, key, tags = group
    values = [
        ("total", ""),
        ("agent", agent),
        ("task", task),
        ("run", run),
        ("model", model),
        ("provider", provider),
        ("key", key),
    ]
    values += {("tag", f"{name}={value}") for name, value in tags}
    for grain in Grain:
        at = minute - minute % grain.length
        for dim, value in values:
            yield workspace_id, int(grain), dim, value, at


async def move(
    tx: Transaction, workspace_id: str, dim: str, values: tuple[str, str], records: Sequence[CallRecord]
) -> None:
    """Take what these records of the first value add to a dimension from it, and add it to the second.

    Buckets that are kept no longer stay away, and one that has nothing left goes.
    """
    before, after = values
    sums = {(key[1], key[4]): each for key, each in add_up(records).items() if key[2:4] == (dim, before)}
    here = sa.and_(rollups.c.workspace_id == workspace_id, rollups.c.dim == dim, rollups.c.value == before)
    for grain in Grain:
        wanted = sorted(at for whose, at in sums if whose == grain)
        there = sa.and_(here, rollups.c.grain == int(grain), rollups.c.at.in_(wanted))
        kept = set((await tx.execute(sa.select(rollups.c.at).where(there))).scalars())
        rows = [
            {"workspace_id": workspace_id, "grain": int(grain), "dim": dim, "value": value, "at": at}
            | {name: sign * each for name, each in zip(ROLLUP_SUMS, sums[grain, at], strict=True)}
            for value, sign in sorted(((before, -1), (after, 1)))
            for at in wanted
            if at in kept
        ]
        if rows:
            await tx.execute(_ADD, rows)
            await tx.execute(rollups.delete().where(there, *(rollups.c[name] == 0 for name in ROLLUP_SUMS)))


async def move_ceilings(
    tx: Transaction, workspace_id: str, dim: str, values: tuple[str, str], records: Iterable[CallRecord]
) -> None:
    """The same of what calls without a price count as."""
    before, after = values
    amounts = {key[3]: each for key, each in ceilings(records).items() if key[1:3] == (dim, before)}
    rows = [
        {"workspace_id": workspace_id, "dim": dim, "value": value, "at": at, "amount": sign * amount}
        for value, sign in sorted(((before, -1), (after, 1)))
        for at, amount in sorted(amounts.items())
    ]
    if rows:
        await tx.execute(_ADD_CEILINGS, rows)
        here = sa.and_(ceiling_sums.c.workspace_id == workspace_id, ceiling_sums.c.dim == dim)
        await tx.execute(ceiling_sums.delete().where(here, ceiling_sums.c.value == before, ceiling_sums.c.amount == 0))


_ADD = sa.text(
    f"INSERT INTO rollups (workspace_id, grain, dim, value, at, {', '.join(ROLLUP_SUMS)})"  # noqa: S608 - our own names
    f" VALUES (:workspace_id, :grain, :dim, :value, :at, {', '.join(f':{name}' for name in ROLLUP_SUMS)})"
    " ON CONFLICT (workspace_id, grain, dim, value, at) DO UPDATE SET "
    + ", ".join(f"{name} = rollups.{name} + excluded.{name}" for name in ROLLUP_SUMS)
)
_ADD_CEILINGS = sa.text(
    "INSERT INTO ceiling_sums (workspace_id, dim, value, at, amount) VALUES (:workspace_id, :dim, :value, :at, :amount)"
    " ON CONFLICT (workspace_id, dim, value, at) DO UPDATE SET amount = ceiling_sums.amount + excluded.amount"
)

_SUMS = [sa.func.coalesce(sa.func.sum(rollups.c[name]), 0).label(name) for name in ROLLUP_SUMS]
_EVER = Prepared(
    sa.select(rollups.c.value, *_SUMS)
    .where(
        rollups.c.workspace_id == sa.bindparam("workspace_id"),
        rollups.c.grain == sa.literal_column(str(int(Grain.DAY))),
        rollups.c.dim == sa.bindparam("dim"),
        one_of(rollups.c.value, "values"),
    )
    .group_by(rollups.c.value)
)


async def figures(
    tx: Transaction, workspace_id: str, dim: str, values: Collection[str], *, since: int | None = None
) -> dict[str, Figures]:
    """Sums per value of a dimension, for a page of values at once; since the beginning of a minute, or ever.

    Ranges of time are read from the coarsest buckets that fit. A value without calls has zeros.
    """
    found = dict.fromkeys(values, Figures())
    if not values:
        return found
    if since is None:
        for value, *ever in await tx.fetch(_EVER, workspace_id=workspace_id, dim=dim, values=sorted(found)):
            found[value] = Figures(**dict(zip(ROLLUP_SUMS, map(int, ever), strict=True)))
        return found
    query = (
        sa.select(rollups.c.value, *_SUMS)
        .where(
            rollups.c.workspace_id == workspace_id,
            rollups.c.dim == dim,
            rollups.c.value.in_(values),
            _since(since),
        )
        .group_by(rollups.c.value)
    )
    for row in await tx.rows(query):
        found[row["value"]] = Figures(**{name: int(row[name]) for name in ROLLUP_SUMS})
    return found


@dataclass(frozen=True, slots=True)
class Split:
    """By what a series is split: a dimension, or values that it is gathered into."""

    dim: str
    value: sa.ColumnElement[str] = rollups.c.value
    join: tuple[sa.Table, sa.ColumnElement[bool]] | None = None
    """Where `value` stands, beside the roll-up; a value that is absent is empty."""

    @property
    def rows(self) -> sa.FromClause:
        return rollups if self.join is None else rollups.outerjoin(*self.join)


async def series(
    tx: Transaction,
    workspace_id: str,
    split: Split | str,
    grain: Grain,
    begin: int,
    end: int,
    *,
    among: Collection[str] | None = None,
    but: Collection[str] = (),
    limit: int,
) -> list[Bucket]:
    """Buckets that begin in [begin, end), oldest first, at most `limit`.

    Only of the values `among`; and all values `but` those as one, whose name is empty.
    """
    split = Split(split) if isinstance(split, str) else split
    value = sa.literal("") if but else split.value
    query = (
        sa.select(rollups.c.at, value.label("value"), *_SUMS)
        .select_from(split.rows)
        .where(_within(workspace_id, split.dim, grain, begin, end))
        .group_by(rollups.c.at, *(() if but else (split.value,)))
        .order_by(rollups.c.at, *(() if but else (split.value,)))
        .limit(limit)
    )
    if among is not None:
        query = query.where(split.value.in_(among))
    if but:
        query = query.where(split.value.not_in(but))
    return [
        Bucket(row["at"], row["value"], Figures(**{name: int(row[name]) for name in ROLLUP_SUMS}))
        for row in await tx.rows(query)
    ]


async def dearest(
    tx: Transaction, workspace_id: str, split: Split, grain: Grain, begin: int, end: int, *, limit: int
) -> list[str]:
    """The values that cost most in [begin, end), the dearest first; of those that cost the same, the busier."""
    cost, calls = sa.func.sum(rollups.c.cost), sa.func.sum(rollups.c.calls)
    query = (
        sa.select(split.value.label("value"))
        .select_from(split.rows)
        .where(_within(workspace_id, split.dim, grain, begin, end))
        .group_by(split.value)
        .order_by(cost.desc(), calls.desc(), split.value)
        .limit(limit)
    )
    return [row["value"] for row in await tx.rows(query)]


def _within(workspace_id: str, dim: str, grain: Grain, begin: int, end: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        rollups.c.workspace_id == workspace_id,
        rollups.c.grain == int(grain),
        rollups.c.dim == dim,
        rollups.c.at >= begin,
        rollups.c.at < end,
    )


async def last_calls(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, LastCall]:
    """The newest call of each of these agents that has one."""
    query = sa.select(agent_activity).where(
        agent_activity.c.workspace_id == workspace_id, agent_activity.c.agent_id.in_(agent_ids)
    )
    return {
        row["agent_id"]: LastCall(row["last_call_id"], row["last_call_at"], row["last_model"], row["last_outcome"])
        for row in await tx.rows(query)
    }


def _since(since: int | None) -> sa.ColumnElement[bool]:
    grain, at = rollups.c.grain, rollups.c.at
    if since is None:
        return grain == int(Grain.DAY)
    if since % DAY == 0:
        return sa.and_(grain == int(Grain.DAY), at >= since)
    next_hour, next_day = -(-since // HOUR) * HOUR, -(-since // DAY) * DAY
    return sa.or_(
        sa.and_(grain == int(Grain.MINUTE), at >= since - since % MINUTE, at < next_hour),
        sa.and_(grain == int(Grain.HOUR), at >= next_hour, at < next_day),
        sa.and_(grain == int(Grain.DAY), at >= next_day),
    )
