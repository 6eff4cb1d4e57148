"""Portkey's own Python SDK works by changing base URL and key: its configs, headers, metadata, errors."""

import asyncio
from typing import Any

import msgspec
import pytest
from gateway_world import KEY, Gateway
from portkey_ai import AsyncPortkey, Portkey
from portkey_ai._vendor import openai as vendored

ASK: Any = [{"role": "user", "content": "Hello"}]
HAIKU = {"provider": "@anthropic", "override_params": {"model": "claude-haiku-4-5"}}
FIRST_FAILS = {"text": "Hi.", "fault": {"kind": "status", "status": 500, "times": 1}}


def client(gateway: Gateway, script: dict[str, Any] | None = None, **how: Any) -> AsyncPortkey:
    """The SDK's async client; `script` is what the sandbox plays."""
    made = AsyncPortkey(base_url=f"{gateway.url}/v1", api_key=KEY, **how)
    gateway.closing += [made.openai_client.close, made.close]
    if script is not None:
        rule = {"when": {}, "script": script}
        gateway.sandbox_rules([rule])
    return made


async def answered(portkey: AsyncPortkey, **body: Any) -> Any:
    return await portkey.chat.completions.create(**{"model": "gpt-4o-mini", "messages": ASK, **body})


async def test_chat_sync(gateway: Gateway) -> None:
    gateway.sandbox_rules([{"when": {}, "script": {"text": "Hi."}}])

    def work() -> Any:
        with_sdk = Portkey(base_url=f"{gateway.url}/v1", api_key=KEY, provider="openai")
        try:
            return with_sdk.chat.completions.create(model="gpt-4o-mini", messages=ASK)
        finally:
            with_sdk.openai_client.close()
            with_sdk.close()

    answer = await asyncio.to_thread(work)
    assert answer.choices[0].message.content == "Hi."
    assert (await gateway.record()).usage is not None


async def test_chat_async_with_its_headers(gateway: Gateway) -> None:
    portkey = client(gateway, {"text": "Hi."}, virtual_key="openai", trace_id="trace-7")
    answer = await answered(portkey)
    assert answer.choices[0].message.content == "Hi."
    headers = {name.lower(): value for name, value in dict(answer.get_headers()).items()}
    # The SDK takes `x-portkey-` off the names.
    told = {name.removeprefix("x-portkey-"): value for name, value in headers.items()}
    assert told["trace-id"] == "trace-7"
    assert told["last-used-option-index"] == "config"
    assert told["retry-attempt-count"] == "0"
    assert (await gateway.record()).trace_id == "trace-7"


async def test_streaming(gateway: Gateway) -> None:
    portkey = client(gateway, {"text": "one two three"}, config=msgspec.json.encode({"provider": "openai"}).decode())
    words = [
        chunk.choices[0].delta.content or "" async for chunk in await answered(portkey, stream=True) if chunk.choices
    ]
    assert "".join(words) == "one two three"


async def test_a_config_with_every_mode_nested(gateway: Gateway) -> None:
    """One inside the other, as deep as there are modes; the call comes out at the innermost target."""
    node: dict[str, Any] = {"provider": "openai"}
    modes = [
        {"mode": "single"},
        {"mode": "fallback", "on_status_codes": [500, 503]},
        {"mode": "loadbalance", "sticky": {"enabled": True, "hash_fields": ["metadata._user"], "ttl": 60}},
        {"mode": "conditional", "conditions": [{"query": {"metadata._user": {"$eq": "ann"}}, "then": "in"}]},
        {"mode": "round_robin"},
        {"mode": "least_latency"},
        {"mode": "least_cost"},
        {"mode": "least_busy"},
        {"mode": "usage_aware"},
        {"mode": "canary"},
        {"mode": "hedge", "hedge": {"after_ms": 5_000}},
        {"mode": "shadow", "sample": 0},
    ]
    for strategy in modes:
        two = strategy["mode"] in ("canary", "shadow")
        node = {"name": "in", "strategy": strategy, "targets": [node, HAIKU] if two else [node]}
        node.pop("name") if strategy is modes[-1] else None
    for stream in (False, True):
        portkey = client(gateway, {"text": "Hi."}, config=node, metadata={"_user": "ann"})
        answer = await answered(portkey, stream=stream)
        if stream:
            text = "".join([c.choices[0].delta.content or "" async for c in answer if c.choices])
        else:
            text = answer.choices[0].message.content
        assert text == "Hi."
    record = await gateway.record(2)
    assert record.attempts[0].option == "config" + ".targets[0]" * len(modes)
    assert record.provider == "openai"


