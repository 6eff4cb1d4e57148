"""The official SDKs work by changing base URL and key alone: sync, async, streaming, tools, errors."""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import anthropic
import msgspec
import openai
import pytest
from gateway_world import KEY, Gateway, key_entry, until

T = TypeVar("T")
ASK: Any = [{"role": "user", "content": "Hello"}]
PARIS = {"name": "get_weather", "arguments": {"city": "Paris"}}
OSLO = {"name": "get_weather", "arguments": {"city": "Oslo"}}


def script(**fields: Any) -> dict[str, str]:
    return {"x-sandbox-script": msgspec.json.encode(fields).decode()}


async def sync(work: Callable[[], T]) -> T:
    """A synchronous client in a thread, since the gateway runs on this loop."""
    return await asyncio.to_thread(work)


def openai_sync(gateway: Gateway, key: str = KEY) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=key)


def openai_async(gateway: Gateway, key: str = KEY) -> openai.AsyncOpenAI:
    client = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=key)
    gateway.closing.append(client.close)
    return client


def anthropic_sync(gateway: Gateway, key: str = KEY) -> anthropic.Anthropic:
    return anthropic.Anthropic(base_url=gateway.url, api_key=key)


def anthropic_async(gateway: Gateway, key: str = KEY) -> anthropic.AsyncAnthropic:
    client = anthropic.AsyncAnthropic(base_url=gateway.url, api_key=key)
    gateway.closing.append(client.close)
    return client


async def test_openai_chat_sync(gateway: Gateway) -> None:
    with openai_sync(gateway) as client:
        answer = await sync(
            lambda: client.chat.completions.create(model="gpt-4o-mini", messages=ASK, extra_headers=script(text="Hi."))
        )
    assert answer.choices[0].message.content == "Hi."
    assert answer.usage is not None
    record = await gateway.record()
    assert record.usage is not None
    assert record.usage.input_total == answer.usage.prompt_tokens


async def test_openai_chat_async_and_parallel(gateway: Gateway) -> None:
    async with openai_async(gateway) as client:
        answers = await asyncio.gather(
            *(
                client.chat.completions.create(
                    model="gpt-4o-mini", messages=[{"role": "user", "content": f"Hello {n}"}]
                )
                for n in range(20)
            )
        )
    await gateway.record(20)
    assert len(answers) == 20
    assert len({record.id for record in gateway.records()}) == 20


async def test_openai_chat_stream_sync_reads_no_usage_it_did_not_ask_for(gateway: Gateway) -> None:
    def read() -> tuple[str, list[Any]]:
        with openai_sync(gateway) as client:
            chunks = list(
                client.chat.completions.create(
                    model="gpt-4o-mini",
                    messages=ASK,
                    stream=True,
                    extra_headers=script(text="One two three."),
                )
            )
        return "".join(c.choices[0].delta.content or "" for c in chunks), [c.usage for c in chunks]

    text, usages = await sync(read)
    assert text == "One two three."
    assert not any(usages)
    assert (await gateway.record()).usage_source == "provider"


async def test_openai_chat_stream_helper_accumulates_parallel_tools(gateway: Gateway) -> None:
    async with (
        openai_async(gateway) as client,
        client.chat.completions.stream(
            model="gpt-4o-mini",
            messages=ASK,
            stream_options={"include_usage": True},
            extra_headers=script(tools=[PARIS, OSLO]),
        ) as stream,
    ):
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls or []
    assert [call.function.name for call in calls] == ["get_weather", "get_weather"]
    assert final.usage is not None
    assert final.choices[0].finish_reason == "tool_calls"


async def test_openai_responses_and_their_stream(gateway: Gateway) -> None:
    async with openai_async(gateway) as client:
        answer = await client.responses.create(model="gpt-4o-mini", input="Hello", extra_headers=script(text="Hi."))
        assert answer.output_text == "Hi."
        async with client.responses.stream(
            model="gpt-4o-mini", input="Hello", extra_headers=script(text="Hi again.", chunks=2)
        ) as stream:
            final = await stream.get_final_response()
    assert final.output_text == "Hi again."
    assert (await gateway.record(2)).usage_source == "provider"


async def test_openai_embeddings_and_models(gateway: Gateway) -> None:
    async with openai_async(gateway) as client:
        answer = await client.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
        assert len(answer.data) == 2
        names = [model.id async for model in await client.models.list()]
    assert "openai/gpt-4o-mini" in names


async def test_anthropic_messages_sync_and_async(gateway: Gateway) -> None:
    def ask() -> anthropic.types.Message:
        with anthropic_sync(gateway) as client:
            return client.messages.create(
                model="claude-haiku-4-5", max_tokens=50, messages=ASK, extra_headers=script(text="Hi.")
            )

    answer = await sync(ask)
    async with anthropic_async(gateway) as client:
        again = await client.messages.create(
            model="claude-haiku-4-5", max_tokens=50, messages=ASK, extra_headers=script(text="Hi.")
        )
    for each in (answer, again):
        assert isinstance(each.content[0], anthropic.types.TextBlock)
        assert each.content[0].text == "Hi."
    record = await gateway.record(2)
    assert record.usage is not None
    assert record.usage.output_total == again.usage.output_tokens


