"""The loop that frees tasks whose workers have gone, on both stores."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from work_world import World

from quarterdeck.control.agents.model import Desired
from quarterdeck.control.runs.model import Run, RunState
from quarterdeck.db import Database, Transaction
from quarterdeck.kernel.clock import FakeClock
from quarterdeck.kernel.errors import Unavailable
from quarterdeck.worker import leases


@asynccontextmanager
async def _looping(world: World, **fields: float) -> AsyncIterator[asyncio.Task[None]]:
    loop = asyncio.create_task(leases.run(world.db, **{"grace_s": 0.0, "look_s": 0.02, **fields}))
    try:
        yield loop
    finally:
        loop.cancel()
        await asyncio.gather(loop, return_exceptions=True)


async def _becomes(world: World, run: Run, state: RunState) -> None:
    async with asyncio.timeout(20):
        while (await world.see_run(run)).state is not state:
            await asyncio.sleep(0.01)


async def test_it_expires_runs_as_their_leases_end_and_stops_those_of_retired_agents(
    world: World, clock: FakeClock
) -> None:
    first, second = await world.agent("one"), await world.agent("two")
    await world.task()
    await world.task()
    expiring, stranded = (await world.claimed(first, lease_s=5)).run, (await world.claimed(second)).run
    async with _looping(world):
        clock.advance(6)
        await _becomes(world, expiring, RunState.EXPIRED)
        assert (await world.see_run(stranded)).open
        await world.want(second, Desired.RETIRED)
        await _becomes(world, stranded, RunState.CANCELLED)


async def test_after_a_start_it_waits_until_gateways_have_said_who_is_alive(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    await world.task()
    run = (await world.claimed(agent, lease_s=5)).run
    clock.advance(60)
    async with _looping(world, grace_s=600.0):
        await asyncio.sleep(0.2)
        assert (await world.see_run(run)).open
    async with _looping(world, grace_s=0.2):
        await _becomes(world, run, RunState.EXPIRED)


class Faltering(Database):
    """A database that is away the first few times it is asked."""

    refusals = 3

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        if self.refusals:
            self.refusals -= 1
            raise Unavailable("The database does not answer.")
        async with super().read() as tx:
            yield tx


async def test_it_goes_on_when_the_database_was_away(world: World, clock: FakeClock) -> None:
    agent = await world.agent()
    await world.task()
    run = (await world.claimed(agent, lease_s=5)).run
    clock.advance(6)
    faltering = Faltering(world.db.url, clock)
    async with _looping(world.through(faltering), retry_s=0.02):
        await _becomes(world, run, RunState.EXPIRED)
    assert faltering.refusals == 0
    await faltering.close()
