"""Budgets and routes together: each try holds for itself, and what every try cost is charged."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from gateway_world import until
from limited_world import Limited, budget, limited_running

from quarterdeck.access import wire
from quarterdeck.access.limits.model import LimitEntry
from quarterdeck.access.scopes import Scope
from quarterdeck.ledger.segments import Position

HAIKU = {"provider": "anthropic", "override_params": {"model": "claude-haiku-4-5"}}
TWO = {"strategy": {"mode": "fallback"}, "targets": [{"provider": "openai"}, HAIKU]}


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limited]:
    async with limited_running(tmp_path) as made:
        yield made


async def ask(limited: Limited, config: Any, *, script: Any = None, **body: Any) -> httpx.Response:
    asked = {"model": "gpt-4o-mini", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}], **body}
    headers = {"x-portkey-config": msgspec.json.encode(config).decode()}
    return await limited.gateway.post("/v1/chat/completions", asked, script=script, **headers)


async def test_a_route_decides_by_what_is_left_of_the_budget(limited: Limited) -> None:
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"budget.left_usd": {"$lt": 0.5}}, "then": "cheap"}],
            "default": "strong",
        },
        "targets": [
            {"name": "cheap", "provider": "openai", "override_params": {"model": "gpt-4o-mini"}},
            {"name": "strong", "provider": "openai", "override_params": {"model": "gpt-4o"}},
        ],
    }
    await limited.in_force(budget(5.0, "agent:agt_1"))
    assert (await ask(limited, config)).headers["x-quarterdeck-model"] == "gpt-4o"
    await limited.in_force(budget(0.4, "agent:agt_1", id="small"))
    assert (await ask(limited, config)).headers["x-quarterdeck-model"] == "gpt-4o-mini"


async def test_what_a_route_lets_a_call_write_is_held_for(limited: Limited) -> None:
    await limited.in_force(budget(0.01, "agent:agt_1"))
    config = {"provider": "openai", "override_params": {"max_tokens": 100_000}}
    answer = await ask(limited, config)
    assert answer.headers["x-quarterdeck-code"] == "budget_exceeded"
    assert limited.gateway.seen == []
    assert (await ask(limited, {"provider": "openai"})).status_code == 200


async def test_a_target_whose_budget_is_spent_is_passed_over(limited: Limited) -> None:
    await limited.in_force(budget(0.0, "provider:openai"))
    answer = await ask(limited, TWO)
    assert answer.headers["x-quarterdeck-provider"] == "anthropic"
    assert [seen.target for seen in limited.gateway.seen] == ["/v1/messages"]
    assert limited.held() == 0


@pytest.mark.parametrize("config", [TWO, {"provider": "openai", "override_params": {"seed": 1}}])
async def test_a_call_that_is_paused_while_it_waits_for_its_turn_is_not_sent_when_the_turn_comes(
    limited: Limited, config: Any
) -> None:
    gateway = limited.gateway
    one = LimitEntry("l", Scope("provider", "openai"), "concurrent", 1, None, 1, max_wait_ms=60_000)
    await limited.in_force(limits=(one,))
    stream = {"words": 400, "chunks": 400, "timing": {"chunk_ms": 100}}
    first = asyncio.create_task(gateway.chat(script=stream, stream=True))
    await until(lambda: len(gateway.seen) == 1)
    second = asyncio.create_task(ask(limited, config))
    await until(lambda: any(each.held == "queue" for each in gateway.open_calls.traffic()[1]))
    gateway.agent = msgspec.structs.replace(gateway.agent, desired="paused")
    limited.publish()
    first.cancel()
    refused = await second
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "agent_paused")
    assert len(gateway.seen) == 1


@pytest.mark.parametrize("stream", [False, True])
async def test_what_every_try_cost_is_charged_and_nothing_stays_held(limited: Limited, stream: bool) -> None:
    await limited.in_force(budget(5.0, "agent:agt_1"))
    answer = await ask(
        limited, TWO, script={"text": "Hi.", "fault": {"kind": "error_event", "after": 1, "times": 1}}, stream=stream
    )
    assert answer.status_code == 200
    record = await limited.gateway.record()
    assert record.cost is not None
    assert limited.spent() == record.cost
    assert limited.held() == 0
    if stream:
        assert record.attempts[0].cost and record.cost > record.attempts[0].cost


async def test_what_a_failed_try_cost_is_charged_where_it_was_made(limited: Limited) -> None:
    await limited.in_force(
        budget(5.0, "provider:openai", id="openai"), budget(5.0, "provider:anthropic", id="anthropic"), budget(5.0)
    )
    fault = {"kind": "error_event", "after": 1, "times": 1}
    await ask(limited, TWO, script={"text": "Hi.", "fault": fault}, stream=True)
    record = await limited.gateway.record()
    assert record.cost is not None and record.attempts[0].cost
    assert limited.spent("openai") == record.attempts[0].cost
    assert limited.spent("anthropic") == record.cost - record.attempts[0].cost
    assert limited.spent() == record.cost
    # Read back from the journal, as after a kill, it is the same.
    limited.admission.spending.told(wire.Spent(0, {}, []))
    limited.admission.spending._begin_catching_up(Position(0, 0))
    await limited.admission.spending.ready.wait()
    assert limited.spent("openai") == record.attempts[0].cost
    assert limited.spent() == record.cost


async def test_a_lost_hedge_and_a_shadow_are_charged_too(limited: Limited) -> None:
    await limited.in_force(budget(5.0, "agent:agt_1"))
    hedge = {
        "strategy": {"mode": "hedge", "hedge": {"after_ms": 40}},
        "targets": [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-4o"}}],
    }
    answer = await ask(limited, hedge, script={"text": "Hi.", "fault": {"kind": "hang", "times": 1}})
    assert answer.headers["x-quarterdeck-model"] == "gpt-4o"
    assert limited.spent() == (await limited.gateway.record()).cost
    shadow = {"strategy": {"mode": "shadow"}, "targets": [{"provider": "openai"}, HAIKU]}
    assert (await ask(limited, shadow, script={"text": "Hi."})).status_code == 200
    await limited.gateway.record(3)
    assert limited.spent() == sum(record.cost or 0 for record in limited.records())
    assert limited.held() == 0


async def test_a_race_leaves_nothing_at_a_provider_that_told_its_limits(limited: Limited) -> None:
    await limited.in_force()
    refused = {"fault": {"kind": "status", "status": 429, "retry_after_ms": 1, "times": 1}}
    assert (await limited.gateway.chat(script=refused)).status_code == 429
    hedge = {
        "strategy": {"mode": "hedge", "hedge": {"after_ms": 40}},
        "targets": [{"provider": "openai"}, {"provider": "openai", "override_params": {"model": "gpt-4o"}}],
    }
    answer = await ask(limited, hedge, script={"text": "Hi.", "fault": {"kind": "hang", "times": 1}})
    assert answer.headers["x-quarterdeck-model"] == "gpt-4o"
    learned = limited.admission._heard
    assert [model for _, _, model in learned] == ["gpt-4o-mini"]
    assert [each._in_flight for each in learned.values()] == [0]


async def test_a_budget_too_small_for_any_target_refuses_and_sends_nothing(limited: Limited) -> None:
    await limited.in_force(budget(0.0, "agent:agt_1"))
    answer = await ask(limited, TWO)
    assert answer.status_code == 412
    assert limited.gateway.seen == []
    assert limited.held() == 0
