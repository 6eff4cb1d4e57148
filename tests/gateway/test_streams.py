"""Streams through the whole gateway: relayed at once, ended properly, priced whatever happens."""

import asyncio
import threading
import time
from typing import Any

import msgspec
import pytest
from gateway_world import KEY, PATIENCE_S, Gateway, until

from quarterdeck.gateway.estimate import estimate

WORDS = {"words": 8, "chunks": 8}
LONG = {"words": 200, "chunks": 200, "timing": {"chunk_ms": 600}}
"""Two minutes: who sees its end in less did not wait for it."""


def body(*, stream: bool = True, **changes: Any) -> bytes:
    sent = {"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": "Hi"}], **changes}
    return msgspec.json.encode(sent)


def headers(script: dict[str, Any]) -> dict[str, str]:
    return {"authorization": f"Bearer {KEY}", "x-sandbox-script": msgspec.json.encode(script).decode()}


async def read(gateway: Gateway, script: dict[str, Any], **changes: Any) -> bytes:
    answer = await gateway.client.post("/v1/chat/completions", content=body(**changes), headers=headers(script))
    assert answer.status_code == 200
    return answer.content


async def test_usage_is_asked_for_and_the_extra_chunk_withheld_from_one_who_did_not_ask(gateway: Gateway) -> None:
    text = await read(gateway, WORDS)
    assert text.endswith(b"data: [DONE]\n\n")
    assert b'"choices":[]' not in text.replace(b" ", b"")
    asked = msgspec.json.decode(gateway.seen[0].body)
    assert asked["stream_options"] == {"include_usage": True}
    record = await gateway.record()
    assert (record.outcome, record.usage_source) == ("ok", "provider")
    assert record.usage is not None
    assert record.usage.output_total > 0


async def test_one_who_asked_for_usage_gets_the_providers_bytes_untouched(gateway: Gateway) -> None:
    text = await read(gateway, WORDS, stream_options={"include_usage": True})
    assert b'"usage"' in text
    record = await gateway.record()
    assert record.response_body == text
    assert gateway.seen[0].body == record.request_body


async def test_the_record_is_in_the_journal_before_the_last_byte(gateway: Gateway) -> None:
    request = gateway.client.stream("POST", "/v1/chat/completions", content=body(), headers=headers(WORDS))
    async with request as answer:
        async for chunk in answer.aiter_bytes():
            if b"[DONE]" in chunk:
                assert len(gateway.records()) == 1
                break
        else:
            pytest.fail("the stream did not end")


async def test_chunks_are_relayed_as_they_come(gateway: Gateway) -> None:
    script = {"words": 5, "chunks": 5, "timing": {"chunk_ms": 60}}
    arrivals: list[float] = []
    request = gateway.client.stream("POST", "/v1/chat/completions", content=body(), headers=headers(script))
    async with request as answer:
        async for _ in answer.aiter_bytes():
            arrivals.append(time.monotonic())
    assert arrivals[-1] - arrivals[0] > 0.2
    record = await gateway.record()
    assert record.first_byte is not None
    assert record.first_byte < record.ended - 200_000
    assert len(record.chunk_times) >= 5 * 8


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "cut", "after": 3}, "stream_cut"),
        ({"kind": "reset", "after": 3}, "connection_reset"),
        ({"kind": "no_end"}, "stream_cut"),
    ],
)
async def test_a_stream_the_provider_cuts_ends_with_an_error_event_and_is_priced(
    gateway: Gateway, fault: dict[str, Any], code: str
) -> None:
    text = await read(gateway, {"words": 20, "chunks": 20, "fault": fault})
    assert b"[DONE]" not in text
    last = msgspec.json.decode(text.rstrip().rsplit(b"data: ", 1)[1])
    assert "error" in last
    record = await gateway.record()
    assert (record.outcome, record.usage_source) == ("cut", "estimated")
    assert record.error_code in {code, "truncated"}
    assert record.cost is not None
    assert record.cost > 0


async def test_an_error_event_inside_a_stream_is_relayed_and_recorded(gateway: Gateway) -> None:
    await read(gateway, {"words": 20, "fault": {"kind": "error_event", "after": 3}})
    record = await gateway.record()
    assert record.outcome in {"error", "cut"}
    assert record.error_message


async def test_malformed_events_are_relayed_and_break_nothing(gateway: Gateway) -> None:
    await read(gateway, {"words": 20, "fault": {"kind": "malformed_sse"}})
    assert (await gateway.record()).usage is not None


