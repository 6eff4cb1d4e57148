"""Calls of no work are given to a task: afterwards every sum is as if they had been made for it."""

import asyncio
from typing import Any

import sqlalchemy as sa
from ledger_world import NOON, PRICE, World, call_id, record
from msgspec.structs import replace

from quarterdeck.kernel.clock import DAY, HOUR
from quarterdeck.ledger import account, adoption, work_costs
from quarterdeck.ledger.adoption import Chosen
from quarterdeck.ledger.call_filter import CallFilter, conditions
from quarterdeck.ledger.derived_tables import ceiling_sums, rollups, turns
from quarterdeck.ledger.derived_tables import work_costs as work_cost_rows
from quarterdeck.ledger.record import Attempt, CallRecord, Usage
from quarterdeck.ledger.tables import calls, conversations
from quarterdeck.ledger.unclaimed import _loose
from quarterdeck.ledger.work_costs import Fact

TASK = "tsk_9"
OTHER_MONTH = NOON + 20 * DAY
PLAIN: dict[str, Any] = {"run_id": None, "task_id": None, "attribution": "unclaimed", "session": "s1"}


def talk() -> list[CallRecord]:
    """A conversation of no work with one of each kind of call, over two months."""
    tried = Attempt("azure", "gpt-4o", 500, "status_500", 0, None, 9, usage=Usage(7), usage_source="estimated", cost=3)
    changes: list[dict[str, Any]] = [
        {},
        {"cost": None, "price": None, "extra": {"ceiling": 40}},
        {"cost": None, "price": None, "usage": None, "usage_source": "none", "outcome": "refused", "status": 403},
        {"outcome": "cut", "cost": 5},
        {"extra": {"cache": {"status": "hit", "saved": 700}}, "cost": 0},
        {"usage": Usage(900, cache_read=300, cache_write_5m=100), "price": PRICE, "cost": 77},
        {"attempts": [tried, *record().attempts], "cost": 24_003},
        {"agent_id": "agt_2", "model": "gpt-4o", "usage_source": "estimated"},
    ]
    return [record(at + n * HOUR, **PLAIN | each) for at in (NOON, OTHER_MONTH) for n, each in enumerate(changes)]


async def sums(world: World, workspace_id: str) -> list[list[dict[str, Any]]]:
    """All that is counted by tasks in a workspace. A cost that came and went leaves an empty row of waste."""
    found = []
    for table in (rollups, ceiling_sums, work_cost_rows):
        rows = await world.rows(sa.select(table).where(table.c.workspace_id == workspace_id))
        rows = [{**row, "workspace_id": ""} for row in rows if table is not work_cost_rows or row["calls"]]
        found.append(sorted(rows, key=str))
    return found


async def ceilings_of(records: list[CallRecord]) -> dict[str, int]:
    return {each.id: each.extra["ceiling"] for each in records if "ceiling" in each.extra}


async def move(
    world: World, chosen: Chosen, frm: str | None, to: str | None, ceilings: dict[str, int] | None = None
) -> int:
    async with world.db.transaction() as tx:
        ids = await adoption.ids_of(tx, "ws_1", chosen, frm)
        return len(await adoption.step(tx, "ws_1", ids, frm, to, ceilings or {}))


async def test_every_sum_is_as_if_the_calls_had_been_made_for_the_task_and_back_again(world: World) -> None:
    records = talk()
    claimed = record(NOON + 1)
    twins = [each for each in records if each.agent_id == "agt_1"]
    as_if = [replace(each, id=call_id(each.started), workspace_id="ws_2") for each in (*records, claimed)]
    as_if = [replace(each, task_id=TASK) if each.agent_id == "agt_1" and not each.run_id else each for each in as_if]
    await world.take(*records, claimed, *as_if)
    before, ledger = await sums(world, "ws_1"), await balance(world)
    conversation_id = next(row["conversation_id"] for row in await world.calls() if row["id"] == records[0].id)
    chosen = Chosen(conversation_id)

    assert await move(world, chosen, None, TASK, await ceilings_of(records)) == len(twins)
    assert await sums(world, "ws_1") == await sums(world, "ws_2") != before
    assert await balance(world) == ledger
    mine = {row["id"]: row for row in await world.calls() if row["workspace_id"] == "ws_1"}
    assert {mine[each.id]["task_id"] for each in twins} == {TASK}
    assert {mine[each.id]["attribution"] for each in twins} == {"adopted"}
    assert mine[claimed.id]["task_id"] == "tsk_1"
    shown = await world.rows(sa.select(conversations.c.task_id).where(conversations.c.id == conversation_id))
    seen = await world.rows(sa.select(turns.c.call_id).where(turns.c.workspace_id == "ws_1", turns.c.task_id == TASK))
    assert (shown, {row["call_id"] for row in seen}) == ([{"task_id": TASK}], {each.id for each in twins})

    assert await move(world, chosen, None, TASK) == 0
    assert await move(world, chosen, TASK, None, await ceilings_of(records)) == len(twins)
    assert await sums(world, "ws_1") == before
    assert await balance(world) == ledger


