"""What is old goes, what is not stays, the disk gets its room back, and no cent is lost."""

import pytest
import sqlalchemy as sa
from ledger_world import NOON, World, chat, record

from quarterdeck.access import members
from quarterdeck.access.tables import workspaces
from quarterdeck.kernel.clock import DAY, FakeClock
from quarterdeck.ledger import account, partitions, retention, rollups
from quarterdeck.ledger import calls as stored
from quarterdeck.ledger.account import Balance
from quarterdeck.ledger.derived_tables import rollups as rollup_rows
from quarterdeck.ledger.derived_tables import turns
from quarterdeck.ledger.packs import BodyGone
from quarterdeck.ledger.rebuild import Bodies
from quarterdeck.ledger.redact import Redactors
from quarterdeck.ledger.retention import Policy
from quarterdeck.ledger.tables import conversations, ledger_entries
from quarterdeck.worker.bodies import configure_redaction, drop_old

YEAR = 365 * DAY


async def is_kept(world: World, workspace_id: str, call_id: str) -> bool:
    async with world.db.read() as tx:
        call = await stored.get(tx, workspace_id, call_id)
    try:
        await Bodies(world.db, world.packs).request(call)
    except BodyGone:
        return False
    return True


async def test_old_bodies_go_by_the_week_and_calls_stay(world: World, clock: FakeClock) -> None:
    made = [record(NOON + n * 7 * DAY, request_body=chat(f"week {n}" * 200)) for n in range(5)]
    await world.take(*made)
    size = world.packs.size()
    clock.advance((5 * 7 * DAY - (clock.now() - NOON)) / 1e6)
    freed = await retention.apply(world.db, world.packs, {"ws_1": Policy(bodies=14 * DAY)})
    assert [await is_kept(world, "ws_1", each.id) for each in made] == [False, False, False, True, True]
    assert world.packs.size() == size - freed.pack_bytes
    assert freed.weeks == [partitions.epoch_of(each.started) for each in made[:3]]
    assert len(await world.calls()) == 5
    async with world.db.read() as tx:
        assert not set(freed.weeks) & set(await partitions.epochs(tx))


async def test_each_workspace_keeps_its_bodies_as_long_as_it_says(world: World, clock: FakeClock) -> None:
    made = {name: record(NOON, workspace_id=name) for name in ("ws_1", "ws_2", "ws_3")}
    await world.take(*made.values())
    clock.advance(60 * DAY / 1e6)
    policies = {"ws_1": Policy(bodies=14 * DAY), "ws_2": Policy(bodies=YEAR), "ws_3": Policy()}
    freed = await retention.apply(world.db, world.packs, policies)
    assert [await is_kept(world, name, each.id) for name, each in made.items()] == [False, True, True]
    assert freed.weeks == []


async def test_without_a_policy_everything_stays(world: World, clock: FakeClock) -> None:
    made = record(NOON)
    await world.take(made)
    clock.advance(3 * YEAR / 1e6)
    for policies in ({}, {"ws_1": Policy()}):
        freed = await retention.apply(world.db, world.packs, policies)
        assert (freed.pack_bytes, freed.weeks, freed.months) == (0, [], [])
    assert await is_kept(world, "ws_1", made.id)


async def test_old_calls_go_by_the_month_and_their_sums_stay_in_the_account(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "_TURNS_AT_ONCE", 2)
    made = [
        record(
            NOON + n * 10 * DAY, agent_id=f"agt_{n % 2}", cost=None if n == 1 else 1_000 + n, request_body=chat(str(n))
        )
        for n in range(12)
    ]
    await world.take(*made)
    expected = Balance(sum(each.cost or 0 for each in made), 12, 1)
    async with world.db.read() as tx:
        assert await account.balance(tx, "ws_1") == expected
    clock.advance(130 * DAY / 1e6)
    freed = await retention.apply(world.db, world.packs, {"ws_1": Policy(calls=30 * DAY)})
    assert freed.months == ["202701", "202702", "202703"]
    left = [row["id"] for row in await world.calls()]
    assert left
    assert left == [each.id for each in made if partitions.month_of(each.started).suffix not in freed.months]
    assert [row["call_id"] for row in await world.rows(sa.select(turns.c.call_id).order_by(turns.c.call_id))] == left
    async with world.db.read() as tx:
        assert await account.balance(tx, "ws_1") == expected
        total = (await rollups.figures(tx, "ws_1", "total", [""]))[""]
    assert (total.cost, total.calls, total.unpriced_calls) == (expected.amount, 12, 1)
    entries = await world.rows(sa.select(ledger_entries).order_by(ledger_entries.c.id))
    assert {(entry["kind"], entry["note"]) for entry in entries} == {
        ("carried", f"calls of 2027-{month}") for month in ("01", "02", "03")
    }
    assert {entry["agent_id"] for entry in entries} == {"agt_0", "agt_1"}


