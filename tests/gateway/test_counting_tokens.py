"""Counting tokens: by the provider where it counts, else estimated and marked."""

from collections.abc import AsyncIterator

import anthropic
import pytest
from any_provider import AnyProvider, any_provider
from gateway_world import KEY, Gateway
from google import genai
from google.genai import types

TEXT = "How many tokens are these words? " * 20


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    kinds = {"openai": "/v1", "anthropic": "", "gemini": "", "bedrock": ""}
    async with any_provider(gateway, *((kind, kind, path, "sk") for kind, path in kinds.items())) as made:
        made.answers["/v1/messages/count_tokens"] = (200, "application/json", b'{"input_tokens":4321}')
        made.answers["/v1/models/m:countTokens"] = (200, "application/json", b'{"totalTokens":4321}')
        made.answers["/v1beta/models/m:countTokens"] = (200, "application/json", b'{"totalTokens":4321}')
        yield made


async def count(gateway: Gateway, model: str) -> anthropic.types.MessageTokensCount:
    client = anthropic.AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0)
    gateway.closing.append(client.close)
    return await client.messages.count_tokens(model=model, messages=[{"role": "user", "content": TEXT}])


async def test_a_provider_that_counts_is_asked(gateway: Gateway, provider: AnyProvider) -> None:
    assert (await count(gateway, "anthropic/m")).input_tokens == 4321
    assert provider.seen[-1].json["model"] == "m"


@pytest.mark.parametrize("model", ["openai/m", "gemini/m", "bedrock/m"])
async def test_elsewhere_claudes_client_gets_an_estimate(gateway: Gateway, provider: AnyProvider, model: str) -> None:
    found = (await count(gateway, model)).input_tokens
    assert len(TEXT) / 5 < found < len(TEXT) / 3
    assert provider.seen == []
    record = await gateway.record()
    assert (record.status, record.outcome, record.cost, record.usage, record.attempts) == (200, "ok", 0, None, [])


async def test_an_estimate_is_marked(gateway: Gateway, provider: AnyProvider) -> None:
    body = {"model": "openai/m", "messages": [{"role": "user", "content": TEXT}]}
    assert (await gateway.post("/v1/messages/count_tokens", body)).headers["x-quarterdeck-estimated"] == "tokens"
    native = await gateway.post("/v1/messages/count_tokens", {**body, "model": "anthropic/m"})
    assert "x-quarterdeck-estimated" not in native.headers


async def test_geminis_client_counts_too(gateway: Gateway, provider: AnyProvider) -> None:
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=gateway.url))
    gateway.closing.append(client.aio.aclose)
    assert (await client.aio.models.count_tokens(model="gemini/m", contents=TEXT)).total_tokens == 4321
    estimated = (await client.aio.models.count_tokens(model="openai/m", contents=TEXT)).total_tokens
    assert estimated is not None and len(TEXT) / 5 < estimated < len(TEXT) / 3


async def test_a_model_nobody_serves_is_not_counted(gateway: Gateway, provider: AnyProvider) -> None:
    gateway.providers[:] = []
    gateway.publish()
    answer = await gateway.post("/v1/messages/count_tokens", {"model": "m", "messages": []})
    assert answer.status_code == 404
