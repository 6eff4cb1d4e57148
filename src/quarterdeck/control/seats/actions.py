"""The verbs of seats: set what one costs, and count what went by while its work waited."""

from collections.abc import Mapping
from dataclasses import replace

from quarterdeck.control.agents import actions as agents
from quarterdeck.control.dependencies import store as dependencies
from quarterdeck.control.seats import store
from quarterdeck.control.seats.model import SeatPrice, Stretch, Waits, next_stretch
from quarterdeck.db import Transaction
from quarterdeck.kernel.events import Event


async def set_price(
    tx: Transaction, workspace_id: str, agent_id: str, nano_per_hour: int, *, valid_from: int | None, actor: str
) -> list[SeatPrice]:
    """Let the agent's seat cost that from an instant on, now when absent; what was counted after it is priced anew.

    Tells `agent.seat_priced`. Raises NotFound.
    """
    await agents.get(tx, workspace_id, agent_id)
    since = tx.now if valid_from is None else valid_from
    await store.set_price(tx, workspace_id, agent_id, SeatPrice(since, nano_per_hour, actor))
    prices = await store.prices_of(tx, workspace_id, agent_id)
    await store.price_again(tx, workspace_id, agent_id, prices, since)
    data = {"nano_per_hour": nano_per_hour, "valid_from": since}
    await tx.emit(Event(workspace_id, "agent.seat_priced", agent_id, data, actor))
    return prices


async def count(tx: Transaction, workspace_id: str, waiting: Mapping[str, Waits]) -> None:
    """Count the time up to now of these agents, which wait, and end it for those that wait no longer.

    Only agents with a price are counted; `waiting` may name others.
    """
    prices = await store.priced(tx, workspace_id)
    last = await store.latest(tx, workspace_id, prices)
    worked = await store.worked_until(tx, workspace_id, [each for each in prices if each in waiting])
    for agent_id, mine in prices.items():
        before, waits = last.get(agent_id), waiting.get(agent_id)
        if waits is None:
            if before is not None and before.open:
                await _end(tx, workspace_id, agent_id, before, mine)
            continue
        # Nothing is counted before it has a price.
        waits = replace(waits, since=max(waits.since, mine[0].valid_from))
        if waits.since > tx.now:
            continue
        now = next_stretch(before, waits, worked.get(agent_id), tx.now)
        goes_on = before is not None and before.open and now.began == before.began
        if before is not None and before.open and not goes_on:
            await store.close(tx, workspace_id, agent_id, before)
        known = before.until if goes_on and before is not None else 0
        await store.write(tx, workspace_id, agent_id, now, known, mine)


async def _end(tx: Transaction, workspace_id: str, agent_id: str, stretch: Stretch, prices: list[SeatPrice]) -> None:
    """It waits no longer: since the last thing that it waited for was done, where that is known."""
    waits = (await dependencies.waits(tx, workspace_id, [stretch.task_id]))[stretch.task_id]
    met = [wait.met_at for wait in waits]
    until = stretch.until
    if met and all(at is not None for at in met):
        until = max(until, *(at for at in met if at is not None))
    ended = Stretch(stretch.task_id, stretch.began, min(until, tx.now))
    await store.write(tx, workspace_id, agent_id, ended, stretch.until, prices)
    await store.close(tx, workspace_id, agent_id, stretch)