async def test_a_caller_who_leaves_cancels_the_upstream_and_is_priced(gateway: Gateway) -> None:
    request = gateway.client.stream("POST", "/v1/chat/completions", content=body(), headers=headers(LONG))
    async with request as answer:
        async for _ in answer.aiter_bytes():
            break
    record = await gateway.record()
    assert (record.outcome, record.status, record.usage_source) == ("cancelled", 499, "estimated")
    assert record.cost is not None
    assert len(gateway.open_calls) == 0


async def test_a_caller_who_leaves_while_its_usage_is_worked_out_is_in_the_account(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_end = threading.Event(), threading.Event()

    def slow(*given: Any) -> Any:
        begun.set()
        may_end.wait(PATIENCE_S)
        return estimate(*given)

    monkeypatch.setattr("quarterdeck.gateway.settle.estimate", slow)
    sent = headers({"words": 8, "usage": {"omit": True}})
    asking = asyncio.create_task(gateway.client.post("/v1/chat/completions", content=body(stream=False), headers=sent))
    await until(begun.is_set)
    asking.cancel()
    await until(lambda: not len(gateway.open_calls))
    may_end.set()
    record = await gateway.record()
    assert (record.outcome, record.usage_source) == ("cancelled", "estimated")
    assert record.cost is not None and record.cost > 0


async def test_a_caller_who_leaves_before_the_answer_cancels_the_upstream(gateway: Gateway) -> None:
    sent = headers({"fault": {"kind": "hang"}})
    asking = asyncio.create_task(gateway.client.post("/v1/chat/completions", content=body(stream=False), headers=sent))
    await until(lambda: gateway.seen)
    asking.cancel()
    record = await gateway.record()
    assert (record.outcome, record.error_code) == ("cancelled", "client_left")
    assert len(gateway.open_calls) == 0


async def test_the_stop_lever_ends_an_open_stream_with_its_reason(gateway: Gateway) -> None:
    request = gateway.client.stream("POST", "/v1/chat/completions", content=body(), headers=headers(LONG))
    async with request as answer, asyncio.timeout(PATIENCE_S):
        chunks = answer.aiter_bytes()
        await anext(chunks)
        ending = asyncio.create_task(
            gateway.open_calls.end("agent", ["agt_1"], "run_stopped", "A person stopped this run.")
        )
        rest = b"".join([chunk async for chunk in chunks])
    assert await ending == 1
    assert b"A person stopped this run." in rest
    record = await gateway.record()
    assert (record.outcome, record.error_code) == ("cut", "run_stopped")
    assert record.cost is not None


async def test_the_stop_lever_answers_a_call_that_still_waits(gateway: Gateway) -> None:
    waiting = asyncio.create_task(gateway.chat(script={"fault": {"kind": "hang"}}))
    await until(lambda: len(gateway.open_calls))
    assert await gateway.open_calls.end("all", "", "run_stopped", "A person stopped this run.") == 1
    answer = await waiting
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "run_stopped")


async def test_an_anthropic_stream_passes_untouched_and_is_priced(gateway: Gateway) -> None:
    sent = {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "stream": True,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    usage = {"input": 3000, "output": 20, "cache_read": 2000, "cache_write_1h": 500}
    answer = await gateway.post(
        "/v1/messages", sent, script={**WORDS, "usage": usage}, **{"anthropic-version": "2023-06-01"}
    )
    record = await gateway.record()
    assert record.response_body == answer.content
    assert record.usage is not None
    assert (record.usage.input_total, record.usage.cache_read, record.usage.cache_write_1h) == (3000, 2000, 500)
    # 500 plain at $1, 2000 cached at $0.10, 500 written for an hour at $2, 20 out at $5 a million tokens.
    assert record.cost == 500_000 + 200_000 + 1_000_000 + 100_000


async def test_an_anthropic_stream_cut_short_ends_with_an_anthropic_error_event(gateway: Gateway) -> None:
    sent = {
        "model": "claude-haiku-4-5",
        "max_tokens": 99,
        "stream": True,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    script = {"words": 20, "chunks": 20, "fault": {"kind": "cut", "after": 6}}
    answer = await gateway.post("/v1/messages", sent, script=script, **{"anthropic-version": "2023-06-01"})
    assert b"event: error" in answer.content
    record = await gateway.record()
    assert record.outcome == "cut"
    assert record.usage is not None
    assert record.usage.input_total > 0
