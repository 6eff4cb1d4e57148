"""OpenAI's own SDK takes what the sandbox says."""

import base64
import json
import struct
from collections.abc import AsyncIterator, Iterator
from typing import Any

import openai
import pytest


@pytest.fixture
def client(sandbox: Any) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{sandbox.url}/v1", api_key="none", max_retries=0, timeout=20) as client:
        yield client


@pytest.fixture
async def async_client(sandbox: Any) -> AsyncIterator[openai.AsyncOpenAI]:
    async with openai.AsyncOpenAI(base_url=f"{sandbox.url}/v1", api_key="none", max_retries=0, timeout=20) as client:
        yield client


def say(text: str = "hi") -> list[Any]:
    return [{"role": "user", "content": text}]


def test_a_chat_answers_with_usage(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="gpt-4o-mini", messages=say())
    assert answer.choices[0].message.content == "Hello from the sandbox."
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == "gpt-4o-mini"
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 2


async def test_a_chat_answers_asynchronously(async_client: openai.AsyncOpenAI) -> None:
    answer = await async_client.chat.completions.create(model="sandbox-echo", messages=say("the very same"))
    assert answer.choices[0].message.content == "the very same"


def test_a_chat_streams_as_many_chunks_as_the_script_says(client: openai.OpenAI) -> None:
    chunks = list(client.chat.completions.create(model="sandbox-words,chunks=7", messages=say(), stream=True))
    texts = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices[0].delta.content]
    assert len(texts) == 7
    assert len("".join(texts).split()) == 64
    assert chunks[-1].choices[0].finish_reason == "stop"


def test_a_stream_has_usage_only_for_who_asks(client: openai.OpenAI) -> None:
    without = list(client.chat.completions.create(model="sandbox-fixed", messages=say(), stream=True))
    assert all(chunk.usage is None and chunk.choices for chunk in without)
    asking: dict[str, Any] = {"stream_options": {"include_usage": True}}
    chunks = list(client.chat.completions.create(model="sandbox-fixed", messages=say(), stream=True, **asking))
    assert chunks[-1].usage is not None
    assert chunks[-1].choices == []
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_usage_is_what_the_script_says(client: openai.OpenAI) -> None:
    usage = {
        "input": 5000,
        "output": 300,
        "cache_read": 4000,
        "cache_write_5m": 100,
        "cache_write_1h": 50,
        "reasoning": 200,
        "audio_in": 30,
        "audio_out": 40,
    }
    asking = {"x-sandbox-script": json.dumps({"usage": usage})}
    got = client.chat.completions.create(model="m", messages=say(), extra_headers=asking).usage
    assert got is not None
    assert (got.prompt_tokens, got.completion_tokens, got.total_tokens) == (5000, 300, 5300)
    assert got.prompt_tokens_details is not None
    assert got.completion_tokens_details is not None
    details = got.prompt_tokens_details
    assert (details.cached_tokens, details.cache_write_tokens, details.audio_tokens) == (4000, 150, 30)
    assert (got.completion_tokens_details.reasoning_tokens, got.completion_tokens_details.audio_tokens) == (200, 40)


def test_an_answer_may_lack_usage(client: openai.OpenAI) -> None:
    assert client.chat.completions.create(model="sandbox-no-usage", messages=say()).usage is None


def test_a_scripted_conversation_calls_tools_and_then_answers(client: openai.OpenAI) -> None:
    messages = say("weather and time?")
    first = client.chat.completions.create(model="sandbox-parallel-tools", messages=messages).choices[0]
    assert first.finish_reason == "tool_calls"
    calls: list[Any] = list(first.message.tool_calls or [])
    assert [(call.function.name, json.loads(call.function.arguments)) for call in calls] == [
        ("get_weather", {"city": "Oslo"}),
        ("get_time", {"zone": "Europe/Oslo"}),
    ]
    messages.append(first.message.model_dump(exclude_none=True))
    messages += [{"role": "tool", "tool_call_id": call.id, "content": "12"} for call in calls]
    second = client.chat.completions.create(model="sandbox-parallel-tools", messages=messages).choices[0]
    assert second.message.content == "It is noon and 12 degrees in Oslo."


