"""Calls counted over time, by how long they took and by their values: from sums, and call by call, on both stores."""

import runpy
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from ledger_api import Api
from ledger_world import NOON

from quarterdeck.db import migrate
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, iso
from quarterdeck.ledger import latency, walking, work_costs
from quarterdeck.ledger.derived_tables import FIELD_SUMS, ROLLUP_SUMS, field_sums, latencies, rollups
from quarterdeck.ledger.work_costs import Fact

NOW = {"from": iso(NOON - 4 * HOUR), "to": iso(NOON + 20 * HOUR)}


async def _some(api: Api) -> None:
    await api.world.take(
        api.record(NOON, first_byte=100_000, ended=1_000_000),
        api.record(NOON + MINUTE, outcome="error", status=502, first_byte=None, ended=30_000_000),
        api.record(NOON + HOUR, outcome="cut", model="gpt-4o", provider="azure", session="s-1"),
        api.record(NOON + HOUR, outcome="refused", status=429, agent_id="agt_2", provider=None, model=None, cost=0),
        api.record(NOON + 2 * HOUR, outcome="cancelled", status=499, tags=[("team", "a"), ("plan", "b")]),
    )


def _bars(answer: dict[str, Any]) -> list[tuple[str, int, int, int, int]]:
    return [(bar["at"], bar["ok"], bar["failed"], bar["cancelled"], bar["refused"]) for bar in answer["bars"]]


async def test_calls_are_counted_over_time_by_what_came_of_them(api: Api) -> None:
    await _some(api)
    whole = await api.get("/calls/histogram", **NOW, bars=24)
    assert (whole["begins"], whole["ends"], whole["width_s"]) == (NOW["from"], NOW["to"], 3600)
    assert (whole["from_sums"], whole["counted_back_to"]) == (True, None)
    assert _bars(whole) == [
        (iso(NOON), 1, 1, 0, 0),
        (iso(NOON + HOUR), 0, 1, 0, 1),
        (iso(NOON + 2 * HOUR), 0, 0, 1, 0),
    ]
    for params, expected in (
        ({"agent_id": "agt_2"}, [(iso(NOON + HOUR), 0, 0, 0, 1)]),
        ({"tag": "plan=b"}, [(iso(NOON + 2 * HOUR), 0, 0, 1, 0)]),
        ({"outcome": "ok"}, [(iso(NOON), 1, 0, 0, 0)]),
        ({"outcome": "failed"}, [(iso(NOON), 0, 1, 0, 0), (iso(NOON + HOUR), 0, 1, 0, 0)]),
        ({"outcome": "error"}, [(iso(NOON), 0, 1, 0, 0)]),
        ({"outcome": "cut"}, [(iso(NOON + HOUR), 0, 1, 0, 0)]),
        ({"outcome": "error", "provider": "azure"}, []),
        ({"outcome": "cut", "model": "gpt-4o"}, [(iso(NOON + HOUR), 0, 1, 0, 0)]),
    ):
        summed = await api.get("/calls/histogram", **NOW, **params, bars=24)
        assert summed["from_sums"], params
        assert [bar for bar in _bars(summed) if any(bar[1:])] == expected, params
    began = await api.get("/calls/histogram", to=NOW["to"])
    assert began["begins"] == iso(NOON)


async def test_what_no_sum_holds_is_counted_call_by_call_and_comes_to_the_same(api: Api) -> None:
    await _some(api)
    outcomes = [{"outcome": outcome} for outcome in ("refused", "failed", "error", "cut")]
    for params in ({}, {"agent_id": "agt_1"}, *outcomes):
        summed = await api.get("/calls/histogram", **NOW, **params, bars=24)
        counted = await api.get("/calls/histogram", **NOW, **params, min_duration_ms=0, bars=24)
        assert (summed["from_sums"], counted["from_sums"]) == (True, False)
        assert [bar for bar in _bars(summed) if any(bar[1:])] == _bars(counted) != [], params
    seconds = await api.get("/calls/histogram", **{"from": iso(NOON), "to": iso(NOON + MINUTE)})
    assert (seconds["width_s"], seconds["from_sums"], _bars(seconds)) == (1, False, [(iso(NOON), 1, 0, 0, 0)])


async def test_errors_of_which_is_not_known_whether_they_were_cut_are_not_counted_as_either(api: Api) -> None:
    await _some(api)
    async with api.world.db.transaction() as tx:
        await tx.execute(rollups.update().where(rollups.c.at <= NOON, rollups.c.errors > 0).values(cut=None))
    for outcome, expected in (("error", []), ("cut", [(iso(NOON + HOUR), 0, 1, 0, 0)])):
        found = await api.get("/calls/histogram", **NOW, outcome=outcome, bars=24)
        assert [bar for bar in _bars(found) if any(bar[1:])] == expected
        assert found["counted_back_to"] == iso(NOON + HOUR)
    assert (await api.get("/calls/histogram", **NOW, outcome="failed", bars=24))["counted_back_to"] is None


