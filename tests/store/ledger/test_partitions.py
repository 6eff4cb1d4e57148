"""Old calls and messages go by dropping; reading newest first never sorts."""

import sqlalchemy as sa

from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY, parse_iso
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger import partitions
from quarterdeck.ledger.tables import calls, nodes

SEPTEMBER, OCTOBER, NOVEMBER = (parse_iso(f"2026-{month}-17T12:00:00Z") for month in ("09", "10", "11"))


def call(instant: int, **values: object) -> dict[str, object]:
    empty = {
        column.name: {sa.Text: "", sa.LargeBinary: b""}.get(type(column.type), 0)
        for column in calls.columns
        if not column.nullable
    }
    return {**empty, "stream": False, "workspace_id": "ws", "id": lowest_id("call", instant), "outcome": "ok", **values}


async def store(db: Database, *rows: dict[str, object]) -> None:
    async with db.transaction() as tx:
        await partitions.ensure(tx, [instant_of(row) for row in rows])
        for row in rows:
            name = partitions.name_of(calls, instant_of(row)) if db.is_sqlite else "calls"
            await tx.execute(sa.table(name, *map(sa.column, row)).insert().values(row))


def instant_of(row: dict[str, object]) -> int:
    started = row["started"]
    assert isinstance(started, int)
    return started


async def ids(db: Database) -> list[str]:
    async with db.read() as tx:
        return [row["id"] for row in await tx.rows(sa.select(calls.c.id).order_by(calls.c.id))]


def row_at(instant: int, **values: object) -> dict[str, object]:
    return call(instant, started=instant, **values)


async def test_every_month_of_calls_is_read_as_one_table(db: Database) -> None:
    rows = [row_at(instant) for instant in (SEPTEMBER, OCTOBER, NOVEMBER)]
    await store(db, *rows)
    assert await ids(db) == [row["id"] for row in rows]
    async with db.read() as tx:
        assert await partitions.months(tx) == ["202609", "202610", "202611"]


async def test_making_what_is_there_is_nothing(db: Database) -> None:
    for _ in range(2):
        async with db.transaction() as tx:
            await partitions.ensure(tx, [OCTOBER, NOVEMBER, NOVEMBER + DAY])
    async with db.read() as tx:
        assert await partitions.months(tx) == ["202610", "202611"]
        assert await partitions.epochs(tx) == [partitions.epoch_of(OCTOBER), partitions.epoch_of(NOVEMBER)]


async def test_a_dropped_month_is_gone_and_the_others_stay(db: Database) -> None:
    await store(db, row_at(SEPTEMBER), row_at(OCTOBER))
    async with db.transaction() as tx:
        await partitions.drop_month(tx, "202609")
    assert await ids(db) == [lowest_id("call", OCTOBER)]
    async with db.transaction() as tx:
        await partitions.drop_month(tx, "202610")
    assert await ids(db) == []
    await store(db, row_at(NOVEMBER))
    assert await ids(db) == [lowest_id("call", NOVEMBER)]


async def test_a_dropped_week_is_gone(db: Database) -> None:
    async with db.transaction() as tx:
        await partitions.ensure(tx, [OCTOBER, NOVEMBER])
        await partitions.drop_epoch(tx, partitions.epoch_of(OCTOBER))
    async with db.read() as tx:
        assert await partitions.epochs(tx) == [partitions.epoch_of(NOVEMBER)]
        week = partitions.of_epoch(tx, nodes, partitions.epoch_of(NOVEMBER))
        assert await tx.rows(sa.select(week.c.id)) == []


async def test_newest_first_is_read_from_indexes_without_a_sort(db: Database) -> None:
    await store(db, *(row_at(instant + n, agent_id="agt_1") for instant in (OCTOBER, NOVEMBER) for n in (0, 1000)))
    newest = sa.select(calls).where(calls.c.workspace_id == "ws").order_by(calls.c.id.desc()).limit(10)
    before = newest.where(calls.c.id < lowest_id("call", NOVEMBER))
    for query in (
        newest,
        before,
        before.where(calls.c.agent_id == "agt_1"),
        before.where(calls.c.task_id == "tsk_1"),
        before.where(calls.c.run_id == "run_1"),
        before.where(calls.c.conversation_id == "conv_1"),
        before.where(calls.c.model == "gpt"),
        before.where(sa.literal_column("outcome") != sa.literal_column("'ok'")),
    ):
        plan = await explain(db, query)
        assert "SORT" not in plan, plan
        assert "TEMP B-TREE" not in plan, plan
        assert "INDEX" in plan, plan


async def explain(db: Database, query: sa.Select[object]) -> str:
    async with db.read() as tx:
        text = str(query.compile(dialect=db.engine.dialect, compile_kwargs={"literal_binds": True}))
        if db.is_sqlite:
            rows = await tx.execute(sa.text(f"EXPLAIN QUERY PLAN {text}"))
            return "\n".join(row[3] for row in rows).upper()
        await tx.execute(sa.text("SET LOCAL enable_seqscan = off"))
        rows = await tx.execute(sa.text(f"EXPLAIN {text}"))
        return "\n".join(row[0] for row in rows).upper()


def test_a_week_begins_on_monday() -> None:
    monday = parse_iso("2026-11-23T00:00:00Z")
    assert partitions.epoch_of(monday) == partitions.epoch_of(monday - 1) + 1
    assert partitions.epoch_end(partitions.epoch_of(monday)) == monday + 7 * DAY
