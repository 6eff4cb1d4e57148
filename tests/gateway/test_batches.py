"""Batches: passed through, and priced at the batch rate when their results are read, once."""

import gzip
import json
from collections.abc import AsyncIterator
from typing import Any

import anthropic
import openai
import pytest
from any_provider import AnyProvider, any_provider, stuck_provider
from gateway_world import KEY, Gateway


def openai_line(model: str, prompt: int, output: int) -> dict[str, Any]:
    body = {"model": model, "usage": {"prompt_tokens": prompt, "completion_tokens": output}}
    return {"id": "r", "custom_id": "c", "response": {"status_code": 200, "body": body}, "error": None}


def anthropic_line(model: str, prompt: int, output: int) -> dict[str, Any]:
    message = {"model": model, "usage": {"input_tokens": prompt, "output_tokens": output}}
    message |= {"id": "m", "type": "message", "role": "assistant", "content": [], "stop_reason": "end_turn"}
    return {"custom_id": "c", "result": {"type": "succeeded", "message": message}}


def lines(*rows: Any) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    async with any_provider(
        gateway, ("openai", "openai", "/v1", "sk-o"), ("anthropic", "anthropic", "", "sk-a")
    ) as made:
        yield made


def openai_client(gateway: Gateway) -> openai.AsyncOpenAI:
    client = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)
    gateway.closing.append(client.close)
    return client


async def test_openais_results_are_priced_at_half_when_they_are_read_and_only_once(
    gateway: Gateway, provider: AnyProvider
) -> None:
    rows = [openai_line("gpt-4o-mini-2024-07-18", 1000, 200) for _ in range(3)]
    failed = {"custom_id": "x", "response": None, "error": {"message": "usage"}}
    provider.answers["/v1/files/file-out/content"] = (200, "application/octet-stream", lines(*rows, failed))
    client = openai_client(gateway)
    for _ in range(2):
        read = await client.files.content("file-out")
        assert read.content == lines(*rows, failed)
    first, second = gateway.records()
    assert first.usage is not None and first.price is not None
    assert (first.usage.input_total, first.usage.output_total, first.usage.service_tier) == (3000, 600, "batch")
    # gpt-4o-mini: $0.15 and $0.60 a million; half of that in a batch.
    assert first.cost == (3000 * 150 + 600 * 600) // 2
    assert first.extra["batch_results"] == "openai/files/file-out/content"
    assert (second.usage, second.cost) == (None, 0)


async def test_results_that_are_read_by_half_are_billed_when_they_are_read_whole(gateway: Gateway) -> None:
    async with stuck_provider(gateway, "application/octet-stream", lines(openai_line("gpt-4o-mini", 1000, 200))):
        headers = {"authorization": f"Bearer {KEY}"}
        async with gateway.client.stream("GET", "/v1/files/file-out/content", headers=headers) as answer:
            async for _ in answer.aiter_raw():
                break
        record = await gateway.record()
    assert (record.outcome, record.usage, record.cost) == ("cancelled", None, 0)


async def test_anthropics_sdk_handles_a_batch_of_several_models(gateway: Gateway, provider: AnyProvider) -> None:
    rows = [anthropic_line("claude-haiku-4-5", 1000, 100), anthropic_line("claude-sonnet-4-5", 1000, 100)]
    path = "/v1/messages/batches/msgbatch_1"
    batch = {"id": "msgbatch_1", "type": "message_batch", "processing_status": "ended", "request_counts": {}}
    batch["results_url"] = f"{gateway.url}{path}/results"
    provider.answers[path] = (200, "application/json", json.dumps(batch).encode())
    provider.answers[f"{path}/results"] = (200, "application/x-jsonl", lines(*rows))
    client = anthropic.AsyncAnthropic(base_url=gateway.url, api_key=KEY, max_retries=0)
    gateway.closing.append(client.close)
    found = [entry async for entry in await client.messages.batches.results("msgbatch_1")]
    assert len(found) == 2
    assert "sk-a" in repr(provider.seen[-1].headers)
    assert KEY not in repr(provider.seen[-1].headers)
    record = await gateway.record(2)
    assert record.usage is not None
    assert (record.usage.input_total, record.model_answered) == (2000, None)
    # Haiku $1 and $5, Sonnet $3 and $15 a million, each halved.
    assert record.cost == (1000 * 1000 + 100 * 5000 + 1000 * 3000 + 100 * 15000) // 2


async def test_compressed_results_count_too_and_pass_as_they_came(gateway: Gateway, provider: AnyProvider) -> None:
    packed = gzip.compress(lines(openai_line("gpt-4o-mini", 1000, 0)))
    provider.answers["/v1/files/f/content"] = (200, "application/octet-stream", packed)
    provider.encoding = "gzip"
    answer = await gateway.client.get("/v1/files/f/content", headers={"authorization": f"Bearer {KEY}"})
    assert answer.content == gzip.decompress(packed)
    assert (await gateway.record()).cost == 75_000


async def test_files_that_are_no_results_cost_nothing(gateway: Gateway, provider: AnyProvider) -> None:
    for number, content in enumerate((b"\xff\x00" * 1000, b'{"usage":1}\n', b'[{"usage":{}}]\n{"usage', b"")):
        provider.answers[f"/v1/files/{number}/content"] = (200, "application/octet-stream", content)
        answer = await gateway.client.get(f"/v1/files/{number}/content", headers={"authorization": f"Bearer {KEY}"})
        assert answer.content == content
    assert {(record.cost, record.usage) for record in gateway.records()} == {(0, None)}


async def test_a_model_without_a_price_leaves_the_batch_unpriced(gateway: Gateway, provider: AnyProvider) -> None:
    rows = lines(openai_line("gpt-4o-mini", 10, 1), openai_line("nobody-knows", 10, 1))
    provider.answers["/v1/files/f/content"] = (200, "application/octet-stream", rows)
    await gateway.client.get("/v1/files/f/content", headers={"authorization": f"Bearer {KEY}"})
    record = await gateway.record()
    assert record.usage is not None
    assert record.cost is None