async def test_answers_that_were_cut_before_they_were_counted_are_counted_from_the_calls(api: Api) -> None:
    """By the migration, on a store of before."""
    await _some(api)
    [path] = (migrate.DIRECTORY / "versions").glob("*_which_errors_were_answers_that_were_cut.py")
    upgrade = runpy.run_path(str(path))["upgrade"]

    def again(connection: sa.Connection) -> None:
        connection.exec_driver_sql("ALTER TABLE rollups DROP COLUMN cut")
        older = f"workspace_id, grain, dim, value, at - {40 * DAY}, {', '.join(ROLLUP_SUMS[:-1])}"
        connection.exec_driver_sql(f"INSERT INTO rollups SELECT {older} FROM rollups WHERE errors > 0")
        with Operations.context(MigrationContext.configure(connection)):
            upgrade()

    every = sa.select(rollups.c.grain, rollups.c.dim, rollups.c.value, rollups.c.at, rollups.c.cut)
    older = rollups.c.at < NOON - 20 * DAY
    async with api.world.db.engine.connect() as connection:
        counted = set((await connection.execute(every)).all())
        await connection.run_sync(again)
        assert set((await connection.execute(every.where(~older))).all()) == counted
        assert {row.cut for row in (await connection.execute(every.where(older))).all()} == {None}
        await connection.rollback()
    assert {row.cut for row in counted} == {0, 1}


async def test_calls_with_a_value_in_a_field_are_counted_from_sums_of_hours(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking.Patience, "over", False)
    await _some(api)
    for params in (
        {"status": 502},
        {"status": 404},
        {"min_status": 400},
        {"min_status": 200, "max_status": 200, "outcome": "cut"},
        {"stream": "false"},
        {"dialect": "openai_chat", "outcome": "failed"},
        {"body_mode": "full"},
        {"provider_kind": "none such"},
    ):
        summed = await api.get("/calls/histogram", **NOW, **params, bars=24)
        counted = await api.get("/calls/histogram", **NOW, **params, min_duration_ms=0, bars=24)
        assert (summed["from_sums"], counted["from_sums"]) == (True, False), params
        assert [bar for bar in _bars(summed) if any(bar[1:])] == _bars(counted), params
        shorter = await api.get("/calls/histogram", **NOW, **params, bars=500)
        assert (shorter["from_sums"], sum(map(sum, (bar[1:] for bar in _bars(shorter))))) == (
            False,
            sum(map(sum, (bar[1:] for bar in _bars(counted)))),
        )


async def test_calls_from_before_values_were_counted_are_still_looked_at_one_by_one(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking.Patience, "over", False)
    await _some(api)
    async with api.world.db.transaction() as tx:
        await tx.execute(field_sums.delete().where(field_sums.c.at < NOON + HOUR))
        since = dict.fromkeys(FIELD_SUMS, 0) | {"workspace_id": "", "field": "since", "value": "", "at": NOON + HOUR}
        await tx.execute(field_sums.insert().values(since))
    values = await api.get("/calls/values", field="status")
    assert ({each["value"]: each["calls"] for each in values["items"]}, values["counted_back_to"]) == (
        {"200": 1, "429": 1, "499": 1},
        iso(NOON + HOUR),
    )
    found = await api.get("/calls/histogram", **NOW, status=200, bars=24)
    assert (found["from_sums"], len(_bars(found))) == (False, 2)
    later = {"from": iso(NOON + HOUR), "to": NOW["to"]}
    assert (await api.get("/calls/histogram", **later, status=429, bars=24))["from_sums"]
    for status, count in ((200, 2), (429, 1), (502, 1), (404, 0)):
        assert len(await api.ids(status=status)) == count


async def test_values_from_before_they_were_counted_are_counted_from_the_newest_months(api: Api) -> None:
    """By the migration, on a store of before."""
    await _some(api)
    [path] = (migrate.DIRECTORY / "versions").glob("*_which_values_fields_of_calls_have.py")
    upgrade = runpy.run_path(str(path))["upgrade"]

    def again(connection: sa.Connection) -> None:
        connection.exec_driver_sql("DROP TABLE field_sums")
        with Operations.context(MigrationContext.configure(connection)):
            upgrade()

    async with api.world.db.engine.connect() as connection:
        counted = set((await connection.execute(sa.select(field_sums))).all())
        await connection.run_sync(again)
        since = ("", "since", "", NOON - NOON % DAY - 14 * DAY + HOUR, 0, 0, 0, 0, 0)
        assert set((await connection.execute(sa.select(field_sums))).all()) == {*counted, since}
        await connection.rollback()
    assert {row.field for row in counted} >= {"status", "stream", "dialect", "body_mode", "provider_kind"}


