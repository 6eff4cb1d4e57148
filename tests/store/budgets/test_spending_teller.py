"""What the account says of budgets, and what is told when one is reached, on both stores."""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from work_world import World

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import Mode, Window
from quarterdeck.access.scopes import Scope
from quarterdeck.control.budgets import actions
from quarterdeck.control.budgets.model import Budget, Wanted
from quarterdeck.db import Database
from quarterdeck.db.schema import events
from quarterdeck.kernel.clock import DAY, floor_to
from quarterdeck.ledger.derived_tables import ROLLUP_SUMS, ceiling_sums, rollups
from quarterdeck.ledger.rollups import Grain
from quarterdeck.ledger.tables import ingest_offsets
from quarterdeck.worker.bus import BusServer
from quarterdeck.worker.spending import SpendingTeller

USD = 10**9


def teller(db: Database, tmp_path: Path) -> SpendingTeller:
    async def lookup(_: bytes) -> bool:
        return False

    async def traffic(_: list[str]) -> None:
        return

    return SpendingTeller(db, BusServer(tmp_path / "bus", lookup=lookup, traffic=traffic, written=lambda: None))


async def spend(world: World, dim: str, value: str, cost: int, *, days_ago: int = 0) -> None:
    """Add to a day's sum, as ingesting does."""
    at = floor_to(world.db.clock.now(), DAY) - days_ago * DAY
    key = {"workspace_id": world.workspace_id, "grain": int(Grain.DAY), "dim": dim, "value": value, "at": at}
    where = sa.and_(*(rollups.c[name] == found for name, found in key.items()))
    async with world.db.transaction() as tx:
        if not await tx.changed(rollups.update().where(where).values(cost=rollups.c.cost + cost)):
            await tx.execute(rollups.insert().values(**key, **(dict.fromkeys(ROLLUP_SUMS, 0) | {"cost": cost})))


async def add(world: World, scope: Scope, window: Window = Window.DAY, amount: int = 10 * USD, **fields: Any) -> Budget:
    async with world.db.transaction() as tx:
        return await actions.add(tx, world.workspace_id, Wanted(scope, amount, window, **fields))


async def told(world: World, kind: str) -> list[dict[str, Any]]:
    async with world.db.read() as tx:
        rows = await tx.rows(sa.select(events.c.data).where(events.c.kind == kind).order_by(events.c.seq))
    return [row["data"] for row in rows]


async def test_sums_are_of_the_window_and_come_with_how_far_the_journals_are_in_them(
    db: Database, tmp_path: Path
) -> None:
    world = await World.make(db)
    agent = await world.agent()
    day = await add(world, Scope("agent", agent.id))
    total = await add(world, Scope("agent", agent.id), Window.TOTAL)
    models = await add(world, Scope("model", "gpt-*"))
    each = await add(world, Scope("tag", "team=*"))
    await spend(world, "agent", agent.id, 5)
    await spend(world, "agent", agent.id, 7, days_ago=40)
    await spend(world, "model", "gpt-4o", 11)
    await spend(world, "model", "gpt-4o-mini", 13)
    await spend(world, "model", "claude", 17)
    await spend(world, "tag", "team=blue", 19)
    await spend(world, "tag", "team=red", 23)
    async with db.transaction() as tx:
        at = floor_to(tx.now, DAY)
        await tx.execute(
            ceiling_sums.insert().values(workspace_id=world.workspace_id, dim="model", value="gpt-4o", at=at, amount=2)
        )
        await tx.execute(
            ingest_offsets.insert().values(journal_id="j", segment=3, place=99, records=1, damaged=0, updated_at=tx.now)
        )
    spent = await teller(db, tmp_path).spent()
    assert spent.journals == {"j": (3, 99)}
    now = str(floor_to(db.clock.now(), DAY))
    assert {(row.budget_id, row.value, row.window): row.amount for row in spent.rows} == {
        (day.id, "", now): 5,
        (total.id, "", "0"): 12,
        (models.id, "", now): 26,
        (each.id, "team=blue", now): 19,
        (each.id, "team=red", now): 23,
    }


