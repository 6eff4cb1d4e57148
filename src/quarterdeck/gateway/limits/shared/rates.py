"""Rate limits over several gateways. While Redis is away each gateway keeps to its even share by itself."""

import asyncio
from collections.abc import Sequence

from quarterdeck.access.limits.gcra import Gcra
from quarterdeck.access.limits.model import Measure
from quarterdeck.gateway.limits import rates
from quarterdeck.gateway.limits.rates import Blocked, Line, now_us
from quarterdeck.gateway.limits.shared import scripts
from quarterdeck.gateway.limits.shared.store import ALIVE_US, Away, SharedStore


class SharedRates:
    """Takes and gives back. One per gateway."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._giving: set[asyncio.Task[None]] = set()
        self.freed = asyncio.Event()
        """Set, and replaced, when something was given back here."""

    async def take(self, lines: list[Line], tokens: int) -> Blocked | None:
        """From all of them or from none."""
        if not lines:
            return None
        args: list[object] = [self._store.process_id, ALIVE_US]
        for line in lines:
            entry = line.entry
            count = tokens if entry.measure == Measure.TOKENS else 1
            args += (entry.measure, entry.amount, entry.length, entry.burst, count)
        try:
            answer = await self._store.run(
                scripts.TAKE, (self._store.processes_key, *(self._key(line) for line in lines)), args
            )
        except Away:
            return self._take_alone(lines, tokens)
        if answer[0]:
            return Blocked(lines[int(answer[0]) - 1], int(answer[1]), int(answer[2]))
        now = now_us()
        for line, left in zip(lines, answer[1:], strict=True):
            line.taken = line.rule.counted(tokens)
            line.shared, line.left = True, max(0, int(left))
            # The own memory follows: it is shown, and what the gateway goes on from when Redis goes away.
            if isinstance(line.bucket, Gcra):
                line.bucket.leave(line.left, now)
            else:
                line.bucket.taken += 1
        return None

    def give_back(self, lines: Sequence[Line], *, used_tokens: int | None, sent: bool) -> None:
        """As rates.give_back; what was taken from Redis goes back there, soon."""
        alone = [line for line in lines if not line.shared]
        rates.give_back(alone, used_tokens=used_tokens, sent=sent)
        keys, args = [], [self._store.process_id]
        for line in lines:
            count = rates.due_back(line, used_tokens=used_tokens, sent=sent) if line.shared else 0
            line.taken = 0
            if line.shared and count and not isinstance(line.bucket, Gcra):
                line.bucket.taken -= 1
            if count:
                keys.append(self._key(line))
                args += (line.entry.measure, str(line.entry.length), str(count))
        if keys:
            task = asyncio.create_task(self._give(keys, args))
            self._giving.add(task)
            task.add_done_callback(self._giving.discard)

    async def _give(self, keys: list[str], args: list[str]) -> None:
        try:
            await self._store.run(scripts.GIVE_BACK, keys, args)
        except Away:
            return  # slots of a gateway are forgotten with it, and rates refill by themselves
        self.freed.set()
        self.freed = asyncio.Event()

    def _take_alone(self, lines: list[Line], tokens: int) -> Blocked | None:
        """The gateway's even share of each limit, from its own memory: together they never let more through."""
        return rates.take(lines, tokens, now_us(), times=max(1, self._store.gateways))

    def _key(self, line: Line) -> str:
        return f"{self._store.prefix}:limit:{line.entry.id}:{line.value}"
