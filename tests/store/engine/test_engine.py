"""One engine, two stores: what a transaction promises."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
import sqlalchemy as sa

from quarterdeck.db import Database, Transaction, riding
from quarterdeck.db.outbox import read_after
from quarterdeck.db.schema import events
from quarterdeck.kernel.errors import Changed, Invalid, Unavailable
from quarterdeck.kernel.events import Event


def event(kind: str = "task.moved") -> Event:
    return Event("ws_1", kind, "tsk_1", {"to": "done"}, "mem_1")


async def kinds(db: Database) -> list[str]:
    async with db.read() as tx:
        return [each.kind for each in await read_after(tx, 0)]


async def test_events_are_written_with_the_change_and_told_after_commit(db: Database) -> None:
    told: list[str] = []
    inside = True

    def listener(emitted: Sequence[Event]) -> None:
        assert not inside
        told.extend(each.kind for each in emitted)

    db.on_commit(listener)
    async with db.transaction() as tx:
        await tx.emit(event("task.created"))
        await tx.emit(event("task.moved"))
        assert told == []
        inside = False
    assert told == ["task.created", "task.moved"]
    async with db.read() as tx:
        first, second = await read_after(tx, 0)
    assert (first.workspace_id, first.subject_id, first.data, first.actor) == ("ws_1", "tsk_1", {"to": "done"}, "mem_1")
    assert second.seq > first.seq
    assert first.at == tx.now


async def test_what_raises_is_undone_and_not_told(db: Database) -> None:
    told: list[Event] = []
    db.on_commit(told.extend)
    with pytest.raises(RuntimeError, match="half way"):
        async with db.transaction() as tx:
            await tx.emit(event())
            await tx.execute(events.insert().values(workspace_id="w", kind="k", subject_id="s", at=1, data={}))
            raise RuntimeError("half way")
    assert await kinds(db) == []
    assert told == []


async def test_what_rides_along_commits_with_a_transaction_and_is_undone_with_it(db: Database) -> None:
    async def rider(tx: Transaction) -> None:
        if tx.emitted:
            await tx.emit(event("rider.came"))

    with riding(rider):
        async with db.transaction() as tx:
            await tx.emit(event())
        async with db.transaction():
            pass
        with pytest.raises(RuntimeError):
            async with db.transaction() as tx:
                await tx.emit(event("task.undone"))
                raise RuntimeError
    async with db.transaction() as tx:
        await tx.emit(event("task.after"))
    assert await kinds(db) == ["task.moved", "rider.came", "task.after"]


async def test_what_is_cancelled_is_undone_and_the_next_one_goes_on(db: Database) -> None:
    inside = asyncio.Event()

    async def long() -> None:
        async with db.transaction() as tx:
            await tx.execute(events.insert().values(workspace_id="w", kind="k", subject_id="s", at=1, data={}))
            inside.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(long())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(20), db.transaction() as tx:
        await tx.emit(event())
    assert await kinds(db) == ["task.moved"]


async def test_what_cannot_be_committed_is_undone_and_the_next_ones_go_on(db: Database) -> None:
    """As when the disk is full: SQLite has the transaction open still, and every later one would be refused."""
    told: list[Event] = []
    db.on_commit(told.extend)
    async with db.transaction() as tx:
        await tx.execute(sa.text("CREATE TABLE whole (a INTEGER PRIMARY KEY)"))
        await tx.execute(sa.text("CREATE TABLE part (a INTEGER REFERENCES whole (a) DEFERRABLE INITIALLY DEFERRED)"))
    for _ in range(2):
        with pytest.raises(Changed, match="was removed meanwhile"):
            async with db.transaction() as tx:
                await tx.emit(event("task.lost"))
                await tx.execute(sa.text("INSERT INTO part VALUES (7)"))
        assert await kinds(db) == []
    async with db.transaction() as tx:
        await tx.emit(event())
    assert await kinds(db) == ["task.moved"]
    assert [each.kind for each in told] == ["task.moved"]
    async with db.read() as tx:
        assert await tx.scalar(sa.text("SELECT count(*) FROM part")) == 0


async def test_writing_through_a_look_is_not_kept(db: Database) -> None:
    insert = events.insert().values(workspace_id="w", kind="k", subject_id="s", at=1, data={})
    try:
        async with db.read() as tx:
            await tx.execute(insert)
    except sa.exc.DBAPIError:
        assert not db.is_sqlite  # PostgreSQL says so at once
    assert await kinds(db) == []


async def test_a_look_is_of_one_moment(db: Database) -> None:
    count = sa.select(sa.func.count()).select_from(events)
    async with db.read() as tx:
        assert await tx.scalar(count) == 0
        async with db.transaction() as writing:
            await writing.emit(event())
        assert await tx.scalar(count) == 0
    async with db.read() as tx:
        assert await tx.scalar(count) == 1


async def test_readers_do_not_wait_for_a_writer(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(events.insert().values(workspace_id="w", kind="k", subject_id="s", at=1, data={}))
        async with asyncio.timeout(20):
            assert await kinds(db) == []
    assert await kinds(db) == ["k"]


async def test_many_writers_at_once_all_get_through(db: Database) -> None:
    async def write(number: int) -> None:
        async with db.transaction() as tx:
            await tx.emit(event(f"task.{number}"))

    await asyncio.gather(*(write(number) for number in range(40)))
    assert sorted(await kinds(db)) == sorted(f"task.{number}" for number in range(40))


async def test_a_changed_row_is_told_from_one_that_was_not(db: Database) -> None:
    async with db.transaction() as tx:
        await tx.execute(events.insert().values(workspace_id="w", kind="k", subject_id="s", at=1, data={}))
        assert await tx.changed(events.update().where(events.c.kind == "k").values(kind="l"))
        assert not await tx.changed(events.update().where(events.c.kind == "k").values(kind="l"))


async def test_a_listener_that_fails_harms_nobody(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    told: list[Event] = []

    def broken(_: Sequence[Event]) -> None:
        raise RuntimeError("deaf")

    db.on_commit(broken)
    db.on_commit(told.extend)
    async with db.transaction() as tx:
        await tx.emit(event())
    assert len(told) == 1
    assert "event_listener_failed" in caplog.text


async def test_a_mistake_in_a_statement_is_not_taken_for_an_absent_database(db: Database) -> None:
    with pytest.raises(sa.exc.DBAPIError):
        async with db.transaction() as tx:
            await tx.execute(sa.text("SELECT * FROM no_such_table"))


async def test_a_nul_that_is_looked_for_is_the_askers_mistake_where_the_store_cannot_look_for_it(db: Database) -> None:
    query = sa.select(events.c.seq).where(events.c.subject_id == "tsk\0")
    if db.is_sqlite:
        async with db.read() as tx:
            assert await tx.scalar(query) is None
    else:
        with pytest.raises(Invalid, match="NUL"):
            async with db.read() as tx:
                await tx.scalar(query)


class Locked:
    """Another process's lock on a SQLite file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, *_: object) -> None:
        self._connection.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "own.db"
    connection = sqlite3.connect(found)
    connection.execute("CREATE TABLE t (a)")
    connection.close()
    return found


