"""Gemini's own clients: passed byte for byte to Gemini, translated to others."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from any_provider import GEMINI, AnyProvider, any_provider
from gateway_world import KEY, Gateway

BODY = b'{ "contents":[{"role":"user","parts":[{"text":"Hi"}]}],\n "x":1.0, "labels":{"team":"red"} }'
MODEL = "gemini-2.5-flash"


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    async with any_provider(
        gateway, ("google", "gemini", "", "g-secret"), ("openai", "openai", "/v1", "sk-secret")
    ) as made:
        yield made


@pytest.mark.parametrize("version", ["v1beta", "v1"])
async def test_a_request_passes_byte_for_byte_and_is_priced(
    gateway: Gateway, provider: AnyProvider, version: str
) -> None:
    path = f"/{version}/models/{MODEL}:generateContent"
    answer = await gateway.client.post(path, content=BODY, headers={"x-goog-api-key": KEY})
    assert answer.status_code == 200
    assert answer.content == msgspec.json.encode(GEMINI)
    (seen,) = provider.seen
    assert (seen.target, seen.body, seen.headers["x-goog-api-key"]) == (path, BODY, "g-secret")
    record = await gateway.record()
    assert (record.dialect, record.model_asked, record.model) == ("gemini", MODEL, MODEL)
    assert record.usage is not None
    assert (record.usage.input_total, record.usage.output_total, record.usage_source) == (7, 2, "provider")
    # 7 in at $0.30, 2 out at $2.50 a million tokens.
    assert record.cost == 7 * 300 + 2 * 2_500
    assert ("team", "red") in record.tags


async def test_a_key_in_the_query_is_taken_and_kept_here(gateway: Gateway, provider: AnyProvider) -> None:
    path = f"/v1beta/models/{MODEL}:generateContent"
    answer = await gateway.client.post(f"{path}?key={KEY}&prettyPrint=false", content=BODY)
    assert answer.status_code == 200
    assert provider.seen[0].target == f"{path}?prettyPrint=false"
    assert KEY not in repr(gateway.records())


@pytest.mark.parametrize("query", ["?alt=sse", ""], ids=["events", "array"])
async def test_both_kinds_of_stream_pass_and_their_usage_is_read(
    gateway: Gateway, provider: AnyProvider, query: str
) -> None:
    path = f"/v1beta/models/{MODEL}:streamGenerateContent{query}"
    answer = await gateway.client.post(path, content=BODY, headers={"x-goog-api-key": KEY})
    assert provider.seen[0].target == path
    encoded = msgspec.json.encode(GEMINI)
    assert answer.content == (b"data: " + encoded + b"\n\n" if query else b"[" + encoded + b"\n]")
    record = await gateway.record()
    assert (record.stream, record.outcome, record.cost) == (True, "ok", 7_100)


@pytest.mark.parametrize("query", ["?alt=sse", ""], ids=["events", "array"])
async def test_a_stream_is_translated_from_another_provider(
    gateway: Gateway, provider: AnyProvider, query: str
) -> None:
    path = f"/v1beta/models/openai/gpt-4o-mini:streamGenerateContent{query}"
    answer = await gateway.client.post(path, content=BODY, headers={"x-goog-api-key": KEY})
    assert answer.status_code == 200
    assert provider.seen[0].target == "/v1/chat/completions"
    if query:
        answers = [msgspec.json.decode(line[6:]) for line in answer.content.splitlines() if line.startswith(b"data: ")]
        assert answer.headers["content-type"] == "text/event-stream"
    else:
        answers = msgspec.json.decode(answer.content)
        assert answer.headers["content-type"] == "application/json"
    assert answers[0]["candidates"][0]["content"]["parts"] == [{"text": "Hi."}]
    assert answers[-1]["usageMetadata"]["promptTokenCount"] == 7
    assert (await gateway.record()).dialect == "gemini"


async def test_a_cut_stream_ends_in_an_error_of_its_own_form(gateway: Gateway, provider: AnyProvider) -> None:
    path = f"/v1beta/models/{MODEL}:streamGenerateContent"
    whole = msgspec.json.encode({"candidates": [{"content": {"parts": [{"text": "H"}]}}]})
    for query, body in (("", b"[" + whole), ("?alt=sse", b"data: " + whole + b"\r\n\r\n")):
        provider.answers[path] = (200, "text/event-stream" if query else "application/json", body)
        answer = await gateway.client.post(path + query, content=BODY, headers={"x-goog-api-key": KEY})
        told = (
            msgspec.json.decode(answer.content)[-1]
            if not query
            else msgspec.json.decode(answer.content[len(body) + 6 :])
        )
        assert told["error"]["status"] == "INTERNAL"
    assert {record.outcome for record in gateway.records()} == {"cut"}


async def test_token_counts_are_native_and_free_and_embeddings_pass(gateway: Gateway, provider: AnyProvider) -> None:
    for verb, body in (("countTokens", b'{"totalTokens":3}'), ("batchEmbedContents", b'{"embeddings":[]}')):
        path = f"/v1beta/models/{MODEL}:{verb}"
        provider.answers[path] = (200, "application/json", body)
        answer = await gateway.client.post(path, content=BODY, headers={"x-goog-api-key": KEY})
        assert (answer.status_code, answer.content) == (200, body)
    counted, embedded = gateway.records()
    assert (counted.dialect, counted.cost, counted.usage_source) == ("gemini_count_tokens", 0, "none")
    assert (embedded.dialect, embedded.usage_source) == ("gemini_embeddings", "estimated")


async def test_a_refusal_is_worded_as_gemini_words_it(gateway: Gateway, provider: AnyProvider) -> None:
    answer = await gateway.client.post(f"/v1beta/models/{MODEL}:generateContent", content=BODY)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"
    answer = await gateway.client.get("/v1beta/nothing")
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
    assert provider.seen == []
