"""Anthropic's own SDK takes what the sandbox says."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import anthropic
import pytest

ASK: dict[str, Any] = {"max_tokens": 100, "messages": [{"role": "user", "content": "hi"}]}


@pytest.fixture
def client(sandbox: Any) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=sandbox.url, api_key="none", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
async def async_client(sandbox: Any) -> AsyncIterator[anthropic.AsyncAnthropic]:
    async with anthropic.AsyncAnthropic(base_url=sandbox.url, api_key="none", max_retries=0, timeout=20) as client:
        yield client


def test_a_message_is_answered(client: anthropic.Anthropic) -> None:
    answer = client.messages.create(model="claude-haiku-4-5", **ASK)
    assert [block.text for block in answer.content if block.type == "text"] == ["Hello from the sandbox."]
    assert (answer.model, answer.stop_reason) == ("claude-haiku-4-5", "end_turn")


async def test_a_stream_accumulates_to_the_whole_answer(async_client: anthropic.AsyncAnthropic) -> None:
    whole = await async_client.messages.create(model="sandbox-reasoning", **ASK)
    async with async_client.messages.stream(model="sandbox-reasoning", **ASK) as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_message()
    assert kinds[0] == "message_start"
    assert kinds[-1] == "message_stop"
    assert [block.type for block in final.content] == ["thinking", "text"]
    assert [block.thinking for block in final.content if block.type == "thinking"] == [
        block.thinking for block in whole.content if block.type == "thinking"
    ]
    assert final.usage.output_tokens == whole.usage.output_tokens == 90


@pytest.mark.parametrize("stream", [False, True])
def test_input_tokens_leave_out_the_cache(client: anthropic.Anthropic, stream: bool) -> None:
    usage = {"input": 5000, "output": 10, "cache_read": 4000, "cache_write_5m": 300, "cache_write_1h": 200}
    asking = {"x-sandbox-script": json.dumps({"usage": usage | {"web_searches": 2}})}
    if stream:
        with client.messages.stream(model="m", extra_headers=asking, **ASK) as events:
            got = events.get_final_message().usage
    else:
        got = client.messages.create(model="m", extra_headers=asking, **ASK).usage
    assert (got.input_tokens, got.cache_read_input_tokens, got.cache_creation_input_tokens) == (500, 4000, 500)
    assert got.cache_creation is not None
    assert got.cache_creation.ephemeral_5m_input_tokens == 300
    assert got.cache_creation.ephemeral_1h_input_tokens == 200
    assert got.server_tool_use is not None
    assert got.server_tool_use.web_search_requests == 2
    assert got.output_tokens == 10


@pytest.mark.parametrize("stream", [False, True])
def test_tools_are_called_in_parallel_and_then_the_answer_comes(client: anthropic.Anthropic, stream: bool) -> None:
    if stream:
        with client.messages.stream(model="sandbox-parallel-tools", **ASK) as events:
            first = events.get_final_message()
    else:
        first = client.messages.create(model="sandbox-parallel-tools", **ASK)
    calls = [block for block in first.content if block.type == "tool_use"]
    assert first.stop_reason == "tool_use"
    assert [(call.name, call.input) for call in calls] == [
        ("get_weather", {"city": "Oslo"}),
        ("get_time", {"zone": "Europe/Oslo"}),
    ]
    results = [{"type": "tool_result", "tool_use_id": call.id, "content": "12"} for call in calls]
    history: Any = [
        *ASK["messages"],
        {"role": "assistant", "content": [call.to_dict() for call in calls]},
        {"role": "user", "content": results},
    ]
    second = client.messages.create(model="sandbox-parallel-tools", max_tokens=100, messages=history)
    assert [block.text for block in second.content if block.type == "text"] == ["It is noon and 12 degrees in Oslo."]


def test_tokens_are_counted(client: anthropic.Anthropic) -> None:
    short = client.messages.count_tokens(model="claude-haiku-4-5", messages=ASK["messages"]).input_tokens
    long = client.messages.count_tokens(
        model="claude-haiku-4-5", messages=[{"role": "user", "content": "hi " * 400}]
    ).input_tokens
    assert 0 < short < 50 < 250 < long


def test_the_models_are_the_scripts(client: anthropic.Anthropic) -> None:
    assert "sandbox-echo" in [model.id for model in client.models.list()]


def test_errors_are_raised_as_the_sdk_knows_them(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.APIStatusError) as overloaded:
        client.messages.create(model="sandbox-529", **ASK)
    assert overloaded.value.status_code == 529
    assert overloaded.value.body == {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "Overloaded"},
        "request_id": "req_sandbox",
    }
    with (
        pytest.raises(anthropic.APIStatusError, match="overloaded_error"),
        client.messages.stream(model="sandbox-error-event", **ASK) as stream,
    ):
        stream.get_final_message()