async def test_anthropic_stream_accumulates_thinking_and_tools(gateway: Gateway) -> None:
    async with (
        anthropic_async(gateway) as client,
        client.messages.stream(
            model="claude-haiku-4-5",
            max_tokens=50,
            messages=ASK,
            extra_headers=script(reasoning="Let me see.", text="Asking.", tools=[PARIS, OSLO]),
        ) as stream,
    ):
        final = await stream.get_final_message()
    kinds = [block.type for block in final.content]
    assert kinds.count("tool_use") == 2
    assert "thinking" in kinds
    assert final.stop_reason == "tool_use"


async def test_anthropic_counts_tokens(gateway: Gateway) -> None:
    async with anthropic_async(gateway) as client:
        counted = await client.messages.count_tokens(model="claude-haiku-4-5", messages=ASK)
    assert counted.input_tokens > 0
    assert (await gateway.record()).cost == 0


async def test_openai_errors_are_raised_as_the_sdks_own_with_our_words(gateway: Gateway) -> None:
    with pytest.raises(openai.AuthenticationError, match="not known here"):
        await openai_async(gateway, "qd-a-nobody").chat.completions.create(model="gpt-4o-mini", messages=ASK)
    async with openai_async(gateway) as client:
        with pytest.raises(openai.NotFoundError):
            await client.chat.completions.create(
                model="gpt-4o-mini", messages=ASK, extra_headers=script(fault={"kind": "status", "status": 404})
            )


async def test_anthropic_errors_are_raised_as_the_sdks_own_with_our_words(gateway: Gateway) -> None:
    with pytest.raises(anthropic.AuthenticationError, match="not known here"):
        await anthropic_async(gateway, "qd-a-nobody").messages.create(
            model="claude-haiku-4-5", max_tokens=5, messages=ASK
        )


async def test_a_run_that_ended_is_not_retried_by_either_sdk(gateway: Gateway) -> None:
    gateway.keys[KEY] = key_entry(kind="run", run_id="run_1", task_id="tsk_1", state="ended")
    gateway.publish()
    with pytest.raises(openai.BadRequestError, match="run this key belongs to has ended"):
        await openai_async(gateway).chat.completions.create(model="gpt-4o-mini", messages=ASK)
    with pytest.raises(anthropic.BadRequestError, match="run this key belongs to has ended"):
        await anthropic_async(gateway).messages.create(model="claude-haiku-4-5", max_tokens=5, messages=ASK)
    assert len(gateway.records()) == 2


async def test_sdks_retry_what_the_provider_refuses_for_rate_and_each_try_is_a_call(gateway: Gateway) -> None:
    refuse = script(fault={"kind": "status", "status": 429, "retry_after_ms": 1})
    with pytest.raises(openai.RateLimitError):
        await (
            openai_async(gateway)
            .with_options(max_retries=1)
            .chat.completions.create(model="gpt-4o-mini", messages=ASK, extra_headers=refuse)
        )
    assert [record.status for record in gateway.records()] == [429, 429]


async def test_a_stream_the_provider_cuts_raises_instead_of_ending_cleanly(gateway: Gateway) -> None:
    cut = script(words=20, chunks=20, fault={"kind": "cut", "after": 5})
    with pytest.raises(openai.APIError, match="ended its answer before it was complete"):
        async for _ in await openai_async(gateway).chat.completions.create(
            model="gpt-4o-mini", messages=ASK, stream=True, extra_headers=cut
        ):
            pass
    with pytest.raises(anthropic.APIError, match="ended its answer before it was complete"):
        async for _ in await anthropic_async(gateway).messages.create(
            model="claude-haiku-4-5", max_tokens=50, messages=ASK, stream=True, extra_headers=cut
        ):
            pass


async def test_the_stop_lever_raises_in_both_sdks(gateway: Gateway) -> None:
    slow = script(words=300, chunks=300, timing={"chunk_ms": 200})

    async def chat() -> None:
        async for _ in await openai_async(gateway).chat.completions.create(
            model="gpt-4o-mini", messages=ASK, stream=True, extra_headers=slow
        ):
            pass

    async def messages() -> None:
        async for _ in await anthropic_async(gateway).messages.create(
            model="claude-haiku-4-5", max_tokens=50, messages=ASK, stream=True, extra_headers=slow
        ):
            pass

    reading = [asyncio.create_task(chat()), asyncio.create_task(messages())]
    await until(lambda: sum(call.first_byte is not None for call in gateway.open_calls.traffic()[1]) == 2)
    assert await gateway.open_calls.end("all", "", "run_stopped", "A person stopped this run.") == 2
    for task in reading:
        with pytest.raises((openai.APIError, anthropic.APIError), match="A person stopped this run"):
            await task
