"""What is old goes: bodies by the week, calls by the month, each at once by dropping what holds it.

The sums of dropped calls are carried over into the account, and rollups by hour and day stay.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger import account, latency, partitions
from quarterdeck.ledger.derived_tables import rollups, turns
from quarterdeck.ledger.packs import Packs
from quarterdeck.ledger.rollups import DIMS, Grain
from quarterdeck.ledger.search import index
from quarterdeck.ledger.tables import conversations, ingest_rejects

KEPT_MINUTES = 30 * DAY
"""How long sums by the minute are kept."""
KEPT_REJECTS = 90 * DAY
_AT_ONCE = 500
_TURNS_AT_ONCE = 5_000
_PAGES_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Policy:
    """How long a workspace keeps what, in microseconds; None keeps it for ever."""

    bodies: int | None = None
    calls: int | None = None


@dataclass(frozen=True, slots=True)
class Freed:
    """What went."""

    pack_bytes: int
    weeks: list[int]
    """Epochs whose messages are gone for every workspace."""
    months: list[str]


Policies = Mapping[str, Policy]
"""By workspace; one that is not there keeps everything."""


def policy_of(settings: Mapping[str, Any]) -> Policy:
    """From a workspace's settings: `bodies_days` and `calls_days`; what is not there is kept for ever."""
    days = {name: settings.get(f"{name}_days") for name in ("bodies", "calls")}
    return Policy(**{name: None if each is None else int(each) * DAY for name, each in days.items()})


async def apply(db: Database, packs: Packs, policies: Policies) -> Freed:
    """Drop what every workspace concerned is through with. What is shared by the week or month waits for the last one.

    Raises Unavailable when the database is away; what was dropped until then stays so.
    """
    now = db.clock.now()
    pack_bytes = await asyncio.to_thread(_drop_packs, packs, policies, now)
    await _forget_words(db, policies, now)
    weeks = await _drop_weeks(db, policies, now)
    months = await _drop_months(db, policies, now)
    await _forget_turns(db, policies, now)
    for workspace_id, policy in policies.items():
        if policy.calls is not None:
            await _forget_conversations(db, workspace_id, now - policy.calls)
        await _forget_minutes(db, workspace_id, now - KEPT_MINUTES)
        async with db.transaction() as tx:
            await latency.forget_hours(tx, workspace_id, now - latency.KEPT_HOURS)
    async with db.transaction() as tx:
        await tx.execute(ingest_rejects.delete().where(ingest_rejects.c.at < now - KEPT_REJECTS))
    if db.is_sqlite:
        await _shrink(db)
    return Freed(pack_bytes, weeks, months)


def _drop_packs(packs: Packs, policies: Policies, now: int) -> int:
    freed = 0
    for workspace_id, epochs in packs.epochs().items():
        keep = policies.get(workspace_id, Policy()).bodies
        for epoch in epochs:
            if keep is not None and partitions.epoch_end(epoch) + keep <= now:
                freed += packs.drop(workspace_id, epoch)
    return freed


async def _forget_words(db: Database, policies: Policies, now: int) -> None:
    """What is not kept is not found either, also where the week's tables wait for other workspaces."""
    async with db.read() as tx:
        weeks = await partitions.searchable(tx)
    for workspace_id, policy in policies.items():
        for epoch in weeks:
            if policy.bodies is not None and partitions.epoch_end(epoch) + policy.bodies <= now:
                async with db.transaction() as tx:
                    await index.forget(tx, workspace_id, epoch)


async def _drop_weeks(db: Database, policies: Policies, now: int) -> list[int]:
    keep = _longest([policy.bodies for policy in policies.values()])
    if keep is None:
        return []
    dropped = []
    async with db.read() as tx:
        epochs = await partitions.epochs(tx)
    for epoch in epochs:
        if partitions.epoch_end(epoch) + keep <= now:
            async with db.transaction() as tx:
                await partitions.drop_epoch(tx, epoch)
            dropped.append(epoch)
    return dropped


async def _drop_months(db: Database, policies: Policies, now: int) -> list[str]:
    keep = _longest([policy.calls for policy in policies.values()])
    if keep is None:
        return []
    dropped = []
    async with db.read() as tx:
        months = await partitions.months(tx)
    for suffix in months:
        month = partitions.month_named(suffix)
        if month.end + keep <= now:
            async with db.transaction() as tx:
                await account.carry_over(tx, month)
                await partitions.drop_month(tx, suffix)
            dropped.append(suffix)
    return dropped


def _longest(durations: list[int | None]) -> int | None:
    """None when one of them is for ever, or there are none."""
    known = [duration for duration in durations if duration is not None]
    return max(known) if known and len(known) == len(durations) else None


async def _forget_conversations(db: Database, workspace_id: str, before: int) -> None:
    """Those whose calls are gone."""
    table = conversations
    here = table.c.workspace_id == workspace_id
    async with db.read() as tx:
        query = sa.select(table.c.id).where(here, table.c.last_at < before)
        old = list((await tx.execute(query)).scalars())
    for at in range(0, len(old), _AT_ONCE):
        async with db.transaction() as tx:
            some = table.c.id.in_(old[at : at + _AT_ONCE])
            await tx.execute(table.delete().where(here, some, table.c.last_at < before))


async def _forget_minutes(db: Database, workspace_id: str, before: int) -> None:
    """A day of a dimension at a time, so that no write waits long."""
    for dim in DIMS:
        here = sa.and_(
            rollups.c.workspace_id == workspace_id, rollups.c.grain == int(Grain.MINUTE), rollups.c.dim == dim
        )
        while True:
            async with db.transaction() as tx:
                oldest = await tx.scalar(sa.select(sa.func.min(rollups.c.at)).where(here))
                if oldest is None or oldest >= before:
                    break
                await tx.execute(rollups.delete().where(here, rollups.c.at < min(before, oldest + DAY)))


async def _forget_turns(db: Database, policies: Policies, now: int) -> None:
    """Those whose calls went with their month; some at a time, so that no write waits long."""
    keep = _longest([policy.calls for policy in policies.values()])
    if keep is None:
        return
    first_kept = lowest_id("call", partitions.month_of(max(0, now - keep)).begin)
    for workspace_id in policies:
        here = turns.c.workspace_id == workspace_id
        old = sa.select(turns.c.call_id).where(here, turns.c.call_id < first_kept).order_by(turns.c.call_id)
        place: str | None = ""
        while place is not None:
            async with db.transaction() as tx:
                place = await tx.scalar(old.offset(_TURNS_AT_ONCE).limit(1))
                await tx.execute(turns.delete().where(here, turns.c.call_id < (place or first_kept)))


async def _shrink(db: Database) -> None:
    """Give pages that are free back to the disk, some at a time."""
    while True:
        async with db.transaction() as tx:
            before = await _free_pages(tx)
            (await tx.connection.exec_driver_sql(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})")).close()
            if await _free_pages(tx) in (0, before):
                return


async def _free_pages(tx: Transaction) -> int:
    return int((await tx.connection.exec_driver_sql("PRAGMA freelist_count")).scalar_one())
