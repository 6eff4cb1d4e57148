"""What /metrics says of calls, read as Prometheus reads it."""

import httpx
from gateway_world import Gateway
from prometheus_client.parser import text_string_to_metric_families

USAGE = {"input": 1200, "output": 300, "cache_read": 1000}


async def samples(gateway: Gateway) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    answer: httpx.Response = await gateway.client.get("/metrics")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_it_counts_calls_tokens_and_money_by_provider(gateway: Gateway) -> None:
    await gateway.chat(script={"text": "Hi.", "usage": USAGE})
    await gateway.chat(model="anthropic/claude-haiku-4-5", script={"fault": {"kind": "status", "status": 500}})
    await gateway.chat(model="")
    found = await samples(gateway)
    calls = "quarterdeck_calls_total"
    of_chat = ("dialect", "openai_chat")
    assert found[calls, (of_chat, ("outcome", "ok"), ("provider", "openai"))] == 1
    assert found[calls, (of_chat, ("outcome", "error"), ("provider", "anthropic"))] == 1
    assert found[calls, (of_chat, ("outcome", "refused"), ("provider", ""))] == 1
    assert found["quarterdeck_refusals_total", (("code", "invalid_body"),)] == 1
    openai = (("provider", "openai"),)
    assert found["quarterdeck_input_tokens_total", openai] == 1200
    assert found["quarterdeck_output_tokens_total", openai] == 300
    assert found["quarterdeck_prompt_cached_tokens_total", openai] == 1000
    assert found["quarterdeck_cost_usd_total", openai] == 0.000285


async def test_its_histograms_hold_every_call(gateway: Gateway) -> None:
    for _ in range(3):
        await gateway.chat(script={"text": "Hi.", "timing": {"first_byte_ms": 30}})
    found = await samples(gateway)
    for name in ("quarterdeck_overhead_seconds", "quarterdeck_call_seconds", "quarterdeck_first_byte_seconds"):
        assert found[f"{name}_count", ()] == 3
        assert found[f"{name}_bucket", (("le", "+Inf"),)] == 3
    assert found["quarterdeck_call_seconds_sum", ()] >= 0.09
    assert found["quarterdeck_call_seconds_bucket", (("le", "0.025"),)] == 0
    assert found["quarterdeck_overhead_seconds_sum", ()] < found["quarterdeck_call_seconds_sum", ()]


async def test_it_shows_what_the_cache_did_and_saved(gateway: Gateway) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    for _ in range(3):
        cached = {"x-portkey-cache": "simple"}
        await gateway.post("/v1/chat/completions", body, script={"text": "Hi.", "usage": USAGE}, **cached)
    found = await samples(gateway)
    assert found["quarterdeck_cache_total", (("status", "miss"),)] == 1
    assert found["quarterdeck_cache_total", (("status", "hit"),)] == 2
    assert found["quarterdeck_cache_saved_usd_total", ()] == 2 * 0.000285
    assert found["quarterdeck_cache_entries", ()] == 1
    assert found["quarterdeck_cache_bytes", ()] > 100


async def test_names_that_callers_make_up_make_no_series(gateway: Gateway) -> None:
    await gateway.chat(model="openai/m")
    await gateway.chat(model="nobody/m")
    before = set(await samples(gateway))
    for number in range(50):
        await gateway.chat(model=f"openai/model-{number}", metadata={"tag": f"value-{number}"})
        await gateway.chat(model=f"provider-{number}/m")
    assert set(await samples(gateway)) == before


async def test_providers_that_come_and_go_are_counted_together_beyond_a_bound(gateway: Gateway) -> None:
    metrics = gateway.parts.metrics
    assert {metrics._label(f"p{number}") for number in range(1_000)} == {
        *(f"p{number}" for number in range(200)),
        "other",
    }
