"""A call that waits for a larger part of a shared budget holds it where everybody looks, whatever is told meanwhile."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

from quarterdeck.access.budgets.model import BudgetEntry, Ceiling
from quarterdeck.access.scopes import Facts, Scope
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.limits.counters import Counter, Counters
from quarterdeck.gateway.limits.holds import Hold
from quarterdeck.gateway.limits.plans import Plan
from quarterdeck.gateway.limits.worst import Price

PATIENCE_S = 20
FEMTO_PER_NANO = 1_000_000
ENTRY = BudgetEntry("bud_1", Scope("workspace"), 1_000, "total", "hard")


class Slow:
    """Claims what is asked for, once it is let."""

    away = False

    def __init__(self) -> None:
        self.asked, self.let = asyncio.Event(), asyncio.Event()

    async def more(self, entry: BudgetEntry, counter: Counter, need: int, least: int) -> bool:
        self.asked.set()
        await self.let.wait()
        counter.claim = counter.tail + counter.held + need
        return True

    def soon(self, entry: BudgetEntry, counter: Counter, need: int) -> None:
        raise AssertionError


async def test_a_counter_is_not_forgotten_while_its_first_claim_waits() -> None:
    counters, claims = Counters(), Slow()
    counters.shared = True
    keys = [("bud_1", "ws", "total"), ("bud_2", "ws", "total")]
    lines = [(ENTRY, counters.counter("ws", key)) for key in keys]
    hold = Hold(lambda *_: None, Plan(Facts(), ()))
    price = Price(None, Ceiling(0, FEMTO_PER_NANO), b"", 0)
    draft = cast(Draft, cast(Any, SimpleNamespace(facts=None)))
    reserving = asyncio.create_task(hold.reserve(draft, lines, [price, price], 100, claims))
    async with asyncio.timeout(PATIENCE_S):
        await claims.asked.wait()
        counters.set_bases({})
        claims.let.set()
        await reserving
    assert [counters.counter("ws", key).held for key in keys] == [100, 100]
    hold.let_go()
    for counter in list(counters):
        counter.claim = 0
    counters.set_bases({})
    assert list(counters) == []
