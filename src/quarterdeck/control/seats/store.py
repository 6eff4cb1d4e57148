"""All SQL of seats: their prices, and what they cost while work waited, a row for each stretch and day."""

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from quarterdeck.control.agents.model import Desired
from quarterdeck.control.agents.store import agents
from quarterdeck.control.runs.store import runs
from quarterdeck.control.seats.model import SeatPrice, Stretch, by_day, cost_of
from quarterdeck.db import Prepared, Transaction, metadata, one_of
from quarterdeck.ledger.work_costs import Fact, Spent

seat_prices = sa.Table(
    "seat_prices",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("valid_from", sa.BigInteger, nullable=False),
    sa.Column("nano_per_hour", sa.BigInteger, nullable=False),
    sa.Column("set_by", sa.Text),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id", "valid_from"),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], ["agents.workspace_id", "agents.id"]),
)

seat_waits = sa.Table(
    "seat_waits",
    metadata,
    sa.Column("workspace_id", sa.Text, nullable=False),
    sa.Column("agent_id", sa.Text, nullable=False),
    sa.Column("day", sa.BigInteger, nullable=False),
    sa.Column("began", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
    sa.Column("stretch", sa.BigInteger, nullable=False),  # when the whole stretch began, over midnights
    sa.Column("task_id", sa.Text, nullable=False),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("cost", sa.BigInteger, nullable=False),
    sa.PrimaryKeyConstraint("workspace_id", "agent_id", "began"),
    sa.ForeignKeyConstraint(["workspace_id", "agent_id"], ["agents.workspace_id", "agents.id"]),
    sa.Index("ix_seat_waits_day", "workspace_id", "day"),
    sa.Index("ix_seat_waits_task", "workspace_id", "task_id"),
)
"""Stretches of one agent never overlap, so each moment of a seat is counted once."""


_PRICED = Prepared(
    sa.select(seat_prices)
    .where(seat_prices.c.workspace_id == sa.bindparam("workspace_id"))
    .order_by(seat_prices.c.agent_id, seat_prices.c.valid_from)
)
_WAITED = Prepared(
    sa.select(seat_waits.c.task_id, seat_waits.c.until, seat_waits.c.cost).where(
        seat_waits.c.workspace_id == sa.bindparam("workspace_id"),
        one_of(seat_waits.c.task_id, "ids"),
        seat_waits.c.until > sa.bindparam("since", type_=sa.BigInteger),
    )
)


async def priced(tx: Transaction, workspace_id: str) -> dict[str, list[SeatPrice]]:
    """The prices of each agent that has any, in order of validity."""
    found: dict[str, list[SeatPrice]] = {}
    for row in await tx.fetch_named(_PRICED, workspace_id=workspace_id):
        found.setdefault(row["agent_id"], []).append(_price(row))
    return found


async def prices_of(tx: Transaction, workspace_id: str, agent_id: str) -> list[SeatPrice]:
    """In order of validity."""
    rows = await tx.rows(
        sa.select(seat_prices)
        .where(seat_prices.c.workspace_id == workspace_id, seat_prices.c.agent_id == agent_id)
        .order_by(seat_prices.c.valid_from)
    )
    return [_price(row) for row in rows]


async def set_price(tx: Transaction, workspace_id: str, agent_id: str, price: SeatPrice) -> None:
    """From that instant on; one that begins at the same instant is replaced."""
    statement = sa.text(
        "INSERT INTO seat_prices (workspace_id, agent_id, valid_from, nano_per_hour, set_by)"
        " VALUES (:workspace_id, :agent_id, :valid_from, :nano_per_hour, :set_by)"
        " ON CONFLICT (workspace_id, agent_id, valid_from) DO UPDATE SET"
        " nano_per_hour = excluded.nano_per_hour, set_by = excluded.set_by"
    )
    values = {"valid_from": price.valid_from, "nano_per_hour": price.nano_per_hour, "set_by": price.set_by}
    await tx.execute(statement, {"workspace_id": workspace_id, "agent_id": agent_id, **values})


async def price_again(tx: Transaction, workspace_id: str, agent_id: str, prices: list[SeatPrice], since: int) -> None:
    """Let what was counted after that instant cost what these prices say."""
    mine = sa.and_(seat_waits.c.workspace_id == workspace_id, seat_waits.c.agent_id == agent_id)
    for row in await tx.rows(sa.select(seat_waits).where(mine, seat_waits.c.until > since)):
        cost = cost_of(prices, row["began"], row["until"])
        await tx.execute(seat_waits.update().where(mine, seat_waits.c.began == row["began"]).values(cost=cost))


async def latest(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> dict[str, Stretch]:
    """The newest stretch of each of these agents."""
    found: dict[str, Stretch] = {}
    if not agent_ids:
        return found
    newest = (
        sa.select(seat_waits.c.agent_id, sa.func.max(seat_waits.c.began).label("began"))
        .where(seat_waits.c.workspace_id == workspace_id, seat_waits.c.agent_id.in_(sorted(agent_ids)))
        .group_by(seat_waits.c.agent_id)
        .subquery()
    )
    rows = await tx.rows(
        sa.select(seat_waits)
        .join(newest, sa.and_(newest.c.agent_id == seat_waits.c.agent_id, newest.c.began == seat_waits.c.began))
        .where(seat_waits.c.workspace_id == workspace_id)
    )
    for row in rows:
        found[row["agent_id"]] = Stretch(row["task_id"], row["stretch"], row["until"], row["open"])
    return found


async def write(
    tx: Transaction, workspace_id: str, agent_id: str, stretch: Stretch, known_until: int, prices: list[SeatPrice]
) -> None:
    """Write what of the stretch was not counted up to `known_until`, and whether it goes on."""
    statement = sa.text(
        "INSERT INTO seat_waits (workspace_id, agent_id, day, began, until, stretch, task_id, open, cost)"
        " VALUES (:workspace_id, :agent_id, :day, :began, :until, :stretch, :task_id, :open, :cost)"
        " ON CONFLICT (workspace_id, agent_id, began) DO UPDATE SET"
        " until = excluded.until, open = excluded.open, cost = excluded.cost"
    )
    for day, began, until in by_day(stretch.began, stretch.until):
        if until < known_until:
            continue
        values = {
            "workspace_id": workspace_id,
            "agent_id": agent_id,
            "day": day,
            "began": began,
            "until": until,
            "stretch": stretch.began,
            "task_id": stretch.task_id,
            "open": stretch.open,
            "cost": cost_of(prices, began, until),
        }
        await tx.execute(statement, values)


async def close(tx: Transaction, workspace_id: str, agent_id: str, stretch: Stretch) -> None:
    """It waits no longer."""
    await tx.execute(
        seat_waits.update()
        .where(
            seat_waits.c.workspace_id == workspace_id,
            seat_waits.c.agent_id == agent_id,
            seat_waits.c.stretch == stretch.began,
        )
        .values(open=False)
    )


async def enabled(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> list[str]:
    """Those of these agents that nobody paused or retired."""
    query = sa.select(agents.c.id).where(
        agents.c.workspace_id == workspace_id,
        agents.c.id.in_(sorted(agent_ids)),
        agents.c.desired == Desired.ENABLED.value,
    )
    return [row["id"] for row in await tx.rows(query)]


async def worked_until(tx: Transaction, workspace_id: str, agent_ids: Collection[str]) -> Mapping[str, int]:
    """When the last run of each of these agents ended."""
    if not agent_ids:
        return {}
    rows = await tx.rows(
        sa.select(runs.c.agent_id, sa.func.max(runs.c.ended_at).label("at"))
        .where(runs.c.workspace_id == workspace_id, runs.c.agent_id.in_(sorted(agent_ids)))
        .group_by(runs.c.agent_id)
    )
    return {row["agent_id"]: row["at"] for row in rows if row["at"] is not None}


async def spent(
    tx: Transaction,
    workspace_id: str,
    *,
    begin: int | None = None,
    end: int | None = None,
    task_ids: Collection[str] | None = None,
    agent_id: str | None = None,
) -> list[Spent]:
    """What seats cost while work waited, on days that begin in [begin, end): rows as those of calls, without a call."""
    c = seat_waits.c
    query = (
        sa.select(c.day, c.task_id, c.agent_id, sa.func.sum(c.cost).label("cost"))
        .where(c.workspace_id == workspace_id)
        .group_by(c.day, c.task_id, c.agent_id)
    )
    if begin is not None:
        query = query.where(c.day >= begin)
    if end is not None:
        query = query.where(c.day < end)
    if task_ids is not None:
        query = query.where(c.task_id.in_(sorted(task_ids)))
    if agent_id is not None:
        query = query.where(c.agent_id == agent_id)
    return [
        Spent(row["day"], "", row["task_id"], row["agent_id"], "", Fact.BLOCKED, 0, int(row["cost"]), 0)
        for row in await tx.rows(query)
    ]


async def idle_since(tx: Transaction, workspace_id: str, began: Mapping[str, int]) -> dict[str, int]:
    """What seats cost since each of these tasks began to wait, nano-dollars; of those that cost something."""
    if not began:
        return {}
    since = min(began.values())
    found: dict[str, int] = {}
    for task_id, until, cost in await tx.fetch(_WAITED, workspace_id=workspace_id, ids=sorted(began), since=since):
        if until > began[task_id]:
            found[task_id] = found.get(task_id, 0) + int(cost)
    return found


def _price(row: Mapping[str, Any] | sa.RowMapping) -> SeatPrice:
    return SeatPrice(row["valid_from"], row["nano_per_hour"], row["set_by"])
