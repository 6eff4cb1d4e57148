"""Room in every budget for what a call may cost at the most, before it is sent."""

import asyncio
from typing import Any

from quarterdeck.access.budgets.model import Mode
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Billing
from quarterdeck.gateway.limits import clamp, refusals, worst
from quarterdeck.gateway.limits.counters import FOREVER, Counter, Line
from quarterdeck.gateway.limits.holds import Claiming, Hold
from quarterdeck.gateway.limits.plans import TargetPlan
from quarterdeck.gateway.limits.spending import Spending
from quarterdeck.gateway.limits.stops import Stops
from quarterdeck.gateway.limits.worst import Price
from quarterdeck.gateway.targets import Target
from quarterdeck.kernel.money import NANO
from quarterdeck.ledger.prices import MISSING, PriceBook
from quarterdeck.ledger.quotes import Quote

READY_WAIT_S = 10.0
_TOKENS = Billing.TOKENS
_LEFT = b"x-quarterdeck-budget-left-usd: %d.%09d\r\n"


class Reserving:
    """One per gateway process."""

    def __init__(self, prices: PriceBook, spending: Spending, stops: Stops) -> None:
        self._prices = prices
        self._spending = spending
        self._stops = stops
        self.claims: Claiming | None = None
        """Where budgets are shared with other gateways."""

    async def quoted(self, draft: Draft, target: Target, lines: list[Line]) -> Quote | None:
        """The price to go by, once all is known that these budgets have spent. Raises Refusal."""
        if not self._spending.exact:
            await self._wait_until_exact(lines)
        if draft.endpoint.billing is not Billing.TOKENS:
            return None
        provider = target.provider
        quote: Any = draft.quote
        if quote is MISSING:
            # It may have been looked up for another call meanwhile.
            quote = self._prices.cached(provider.kind, target.model, draft.started, provider=provider.name)
        if quote is MISSING:
            quote = await asyncio.to_thread(self._prices.resolve, provider.kind, target.model, provider=provider.name)
        return quote  # type: ignore[no-any-return]

    def reserve_at_once(self, draft: Draft, plan: TargetPlan, hold: Hold) -> bool:
        """Hold what most calls need: the price is known, there is room in every budget, and nobody waits for it.

        Else nothing is held, and it takes `quoted` and `reserve`. To be asked where nothing is held yet.
        """
        quote = draft.quote
        if quote is None or quote is MISSING or draft.endpoint.billing is not _TOKENS or not self._spending.exact:
            return False
        lines = plan.binding
        size, output = worst.tokens(draft, plan.seen, plan.assumed_output, quote.context_window)
        amount = worst.cost(draft, quote, size, output)
        least = FOREVER
        for entry, counter in lines:
            left = entry.amount - counter.base - counter.tail - counter.held - amount
            if left < 0 or counter.waiters or (counter.claim is not None and counter.left(entry.amount) < amount):
                _take_back(lines, counter, amount)
                return False
            counter.held += amount
            least = left if left < least else least
        hold.lines, hold.amount = lines, amount
        facts = draft.facts
        if facts is not None and facts.stream:
            hold.prices = [Price(quote, None, draft.request_body, size)] * len(lines)
            hold.follow(draft, output, self.claims)
        if plan.all_hard:
            draft.told += _LEFT % divmod(least, NANO)
        elif plan.hard:
            draft.told += _left(plan.hard)
        return True

    async def reserve(self, draft: Draft, target: Target, plan: TargetPlan, hold: Hold, quote: Quote | None) -> None:
        """Hold the worst case in every budget that can stop the call. Raises Refusal when there is no room for it."""
        window = quote.context_window if quote is not None else None
        size, _ = worst.tokens(draft, plan.seen, 0, window)
        lines, prices = self._priced(draft, target, plan.binding, quote, size)
        if not lines:
            return
        _, output = worst.tokens(draft, plan.seen, max(entry.assumed_output for entry, _ in lines), window)
        fits = await hold.reserve(draft, lines, prices, output, self.claims)
        stream = draft.facts is not None and draft.facts.stream
        if fits < output and not stream and not clamp.output(draft, target, fits):
            hold.let_go()
            raise refusals.over_budget(lines[0][0], draft.headers)
        if stream:
            hold.follow(draft, fits, self.claims)
        if hard := [line for line in lines if line[0].mode == Mode.HARD]:
            draft.told += _left(hard)

    def _priced(
        self, draft: Draft, target: Target, lines: list[Line], quote: Quote | None, size: int
    ) -> tuple[list[Line], list[Price]]:
        """What the call may cost in each budget. Raises Refusal when a hard one has no price to go by."""
        if quote is not None:
            return lines, [Price(quote, None, draft.request_body, size)] * len(lines)
        priced: list[Line] = []
        prices: list[Price] = []
        for entry, counter in lines:
            ceiling = entry.ceiling
            if ceiling is None or (draft.endpoint.billing is Billing.UNKNOWN and not ceiling.request):
                self._stops.add(entry, counter, draft)
                if entry.mode == Mode.HARD:
                    raise refusals.unpriced(f"{target.provider.name}/{target.model}" if target.model else draft.path)
                continue
            priced.append((entry, counter))
            prices.append(Price(None, ceiling, b"", size))
        return priced, prices

    async def _wait_until_exact(self, lines: list[Line]) -> None:
        """What was spent before is being read back. Only a hard budget has to wait for it."""
        if not any(entry.mode == Mode.HARD for entry, _ in lines):
            return
        try:
            async with asyncio.timeout(READY_WAIT_S):
                await self._spending.ready.wait()
        except TimeoutError:
            raise refusals.not_exact_yet() from None


def _left(hard: list[Line]) -> bytes:
    """A line of the answer's head: what the tightest of these budgets leaves."""
    left = min([entry.amount - counter.spent - counter.held for entry, counter in hard])
    return _LEFT % divmod(max(0, left), NANO)


def _take_back(lines: list[Line], until: Counter, amount: int) -> None:
    """There is no room in that one, so the ones before it hold nothing either."""
    for _, counter in lines:
        if counter is until:
            return
        counter.held -= amount
