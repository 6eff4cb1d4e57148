"""SQLite's driver: short statements on the event loop, long ones beside it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from quarterdeck.db import Database, sqlite
from quarterdeck.db.sqlite import BUDGET_S

LONG = sa.text(
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :upto) SELECT count(*), max(i) FROM n"
)
ENDLESS = 10**12


@pytest.fixture
def own(tmp_path: Path) -> Database:
    return Database.at(tmp_path)


async def _ticks_beside(work: asyncio.Task[object]) -> int:
    """How often the event loop came round until the work was done."""
    ticks = 0
    while not work.done():
        ticks += 1
        await asyncio.sleep(BUDGET_S)
    return ticks


async def test_a_long_read_is_answered_in_full_while_the_event_loop_goes_on(own: Database) -> None:
    async def read() -> object:
        async with own.read() as tx:
            # Twice: the second time it is known to be long.
            first = (await tx.execute(LONG, {"upto": 400_000})).one()
            return [tuple(first), tuple((await tx.execute(LONG, {"upto": 500_000})).one())]

    work = asyncio.create_task(read())
    assert await _ticks_beside(work) > 5
    assert await work == [(400_000, 400_000), (500_000, 500_000)]
    await own.close()


async def test_what_a_transaction_wrote_stands_after_a_long_read_in_it(own: Database) -> None:
    async with own.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE t (a INTEGER)"))
        await tx.execute(sa.text("INSERT INTO t VALUES (1)"))
        assert (await tx.execute(LONG, {"upto": 400_000})).one()[0] == 400_000
        await tx.execute(sa.text("INSERT INTO t VALUES (2)"))
    async with own.read() as tx:
        assert (await tx.execute(sa.text("SELECT a FROM t ORDER BY a"))).scalars().all() == [1, 2]
    await own.close()


async def test_a_long_read_ends_when_whoever_asked_goes_away_and_others_read_on(own: Database) -> None:
    async def read() -> None:
        async with own.read() as tx:
            await tx.execute(LONG, {"upto": ENDLESS})

    work = asyncio.create_task(read())
    await asyncio.sleep(10 * BUDGET_S)
    work.cancel()
    async with asyncio.timeout(30):
        with pytest.raises(asyncio.CancelledError):
            await work
    async with own.read() as tx:
        assert (await tx.execute(sa.text("SELECT 1"))).scalar_one() == 1
    await own.close()


async def test_an_error_is_told_as_an_error(own: Database) -> None:
    async with own.read() as tx:
        with pytest.raises(sa.exc.OperationalError, match="no such table"):
            await tx.execute(sa.text("SELECT * FROM nowhere"))
    await own.close()


async def test_a_write_that_begins_with_a_with_is_not_given_up_half_way(own: Database) -> None:
    into = sa.text(
        "WITH RECURSIVE n(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM n WHERE a < :upto) "
        "INSERT INTO t SELECT max(a) FROM n"
    )
    async with own.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE t (a INTEGER)"))
        await tx.execute(sa.text("INSERT INTO t VALUES (1)"))
        await tx.execute(into, {"upto": 400_000})
    async with own.read() as tx:
        assert (await tx.execute(sa.text("SELECT a FROM t ORDER BY a"))).scalars().all() == [1, 400_000]
    await own.close()


async def test_who_is_cancelled_while_many_rows_are_committed_hears_of_that_and_others_write_on(
    own: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_thread = sqlite._in_thread
    insert = sa.text("INSERT INTO t VALUES (:a)")

    async def cancelled_meanwhile(work: Callable[[], object], give_up: Callable[[], None] | None = None) -> object:
        monkeypatch.setattr(sqlite, "_in_thread", in_thread)
        task = asyncio.current_task()
        assert task is not None
        task.cancel()
        return await in_thread(work, give_up)

    async def write() -> None:
        async with own.transaction() as tx:
            await tx.execute(insert, [{"a": a} for a in range(100)])
            monkeypatch.setattr(sqlite, "_in_thread", cancelled_meanwhile)

    async with own.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE t (a INTEGER)"))
    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(write())
    async with own.transaction() as tx:
        await tx.execute(insert, {"a": 100})
    async with own.read() as tx:
        # The commit was under way and is not taken back.
        assert (await tx.execute(sa.text("SELECT count(*) FROM t"))).scalar_one() == 101
    await own.close()
