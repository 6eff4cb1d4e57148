"""Official SDKs reach providers of another dialect: the same call, translated both ways, streams included."""

import asyncio
from typing import Any

import anthropic
import msgspec
import openai
import pytest
from gateway_world import KEY, Gateway

from quarterdeck.access.snapshot import ProviderEntry

ASK: Any = [{"role": "user", "content": "Hello"}]
TOOLS = [{"name": "get_weather", "arguments": {"city": city}} for city in ("Paris", "Oslo")]
TARGETS = ("openai/gpt-4o-mini", "anthropic/claude-haiku-4-5", "gemini/gemini-2.5-flash")


def script(**fields: Any) -> dict[str, str]:
    return {"x-sandbox-script": msgspec.json.encode(fields).decode()}


@pytest.fixture
async def world(gateway: Gateway) -> Gateway:
    url = gateway.sandbox.url
    gateway.providers.append(ProviderEntry("gemini", "gemini", url, "gm-upstream", allow_private=True))
    gateway.publish()
    return gateway


def openai_client(gateway: Gateway) -> openai.AsyncOpenAI:
    client = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY)
    gateway.closing.append(client.close)
    return client


def anthropic_client(gateway: Gateway) -> anthropic.AsyncAnthropic:
    client = anthropic.AsyncAnthropic(base_url=gateway.url, api_key=KEY)
    gateway.closing.append(client.close)
    return client


@pytest.mark.parametrize("model", TARGETS)
async def test_openai_chat_reaches_every_provider(world: Gateway, model: str) -> None:
    client = openai_client(world)
    answer = await client.chat.completions.create(model=model, messages=ASK, extra_headers=script(text="Hi."))
    assert answer.choices[0].message.content == "Hi."
    assert answer.choices[0].finish_reason == "stop"
    async with client.chat.completions.stream(
        model=model, messages=ASK, extra_headers=script(text="One two three.", chunks=3)
    ) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.content == "One two three."
    for record in world.records():
        assert (record.outcome, record.usage_source) == ("ok", "provider")
        assert record.cost is not None


@pytest.mark.parametrize("model", TARGETS)
async def test_openai_chat_gets_parallel_tools_from_every_provider(world: Gateway, model: str) -> None:
    client = openai_client(world)
    async with client.chat.completions.stream(model=model, messages=ASK, extra_headers=script(tools=TOOLS)) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls or []
    assert [msgspec.json.decode(call.function.arguments)["city"] for call in calls] == ["Paris", "Oslo"]
    assert final.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("model", TARGETS)
async def test_openai_responses_reach_every_provider(world: Gateway, model: str) -> None:
    client = openai_client(world)
    answer = await client.responses.create(model=model, input="Hello", extra_headers=script(text="Hi."))
    assert answer.output_text == "Hi."
    async with client.responses.stream(model=model, input="Hello", extra_headers=script(text="Hi again.")) as stream:
        final = await stream.get_final_response()
    assert final.output_text == "Hi again."


@pytest.mark.parametrize("model", TARGETS)
async def test_anthropic_messages_reach_every_provider(world: Gateway, model: str) -> None:
    client = anthropic_client(world)
    answer = await client.messages.create(model=model, max_tokens=99, messages=ASK, extra_headers=script(text="Hi."))
    assert [block.text for block in answer.content if block.type == "text"] == ["Hi."]
    async with client.messages.stream(
        model=model, max_tokens=99, messages=ASK, extra_headers=script(text="Asking.", tools=TOOLS)
    ) as stream:
        final = await stream.get_final_message()
    assert [block.input for block in final.content if block.type == "tool_use"] == [{"city": "Paris"}, {"city": "Oslo"}]
    assert final.stop_reason == "tool_use"


@pytest.mark.parametrize("model", TARGETS)
async def test_a_providers_error_is_raised_as_the_callers_own_kind(world: Gateway, model: str) -> None:
    refuse = script(fault={"kind": "status", "status": 429, "retry_after_s": 3})
    with pytest.raises(openai.RateLimitError):
        await (
            openai_client(world)
            .with_options(max_retries=0)
            .chat.completions.create(model=model, messages=ASK, extra_headers=refuse)
        )
    with pytest.raises(anthropic.RateLimitError):
        await (
            anthropic_client(world)
            .with_options(max_retries=0)
            .messages.create(model=model, max_tokens=9, messages=ASK, extra_headers=refuse)
        )


@pytest.mark.parametrize("model", TARGETS[1:])
async def test_a_translated_stream_that_is_cut_raises(world: Gateway, model: str) -> None:
    cut = script(words=30, chunks=30, fault={"kind": "cut", "after": 6})
    with pytest.raises(openai.APIError):
        async for _ in await openai_client(world).chat.completions.create(
            model=model, messages=ASK, stream=True, extra_headers=cut
        ):
            pass
    record = await world.record()
    assert (record.outcome, record.usage_source) == ("cut", "estimated")


async def test_what_a_provider_has_no_words_for_is_said_in_a_header_or_refused(world: Gateway) -> None:
    client = openai_client(world)
    raw = await client.chat.completions.with_raw_response.create(
        model="anthropic/claude-haiku-4-5", messages=ASK, seed=7, extra_headers=script(text="Hi.")
    )
    assert "seed" in raw.headers["x-quarterdeck-dropped"]
    with pytest.raises(openai.BadRequestError, match="cannot take this request"):
        await client.chat.completions.create(model="anthropic/claude-haiku-4-5", messages=ASK, n=2)


async def test_many_translated_calls_at_once_do_not_mix(world: Gateway) -> None:
    client = openai_client(world)

    async def one(number: int) -> bool:
        answer = await client.chat.completions.create(
            model=TARGETS[number % 3], messages=ASK, extra_headers=script(text=f"I am {number}.")
        )
        return answer.choices[0].message.content == f"I am {number}."

    assert all(await asyncio.gather(*(one(number) for number in range(30))))
