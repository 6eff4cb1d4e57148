"""Rate limits on the model path, and the queue in front of a provider."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from gateway_world import KEY, PATIENCE_S, RUN_KEY, key_entry, until
from limited_world import Limited, limit, limited_running

from quarterdeck.access.snapshot import RunEntry

ENDLESS = {"text": "hi", "timing": {"first_byte_ms": 120_000}}
"""A call that lasts until its caller leaves, however slow the machine is to do what is done meanwhile."""
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Limited]:
    async with limited_running(tmp_path) as made:
        yield made


async def test_of_a_thousand_parallel_calls_exactly_the_allowed_number_pass(limited: Limited) -> None:
    await limited.in_force(limits=(limit(100, "agent:agt_1"),))
    statuses = Counter(await limited.many(1_000))
    assert statuses == {200: 100, 429: 900}
    assert len(limited.gateway.seen) == 100


async def test_a_refusal_says_when_to_come_again_and_what_is_left(limited: Limited) -> None:
    await limited.in_force(limits=(limit(2, per="minute"),))
    first = await limited.gateway.chat()
    assert first.headers["x-quarterdeck-remaining-requests"] == "1"
    await limited.gateway.chat()
    refused = await limited.gateway.chat()
    assert (refused.status_code, refused.headers["x-quarterdeck-code"]) == (429, "rate_limited")
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert refused.headers["x-ratelimit-limit-requests"] == "2"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert not any(word in refused.text.lower() for word in ("budget", "quota", "credit", "billing"))


async def test_tokens_are_reserved_by_an_estimate_and_settled_by_what_was_used(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1_000, measure="tokens"),))
    answer = await limited.gateway.chat(max_tokens=500, script={"usage": {"input": 30, "output": 20}})
    assert answer.status_code == 200
    assert int(answer.headers["x-quarterdeck-remaining-tokens"]) < 500
    _, states, _ = limited.admission.report()
    assert states[0].remaining == 950
    assert (await limited.gateway.chat(max_tokens=940)).status_code == 429
    assert (await limited.gateway.chat(max_tokens=600)).status_code == 200


async def test_what_was_used_of_a_limit_outlives_the_gateway(tmp_path: Path) -> None:
    kept = tmp_path / "gateway.limits"
    per_day = limit(3, "agent:*", per="day")
    async with limited_running(tmp_path, kept=kept) as first:
        await first.in_force(limits=(per_day,))
        assert sorted(await first.many(2)) == [200, 200]
    async with limited_running(tmp_path, kept=kept) as second:
        await second.in_force(limits=(per_day,))
        assert sorted(await second.many(2)) == [200, 429]
    # Nobody asks in a third; what was used is not forgotten by it.
    async with limited_running(tmp_path, kept=kept):
        pass
    async with limited_running(tmp_path, kept=kept) as fourth:
        await fourth.in_force(limits=(limit(5, "agent:*", per="day"),))
        assert sorted(await fourth.many(3)) == [200, 200, 429]


async def test_a_file_of_limits_that_cannot_be_read_is_no_reason_not_to_start(tmp_path: Path) -> None:
    kept = tmp_path / "gateway.limits"
    kept.write_bytes(b"garbage")
    async with limited_running(tmp_path, kept=kept) as limited:
        await limited.in_force(limits=(limit(1, per="day"),))
        assert sorted(await limited.many(2)) == [200, 429]


async def test_calls_at_once_are_counted_while_they_last(limited: Limited) -> None:
    await limited.in_force(limits=(limit(2, measure="concurrent", per=None),))
    first, second = (asyncio.create_task(limited.gateway.chat(script=ENDLESS)) for _ in range(2))
    await until(lambda: len(limited.gateway.seen) == 2)
    assert [(await limited.gateway.chat()).status_code for _ in range(2)] == [429, 429]
    first.cancel()
    assert (await limited.gateway.record(3)).outcome == "cancelled"
    assert (await limited.gateway.chat()).status_code == 200
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)


async def test_each_key_may_have_a_limit_for_itself(limited: Limited) -> None:
    limited.gateway.keys["other"] = key_entry(id="key_3")
    await limited.in_force(limits=(limit(1, "key:*"),))
    assert (await limited.gateway.chat()).status_code == 200
    assert (await limited.gateway.chat()).status_code == 429
    assert (await limited.gateway.post("/v1/chat/completions", BODY, key="other")).status_code == 200


@pytest.mark.parametrize(
    ("scope", "counts"),
    [
        ("workspace", True),
        ("agent:agt_1", True),
        ("key:key_9", False),
        ("model:gpt-4o*", True),
        ("provider:anthropic", False),
        ("credential:env:OPENAI", True),
        ("tag:team=blue", True),
        ("route:none", False),
    ],
)
async def test_a_limit_counts_the_calls_of_its_scope_and_no_others(limited: Limited, scope: str, counts: bool) -> None:
    limited.gateway.providers[0] = msgspec.structs.replace(limited.gateway.providers[0], credential="env:OPENAI")
    await limited.in_force(limits=(limit(1, scope),))
    headers = {"x-quarterdeck-tags": "team=blue"}
    statuses = [(await limited.gateway.post("/v1/chat/completions", BODY, **headers)).status_code for _ in range(2)]
    assert statuses == [200, 429 if counts else 200]


async def test_a_call_that_another_limit_refused_takes_nothing(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1, id="one"), limit(10, "agent:agt_1", id="ten")))
    await limited.gateway.chat()
    await limited.gateway.chat()
    _, states, _ = limited.admission.report()
    assert {state.limit_id: state.remaining for state in states} == {"one": 0, "ten": 9}


async def test_a_call_that_waits_goes_on_when_its_limit_is_raised(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1, "provider:openai", per="minute", max_wait_ms=120_000),))
    assert (await limited.gateway.chat()).status_code == 200
    asking = asyncio.create_task(limited.gateway.chat())
    await until(lambda: waiting(limited))
    limited.limits = [limit(100, "provider:openai", per="minute", max_wait_ms=120_000)]
    limited.publish_rules()
    async with asyncio.timeout(PATIENCE_S):
        assert (await asking).status_code == 200


async def test_at_a_busy_provider_a_call_waits_for_its_turn(limited: Limited) -> None:
    await limited.in_force(limits=(limit(5, "provider:openai", per="second", burst=1, max_wait_ms=60_000),))
    began = time.monotonic()
    statuses = await limited.many(4)
    assert statuses == [200] * 4
    assert time.monotonic() - began >= 0.55


async def test_a_wait_that_would_be_too_long_is_refused_at_once(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1, "provider:openai", per="hour", max_wait_ms=60_000),))
    assert (await limited.gateway.chat()).status_code == 200
    async with asyncio.timeout(PATIENCE_S):
        refused = await limited.gateway.chat()
    assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 3_000


async def test_a_freed_slot_goes_to_whoever_waits(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1, "provider:openai", measure="concurrent", per=None, max_wait_ms=60_000),))
    slow = {"text": "hi", "timing": {"first_byte_ms": 50}}
    answers = await asyncio.gather(*(limited.gateway.chat(script=slow) for _ in range(5)))
    assert [answer.status_code for answer in answers] == [200] * 5


def waiting(limited: Limited) -> int:
    """Calls that wait for a provider."""
    return sum(gate.waiting for gate in limited.admission._gates.values())


async def test_urgent_tasks_get_the_provider_first(limited: Limited) -> None:
    runs = limited.gateway.runs
    runs["run_1"] = RunEntry("run_1", "agt_1", "tsk_1", "open", None, priority=0)
    runs["run_2"] = RunEntry("run_2", "agt_1", "tsk_2", "open", None, priority=3)
    limited.gateway.keys["low"] = key_entry(id="key_4", kind="run", run_id="run_2", task_id="tsk_2")
    await limited.in_force(limits=(limit(1, "provider:openai", per="minute", max_wait_ms=900_000),))
    assert (await limited.gateway.chat()).status_code == 200
    order: list[str] = []

    async def call(key: str) -> None:
        answer = await limited.gateway.post("/v1/chat/completions", BODY, key=key)
        assert answer.status_code == 200
        order.append(key)

    low = [asyncio.create_task(call("low")) for _ in range(10)]
    await until(lambda: waiting(limited) == 10)
    urgent = [asyncio.create_task(call(RUN_KEY)) for _ in range(5)]
    await until(lambda: waiting(limited) == 15)
    limited.limits = [limit(20, "provider:openai", per="second", burst=1, max_wait_ms=900_000)]
    limited.publish_rules()
    await asyncio.gather(*low, *urgent)
    assert max(index for index, key in enumerate(order) if key == RUN_KEY) < len(order) - 3


async def test_a_providers_own_word_is_heeded_by_all_agents(limited: Limited) -> None:
    throttle = {"fault": {"kind": "status", "status": 429, "retry_after_s": 300, "times": 1}}
    limited.publish()
    first = await limited.gateway.chat(script=throttle)
    assert first.status_code == 429
    second = await limited.gateway.chat()
    assert (second.status_code, second.headers["x-quarterdeck-code"]) == (429, "rate_limited")
    assert 200 <= int(second.headers["retry-after"]) <= 300
    assert len(limited.gateway.seen) == 1
    other = await limited.gateway.chat(model="gpt-4o")
    assert other.status_code == 200


async def test_what_remains_by_the_providers_headers_is_shared_out(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1_000, "provider:openai", max_wait_ms=0),))
    for left in ("1", "0"):
        told = {"headers": {"x-ratelimit-remaining-requests": left, "x-ratelimit-reset-requests": "50s"}}
        assert (await limited.gateway.chat(script=told)).status_code == 200
    assert (await limited.gateway.chat()).status_code == 429


async def test_a_caller_that_leaves_the_queue_takes_nothing(limited: Limited) -> None:
    await limited.in_force(limits=(limit(1, "provider:openai", measure="concurrent", per=None, max_wait_ms=60_000),))
    first = asyncio.create_task(limited.gateway.chat(script=ENDLESS))
    await until(lambda: limited.gateway.seen)
    leaver = asyncio.create_task(limited.gateway.post("/v1/chat/completions", BODY, key=KEY))
    await until(lambda: waiting(limited))
    leaver.cancel()
    await until(lambda: not waiting(limited))
    first.cancel()
    assert (await limited.gateway.chat()).status_code == 200
    assert len(limited.gateway.seen) == 2
