"""Admission over several gateways."""

import asyncio
import logging
from collections.abc import Sequence

from quarterdeck.access.snapshot import Snapshot
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.limits.admission import Admission
from quarterdeck.gateway.limits.holds import Hold
from quarterdeck.gateway.limits.plans import Plan
from quarterdeck.gateway.limits.rates import Line, limited, lines_of, now_us, remaining
from quarterdeck.gateway.limits.shared.claims import Claims
from quarterdeck.gateway.limits.shared.gate import SharedGate
from quarterdeck.gateway.limits.shared.rates import SharedRates
from quarterdeck.gateway.limits.shared.store import BEAT_S, Away, SharedStore
from quarterdeck.gateway.limits.spending import Spending
from quarterdeck.gateway.limits.turns import Gate
from quarterdeck.ledger.prices import PriceBook

TIDY_S = 0.25
log = logging.getLogger(__name__)


class SharedAdmission(Admission):
    """The same rules, with what is used kept where every gateway sees it."""

    _together = True

    def __init__(self, hooks: Hooks, prices: PriceBook, spending: Spending, store: SharedStore) -> None:
        super().__init__(hooks, prices, spending)
        spending.counters.shared = True
        self._store = store
        self._shared = SharedRates(store)
        self._claims = self._reserving.claims = Claims(store, spending.counters)
        self._amounts: dict[str, int] = {}

    def troubles(self) -> list[str]:
        away = "Redis is away: each gateway keeps to its share of limits, and to what it has claimed of budgets"
        return [away] if self._store.away else []

    def swapped(self, snapshot: Snapshot) -> None:
        self._amounts = {budget.id: budget.amount for each in snapshot.workspaces.values() for budget in each.budgets}
        super().swapped(snapshot)

    async def run(self) -> None:
        """Give back what is claimed and not used, several times a second, until cancelled."""
        begun, beaten = False, BEAT_S
        while True:
            try:
                beaten += TIDY_S
                if beaten >= BEAT_S:
                    beaten = 0.0
                    await self._store.beat()
                if not begun and self.spending.ready.is_set():
                    await self._claims.begin()
                    begun = True
                await self._claims.tidy(self._amounts)
            except Away:
                pass
            await asyncio.sleep(TIDY_S)

    async def _enter(self, draft: Draft, hold: Hold, plan: Plan) -> None:
        lines = lines_of(plan.rates)
        blocked = await self._shared.take(lines, hold.tokens)
        if blocked is not None:
            raise limited(blocked)
        hold.shared = lines
        draft.told = remaining(lines, now_us())

    def _give_back(self, lines: Sequence[Line], *, used_tokens: int | None, sent: bool) -> None:
        self._shared.give_back(lines, used_tokens=used_tokens, sent=sent)

    def _new_gate(self, workspace_id: str, provider: str) -> Gate:
        key = f"{self._store.prefix}:turns:{workspace_id}:{provider}"
        return SharedGate(provider, key, self._store, self._shared)
