"""Every record of every journal is stored once, whatever happens in between."""

import sqlalchemy as sa
from ledger_world import NOON, World, record

from quarterdeck.ledger.tables import ingest_offsets, rollups


async def test_a_call_in_the_journal_becomes_a_row(world: World) -> None:
    made = record()
    await world.take(made)
    [row] = await world.calls()
    assert row["id"] == made.id
    assert row["duration"] == 90_000
    assert row["input_total"] == 100
    assert row["cost"] == 21_000


async def test_ingesting_twice_is_ingesting_once(world: World) -> None:
    await world.take(*[record(NOON + n) for n in range(20)])
    assert await world.ingest() == 0
    async with world.db.transaction() as tx:
        await tx.execute(ingest_offsets.delete())
    world.ingester = world.new_ingester()
    assert await world.ingest() == 20
    assert len(await world.calls()) == 20
    [day] = await world.rows(sa.select(rollups).where(rollups.c.grain == 1440, rollups.c.dim == "total"))
    assert day["calls"] == 20
