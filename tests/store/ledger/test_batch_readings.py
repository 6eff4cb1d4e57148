"""A batch's results are billed once, whoever reads them and however often."""

import sqlalchemy as sa
from ledger_world import NOON, World, record

from quarterdeck.ledger.derived_tables import rollups

COST = sa.select(sa.func.sum(rollups.c.cost)).where(rollups.c.grain == 1440, rollups.c.dim == "total")


def reading(number: int, results: str = "openai/files/f/content", **changes: object) -> object:
    return record(NOON + number * 1_000, extra={"batch_results": results}, **changes)


async def cost(world: World) -> int:
    async with world.db.read() as tx:
        return int(await tx.scalar(COST))


async def test_of_several_readings_the_first_one_stored_counts(world: World) -> None:
    await world.take(reading(1), reading(2))
    await world.take(reading(3))
    stored = await world.calls()
    assert [row["cost"] for row in stored] == [21_000, 0, 0]
    assert [row["usage_source"] for row in stored] == ["provider", "none", "none"]
    assert await cost(world) == 21_000


async def test_other_results_and_other_workspaces_count_for_themselves(world: World) -> None:
    await world.take(reading(1), reading(2, "openai/files/g/content"), reading(3, workspace_id="ws_2"))
    assert await cost(world) == 3 * 21_000


async def test_a_reading_that_is_ingested_again_still_counts(world: World) -> None:
    made = reading(1)
    await world.take(made)
    await world.take(made)
    assert [row["cost"] for row in await world.calls()] == [21_000]
