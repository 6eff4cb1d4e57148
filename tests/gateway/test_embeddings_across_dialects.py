"""Embeddings and reranking in one API, served by a provider of another, driven by the official SDKs."""

import json
from collections.abc import AsyncIterator
from typing import Any

import cohere
import httpx
import msgspec
import openai
import pytest
from any_provider import AnyProvider, any_provider
from gateway_world import KEY, Gateway
from google import genai
from google.genai import types

VECTORS = [[0.5, -0.25], [1.0, 0.125]]
OPENAI = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 1 - i, "embedding": VECTORS[1 - i]} for i in range(2)],
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}
COHERE = {"id": "e", "embeddings": {"float": VECTORS}, "texts": [], "meta": {"billed_units": {"input_tokens": 7}}}
GEMINI = {"embeddings": [{"values": each} for each in VECTORS]}
TEXTS = ["one", "two"]


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    kinds = {"openai": "/v1", "cohere": "", "gemini": "", "voyage": "/v1", "jina": "/v1", "bedrock": ""}
    async with any_provider(gateway, *((kind, kind, path, "sk") for kind, path in kinds.items())) as made:
        for path, answer in (("/v1/embeddings", OPENAI), ("/v2/embed", COHERE)):
            made.answers[path] = (200, "application/json", msgspec.json.encode(answer))
        for version in ("v1", "v1beta"):
            path = f"/{version}/models/m:batchEmbedContents"
            made.answers[path] = (200, "application/json", msgspec.json.encode(GEMINI))
        yield made


def openai_client(gateway: Gateway) -> openai.AsyncOpenAI:
    client = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)
    gateway.closing.append(client.close)
    return client


def cohere_client(gateway: Gateway) -> cohere.AsyncClientV2:
    http = httpx.AsyncClient(timeout=60)
    gateway.closing.append(http.aclose)
    return cohere.AsyncClientV2(api_key=KEY, base_url=gateway.url, httpx_client=http)


@pytest.mark.parametrize("kind", ["openai", "cohere", "gemini"])
async def test_openais_client_embeds_with_any_provider(gateway: Gateway, provider: AnyProvider, kind: str) -> None:
    # The SDK asks for base64 by itself and decodes it.
    answer = await openai_client(gateway).embeddings.create(model=f"{kind}/m", input=TEXTS, dimensions=2)
    assert [item.embedding for item in sorted(answer.data, key=lambda item: item.index)] == VECTORS
    sent = provider.seen[-1].json
    if kind == "cohere":
        assert sent == {
            "model": "m",
            "texts": TEXTS,
            "input_type": "search_document",
            "embedding_types": ["float"],
            "output_dimension": 2,
        }
    if kind == "gemini":
        assert [each["content"]["parts"][0]["text"] for each in sent["requests"]] == TEXTS
        assert {each["outputDimensionality"] for each in sent["requests"]} == {2}
    record = await gateway.record()
    assert record.usage is not None
    assert record.usage_source == ("estimated" if kind == "gemini" else "provider")


@pytest.mark.parametrize("kind", ["openai", "cohere", "gemini"])
async def test_coheres_client_embeds_with_any_provider(gateway: Gateway, provider: AnyProvider, kind: str) -> None:
    client = cohere_client(gateway)
    answer = await client.embed(model=f"{kind}/m", texts=TEXTS, input_type="search_query", embedding_types=["float"])
    assert answer.embeddings.float_ == VECTORS
    sent = provider.seen[-1].json
    if kind == "gemini":
        assert {each["taskType"] for each in sent["requests"]} == {"RETRIEVAL_QUERY"}
    if kind == "openai":
        assert sent == {"model": "m", "input": TEXTS}