async def test_marked_calls_are_counted_by_their_marks(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [api.record(NOON + n * HOUR, run_id="run_1") for n in range(6)]
    await api.world.take(*made)
    async with api.world.db.transaction() as tx:
        ids = [each.id for each in made[1:5]]
        assert await work_costs.mark(tx, api.owner.workspace_id, ids, Fact.LOOPED, "run_1") == 4
    expected = [(iso(NOON + n * HOUR), 1, 0, 0, 0) for n in range(1, 5)]
    monkeypatch.setattr(walking.Patience, "over", False)
    for at_once in (400, 2, 1):
        monkeypatch.setattr(walking, "_MARKED", at_once)
        found = await api.get("/calls/histogram", **NOW, mark="looped", bars=24)
        assert (_bars(found), found["counted_back_to"]) == (expected, None), at_once
    later = {"from": iso(NOON + 2 * HOUR), "to": iso(NOON + 4 * HOUR)}
    assert len(_bars(await api.get("/calls/histogram", **later, mark="looped", bars=24))) == 2
    assert len((await api.get("/calls", **later, mark="looped"))["items"]) == 2
    assert _bars(await api.get("/calls/histogram", **NOW, mark="looped", model="none", bars=24)) == []


async def test_a_count_that_would_take_long_says_how_far_back_it_reaches(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _some(api)
    monkeypatch.setattr(walking, "STEPS", (1,))
    monkeypatch.setattr(walking.Patience, "over", True)
    cut = await api.get("/calls/histogram", **NOW, min_duration_ms=0, bars=24)
    assert _bars(cut) == [(iso(NOON + HOUR), 0, 0, 0, 1), (iso(NOON + 2 * HOUR), 0, 0, 1, 0)]
    assert cut["counted_back_to"] == iso(NOON + HOUR)
    some = await api.get("/calls/values", field="model", min_duration_ms=0)
    assert some["items"] == [{"value": "gpt-4o-mini", "label": "gpt-4o-mini", "calls": 1}]
    assert some["counted_back_to"] == iso(NOON + HOUR)


async def test_latencies_of_all_calls_come_from_sums_and_those_of_a_filter_from_the_calls(api: Api) -> None:
    await _some(api)
    summed = await api.get("/calls/latency", **NOW)
    counted = await api.get("/calls/latency", **NOW, min_duration_ms=0)
    assert summed == counted | {"unknown_calls": None}
    total, first_byte, overhead = summed["measures"]
    assert [each["calls"] for each in summed["measures"]] == [5, 4, 5]
    assert total["p50_ms"] == pytest.approx(90, rel=0.2)
    assert total["p99_ms"] == pytest.approx(30_000, rel=0.2)
    assert sum(each["calls"] for each in first_byte["bins"]) == 4
    assert overhead["bins"][0]["from_ms"] <= 0.2 <= overhead["bins"][0]["to_ms"]
    failed = (await api.get("/calls/latency", **NOW, outcome="error"))["measures"][0]
    assert failed["calls"] == 1


async def test_calls_from_before_latencies_were_kept_are_told_as_unknown(api: Api) -> None:
    await _some(api)
    async with api.world.db.transaction() as tx:
        await tx.execute(latencies.delete())
    later = api.record(NOON + 3 * HOUR, first_byte=100_000, ended=1_000_000)
    await api.world.take(later)
    assert (await api.get("/calls/latency", **NOW))["unknown_calls"] == 5
    [openai] = (await api.get("/latencies", **NOW))["items"]
    assert (openai["value"], openai["unknown_calls"], openai["measures"][0]["calls"]) == ("openai", 1, 1)
    assert openai["measures"][0]["p50_ms"] == pytest.approx(1_000, rel=0.2)
    [target] = (await api.get("/latencies", **NOW, by="target"))["items"]
    assert (target["value"], target["unknown_calls"]) == ("openai/gpt-4o-mini", None)


async def test_bins_by_the_hour_go_after_a_while_and_those_by_the_day_stay(api: Api) -> None:
    await _some(api)
    async with api.world.db.transaction() as tx:
        await latency.forget_hours(tx, api.owner.workspace_id, NOON + DAY)
    assert (await api.get("/calls/latency", **NOW))["unknown_calls"] == 5
    weeks = await api.get("/calls/latency", **{"from": iso(NOON - 9 * DAY), "to": iso(NOON + DAY)})
    assert (weeks["unknown_calls"], weeks["measures"][0]["calls"]) == (None, 5)


async def test_values_to_choose_a_filter_from_are_those_there_are_the_most_frequent_first(api: Api) -> None:
    await _some(api)
    models = await api.get("/calls/values", field="model")
    assert [(each["value"], each["calls"]) for each in models["items"]] == [("gpt-4o-mini", 3), ("gpt-4o", 1)]
    tags = await api.get("/calls/values", field="tag")
    assert [each["value"] for each in tags["items"]] == ["plan=b", "team=a"]
    for field in ("model", "agent_id", "key_id", "provider", "status", "dialect", "error_code"):
        summed = await api.get("/calls/values", field=field)
        assert summed == await api.get("/calls/values", field=field, min_duration_ms=0), field
    statuses = await api.get("/calls/values", field="status", outcome="refused")
    assert [each["value"] for each in statuses["items"]] == ["429"]
    assert await api.refused("/calls/values", field="request") == (422, "invalid")