async def balance(world: World) -> account.Balance:
    async with world.db.read() as tx:
        return await account.balance(tx, "ws_1")


async def test_what_is_known_of_a_call_goes_with_it(world: World) -> None:
    first, second = record(NOON, cost=10, **PLAIN), record(NOON + 1, cost=3, **PLAIN)
    await world.take(first, second)
    async with world.db.transaction() as tx:
        await work_costs.mark(tx, "ws_1", [first.id], Fact.LOOPED, "agt_1")
    assert await move(world, Chosen(call_ids=(first.id, second.id)), None, TASK) == 2
    async with world.db.transaction() as tx:
        assert await work_costs.mark(tx, "ws_1", [second.id], Fact.DUPLICATE, "agt_1") == 1
        known = {(row.fact, row.cost) for row in await work_costs.spent(tx, "ws_1", task_ids=[TASK]) if row.calls}
    assert known == {(Fact.LOOPED, 10), (Fact.DUPLICATE, 3)}


async def test_calls_of_a_run_of_another_task_and_of_other_workspaces_are_left_alone(world: World) -> None:
    plain = record(NOON, **PLAIN)
    others = [
        record(NOON + 1),
        record(NOON + 2, **PLAIN | {"run_id": "rep_1"}),
        record(NOON + 3, **PLAIN | {"task_id": "tsk_2"}),
        record(NOON + 4, **PLAIN | {"workspace_id": "ws_2"}),
    ]
    await world.take(plain, *others)
    every = Chosen(call_ids=tuple(each.id for each in (plain, *others)))
    assert await move(world, every, None, TASK) == 1
    assert await move(world, every, "tsk_1", None) == 0  # that one is of a run
    assert await move(world, every, TASK, None) == 1


async def test_sums_that_are_kept_no_longer_do_not_come_back(world: World) -> None:
    made = record(NOON, **PLAIN)
    await world.take(made)
    minutes = sa.and_(rollups.c.workspace_id == "ws_1", rollups.c.grain == 1)
    async with world.db.transaction() as tx:
        await tx.execute(rollups.delete().where(minutes))
    assert await move(world, Chosen(call_ids=(made.id,)), None, TASK) == 1
    assert await world.rows(sa.select(rollups).where(minutes)) == []
    hours = await world.rows(
        sa.select(rollups.c.value, rollups.c.cost).where(rollups.c.grain == 60, rollups.c.dim == "task")
    )
    assert hours == [{"value": TASK, "cost": made.cost}]


async def test_of_two_who_adopt_the_same_calls_one_gets_them(world: World) -> None:
    made = [record(NOON + n, **PLAIN) for n in range(4)]
    await world.take(*made)
    ids = [each.id for each in made]

    async def take(task_id: str) -> int:
        async with world.db.transaction() as tx:
            return len(await adoption.step(tx, "ws_1", ids, None, task_id, {}))

    assert sorted(await asyncio.gather(take("tsk_1"), take("tsk_2"))) == [0, 4]
    tasks = await world.rows(
        sa.select(rollups.c.value, rollups.c.calls).where(rollups.c.grain == 1440, rollups.c.dim == "task")
    )
    assert [row["calls"] for row in tasks] == [4]


async def test_unclaimed_calls_are_found_without_looking_at_the_others(world: World) -> None:
    if not world.db.is_sqlite:
        return  # its planner reads small tables from end to end
    await world.take(record(NOON), record(OTHER_MONTH, **PLAIN))
    here = calls.c.workspace_id == "ws_1", *conditions(CallFilter(unclaimed=True))
    for query in (sa.select(calls.c.id).where(*here).order_by(calls.c.id.desc()).limit(9), sa.select(_loose("ws_1"))):
        compiled = query.compile(dialect=world.db.engine.dialect, compile_kwargs={"literal_binds": True})
        plan = [row["detail"] for row in await world.rows(sa.text(f"EXPLAIN QUERY PLAN {compiled}"))]
        assert sum("ix_calls_unclaimed" in step for step in plan) == 2, plan
        assert not any("SCAN calls" in step or "TEMP B-TREE" in step for step in plan), plan
