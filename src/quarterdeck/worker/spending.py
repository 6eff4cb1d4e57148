"""Tells gateways what the account says of budgets, and people when one is reached."""

import asyncio
import logging
from collections.abc import Sequence

import sqlalchemy as sa

from quarterdeck.access import wire
from quarterdeck.access.budgets.model import BudgetEntry, Window
from quarterdeck.control.budgets import actions, store
from quarterdeck.control.budgets.entries import entries_of
from quarterdeck.control.budgets.spending import offsets, spent_of
from quarterdeck.db import Database
from quarterdeck.kernel.clock import DAY
from quarterdeck.kernel.errors import QuarterdeckError
from quarterdeck.ledger.segments import Position
from quarterdeck.worker.bus import BusServer

EVERY_S = 2.0
MARKS_KEPT = 62 * DAY
log = logging.getLogger("quarterdeck.budgets")


class SpendingTeller:
    """One per control process."""

    def __init__(self, db: Database, bus: BusServer) -> None:
        self._db = db
        self._bus = bus
        self._pruned = 0
        self._any = True
        """Whether there is a budget; until that is known, as if there was."""

    def needed_from(self, journal_id: str) -> Position | None:
        """From where on a gateway may have to read its journal when it starts anew: what it was told does not go on."""
        return Position(*self._bus.spent_told.get(journal_id, (0, 0))) if self._any else None

    async def run(self) -> None:
        """Until cancelled. A database that is away is waited for; gateways count on by themselves meanwhile."""
        before: wire.Spent | None = None
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                async with self._db.read() as tx:
                    self._any = any((await entries_of(tx)).values())
                if not self._any:
                    continue
                async with self._bus.spending:
                    spent = await self.spent()
                    if before is None or (spent.journals, spent.rows) != (before.journals, before.rows):
                        await self._bus.tell_spent(spent)
                        before = spent
            except (QuarterdeckError, sa.exc.SQLAlchemyError, OSError) as error:
                log.warning("budgets_not_told reason=%s", error)

    async def spent(self) -> wire.Spent:
        """The account's sums and how far they go, in one look; and whoever is to hear of a level hears of it."""
        rows: list[wire.SpentRow] = []
        reached: list[tuple[str, BudgetEntry, wire.SpentRow, int]] = []
        async with self._db.read() as tx:
            journals = await offsets(tx)
            told = await store.marked(tx)
            found = await entries_of(tx)
            for workspace_id, entries in found.items():
                mine = await spent_of(tx, workspace_id, entries)
                rows += mine
                reached += [(workspace_id, *each) for each in _reached(entries, mine, told)]
        if reached:
            async with self._db.transaction() as tx:
                for workspace_id, entry, row, level in reached:
                    await actions.tell_level(tx, workspace_id, entry, row, level)
        await self._prune(found)
        return wire.Spent(0, journals, rows)

    async def stopped(self, stops: Sequence[wire.Stop]) -> None:
        """Gateways stopped calls, or in mode shadow would have."""
        async with self._db.transaction() as tx:
            found = await entries_of(tx)
            for stop in stops:
                entry = next((each for each in found[stop.workspace_id] if each.id == stop.budget_id), None)
                if entry is not None:
                    await actions.tell_stop(tx, entry, stop)

    async def _prune(self, found: dict[str, list[BudgetEntry]]) -> None:
        """Now and then, forget what was told of windows that are long over."""
        now = self._db.clock.now()
        if now - self._pruned < DAY:
            return
        self._pruned = now
        endless = [entry.id for entries in found.values() for entry in entries if entry.window == Window.TOTAL]
        async with self._db.transaction() as tx:
            await store.forget_marks_before(tx, now - MARKS_KEPT, endless)


def _reached(
    entries: list[BudgetEntry], rows: list[wire.SpentRow], told: set[tuple[str, str, str, int]]
) -> list[tuple[BudgetEntry, wire.SpentRow, int]]:
    """Windows whose highest reached level has not been told."""
    by_id = {entry.id: entry for entry in entries}
    found = []
    for row in rows:
        entry = by_id[row.budget_id]
        levels = [level for level in entry.warn if row.amount * 100 >= level * entry.amount]
        if levels and (row.budget_id, row.value, row.window, levels[-1]) not in told:
            found.append((entry, row, levels[-1]))
    return found
