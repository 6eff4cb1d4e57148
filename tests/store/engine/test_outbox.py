"""Events, read back in the order of commits, by this process and by others."""

import asyncio

import pytest

from quarterdeck.db import Database
from quarterdeck.db.outbox import EventFeed, latest_seq, oldest_seq, prune, read_after
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.events import Event


async def happen(db: Database, *kinds: str, workspace_id: str = "ws_1") -> None:
    async with db.transaction() as tx:
        for kind in kinds:
            await tx.emit(Event(workspace_id, kind, "x_1"))


async def test_events_are_read_after_a_number_and_by_workspace(db: Database) -> None:
    async with db.read() as tx:
        assert (await latest_seq(tx), await oldest_seq(tx)) == (0, None)
    await happen(db, "a", "b")
    await happen(db, "c", workspace_id="ws_2")
    await happen(db, "d")
    async with db.read() as tx:
        everything = await read_after(tx, 0)
        assert [event.kind for event in everything] == ["a", "b", "c", "d"]
        assert [event.kind for event in await read_after(tx, everything[0].seq, workspace_id="ws_1")] == ["b", "d"]
        assert [event.kind for event in await read_after(tx, 0, until=everything[1].seq)] == ["a", "b"]
        assert len(await read_after(tx, 0, limit=2)) == 2
        assert (await latest_seq(tx), await oldest_seq(tx)) == (everything[-1].seq, everything[0].seq)


async def test_old_events_are_forgotten_but_never_the_newest(db: Database, clock: FakeClock) -> None:
    await happen(db, "a", "b", "c")
    clock.advance(60)
    async with db.transaction() as tx:
        assert await prune(tx, tx.now, limit=1) == 1
        assert await prune(tx, tx.now) == 1
        assert await prune(tx, tx.now) == 0
    async with db.read() as tx:
        assert [event.kind for event in await read_after(tx, 0)] == ["c"]
    await happen(db, "d")
    async with db.read() as tx:
        assert [event.kind for event in await read_after(tx, 0)] == ["c", "d"]


async def test_the_feed_tells_each_event_once_to_whoever_subscribed(db: Database) -> None:
    await happen(db, "before")
    feed = EventFeed(db)
    async with feed.running(), feed.subscribe() as everything, feed.subscribe("ws_2") as second:
        await happen(db, "a", "b")
        await happen(db, "c", workspace_id="ws_2")
        seen: list[str] = []
        while len(seen) < 3:
            seen += [event.kind for event in await everything.next(20)]
        assert seen == ["a", "b", "c"]
        assert [event.kind for event in await second.next(20)] == ["c"]
        assert await everything.next(0.01) == []
        assert not everything.over
        feed.close()
        assert everything.over


async def test_events_of_another_process_are_seen_within_a_moment(db: Database) -> None:
    other = Database(db.url)
    feed = EventFeed(db)
    async with feed.running(), feed.subscribe() as subscription:
        await asyncio.sleep(0.2)
        await happen(other, "elsewhere")
        assert [event.kind for event in await subscription.next(20)] == ["elsewhere"]
    await other.close()


async def test_no_event_is_skipped_however_commits_overlap(db: Database) -> None:
    """A number is taken when the row is written, but it counts when the transaction commits."""
    others = [Database(db.url) for _ in range(3)]
    feed = EventFeed(db)
    async with feed.running(), feed.subscribe(room=10_000) as subscription:

        async def write(number: int) -> None:
            async with others[number % 3].transaction() as tx:
                await tx.emit(Event("ws_1", f"k.{number}", "x"))
                await asyncio.sleep(0.001 * (number % 7))

        await asyncio.gather(*(write(number) for number in range(90)))
        seen: list[int] = []
        kinds: set[str] = set()
        while len(kinds) < 90:
            batch = await subscription.next(20)
            assert batch
            seen += [event.seq for event in batch]
            kinds |= {event.kind for event in batch}
        assert seen == sorted(seen)
        assert len(seen) == 90
    for other in others:
        await other.close()


async def test_the_feed_survives_a_database_that_is_away(db: Database, caplog: pytest.LogCaptureFixture) -> None:
    feed = EventFeed(db)
    async with feed.running(), feed.subscribe() as subscription:
        await happen(db, "a")
        assert [event.kind for event in await subscription.next(20)] == ["a"]
        async with db.transaction() as tx:
            await tx.connection.exec_driver_sql("ALTER TABLE events RENAME TO events_away")
        feed._wake.set()
        while "event_feed_interrupted" not in caplog.text:
            await asyncio.sleep(0.01)
        async with db.transaction() as tx:
            await tx.connection.exec_driver_sql("ALTER TABLE events_away RENAME TO events")
        await happen(db, "b")
        assert [event.kind for event in await subscription.next(20)] == ["b"]
