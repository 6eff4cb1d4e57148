"""Calls that a cache answered, from the journal to the costs page; and databases from before there was one."""

import shutil
from pathlib import Path

import sqlalchemy as sa
from ledger_world import NOON, World, record

from quarterdeck.db import Database, migrate
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.ids import lowest_id
from quarterdeck.ledger import account, listing, partitions, rollups
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.record import CallRecord, PriceNote, Usage

PRICE = PriceNote("genai-prices", "1", {"input_tokens": 2_000_000_000, "cache_read_tokens": 500_000_000})
HIT = {"status": "hit", "of": "call_1", "saved": 21_000}


def hit(started: int = NOON) -> CallRecord:
    return record(started, usage=None, usage_source="none", cost=0, price=None, attempts=[], extra={"cache": HIT})


async def test_hits_are_counted_with_what_they_saved_and_cost_nothing(world: World) -> None:
    await world.take(record(extra={"cache": {"status": "miss"}}), hit(), hit(NOON + 1), record())
    async with world.db.read() as tx:
        total = (await rollups.figures(tx, "ws_1", "total", [""]))[""]
        agent = (await rollups.figures(tx, "ws_1", "agent", ["agt_1"]))["agt_1"]
        spent = await account.balance(tx, "ws_1")
        page = await listing.page(tx, "ws_1", CallFilter(cache="hit"), limit=10)
    assert (total.calls, total.cost, total.cache_hits, total.cache_saved) == (4, 42_000, 2, 42_000)
    assert agent == total
    assert (spent.amount, spent.unpriced_calls) == (42_000, 0)
    assert [(call.cache, call.saved, call.cost) for call in page.items] == [("hit", 21_000, 0)] * 2


async def test_what_providers_prompt_caches_saved_is_summed_too(world: World) -> None:
    usage = Usage(input_total=1_000, cache_read=800, output_total=1)
    await world.take(record(usage=usage, price=PRICE), record(usage=usage, price=None))
    async with world.db.read() as tx:
        total = (await rollups.figures(tx, "ws_1", "total", [""]))[""]
    assert (total.cache_read_tokens, total.prompt_saved) == (1_600, 800 * 1_500)


async def test_a_database_with_months_of_calls_gets_the_columns_in_each(db: Database, tmp_path: Path) -> None:
    if db.is_sqlite:
        (tmp_path / "old").mkdir()
        old = Database.at(tmp_path / "old")
    else:
        async with db.engine.begin() as connection:
            await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
            await connection.exec_driver_sql("CREATE SCHEMA public")
        old = Database(db.url)
    await migrate.upgrade(old, _migrations_before("calls_say_what_the_cache_did", tmp_path / "before"))
    await _one_call_in_each_of_two_months(old)
    await migrate.upgrade(old)
    async with old.read() as tx:
        rows = await tx.rows(sa.text("SELECT cache, saved FROM calls"))
        assert [tuple(row.values()) for row in rows] == [(None, None), (None, None)]
    await World(old, tmp_path / "data").take(hit(NOON + 40 * DAY))
    async with old.read() as tx:
        assert len(await tx.rows(sa.text("SELECT id FROM calls WHERE cache = 'hit'"))) == 1
    await old.close()


def _migrations_before(name: str, directory: Path) -> Path:
    shutil.copytree(migrate.DIRECTORY, directory)
    (mine,) = (directory / "versions").glob(f"*_{name}.py")
    for path in (directory / "versions").glob("0*.py"):
        if path.name >= mine.name:
            path.unlink()
    return directory


async def _one_call_in_each_of_two_months(old: Database) -> None:
    """Rows as the older program made them: without the columns that came later."""
    async with old.transaction() as tx:
        columns = await tx.connection.run_sync(lambda sync: sa.inspect(sync).get_columns("calls"))
    kept = [column for column in columns if not column["nullable"] and column["name"] not in ("workspace_id", "id")]
    months = [partitions.month_of(NOON), partitions.month_of(NOON + 40 * DAY)]
    async with old.transaction() as tx:
        if old.is_sqlite:
            names = ", ".join(f'"{column["name"]}"' for column in columns)
            for month in months:
                await tx.execute(sa.text(f"CREATE TABLE calls_{month.suffix} AS SELECT {names} FROM calls"))
            await tx.execute(sa.text("DROP TABLE calls"))
            arms = " UNION ALL ".join(f"SELECT {names} FROM calls_{month.suffix}" for month in reversed(months))
            await tx.execute(sa.text(f"CREATE VIEW calls AS {arms}"))
        else:
            await partitions.ensure(tx, [NOON, NOON + 40 * DAY])
        for month in months:
            values = {column["name"]: _empty(column["type"]) for column in kept}
            row = {"workspace_id": "ws_1", "id": lowest_id("call", month.begin), **values}
            table = sa.table(f"calls_{month.suffix}", *map(sa.column, row))
            await tx.execute(table.insert().values(row))


def _empty(kind: object) -> object:
    if isinstance(kind, sa.Boolean):
        return False
    return "" if isinstance(kind, sa.Text | sa.String) else 0