def test_streamed_tool_calls_accumulate(client: openai.OpenAI) -> None:
    tools: Any = [{"type": "function", "function": {"name": name}} for name in ("get_weather", "get_time")]
    with client.chat.completions.stream(model="sandbox-parallel-tools", messages=say(), tools=tools) as stream:
        choice = stream.get_final_completion().choices[0]
    assert [call.function.arguments for call in choice.message.tool_calls or []] == [
        '{"city":"Oslo"}',
        '{"zone":"Europe/Oslo"}',
    ]


def test_responses_answer_and_count(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="sandbox-cached", input="again")
    assert answer.output_text == "As before."
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.input_tokens_details.cached_tokens) == (5000, 4500)


async def test_responses_stream_and_accumulate(async_client: openai.AsyncOpenAI) -> None:
    async with async_client.responses.stream(model="sandbox-reasoning", input="six times seven") as stream:
        kinds = [event.type async for event in stream]
        final = await stream.get_final_response()
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert kinds[-1] == "response.completed"
    assert final.output_text == "Forty-two."
    assert final.usage is not None
    assert final.usage.output_tokens_details.reasoning_tokens == 80


def test_responses_call_tools_and_know_the_turn_by_the_previous_response(client: openai.OpenAI) -> None:
    first = client.responses.create(model="sandbox-tools", input="weather?")
    call: Any = first.output[0]
    assert (call.type, call.name, call.arguments) == ("function_call", "get_weather", '{"city":"Oslo"}')
    result: Any = [{"type": "function_call_output", "call_id": call.call_id, "output": "12"}]
    second = client.responses.create(model="sandbox-tools", input=result, previous_response_id=first.id)
    assert second.output_text == "It is 12 degrees in Oslo."


def test_a_response_that_ran_out_of_tokens_is_incomplete(client: openai.OpenAI) -> None:
    answer = client.responses.create(model="sandbox-truncated", input="go on")
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "max_output_tokens"
    with client.responses.stream(model="sandbox-truncated", input="go on") as stream:
        assert [event.type for event in stream][-1] == "response.incomplete"


def test_embeddings_of_texts_that_share_words_are_near(client: openai.OpenAI) -> None:
    texts = ["the cat sat on the mat", "the cat sat on the hat", "quarterly revenue grew"]
    answer = client.embeddings.create(model="text-embedding-3-small", input=texts)
    one, two, three = (item.embedding for item in answer.data)
    assert len(one) == 1536
    near = sum(a * b for a, b in zip(one, two, strict=True))
    far = sum(a * b for a, b in zip(one, three, strict=True))
    assert near > 0.7 > 0.3 > far


def test_embeddings_come_as_floats_or_base64(sandbox: Any) -> None:
    ask = {"model": "e", "input": "hi", "dimensions": 8}
    plain = sandbox.raw("/v1/embeddings", ask).json["data"][0]["embedding"]
    packed = sandbox.raw("/v1/embeddings", ask | {"encoding_format": "base64"}).json["data"][0]["embedding"]
    assert struct.unpack("<8f", base64.b64decode(packed)) == pytest.approx(plain)


def test_the_models_are_the_scripts(client: openai.OpenAI) -> None:
    assert "sandbox-echo" in [model.id for model in client.models.list()]
    assert client.models.retrieve("gpt-4o").id == "gpt-4o"


def test_an_error_is_raised_as_the_sdk_knows_it(client: openai.OpenAI) -> None:
    with pytest.raises(openai.RateLimitError) as limited:
        client.chat.completions.create(model="sandbox-429", messages=say())
    assert limited.value.code == "rate_limit_exceeded"
    assert limited.value.response.headers["retry-after"] == "1"
    with pytest.raises(openai.NotFoundError, match="no script 'nosuch'"):
        client.chat.completions.create(model="sandbox-nosuch", messages=say())


def test_an_error_inside_a_stream_is_raised_by_the_sdk(client: openai.OpenAI) -> None:
    chunks = client.chat.completions.create(model="sandbox-error-event", messages=say(), stream=True)
    with pytest.raises(openai.APIError, match="The server had an error"):
        list(chunks)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"model":"m"}',
        b'{"model":"m","messages":[]}',
        b'{"model":1,"messages":[{}]}',
    ],
)
def test_it_refuses_a_body_that_is_no_chat(sandbox: Any, body: bytes) -> None:
    answer = sandbox.raw(body=body)
    assert answer.status == 400
    assert answer.json["error"]["type"] == "invalid_request_error"