async def test_conversations_and_minutes_go_with_their_calls(world: World, clock: FakeClock) -> None:
    await world.take(record(NOON), record(NOON + 80 * DAY, request_body=chat("later")))
    clock.advance(100 * DAY / 1e6)
    await retention.apply(world.db, world.packs, {"ws_1": Policy(calls=40 * DAY)})
    [left] = await world.rows(sa.select(conversations))
    assert left["started_at"] == NOON + 80 * DAY
    by_grain = sa.select(rollup_rows.c.grain, sa.func.count().label("n")).where(rollup_rows.c.dim == "total")
    counted = {row["grain"]: row["n"] for row in await world.rows(by_grain.group_by(rollup_rows.c.grain))}
    assert counted == {1: 1, 60: 2, 1440: 2}


async def test_retention_run_twice_is_run_once(world: World, clock: FakeClock) -> None:
    await world.take(record(NOON), record(NOON + DAY))
    clock.advance(100 * DAY / 1e6)
    policies = {"ws_1": Policy(bodies=DAY, calls=DAY)}
    first = await retention.apply(world.db, world.packs, policies)
    again = await retention.apply(world.db, world.packs, policies)
    assert first.months == ["202701"]
    assert (again.pack_bytes, again.weeks, again.months) == (0, [], [])
    async with world.db.read() as tx:
        assert (await account.balance(tx, "ws_1")).calls == 2


async def test_calls_are_taken_in_after_retention_as_before(world: World, clock: FakeClock) -> None:
    await world.take(record(NOON))
    clock.advance(100 * DAY / 1e6)
    await retention.apply(world.db, world.packs, {"ws_1": Policy(bodies=DAY, calls=DAY)})
    fresh, late = record(clock.now()), record(NOON + DAY)
    await world.take(fresh, late)
    assert {row["id"] for row in await world.calls()} == {fresh.id, late.id}
    assert await is_kept(world, "ws_1", fresh.id)


async def test_the_disk_gets_its_room_back(world: World, clock: FakeClock) -> None:
    await world.take(*[record(NOON + n, error_message="x" * 500, request_body=chat(str(n))) for n in range(1_500)])

    async def size() -> int:
        if not world.db.is_sqlite:
            async with world.db.read() as tx:
                return int(await tx.scalar(sa.text("SELECT pg_database_size(current_database())")))
        async with world.db.engine.connect() as connection:
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return int((world.data.parent / "quarterdeck.db").stat().st_size)

    before = await size()
    clock.advance(100 * DAY / 1e6)
    await retention.apply(world.db, world.packs, {"ws_1": Policy(bodies=DAY, calls=DAY)})
    assert await size() < before - 1_500 * 500
    assert world.packs.size() == 0


def test_settings_say_it_in_days() -> None:
    assert retention.policy_of({"bodies_days": 14}) == Policy(bodies=14 * DAY, calls=None)
    assert retention.policy_of({}) == Policy()


async def workspace_with(world: World, settings: dict[str, object]) -> str:
    async with world.db.transaction() as tx:
        workspace = await members.create_workspace(tx, "ours")
        await tx.execute(workspaces.update().where(workspaces.c.id == workspace.id).values(settings=settings))
    return workspace.id


async def test_redaction_follows_the_workspaces_settings(world: World) -> None:
    workspace_id = await workspace_with(world, {"redaction": {"patterns": ["moon"]}})
    redactors = Redactors()
    await configure_redaction(world.db, redactors)
    made = record(workspace_id=workspace_id, body_mode="redacted", request_body=b'{"a":"moon"}')
    assert redactors(made).request_body == b'{"a":"[redacted:pattern]"}'


async def test_retention_follows_the_workspaces_settings(world: World, clock: FakeClock) -> None:
    workspace_id = await workspace_with(world, {"retention": {"bodies_days": 14}})
    made = record(NOON, workspace_id=workspace_id)
    await world.take(made)
    clock.advance(60 * DAY / 1e6)
    freed = await drop_old(world.db, world.packs)
    assert freed.pack_bytes > 0
    assert not await is_kept(world, workspace_id, made.id)
