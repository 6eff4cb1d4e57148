"""Turns at a provider: its limits over all agents, set by hand or told by itself, and the queue in front of them."""

import asyncio
from collections.abc import Callable

from quarterdeck.access.limits.model import DEFAULT_WAIT_MS
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.limits import rates, refusals
from quarterdeck.gateway.limits.learned import Learned
from quarterdeck.gateway.limits.queue import FairQueue, Waiting
from quarterdeck.gateway.limits.rates import Blocked, Line, now_us
from quarterdeck.gateway.open_calls import InFlight, waiting_for

MAX_WAITING = 2_000
"""Calls in front of one provider; one more is refused at once."""
LEVELS_PER_WAIT = 5
"""So many levels of urgency are worth the longest wait there is, so that low beats a fresh urgent before its time."""
_SECOND = 1_000_000


class Ask:
    """What a call brings to the gate."""

    __slots__ = ("agent", "due", "flight", "level", "lines", "model_gate", "tokens")

    def __init__(
        self,
        lines: list[Line],
        tokens: int,
        model_gate: Learned | None,
        *,
        agent: str,
        level: int,
        due: int | None,
        flight: InFlight | None = None,
    ) -> None:
        self.lines = lines
        self.tokens = tokens
        self.model_gate = model_gate
        self.agent = agent
        self.level = level
        self.due = due
        self.flight = flight
        """Where it is shown that the call waits."""

    @property
    def weight(self) -> int:
        """The share of its agent."""
        weights = (line.entry.weights[self.agent] for line in self.lines if self.agent in line.entry.weights)
        return max(1, next(weights, 1))

    @property
    def longest_wait_ms(self) -> int:
        """As long as one of its limits allows; a little while where only the provider itself said no."""
        return max((line.entry.max_wait_ms for line in self.lines), default=DEFAULT_WAIT_MS)


class Gate:
    """One provider of one workspace. Whoever finds it closed waits, as long as its limit allows."""

    def __init__(self, provider: str, now: Callable[[], int] = now_us) -> None:
        self._provider = provider
        self._now = now
        self._queue = FairQueue(DEFAULT_WAIT_MS / 1_000 / LEVELS_PER_WAIT)
        self._timer: asyncio.TimerHandle | None = None
        self._blocked = Blocked(None, 0, 0)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def enter(self, ask: Ask) -> None:
        """Return once the call may go. Raises Refusal when it may not go soon enough."""
        blocked, queued = self._blocked, len(self._queue) > 0
        if not queued:
            found = await self._first_try(ask)
            if found is None:
                return
            blocked = found
        patience = self._patience(blocked, ask)
        too_long = not queued and blocked.wait > patience * _SECOND
        if patience <= 0 or len(self._queue) >= MAX_WAITING or too_long:
            raise self._refusal(blocked)
        with waiting_for("queue", ask.flight):
            await self._wait(ask, patience)

    def changed(self) -> None:
        """Something may have become free."""
        if len(self._queue):
            self._pump()

    async def _first_try(self, ask: Ask) -> Blocked | None:
        return self._try(ask)

    def _try(self, ask: Ask) -> Blocked | None:
        """Take all that the call needs; None when it was there."""
        now = self._now()
        if ask.model_gate is not None and (wait := ask.model_gate.wait(now, ask.tokens)):
            return Blocked(None, wait, 0)
        blocked = rates.take(ask.lines, ask.tokens, now)
        if blocked is None and ask.model_gate is not None:
            ask.model_gate.took(ask.tokens)
        return blocked

    def _give_back(self, ask: Ask) -> None:
        """A call was given what it will not use."""
        rates.give_back(ask.lines, used_tokens=None, sent=False)
        if ask.model_gate is not None:
            ask.model_gate.done(ask.tokens)

    def _step(self, ask: Ask) -> float:
        return ask.longest_wait_ms / 1_000 / LEVELS_PER_WAIT

    async def _wait(self, ask: Ask, patience: float) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.step = patience / LEVELS_PER_WAIT
        waiting = Waiting(
            level=ask.level,
            agent=ask.agent,
            weight=ask.weight,
            due=ask.due,
            arrived=self._now() / _SECOND,
            ask=ask,
            grant=lambda: None if turn.done() else turn.set_result(None),
        )
        self._queue.push(waiting)
        self._pump()
        try:
            async with asyncio.timeout(patience):
                await turn
        except TimeoutError:
            if turn.done() and not turn.cancelled():
                return  # the turn came with the last bell
            raise self._refusal(self._blocked) from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(ask)
                loop.call_soon(self.changed)
            raise
        finally:
            self._queue.drop(waiting)

    def _pump(self) -> None:
        """Serve whose turn it is, as long as there is something to serve them with; then come back in time."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while (waiting := self._queue.head(self._now() / _SECOND)) is not None:
            blocked = self._try(waiting.ask)
            if blocked is not None:
                self._blocked = blocked
                self._timer = asyncio.get_running_loop().call_later(blocked.wait / _SECOND, self._pump)
                return
            self._queue.pop(waiting)
            waiting.grant()

    def _patience(self, blocked: Blocked, ask: Ask) -> float:
        """Seconds."""
        line = blocked.line
        return (line.entry.max_wait_ms if line is not None else ask.longest_wait_ms) / 1_000

    def _refusal(self, blocked: Blocked) -> Refusal:
        if blocked.line is None:
            return refusals.provider_busy(self._provider, blocked.wait)
        return refusals.rate_limited(blocked.line.entry, blocked.wait, blocked.left)
