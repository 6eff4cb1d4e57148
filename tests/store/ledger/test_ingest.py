"""Every record of every journal is stored once, whatever happens in between."""

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from ledger_world import NOON, World, chat, record

from quarterdeck.db import Database
from quarterdeck.db.schema import events
from quarterdeck.kernel.clock import DAY, MINUTE, FakeClock
from quarterdeck.kernel.errors import Unavailable
from quarterdeck.ledger import calls as stored
from quarterdeck.ledger import partitions, segments
from quarterdeck.ledger.calls import StoredCall
from quarterdeck.ledger.commit import OffsetMoved
from quarterdeck.ledger.derived_tables import agent_activity, key_activity, rollups
from quarterdeck.ledger.rebuild import Bodies
from quarterdeck.ledger.record import Attempt, CallRecord, Usage
from quarterdeck.ledger.tables import ingest_offsets, ingest_rejects

TOTAL = sa.select(sa.func.sum(rollups.c.calls)).where(rollups.c.grain == 1440, rollups.c.dim == "total")


def some(count: int, **changes: Any) -> list[CallRecord]:
    return [record(NOON + n * 1_000, request_body=chat(f"call {n}"), **changes) for n in range(count)]


async def all_stored_once(world: World, made: list[CallRecord]) -> None:
    assert [row["id"] for row in await world.calls()] == sorted(each.id for each in made)
    async with world.db.read() as tx:
        assert await tx.scalar(TOTAL) == len(made)
        for each in made:
            call = await stored.get(tx, each.workspace_id, each.id)
            kept = await Bodies(world.db, world.packs).request(call)
            assert kept.body == each.request_body


@contextmanager
def locked(db: Database) -> Iterator[None]:
    """Another process holds the SQLite file's write lock."""
    connection = sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        connection.execute("ROLLBACK")
        connection.close()


async def test_a_call_in_the_journal_becomes_a_row(world: World) -> None:
    made = record(
        session="s1",
        trace_id="t1",
        stream=True,
        status=502,
        outcome="cut",
        error_code="stream_cut",
        error_message="the provider ended the stream early",
        attempts=[
            Attempt("a", "m1", 500, "status_500", 0, None, 5_000),
            Attempt("b", "m2", 200, None, 6_000, 7_000, 9_000),
        ],
        usage=Usage(1_000, 200, 30, 40, 500, 60, 7, 8, 2, {"web_search_requests": 3}, "flex"),
        tags=[("team", "blue"), ("env", "test")],
    )
    await world.take(made)
    async with world.db.read() as tx:
        call = await stored.get(tx, "ws_1", made.id)
        notes = await stored.price_notes(tx, [call.price_id or b""])
    same = set(CallRecord.__struct_fields__) & set(StoredCall.__dataclass_fields__)
    assert len(same) > 30
    for name in same - {"tags"}:
        assert getattr(call, name) == getattr(made, name), name
    assert call.duration == made.ended
    assert call.tags == {"team": "blue", "env": "test"}
    assert list(notes.values()) == [made.price]


async def test_a_call_without_usage_price_or_owner_is_a_row_too(world: World) -> None:
    nothing = dict.fromkeys(("agent_id", "key_id", "run_id", "task_id", "provider", "provider_kind", "model"))
    made = record(**nothing, usage=None, usage_source="none", cost=None, price=None, attempts=[], first_byte=None)
    await world.take(made)
    async with world.db.read() as tx:
        call = await stored.get(tx, "ws_1", made.id)
    assert (call.usage, call.cost, call.price_id, call.attempts) == (None, None, None, [])


async def test_ingesting_twice_is_ingesting_once(world: World) -> None:
    made = some(20)
    await world.take(*made)
    assert await world.ingest() == 0
    async with world.db.transaction() as tx:
        await tx.execute(ingest_offsets.delete())
    world.ingester = world.new_ingester()
    assert await world.ingest() == 20
    await all_stored_once(world, made)


async def test_a_record_that_stands_twice_in_the_journal_is_one_call(world: World) -> None:
    made = some(3)
    await world.take(*made, made[1])
    await world.take(made[0])
    await all_stored_once(world, made)


async def test_two_gateways_write_two_journals(world: World) -> None:
    made = some(10)
    await world.write(made[::2], "gateway-a")
    await world.write(made[1::2], "gateway-b")
    await world.ingest()
    await all_stored_once(world, made)


async def test_read_segments_are_deleted(world: World) -> None:
    await world.write(some(30), segment_bytes=2_000)
    directory = world.data / "journal" / "main"
    assert len(segments.numbers(directory)) > 5
    await world.ingest(max_records=4)
    assert len(segments.numbers(directory)) == 1


