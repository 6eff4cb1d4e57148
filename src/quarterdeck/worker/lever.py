"""The loop of the stop lever: orders that were given for later take effect, pauses with an end are lifted."""

import asyncio
import logging

from quarterdeck.control.http import Gateways
from quarterdeck.control.lever import actions, store
from quarterdeck.control.lever.gates import carry_out
from quarterdeck.control.lever.model import Order, Verb
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Changed, NotFound, QuarterdeckError

LOOK_S = 0.5
RETRY_S = 2.0
log = logging.getLogger("quarterdeck.lever")


async def run(db: Database, gate: Gateways, *, look_s: float = LOOK_S) -> None:
    """Carry out what is due, at most `look_s` late, until cancelled. Safe in any number of processes."""
    while True:
        wait_s = look_s
        try:
            await look(db, gate)
        except QuarterdeckError as error:
            log.warning("lever_interrupted reason=%s", error.message)
            wait_s = RETRY_S
        await asyncio.sleep(wait_s)


async def look(db: Database, gate: Gateways) -> None:
    """Carry out what is due now."""
    async with db.read() as tx:
        standing, now = await store.standing(tx), tx.now
    for order in standing:
        try:
            if order.until_at is not None and order.until_at <= now:
                async with db.transaction() as tx:
                    await actions.lift(tx, order.workspace_id, order.id)
                await gate.ensure_published()
            elif order.applied_at is None and order.from_at <= now:
                await _begin(db, gate, order)
        except (Changed, NotFound) as error:
            # Somebody was first, or what it names is gone.
            log.info("order_not_applied order=%s reason=%s", order.id, error.message)


async def _begin(db: Database, gate: Gateways, order: Order) -> None:
    async with db.transaction() as tx:
        effect = await actions.apply(tx, order, actor=order.created_by)
    await carry_out(gate, effect, end_open=order.verb is Verb.KILL)
