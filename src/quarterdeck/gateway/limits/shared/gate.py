"""The queue in front of a provider over several gateways: each has its own, and the best of their heads goes first."""

import asyncio
import contextlib

from quarterdeck.gateway.limits.rates import Blocked
from quarterdeck.gateway.limits.shared import scripts
from quarterdeck.gateway.limits.shared.rates import SharedRates
from quarterdeck.gateway.limits.shared.store import Away, SharedStore
from quarterdeck.gateway.limits.turns import Ask, Gate

STALE_MS = 500
"""A gateway that has somebody waiting says so more often than this."""
LOOK_AGAIN_S = 0.01
LONGEST_LOOK_S = 0.05
"""Slots that another gateway frees are not told to us."""
_SECOND = 1_000_000


class SharedGate(Gate):
    """As Gate, asking Redis for the turn and for what the turn takes."""

    def __init__(self, provider: str, key: str, store: SharedStore, shared: SharedRates) -> None:
        super().__init__(provider)
        self._key = key
        self._store = store
        self._shared = shared
        self._serving: asyncio.Task[None] | None = None

    async def _first_try(self, ask: Ask) -> Blocked | None:
        if not await self._is_mine(ask.level * self._step(ask), ask.agent):
            await self._say_nobody_waits()
            return Blocked(ask.lines[0] if ask.lines else None, 1, 0)
        blocked = await self._take(ask)
        if blocked is None:
            await self._served(ask)
        else:
            await self._say_nobody_waits()
        return blocked

    def _pump(self) -> None:
        if self._serving is None or self._serving.done():
            self._serving = asyncio.create_task(self._serve(), name="turns")

    async def _serve(self) -> None:
        """Serve while anybody waits here."""
        while (waiting := self._queue.head(self._now() / _SECOND)) is not None:
            score = waiting.level * self._queue.step - (self._now() / _SECOND - waiting.arrived)
            # Tenths of a step: what came at about the same time is equal, and then who was served less goes first.
            score = round(score / self._queue.step * 10) / 10
            if not await self._is_mine(score, waiting.agent):
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            blocked = await self._take(waiting.ask)
            if blocked is not None:
                self._blocked = blocked
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(blocked.wait / _SECOND, LONGEST_LOOK_S)):
                        await self._shared.freed.wait()
                continue
            if waiting.gone:
                self._shared.give_back(waiting.ask.lines, used_tokens=None, sent=False)
                continue
            self._queue.pop(waiting)
            waiting.grant()
            await self._served(waiting.ask)
        await self._say_nobody_waits()

    async def _take(self, ask: Ask) -> Blocked | None:
        now = self._now()
        if ask.model_gate is not None and (wait := ask.model_gate.wait(now, ask.tokens)):
            return Blocked(None, wait, 0)
        blocked = await self._shared.take(ask.lines, ask.tokens)
        if blocked is None and ask.model_gate is not None:
            ask.model_gate.took(ask.tokens)
        return blocked

    async def _is_mine(self, score: float, agent: str) -> bool:
        """Whether no other gateway has somebody whose turn it is first; alone, it always is."""
        args = (self._store.gateway_id, f"{score:.3f}", agent, STALE_MS)
        try:
            return bool(await self._store.run(scripts.TURN, (f"{self._key}:heads", f"{self._key}:served"), args))
        except Away:
            return True

    async def _served(self, ask: Ask) -> None:
        try:
            await self._store.run(scripts.SERVED, (f"{self._key}:served",), (ask.agent, 1 / ask.weight))
        except Away:
            return

    async def _say_nobody_waits(self) -> None:
        if len(self._queue):
            return
        try:
            keys = (f"{self._key}:heads", f"{self._key}:served")
            await self._store.run(scripts.TURN, keys, (self._store.gateway_id, "", "", STALE_MS))
        except Away:
            return

    def _give_back(self, ask: Ask) -> None:
        self._shared.give_back(ask.lines, used_tokens=None, sent=False)
