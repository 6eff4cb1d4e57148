"""Sums that are read are the sums of the calls, from whatever buckets they were read."""

import random
from typing import Any

import sqlalchemy as sa
from ledger_world import NOON, World, record

from quarterdeck.kernel.clock import DAY, HOUR, MINUTE
from quarterdeck.ledger import rollups
from quarterdeck.ledger.record import CallRecord, Usage
from quarterdeck.ledger.rollups import Figures, Grain
from quarterdeck.ledger.tables import calls


def random_calls(seed: int, count: int) -> list[CallRecord]:
    rnd = random.Random(seed)
    made = []
    for _ in range(count):
        priced = rnd.random() < 0.8
        made.append(
            record(
                NOON + rnd.randrange(-2 * DAY, 2 * DAY),
                agent_id=rnd.choice(["agt_1", "agt_2", "agt_3"]),
                task_id=rnd.choice([None, "tsk_1", "tsk_2"]),
                run_id=rnd.choice([None, "run_1", "run_2"]),
                outcome=rnd.choice(["ok", "ok", "ok", "error", "cut", "cancelled", "refused"]),
                usage=Usage(input_total=rnd.randrange(5_000), output_total=rnd.randrange(500)),
                usage_source=rnd.choice(["provider", "estimated"]),
                cost=rnd.randrange(1_000_000) if priced else None,
                ended=rnd.randrange(1_000_000),
                tags=[("team", rnd.choice(["red", "blue"]))],
            )
        )
    return made


async def test_rollups_equal_the_sum_of_calls_however_they_were_batched(world: World) -> None:
    made = random_calls(1, 150)
    await world.write(made)
    await world.ingest(max_records=13)
    sums = (
        sa.func.count().label("calls"),
        sa.func.sum(sa.func.coalesce(calls.c.cost, 0)).label("cost"),
        sa.func.sum(sa.func.coalesce(calls.c.input_total, 0)).label("input_tokens"),
        sa.func.sum(calls.c.duration).label("duration"),
    )
    for dim, column in (("agent", "agent_id"), ("task", "task_id"), ("run", "run_id"), ("model", "model")):
        value = sa.func.coalesce(calls.c[column], "")
        truth = {row["value"]: row for row in await world.rows(sa.select(value.label("value"), *sums).group_by(value))}
        async with world.db.read() as tx:
            found = await rollups.figures(tx, "ws_1", dim, list(truth))
        for key, row in truth.items():
            figures = found[key]
            assert (figures.calls, figures.cost) == (row["calls"], row["cost"])
            assert (figures.input_tokens, figures.duration) == (row["input_tokens"], row["duration"])


async def test_sums_since_any_minute_are_those_of_the_calls_since(world: World) -> None:
    made = random_calls(2, 200)
    await world.take(*made)
    for since in (
        NOON - 3 * DAY,
        NOON - DAY - 7 * MINUTE,
        NOON - 5 * HOUR,
        NOON + 3 * MINUTE,
        NOON - NOON % DAY,
    ):
        async with world.db.read() as tx:
            found = await rollups.figures(tx, "ws_1", "agent", ["agt_1", "agt_9"], since=since)
        expected = [each for each in made if each.agent_id == "agt_1" and each.started >= since]
        assert found["agt_1"].calls == len(expected)
        assert found["agt_1"].cost == sum(each.cost or 0 for each in expected)
        assert found["agt_9"] == Figures()


async def test_a_series_is_read_by_time_and_value(world: World) -> None:
    await world.take(
        record(NOON, agent_id="b"), record(NOON, agent_id="a"), record(NOON + HOUR, agent_id="a"), record(NOON + DAY)
    )
    async with world.db.read() as tx:
        found = await rollups.series(tx, "ws_1", "agent", Grain.HOUR, NOON, NOON + DAY, limit=100)
    assert [(each.at, each.value, each.figures.calls) for each in found] == [
        (NOON, "a", 1),
        (NOON, "b", 1),
        (NOON + HOUR, "a", 1),
    ]


async def test_another_workspaces_calls_are_not_counted(world: World) -> None:
    await world.take(record(NOON), record(NOON, workspace_id="ws_2"))
    async with world.db.read() as tx:
        found = await rollups.figures(tx, "ws_2", "agent", ["agt_1"])
        last = await rollups.last_calls(tx, "ws_2", ["agt_1"])
    assert found["agt_1"].calls == 1
    assert list(last) == ["agt_1"]


async def test_the_last_call_of_an_agent_is_told(world: World) -> None:
    made: list[Any] = [record(NOON), record(NOON + MINUTE, outcome="error", model="m2")]
    await world.take(*made)
    async with world.db.read() as tx:
        found = await rollups.last_calls(tx, "ws_1", ["agt_1", "agt_2"])
    assert found == {"agt_1": rollups.LastCall(made[1].id, NOON + MINUTE, "m2", "error")}
