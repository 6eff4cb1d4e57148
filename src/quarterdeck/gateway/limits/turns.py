"""Turns at a provider: its limits over all agents, set by hand or told by itself, and the queue in front of them."""

import asyncio
from collections.abc import Callable

from quarterdeck.access.limits.model import DEFAULT_WAIT_MS, LimitEntry
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.limits import rates, refusals
from quarterdeck.gateway.limits.learned import Learned
from quarterdeck.gateway.limits.queue import FairQueue, Waiting
from quarterdeck.gateway.limits.rates import Line, now_us

MAX_WAITING = 2_000
"""Calls in front of one provider; one more is refused at once."""
LEVELS_PER_WAIT = 5
"""So many levels of urgency are worth the longest wait there is, so that low beats a fresh urgent before its time."""
_SECOND = 1_000_000


class Ask:
    """What a call brings to the gate."""

    __slots__ = ("agent", "due", "level", "lines", "model_gate", "tokens")

    def __init__(
        self, lines: list[Line], tokens: int, model_gate: Learned | None, *, agent: str, level: int, due: int | None
    ) -> None:
        self.lines = lines
        self.tokens = tokens
        self.model_gate = model_gate
        self.agent = agent
        self.level = level
        self.due = due


class Gate:
    """One provider of one workspace. Whoever finds it closed waits, as long as its limit allows."""

    def __init__(self, provider: str, now: Callable[[], int] = now_us) -> None:
        self._provider = provider
        self._now = now
        self._queue = FairQueue(DEFAULT_WAIT_MS / 1_000 / LEVELS_PER_WAIT)
        self._timer: asyncio.TimerHandle | None = None
        self._blocked: tuple[Line | None, int] = (None, 0)

    @property
    def waiting(self) -> int:
        return len(self._queue)

    async def enter(self, ask: Ask) -> None:
        """Return once the call may go. Raises Refusal when it may not go soon enough."""
        blocked = None if len(self._queue) else self._try(ask)
        if blocked is None and not len(self._queue):
            return
        line, wait = blocked if blocked is not None else self._blocked
        patience = self._patience(line, ask)
        if patience <= 0 or len(self._queue) >= MAX_WAITING or (blocked is not None and wait > patience * _SECOND):
            raise self._refusal(line, wait)
        await self._wait(ask, patience)

    def changed(self) -> None:
        """Something may have become free."""
        if len(self._queue):
            self._pump()

    def _try(self, ask: Ask) -> tuple[Line | None, int] | None:
        """Take all that the call needs; None when it was there."""
        now = self._now()
        if ask.model_gate is not None and (wait := ask.model_gate.wait(now, ask.tokens)):
            return None, wait
        blocked = rates.take(ask.lines, ask.tokens, now)
        if blocked is None and ask.model_gate is not None:
            ask.model_gate.took(ask.tokens)
        return blocked

    async def _wait(self, ask: Ask, patience: float) -> None:
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.step = patience / LEVELS_PER_WAIT

        def try_take() -> int:
            blocked = self._try(ask)
            if blocked is None:
                return 0
            self._blocked = blocked
            return blocked[1]

        weights = [line.entry.weights.get(ask.agent, 1) for line in ask.lines if line.entry.weights]
        waiting = Waiting(
            level=ask.level,
            agent=ask.agent,
            weight=weights[0] if weights else 1,
            due=ask.due,
            arrived=self._now() / _SECOND,
            try_take=try_take,
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
            raise self._refusal(*self._blocked) from None
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                # It was given what it will not use.
                rates.give_back(ask.lines, used_tokens=None, sent=False)
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
            wait = waiting.try_take()
            if wait:
                self._timer = asyncio.get_running_loop().call_later(wait / _SECOND, self._pump)
                return
            self._queue.pop(waiting)
            waiting.grant()

    def _patience(self, line: Line | None, ask: Ask) -> float:
        """Seconds. What the provider says of itself is waited for as long as its own limit says, or a little while."""
        if line is not None:
            return line.entry.max_wait_ms / 1_000
        return max([each.entry.max_wait_ms for each in ask.lines] or [DEFAULT_WAIT_MS]) / 1_000

    def _refusal(self, line: Line | None, wait: int) -> Refusal:
        if line is None:
            return refusals.provider_busy(self._provider, wait)
        entry: LimitEntry = line.entry
        return refusals.rate_limited(entry, wait, line.bucket.remaining(self._now()))