async def test_fallback_across_providers(gateway: Gateway) -> None:
    config = {"strategy": {"mode": "fallback"}, "targets": [{"virtual_key": "openai"}, HAIKU]}
    portkey = client(gateway, FIRST_FAILS, config=config)
    answer = await answered(portkey)
    assert answer.choices[0].message.content == "Hi."
    assert (await gateway.record()).provider == "anthropic"


async def test_retries(gateway: Gateway) -> None:
    config = {"provider": "openai", "retry": {"attempts": 3, "on_status_codes": [500], "backoff_ms": 5}}
    answer = await answered(client(gateway, FIRST_FAILS, config=config))
    headers = {name.lower(): value for name, value in dict(answer.get_headers()).items()}
    assert next(value for name, value in headers.items() if name.endswith("retry-attempt-count")) == "1"
    assert len(gateway.seen) == 2


async def test_a_request_timeout_surfaces_as_408(gateway: Gateway) -> None:
    hangs = {"fault": {"kind": "hang"}}
    portkey = client(gateway, hangs, provider="openai", request_timeout=150, max_retries=0)
    with pytest.raises(vendored.APIStatusError) as caught:
        await answered(portkey)
    assert caught.value.status_code == 408
    assert "150ms" in str(caught.value)


async def test_metadata_becomes_tags_and_decides(gateway: Gateway) -> None:
    config = {
        "strategy": {
            "mode": "conditional",
            "conditions": [{"query": {"$or": [{"metadata.plan": "paid"}, {"metadata.plan": "trial"}]}, "then": "good"}],
            "default": "cheap",
        },
        "targets": [{"name": "good", **HAIKU}, {"name": "cheap", "provider": "openai"}],
    }
    await answered(client(gateway, {"text": "Hi."}, config=config, metadata={"plan": "paid", "_user": "ann"}))
    record = await gateway.record()
    assert record.provider == "anthropic"
    assert ("plan", "paid") in record.tags
    await answered(client(gateway, {"text": "Hi."}, config=config))
    assert (await gateway.record(2)).provider == "openai"


async def test_a_saved_config_by_its_name(gateway: Gateway) -> None:
    gateway.routes["pc-cheap-1a2b3c"] = {"strategy": {"mode": "single"}, "targets": [HAIKU]}
    gateway.publish()
    await answered(client(gateway, {"text": "Hi."}, config="pc-cheap-1a2b3c"))
    record = await gateway.record()
    assert (record.provider, record.extra["route"]) == ("anthropic", "pc-cheap-1a2b3c")


async def test_the_model_may_name_the_provider(gateway: Gateway) -> None:
    await answered(client(gateway, {"text": "Hi."}), model="@anthropic/claude-haiku-4-5")
    assert (await gateway.record()).provider == "anthropic"


async def test_errors_of_a_provider_and_ours_raise_what_the_sdk_has_for_them(gateway: Gateway) -> None:
    limited = client(gateway, {"fault": {"kind": "status", "status": 429}}, provider="openai", max_retries=0)
    with pytest.raises(vendored.RateLimitError):
        await answered(limited)
    broken = client(gateway, config={"strategy": {"mode": "nonsense"}, "targets": [{"provider": "openai"}]})
    with pytest.raises(vendored.BadRequestError) as caught:
        await answered(broken)
    assert "config.strategy.mode" in str(caught.value)
    wrong_key = AsyncPortkey(base_url=f"{gateway.url}/v1", api_key="qd-a-wrong", provider="openai")
    gateway.closing += [wrong_key.openai_client.close, wrong_key.close]
    with pytest.raises(vendored.AuthenticationError):
        await answered(wrong_key)