async def test_a_file_that_stays_locked_is_a_clear_error_and_reading_goes_on(path: Path) -> None:
    db = Database(f"sqlite:///{path}", busy_timeout_ms=100)
    async with db.read() as tx:
        await tx.execute(sa.text("SELECT 1"))
    with Locked(path):
        began = time.monotonic()
        with pytest.raises(Unavailable, match="locked by another process") as caught:
            async with db.transaction():
                pass
        assert time.monotonic() - began > 0.05
        assert caught.value.extra["retry_after_s"] == 1
        async with db.read() as tx:
            assert await tx.scalar(sa.text("SELECT count(*) FROM t")) == 0
    async with db.transaction() as tx:
        await tx.execute(sa.text("INSERT INTO t VALUES (1)"))
    await db.close()


async def test_a_writer_waits_for_a_file_that_is_locked_for_a_moment(path: Path) -> None:
    db = Database(f"sqlite:///{path}", busy_timeout_ms=60_000)
    lock = Locked(path)
    lock.__enter__()
    freed: list[bool] = []
    asyncio.get_running_loop().call_later(0.3, lambda: (lock.__exit__(), freed.append(True)))
    async with db.transaction() as tx:
        await tx.execute(sa.text("INSERT INTO t VALUES (1)"))
    assert freed == [True]
    async with db.read() as tx:
        assert await tx.scalar(sa.text("SELECT count(*) FROM t")) == 1
    await db.close()


async def test_a_file_that_cannot_be_opened_is_a_clear_error(tmp_path: Path) -> None:
    db = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(Unavailable, match="cannot be used now"):
        async with db.read():
            pass
    await db.close()
    # The driver's thread still has its own end to report, and needs the loop for it.
    await asyncio.sleep(0.1)


async def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    db = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable, match="cannot be reached"):
        async with db.transaction():
            pass
    await db.close()