async def test_a_budget_per_run_counts_each_run_for_itself(db: Database, tmp_path: Path) -> None:
    world = await World.make(db)
    agent = await world.agent(capacity=2)
    await world.task("one")
    await world.task("two")
    first, second = (await world.claimed(agent)).run, (await world.claimed(agent)).run
    budget = await add(world, Scope("workspace"), Window.RUN)
    await spend(world, "run", first.id, 100)
    await spend(world, "run", second.id, 200)
    spent = await teller(db, tmp_path).spent()
    assert {(row.budget_id, row.window): row.amount for row in spent.rows} == {
        (budget.id, first.id): 100,
        (budget.id, second.id): 200,
    }


async def test_each_warn_level_is_told_once_and_again_after_the_budget_was_changed(
    db: Database, tmp_path: Path
) -> None:
    world = await World.make(db)
    budget = await add(world, Scope("workspace"), amount=100, warn=(50, 80, 100))
    at = teller(db, tmp_path)
    await spend(world, "total", "", 60)
    await at.spent()
    await at.spent()
    assert [each["level"] for each in await told(world, "budget.warned")] == [50]
    await spend(world, "total", "", 45)
    await at.spent()
    levels = await told(world, "budget.warned")
    assert [each["level"] for each in levels] == [50, 100]
    assert (levels[-1]["spent_nano"], levels[-1]["amount_nano"], levels[-1]["shown"]) == (105, 100, "The workspace")
    async with db.transaction() as tx:
        budget = await actions.get(tx, world.workspace_id, budget.id)
        await actions.change(tx, budget, Wanted(budget.scope, 200, budget.window, warn=(50,)))
    await at.spent()
    assert [each["level"] for each in await told(world, "budget.warned")] == [50, 100, 50]


async def test_a_stop_is_told_once_for_each_window_and_names_whom_it_stopped(db: Database, tmp_path: Path) -> None:
    world = await World.make(db)
    hard = await add(world, Scope("workspace"))
    shadow = await add(world, Scope("workspace"), mode=Mode.SHADOW)
    at = teller(db, tmp_path)
    stop = wire.Stop(world.workspace_id, hard.id, "", "0", "hard", "agt_1", None, "run_1")
    other = wire.Stop(world.workspace_id, shadow.id, "", "0", "shadow", "agt_1", None, None)
    await at.stopped([stop, other])
    await at.stopped([stop])
    (stopped,) = await told(world, "budget.stopped")
    assert (stopped["agent_id"], stopped["run_id"], stopped["scope"]) == ("agt_1", "run_1", "workspace")
    assert len(await told(world, "budget.would_stop")) == 1


async def test_what_is_told_names_in_plain_words_whose_budget_it_is(db: Database, tmp_path: Path) -> None:
    world = await World.make(db)
    agent = await world.agent("research")
    each_agent = await add(world, Scope("agent", "*"), warn=(50,), amount=100)
    each_team = await add(world, Scope("tag", "team=*"))
    provider = await add(world, Scope("provider", "openai"))
    at = teller(db, tmp_path)
    await spend(world, "agent", agent.id, 60)
    await at.spent()
    stopped = [(each_agent.id, agent.id), (each_agent.id, "agt_gone"), (each_team.id, "team=blue"), (provider.id, "")]
    await at.stopped(
        [wire.Stop(world.workspace_id, id, value, "0", "hard", agent.id, None, None) for id, value in stopped]
    )
    assert [each["shown"] for each in await told(world, "budget.warned")] == ["research"]
    assert [each["shown"] for each in await told(world, "budget.stopped")] == [
        "research",
        "agt_gone",
        "The tag team=blue",
        "The provider openai",
    ]


async def test_the_journal_is_kept_until_gateways_know_what_the_account_says(db: Database, tmp_path: Path) -> None:
    at = teller(db, tmp_path)
    assert at.needed_from("j") is not None