@pytest.mark.parametrize("kind", ["openai", "cohere", "gemini"])
async def test_geminis_client_embeds_with_any_provider(gateway: Gateway, provider: AnyProvider, kind: str) -> None:
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=gateway.url))
    gateway.closing.append(client.aio.aclose)
    config = types.EmbedContentConfig(task_type="CLUSTERING")
    answer = await client.aio.models.embed_content(model=f"{kind}/m", contents=TEXTS, config=config)
    assert [item.values for item in answer.embeddings or []] == VECTORS
    if kind == "cohere":
        assert provider.seen[-1].json["input_type"] == "clustering"
    if kind == "gemini":
        # The SDK repeats the model in the body, where our name of the provider means nothing.
        assert {each["model"] for each in provider.seen[-1].json["requests"]} == {"models/m"}


async def test_what_openai_has_no_word_for_is_named_in_a_header(gateway: Gateway, provider: AnyProvider) -> None:
    body = {"model": "openai/m", "texts": TEXTS, "input_type": "search_query", "truncate": "END"}
    answer = await gateway.post("/v2/embed", body)
    assert answer.headers["x-quarterdeck-dropped"] == "truncate, task type"


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/v1/embeddings", {"model": "cohere/m", "input": [[1, 2]]}, "holds tokens"),
        ("/v2/embed", {"model": "openai/m", "images": ["data:…"]}, "Only texts"),
        ("/v2/embed", {"model": "openai/m", "texts": ["a"], "embedding_types": ["int8"]}, "floats only"),
        ("/v2/rerank", {"model": "jina/m", "query": "q", "documents": [{"text": "a"}]}, "texts only"),
    ],
)
async def test_what_would_change_the_meaning_is_refused(
    gateway: Gateway, provider: AnyProvider, path: str, body: dict[str, Any], words: str
) -> None:
    answer = await gateway.post(path, body)
    assert answer.status_code == 400
    assert words in answer.text
    assert provider.seen == []


@pytest.mark.parametrize(
    "answer",
    [b"{}", b"[", b'{"embeddings":{"float":[[1.0]]}}', b'{"embeddings":{"float":[["x"],[1]]}}', b"data: {}\n\n"],
)
async def test_an_answer_that_is_none_is_told_as_the_providers_fault(
    gateway: Gateway, provider: AnyProvider, answer: bytes
) -> None:
    provider.answers["/v2/embed"] = (200, "text/event-stream" if answer[:4] == b"data" else "application/json", answer)
    refused = await gateway.post("/v1/embeddings", {"model": "cohere/m", "input": TEXTS})
    assert refused.status_code == 502
    assert refused.json()["error"]["code"] == "provider_broken"


async def test_coheres_client_reranks_with_voyage_and_jina(gateway: Gateway, provider: AnyProvider) -> None:
    ranked = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    client = cohere_client(gateway)
    for kind, results, top in (("voyage", "data", "top_k"), ("jina", "results", "top_n")):
        answer = {results: ranked, "model": "m", "usage": {"total_tokens": 11}}
        provider.answers["/v1/rerank"] = (200, "application/json", json.dumps(answer).encode())
        found = await client.rerank(model=f"{kind}/m", query="q", documents=TEXTS, top_n=2)
        assert [(item.index, item.relevance_score) for item in found.results] == [(1, 0.9), (0, 0.1)]
        assert provider.seen[-1].json == {"model": "m", "query": "q", "documents": TEXTS, top: 2}
    for record in gateway.records():
        assert record.usage is not None
        assert record.usage.input_total == 11


async def test_voyage_is_told_the_dimensions_in_its_word(gateway: Gateway, provider: AnyProvider) -> None:
    await openai_client(gateway).embeddings.create(model="voyage/m", input=TEXTS, encoding_format="float")
    assert provider.seen[-1].json == {"model": "m", "input": TEXTS, "encoding_format": "float"}
    body = {"model": "voyage/m", "texts": TEXTS, "input_type": "search_query", "output_dimension": 256}
    await gateway.post("/v2/embed", body)
    assert provider.seen[-1].json == {"model": "m", "input": TEXTS, "output_dimension": 256}
