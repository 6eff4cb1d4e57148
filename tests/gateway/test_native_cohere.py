"""Cohere's own clients: passed byte for byte to Cohere, translated to others."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from any_provider import COHERE, AnyProvider, any_provider
from gateway_world import Gateway

BODY = b'{ "model":"command-r-08-2024","messages":[{"role":"user","content":"Hi"}], "x":1.0 }'
STREAM = b'{"model":"command-r-08-2024","stream":true,"messages":[{"role":"user","content":"Hi"}]}'


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    async with any_provider(
        gateway, ("cohere", "cohere", "", "co-secret"), ("openai", "openai", "/v1", "sk-secret")
    ) as made:
        yield made


async def test_a_chat_passes_byte_for_byte_and_is_priced(gateway: Gateway, provider: AnyProvider) -> None:
    answer = await gateway.post("/v2/chat", BODY)
    assert answer.content == msgspec.json.encode(COHERE)
    (seen,) = provider.seen
    assert (seen.target, seen.body, seen.headers["authorization"]) == ("/v2/chat", BODY, "Bearer co-secret")
    record = await gateway.record()
    assert record.usage is not None
    assert (record.dialect, record.usage.input_total, record.usage.output_total) == ("cohere", 7, 2)
    # 7 in at $0.15, 2 out at $0.60 a million tokens.
    assert record.cost == 7 * 150 + 2 * 600


async def test_a_stream_passes_and_its_usage_is_read(gateway: Gateway, provider: AnyProvider) -> None:
    answer = await gateway.post("/v2/chat", STREAM)
    assert answer.content.startswith(b"event: message-start\n")
    record = await gateway.record()
    assert (record.outcome, record.stream, record.usage_source, record.cost) == ("ok", True, "provider", 2_250)


async def test_a_cut_stream_ends_in_an_error(gateway: Gateway, provider: AnyProvider) -> None:
    part = b'event: message-start\ndata: {"type":"message-start","id":"1"}\n\n'
    provider.answers["/v2/chat"] = (200, "text/event-stream", part)
    answer = await gateway.post("/v2/chat", STREAM)
    assert b'"finish_reason":"ERROR"' in answer.content[len(part) :]
    assert (await gateway.record()).outcome == "cut"


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_a_chat_is_translated_to_another_provider(gateway: Gateway, provider: AnyProvider, stream: bool) -> None:
    body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "stream": stream}
    answer = await gateway.post("/v2/chat", body)
    assert answer.status_code == 200
    assert provider.seen[0].target == "/v1/chat/completions"
    assert "Hi." in answer.text
    assert ("message-end" in answer.text) == stream


async def test_embeddings_and_ranks_pass(gateway: Gateway, provider: AnyProvider) -> None:
    for path, units in (("/v2/embed", {"input_tokens": 4}), ("/v2/rerank", {"search_units": 1})):
        told = msgspec.json.encode({"id": "1", "meta": {"billed_units": units}})
        provider.answers[path] = (200, "application/json", told)
        answer = await gateway.post(path, {"model": "cohere/embed-v4.0", "texts": ["Hi"]})
        assert answer.content == told
        assert provider.seen[-1].json["model"] == "embed-v4.0"
    embedded, ranked = gateway.records()
    assert embedded.usage is not None
    assert embedded.usage.input_total == 4
    assert (ranked.usage, ranked.cost) == (None, None)


async def test_a_refusal_is_worded_as_cohere_words_it(gateway: Gateway, provider: AnyProvider) -> None:
    answer = await gateway.post("/v2/chat", BODY, key="qd-a-unknown")
    assert (answer.status_code, answer.json()["code"]) == (401, "key_invalid")
    assert (await gateway.post("/v2/nothing", BODY)).json()["code"] == "path_unknown"
