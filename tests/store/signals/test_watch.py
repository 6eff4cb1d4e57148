"""What was ingested is taken once, in whatever order it becomes visible."""

from pathlib import Path
from typing import Any

from ledger.ledger_world import World as Ledger
from ledger.ledger_world import record
from work_world import World

from quarterdeck.control.signals import watch
from quarterdeck.control.signals.watch import Watch
from quarterdeck.db import Database
from quarterdeck.kernel.clock import SECOND, FakeClock
from quarterdeck.ledger.derived_tables import turns


def row(workspace_id: str, call_id: str, ingested_at: int) -> dict[str, Any]:
    blank = {column.name: None for column in turns.columns}
    known = {"workspace_id": workspace_id, "call_id": call_id, "ingested_at": ingested_at, "agent_id": "agt_1"}
    return {**blank, **known, "started": ingested_at, "ended": ingested_at, "status": 200, "outcome": "ok"}


async def test_calls_are_read_once_however_late_they_become_visible(
    db: Database, world: World, clock: FakeClock
) -> None:
    now, watching = clock.now(), Watch()

    async def add(*ingested: tuple[str, int]) -> None:
        async with db.transaction() as tx:
            await tx.execute(turns.insert(), [row(world.workspace_id, name, at) for name, at in ingested])

    async def read() -> list[str]:
        async with db.read() as tx:
            count = await watching.read(tx)
        found = [each.call.call_id for each in watching.fresh]
        assert len(found) == count
        watching.fresh.clear()
        return found

    assert await read() == []
    await add(("a", now), ("b", now + 2))
    assert await read() == ["a", "b"]
    assert await read() == []
    await add(("c", now + 1), ("d", now + 2), ("e", now + 9))  # another ingester's: earlier, at once, later
    assert await read() == ["c", "d", "e"]
    await add(("f", now + watch.OVERLAP + 20))
    assert await read() == ["f"]
    await add(("too late", now + 5), ("g", now + 19 + SECOND))
    assert await read() == ["g"]


async def test_what_is_much_is_taken_in_portions(db: Database, world: World, clock: FakeClock) -> None:
    watching, many = Watch(), watch.READ_AT_ONCE + 10
    async with db.transaction() as tx:
        rows = [row(world.workspace_id, f"call_{n:05}", clock.now() + n // 3) for n in range(many)]
        await tx.execute(turns.insert(), rows)
    counts = []
    while not counts or counts[-1]:
        async with db.read() as tx:
            counts.append(await watching.read(tx))
    assert watch.READ_AT_ONCE <= counts[0] < many
    assert sum(counts) == many
    assert len({each.call.call_id for each in watching.fresh}) == many


async def test_calls_are_read_that_were_stored_after_the_clock_was_set_back(
    db: Database, world: World, clock: FakeClock, tmp_path: Path
) -> None:
    ledger, watching = Ledger(db, tmp_path / "data"), Watch()
    try:
        for n in range(3):
            made = record(clock.now() - SECOND, workspace_id=world.workspace_id, run_id=f"run_{n}")
            await ledger.take(made)
            async with db.read() as tx:
                assert await watching.read(tx) == 1
            assert watching.fresh[-1].call.call_id == made.id
            clock.advance(-3_600)
    finally:
        ledger.packs.close()
