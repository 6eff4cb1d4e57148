"""What this gateway may use of budgets that others use too.

Of each window a gateway *claims* a part: at least what it has settled since the account's word and what its calls hold.
The account's sum and all claims together never pass the cap, so calls are admitted from the own claim without asking,
and a gateway that is cut off can never spend more than its claim.
"""

import asyncio

from quarterdeck.access.budgets.model import BudgetEntry
from quarterdeck.gateway.limits.counters import MEMO, Counter, Counters, Key
from quarterdeck.gateway.limits.shared import scripts
from quarterdeck.gateway.limits.shared.store import ALIVE_US, Away, SharedStore

SPARE_PARTS = 32
"""A claim reaches beyond what is needed by this part of what is left, so that most calls need not ask."""
SPARE_CALLS = 8
"""But by no more than so many calls like the one that asks."""
EXPIRE_MS = 40 * 24 * 3600 * 1000


class Claims:
    """Of one gateway."""

    def __init__(self, store: SharedStore, counters: Counters) -> None:
        self._store = store
        self._counters = counters
        self._asking: dict[int, asyncio.Task[None]] = {}
        self._locks: dict[Key, asyncio.Lock] = {}

    @property
    def away(self) -> bool:
        return self._store.away

    async def more(self, entry: BudgetEntry, counter: Counter, need: int, least: int) -> bool:
        """Claim room for `need` more beside what is used and held, or for `least`; whether that much is there now.

        While Redis is away nothing more can be claimed.
        """
        async with self._lock(counter):
            used = counter.tail + counter.held
            if (counter.claim or 0) < used + need:
                left = max(0, entry.amount - counter.base - used - need)
                spare = min(left // SPARE_PARTS, need * SPARE_CALLS)
                try:
                    await self._set(entry.amount, counter, used + least, used + need + spare)
                except Away:
                    return False
        return (counter.claim or 0) >= counter.tail + counter.held + least

    def soon(self, entry: BudgetEntry, counter: Counter, need: int) -> None:
        """The same without waiting for it: a stream will want more."""
        known = self._asking.get(id(counter))
        if known is None or known.done():
            self._asking[id(counter)] = asyncio.create_task(self._later(entry, counter, need))

    async def _later(self, entry: BudgetEntry, counter: Counter, need: int) -> None:
        await self.more(entry, counter, need, 1)
        self._asking.pop(id(counter), None)

    async def tidy(self, amounts: dict[str, int]) -> None:
        """Give back what is claimed and not used, and tell the account's newest word. Raises Away."""
        for counter in list(self._counters):
            amount = amounts.get(counter.key[0])
            if amount is None:
                continue
            async with self._lock(counter):
                used = counter.tail + counter.held
                # Lowered here first: what is admitted while we ask keeps to it.
                counter.claim = used
                await self._set(amount, counter, used, used)
            counter.wake()

    async def begin(self) -> None:
        """Forget what a process before this one claimed and this one does not know of. Raises Away."""
        own = {self._key(counter) for counter in self._counters}
        me = self._store.gateway_id
        await self._store.forget(f"{self._store.prefix}:budget:*", own, (f"c:{me}", f"s:{me}"))

    def _lock(self, counter: Counter) -> asyncio.Lock:
        lock = self._locks.get(counter.key)
        if lock is None:
            if len(self._locks) >= MEMO:
                self._locks = {key: each for key, each in self._locks.items() if each.locked()}
            lock = self._locks[counter.key] = asyncio.Lock()
        return lock

    def _key(self, counter: Counter) -> str:
        return f"{self._store.prefix}:budget:{':'.join(counter.key)}"

    async def _set(self, cap: int, counter: Counter, least: int, wish: int) -> None:
        answer = await self._store.run(
            scripts.CLAIM,
            (self._store.gateways_key, self._key(counter)),
            (self._store.gateway_id, ALIVE_US, counter.base, cap, least, wish, EXPIRE_MS, counter.tail),
        )
        claim, others, base = (int(float(part)) for part in answer)
        counter.claim = claim
        # Where others have heard a newer word of the account than we, what it adds is no longer in what they settled.
        counter.others = max(others, base - counter.base)