async def test_a_crash_before_segments_were_deleted_doubles_nothing(world: World, tmp_path: Path) -> None:
    made = some(30)
    await world.write(made, segment_bytes=2_000)
    shutil.copytree(world.data / "journal", tmp_path / "before")
    await world.ingest()
    shutil.copytree(tmp_path / "before", world.data / "journal", dirs_exist_ok=True)
    world.ingester = world.new_ingester()
    await world.take(more := record(NOON + DAY))
    await all_stored_once(world, [*made, more])
    assert len(segments.numbers(world.data / "journal" / "main")) == 1


async def test_a_crash_between_packs_and_commit_loses_and_doubles_nothing(tmp_path: Path, empty_sqlite: Path) -> None:
    shutil.copy(empty_sqlite, tmp_path / "quarterdeck.db")
    db = Database(f"sqlite:///{tmp_path / 'quarterdeck.db'}", FakeClock(), busy_timeout_ms=50)
    world = World(db, tmp_path / "data")
    await world.take(record(NOON))
    made = some(20)
    await world.write(made)
    before = world.packs.size()
    with locked(db), pytest.raises(Unavailable):
        await world.ingest()
    assert world.packs.size() > before, "the packs were written"
    world.ingester = world.new_ingester()
    await world.ingest()
    async with db.read() as tx:
        assert await tx.scalar(TOTAL) == 21
        for each in made:
            call = await stored.get(tx, "ws_1", each.id)
            assert (await Bodies(db, world.packs).request(call)).body == each.request_body
    await db.close()


async def test_a_database_that_is_away_is_waited_for_and_packs_are_written_once(
    tmp_path: Path, empty_sqlite: Path
) -> None:
    shutil.copy(empty_sqlite, tmp_path / "quarterdeck.db")
    db = Database(f"sqlite:///{tmp_path / 'quarterdeck.db'}", FakeClock(), busy_timeout_ms=20)
    world = World(db, tmp_path / "data")
    await world.take(record(NOON))
    made = some(20)
    await world.write(made)
    sizes = set()
    with locked(db):
        for _ in range(3):
            with pytest.raises(Unavailable):
                await world.ingest()
            sizes.add(world.packs.size())
    assert len(sizes) == 1
    await world.ingest()
    async with db.read() as tx:
        assert await tx.scalar(TOTAL) == 21
    await db.close()


async def test_packs_that_cannot_be_written_stop_nothing_for_good(world: World) -> None:
    made = some(5)
    await world.write(made)
    (world.data / "packs").write_text("in the way")
    with pytest.raises(OSError, match="packs"):
        await world.ingest()
    (world.data / "packs").unlink()
    await world.ingest()
    await all_stored_once(world, made)


async def test_damage_in_the_journal_is_counted_and_the_rest_is_stored(world: World) -> None:
    made = some(5)
    await world.write(made)
    path = segments.path_of(world.data / "journal" / "main", 1)
    data = bytearray(path.read_bytes())
    at = data.find(made[2].id.encode())
    data[at] ^= 0xFF
    path.write_bytes(data)
    await world.ingest()
    await all_stored_once(world, [*made[:2], *made[3:]])
    [offset] = await world.rows(sa.select(ingest_offsets))
    assert (offset["records"], offset["damaged"]) == (4, 1)


@pytest.mark.parametrize(
    "payload", [b"", b"\xc1 no msgpack", b"\x93\x01\x02\x03"], ids=["empty", "no msgpack", "no record"]
)
async def test_what_is_no_record_is_set_aside(world: World, payload: bytes) -> None:
    made = some(2)
    await world.write(made[:1])
    await world.write_raw([payload])
    await world.write(made[1:])
    await world.ingest()
    await all_stored_once(world, made)
    [reject] = await world.rows(sa.select(ingest_rejects))
    assert reject["payload"] == payload
    assert "not a record" in reject["reason"]


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "call_of_nobody"},
        {"workspace_id": "../../etc"},
        {"usage": Usage(input_total=1 << 63)},
        {"cost": 1 << 63},
    ],
    ids=["no id", "no workspace", "too many tokens", "too much money"],
)
async def test_a_record_that_cannot_be_stored_is_set_aside_alone(world: World, changes: dict[str, Any]) -> None:
    made = some(9)
    bad = record(NOON + MINUTE, **changes)
    await world.take(*made[:6], bad, *made[6:])
    await all_stored_once(world, made)
    [reject] = await world.rows(sa.select(ingest_rejects))
    assert reject["payload"]
    assert reject["segment"] == 1


async def test_a_nul_in_what_a_client_sends_is_no_obstacle(world: World) -> None:
    made = record(model_asked="a\0b", client="\0", session="\0", error_message="x\0", tags=[("a\0", "b\0")])
    await world.take(made)
    [row] = await world.calls()
    assert row["model_asked"] == "a\ufffdb"
    assert await world.rows(sa.select(ingest_rejects)) == []


