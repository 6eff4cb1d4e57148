"""Providers' own prompt caches match prefixes byte for byte: what we send of a growing conversation must not move."""

from itertools import takewhile
from typing import Any

import pytest
from gateway_world import Gateway

SYSTEM = [{"type": "text", "text": "You are terse. " * 40, "cache_control": {"type": "ephemeral"}}]
TOOLS = [
    {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {"b": {}, "a": {}}}}
]
TURNS = [
    {"role": "user", "content": "What is new?"},
    {"role": "assistant", "content": "Nothing."},
    {"role": "user", "content": "And now?"},
    {"role": "assistant", "content": "Still nothing."},
    {"role": "user", "content": "Sure?"},
]


async def sent(gateway: Gateway, path: str, body: dict[str, Any]) -> bytes:
    answer = await gateway.post(path, body, script={"text": "Hi."}, **{"anthropic-version": "2023-06-01"})
    assert answer.status_code == 200
    return gateway.seen[-1].body


@pytest.mark.parametrize(
    ("path", "model", "extra"),
    [
        ("/v1/messages", "claude-haiku-4-5", {"system": SYSTEM, "tools": TOOLS, "max_tokens": 9}),
        ("/v1/messages", "anthropic/claude-haiku-4-5", {"system": SYSTEM, "tools": TOOLS, "max_tokens": 9}),
        ("/v1/chat/completions", "gpt-4o-mini", {"prompt_cache_key": "run-1"}),
        ("/v1/chat/completions", "openai/gpt-4o-mini", {"stream": True}),
        ("/v1/messages", "openai/gpt-4o-mini", {"system": SYSTEM, "tools": TOOLS, "max_tokens": 9}),
        ("/v1/chat/completions", "anthropic/claude-haiku-4-5", {"max_tokens": 9}),
    ],
    ids=["anthropic", "anthropic named", "openai", "openai named, streamed", "to openai", "to anthropic"],
)
async def test_a_longer_conversation_begins_with_the_same_bytes(
    gateway: Gateway, path: str, model: str, extra: dict[str, Any]
) -> None:
    bodies = [await sent(gateway, path, {"model": model, **extra, "messages": TURNS[:count]}) for count in (1, 3, 5)]
    for shorter, longer in ((bodies[0], bodies[1]), (bodies[1], bodies[2])):
        # All but the end of the shorter one: its closing brackets, and what follows the messages.
        last = [turn["content"].encode() for turn in TURNS if turn["content"].encode() in shorter][-1]
        common = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(shorter, longer, strict=False)))
        assert common >= shorter.index(last) + len(last)


async def test_cache_marks_survive_and_their_effect_is_recorded(gateway: Gateway) -> None:
    body = {"model": "claude-haiku-4-5", "system": SYSTEM, "messages": TURNS, "max_tokens": 9}
    script = {"text": "Yes.", "usage": {"input": 1_000, "output": 10, "cache_read": 800, "cache_write_5m": 100}}
    answer = await gateway.post("/v1/messages", body, script=script, **{"anthropic-version": "2023-06-01"})
    assert answer.status_code == 200
    assert b'"cache_control":{"type":"ephemeral"}' in gateway.seen[-1].body
    record = await gateway.record()
    assert record.usage is not None
    assert (record.usage.cache_read, record.usage.cache_write_5m) == (800, 100)
    # $1 in, $0.10 from the cache, $1.25 into it, $5 out, a million tokens.
    assert record.cost == 100 * 1_000 + 800 * 100 + 100 * 1_250 + 10 * 5_000
