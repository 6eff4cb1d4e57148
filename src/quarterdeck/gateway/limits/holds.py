"""What a call holds of the budgets it falls under, from before it is sent until it is settled."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from quarterdeck.access.budgets.model import BudgetEntry, Mode
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.limits import refusals
from quarterdeck.gateway.limits.counters import Counter, Line
from quarterdeck.gateway.limits.learned import Learned
from quarterdeck.gateway.limits.meter import Meter
from quarterdeck.gateway.limits.plans import Plan, TargetPlan
from quarterdeck.gateway.limits.rates import Line as RateLine
from quarterdeck.gateway.limits.turns import Gate
from quarterdeck.gateway.limits.worst import Price
from quarterdeck.gateway.open_calls import waiting_for
from quarterdeck.gateway.targets import Target

HELD_WAIT_S = 10.0
"""How long a call waits for others to let go of what they hold, when without their holds it would fit."""
STEP_TOKENS = 512
"""So much more a stream holds each time it has written what it held."""
AHEAD = 8
"""So many steps ahead a stream claims room in a budget that others use too: it cannot wait for it."""
LEAST_TOKENS = 16
"""An answer shorter than this is not worth asking for."""


class Claiming(Protocol):
    """Claims room in budgets that other gateways use too."""

    @property
    def away(self) -> bool:
        """Whether nobody can be asked now."""
        ...

    async def more(self, entry: BudgetEntry, counter: Counter, need: int, least: int) -> bool:
        """Claim room for `need` more, or at least for `least`; whether that much is there now."""
        ...

    def soon(self, entry: BudgetEntry, counter: Counter, need: int) -> None:
        """The same without waiting for it."""
        ...


Stopped = Callable[[BudgetEntry, Counter, Draft], None]


class Hold(msgspec.Struct, eq=False):
    """Of one call. `lines` are budgets that can stop it."""

    stopped: Stopped
    caller: Plan
    """Of who calls, as it was when the call came."""
    plan: TargetPlan | None = None
    target: Target | None = None
    """Where it was last sent, and the plan of that."""
    entered: Plan | None = None
    """Set once the limits on who calls were taken from in this process's memory."""
    shared: Sequence[RateLine] = ()
    """Those that were taken from where other gateways see it."""
    turns: Sequence[RateLine] = ()
    tokens: int = 0
    """What was taken of token limits."""
    learned: Sequence[Learned] = ()
    gate_tokens: int = 0
    gates: Sequence[Gate] = ()
    lines: Sequence[Line] = ()
    amount: int = 0
    """What is held of each, while that is the same and `amounts` is empty."""
    amounts: Sequence[int] = ()
    """What is held of each, where that differs."""
    prices: Sequence[Price] = ()
    """Of each, where more may have to be held on the way: of streams."""
    output: int = 0
    """Tokens of output that are held for, of a stream."""
    meter: Meter | None = None
    metered: int = 0
    """Chunks that it has seen."""
    claims: Claiming | None = None

    async def reserve(
        self, draft: Draft, lines: list[Line], prices: list[Price], output: int, claims: Claiming | None = None
    ) -> int:
        """Hold the worst case in every budget, or in none; returns the tokens of output that are held for.

        A call that named no maximum takes what fits. Raises Refusal when a hard budget has no room for it.
        """
        deadline: float | None = None
        if claims is not None:
            await _claim(claims, lines, prices, output)
        named = draft.facts is None or draft.facts.max_output is not None
        while True:
            fits = output
            amounts: list[int] = []
            blocked: tuple[BudgetEntry, Counter, Price] | None = None
            for (entry, counter), price in zip(lines, prices, strict=True):
                left, amount = counter.left(entry.amount), price.of(fits)
                amounts.append(amount)
                if amount <= left:
                    continue
                if entry.mode == Mode.SHADOW:
                    self.stopped(entry, counter, draft)
                    continue
                affordable = price.affordable(left)
                if not named and output and affordable >= min(LEAST_TOKENS, output):
                    fits = affordable
                    continue
                blocked = entry, counter, price
                break
            if blocked is None:
                self._take(lines, prices, amounts if fits == output else [price.of(fits) for price in prices])
                return fits
            entry, counter, price = blocked
            least = output if named else min(LEAST_TOKENS, output)
            for_all = entry.amount - counter.spent - counter.others
            if price.of(least) > for_all or (counter.held == 0 and counter.claim is None):
                self.stopped(entry, counter, draft)
                counter.wake()
                raise refusals.over_budget(entry, draft.headers)
            if claims is not None and claims.away:
                raise refusals.cannot_ask()
            loop = asyncio.get_running_loop()
            deadline = deadline or loop.time() + HELD_WAIT_S
            with waiting_for("budget", draft.flight):
                released = await _released(counter, deadline - loop.time())
            if not released:
                self.stopped(entry, counter, draft)
                raise refusals.over_budget(entry, draft.headers)
            if claims is not None:
                await _claim(claims, lines, prices, output)

    def follow(self, draft: Draft, output: int, claims: Claiming | None) -> None:
        """Count the stream as it flows; it is cut where the held amounts end and there is no more to hold. So far they
        are for `output` tokens."""
        self._tell_apart()
        self.output, self.claims = output, claims
        self.meter, self.metered = Meter(), 0
        draft.meter = self._flowed

    def let_go(self) -> None:
        """Nothing is held any more, and whoever waited for it looks again."""
        lines, amount = self.lines, self.amount
        self.lines = ()
        if self.amounts:
            self._let_go_each(lines)
            return
        for _, counter in lines:
            counter.held -= amount
            if counter.waiters:
                counter.wake()

    def _let_go_each(self, lines: Sequence[Line]) -> None:
        amounts, self.amounts, self.prices = self.amounts, (), ()
        for (_, counter), amount in zip(lines, amounts, strict=True):
            counter.held -= amount
            if counter.waiters:
                counter.wake()

    def _tell_apart(self) -> None:
        """From here on what is held of each may differ."""
        if self.lines and not self.amounts:
            self.amounts = [self.amount] * len(self.lines)

    def _take(self, lines: list[Line], prices: list[Price], amounts: list[int]) -> None:
        self._tell_apart()
        self.lines = [*self.lines, *lines]
        self.prices = [*self.prices, *prices]
        self.amounts = [*self.amounts, *amounts]
        for (entry, counter), amount in zip(lines, amounts, strict=True):
            counter.held += amount
            if counter.waiters and counter.spent + counter.held < entry.amount:
                counter.wake()

    def _flowed(self, draft: Draft) -> None:
        meter = self.meter
        if meter is None or draft.recorded or not draft.chunks:
            return
        kind = draft.answer_type or ""
        plain = draft.translator is not None or not draft.answer_packed
        is_text = plain and kind.startswith("text/event-stream")
        for chunk in draft.chunks[self.metered :]:
            meter.feed(chunk, is_text=is_text)
        self.metered = len(draft.chunks)
        if meter.tokens <= self.output:
            return
        blocked = self._extend(meter.tokens + STEP_TOKENS)
        if blocked is not None:
            blocked = self._extend(meter.tokens)
        if blocked is None:
            return
        entry, counter = blocked
        self.stopped(entry, counter, draft)
        self.meter = None
        refusal = refusals.over_budget(entry, draft.headers)
        flight = draft.flight
        if flight is not None and flight.stop is not None and flight.stopped_by is None:
            flight.stopped_by = (refusal.code, refusal.message)
            flight.stop()

    def _extend(self, output: int) -> Line | None:
        """Hold for so many tokens in all; the budget that has no room for it, and then nothing more is held."""
        wanted = [max(price.of(output), amount) for price, amount in zip(self.prices, self.amounts, strict=True)]
        for (entry, counter), amount, held in zip(self.lines, wanted, self.amounts, strict=True):
            more, left = amount - held, counter.left(entry.amount)
            if self.claims is not None and left < AHEAD * more:
                self.claims.soon(entry, counter, AHEAD * more)
            if entry.mode == Mode.HARD and more > left:
                return entry, counter
        for (_, counter), amount, held in zip(self.lines, wanted, self.amounts, strict=True):
            counter.held += amount - held
        self.amounts = wanted
        self.output = output
        return None


async def _claim(claims: Claiming, lines: list[Line], prices: list[Price], output: int) -> None:
    """Ask for room where the own claim has too little."""
    for _, counter in lines:
        counter.askers += 1
    try:
        for (entry, counter), price in zip(lines, prices, strict=True):
            need = price.of(output)
            if counter.left(entry.amount) < need:
                await claims.more(entry, counter, need, min(need, price.of(min(LEAST_TOKENS, output))))
    finally:
        for _, counter in lines:
            counter.askers -= 1


async def _released(counter: Counter, timeout_s: float) -> bool:
    """Wait until a call lets go of what it held in this counter; False when none did in time."""
    if timeout_s <= 0:
        return False
    turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def wake() -> None:
        if turn.done():
            counter.wake()
        else:
            turn.set_result(None)

    counter.waiters.append(wake)
    try:
        async with asyncio.timeout(timeout_s):
            await turn
        return True
    except TimeoutError:
        return turn.done() and not turn.cancelled()
    finally:
        if not turn.done() or turn.cancelled():
            with contextlib.suppress(ValueError):
                counter.waiters.remove(wake)