async def test_calls_whose_month_was_dropped_come_back_to_a_new_one(world: World) -> None:
    await world.take(record(NOON))
    async with world.db.transaction() as tx:
        for month in await partitions.months(tx):
            await partitions.drop_month(tx, month)
        for epoch in await partitions.epochs(tx):
            await partitions.drop_epoch(tx, epoch)
    late = record(NOON + 1)
    await world.take(late)
    assert [row["id"] for row in await world.calls()] == [late.id]


async def test_of_two_ingesters_of_one_journal_each_batch_goes_to_one(world: World) -> None:
    made = some(60)
    await world.write(made[:30])
    other = world.new_ingester()
    assert await other.run_once(10) == 10
    assert await world.ingester.run_once(10) == 10
    with pytest.raises(OffsetMoved):
        await other.run_once(10)
    await world.write(made[30:])

    async def until_done(ingester: Any) -> None:
        idle = 0
        while idle < 3:
            try:
                idle = 0 if await ingester.run_once(7) else idle + 1
            except OffsetMoved:
                idle = 0

    await asyncio.gather(until_done(world.ingester), until_done(other))
    await all_stored_once(world, made)


async def test_a_batch_is_told_as_one_event_per_workspace(world: World) -> None:
    made = [
        record(NOON, agent_id="agt_1", run_id="run_1"),
        record(NOON + 1, agent_id="agt_2", run_id=None, task_id=None),
        record(NOON + 2, workspace_id="ws_2"),
    ]
    await world.take(*made)
    told = {row["workspace_id"]: row for row in await world.rows(sa.select(events))}
    assert sorted(told) == ["ws_1", "ws_2"]
    first = told["ws_1"]
    assert (first["kind"], first["subject_id"]) == ("calls.ingested", "ws_1")
    assert first["data"]["count"] == 2
    assert first["data"]["agent_ids"] == ["agt_1", "agt_2"]
    assert first["data"]["run_ids"] == ["run_1"]
    assert first["data"]["task_ids"] == ["tsk_1"]
    assert first["data"]["call_ids"] == [made[0].id, made[1].id]
    assert len(first["data"]["conversation_ids"]) == 2


async def test_who_was_last_active_is_noted_and_never_goes_back(world: World) -> None:
    at = {name: NOON + n * MINUTE for n, name in enumerate(("late", "old", "new", "other"))}
    await world.take(record(at["new"], model="new", outcome="error"), record(at["old"], model="old"))
    await world.take(record(at["late"], model="late"), record(at["other"], agent_id="agt_2", key_id="key_2"))
    agents = {row["agent_id"]: row for row in await world.rows(sa.select(agent_activity))}
    assert (agents["agt_1"]["last_call_at"], agents["agt_1"]["last_model"]) == (at["new"], "new")
    assert agents["agt_1"]["last_outcome"] == "error"
    assert agents["agt_2"]["last_call_at"] == at["other"]
    keys = {row["key_id"]: row["last_used_at"] for row in await world.rows(sa.select(key_activity))}
    assert keys == {"key_1": at["new"], "key_2": at["other"]}


async def test_the_backlog_is_what_waits(world: World, clock: FakeClock) -> None:
    assert world.ingester.backlog().records == 0
    made = [record(clock.now() - 5_000_000 + n) for n in range(7)]
    await world.write(made)
    waiting = world.ingester.backlog()
    assert waiting.records == 7
    assert waiting.bytes > 7 * 500
    assert waiting.lag_ms == 5_000 - 90
    await world.ingester.run_once(4)
    assert world.ingester.backlog().records == 3
    await world.ingest()
    assert world.ingester.backlog().lag_ms == 0


async def test_a_running_ingester_stores_what_is_written_within_a_moment(world: World) -> None:
    world.ingester = world.new_ingester(poll_s=30.0, linger_s=0.0)
    running = asyncio.create_task(world.ingester.run())
    made = some(3)
    for each in made:
        await asyncio.sleep(0.05)
        await world.write([each])
        world.ingester.wake()
        async with asyncio.timeout(20):
            while each.id not in {row["id"] for row in await world.calls()}:
                await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)  # what it still has to do after the last commit
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await all_stored_once(world, made)


async def test_a_call_in_anothers_name_is_told_for_the_audit_log(world: World) -> None:
    claimed = record(agent_id="agt_1", run_id="run_own", extra={"mismatch": "run_of_another"})
    await world.take(claimed, record(NOON + 1_000))
    async with world.db.read() as tx:
        rows = await tx.rows(sa.select(events).where(events.c.kind == "call.attribution_refused"))
    assert [(row["actor"], row["data"]["claimed"], row["data"]["run_id"]) for row in rows] == [
        ("agt_1", "run_of_another", "run_own")
    ]
