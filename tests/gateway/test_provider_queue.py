"""Two hundred agents at one provider's limit: urgent first, equals share evenly, nobody starves."""

import asyncio
from collections import Counter

import pytest
from gateway_world import PATIENCE_S, until

from quarterdeck.access.limits.model import LimitEntry
from quarterdeck.access.scopes import Scope
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.limits.rates import Line, Rule, Slots, lines_of
from quarterdeck.gateway.limits.turns import Ask, Gate

AGENTS = 200
LIMIT = LimitEntry("l", Scope("provider", "openai"), "concurrent", 4, None, 4, max_wait_ms=60_000)


def _line(limit: LimitEntry, slots: Slots) -> Line:
    return lines_of([Rule(limit, "", slots, of_tokens=False, of_slots=True)])[0]


async def test_two_hundred_agents_at_one_provider() -> None:
    slots, gate = Slots(4), Gate("openai")
    order: list[tuple[str, int]] = []

    async def call(agent: int, level: int) -> None:
        ask = Ask([_line(LIMIT, slots)], 0, None, agent=f"agent {agent}", level=level, due=None)
        await gate.enter(ask)
        order.append((f"agent {agent}", level))
        await asyncio.sleep(0)
        slots.give_back(1)
        gate.changed()

    calls = [call(agent, 0 if agent < 20 else 2) for agent in range(AGENTS) for _ in range(5 + agent % 7)]
    await asyncio.gather(*calls)
    assert len(order) == len(calls) and slots.taken == 0
    urgent = [place for place, (_, level) in enumerate(order) if level == 0]
    # The first four found the provider free; behind them the urgent ones come before all others.
    assert max(urgent) <= len(urgent) + 4
    equals = [agent for agent, level in order[len(urgent) + 4 :] if level == 2][: 180 * 3]
    got = Counter(equals)
    shares = [float(got[f"agent {agent}"]) for agent in range(20, AGENTS)]
    assert sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares)) >= 0.95


async def test_the_queue_is_bounded_in_length_and_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterdeck.gateway.limits.turns.MAX_WAITING", 2)
    slots, gate = Slots(1), Gate("openai")
    slots.let(0)

    async def call(max_wait_ms: int) -> str:
        entry = LimitEntry("l", Scope("provider", "openai"), "concurrent", 1, None, 1, max_wait_ms=max_wait_ms)
        ask = Ask([_line(entry, slots)], 0, None, agent="a", level=2, due=None)
        try:
            await gate.enter(ask)
        except Refusal as refusal:
            return refusal.code
        return "served"

    patient = asyncio.create_task(call(120_000))
    assert await call(200) == "rate_limited"
    another = asyncio.create_task(call(120_000))
    await until(lambda: gate.waiting == 2)
    async with asyncio.timeout(PATIENCE_S):
        assert await call(120_000) == "rate_limited"
    for each in (patient, another):
        each.cancel()
    await asyncio.gather(patient, another, return_exceptions=True)
    assert gate.waiting == 0
