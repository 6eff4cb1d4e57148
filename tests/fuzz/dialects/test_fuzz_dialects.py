"""Hostile input: whatever arrives, only the typed errors leave, and soon."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.bedrock.eventstream import Decoder, Frame, encode_frame
from quarterdeck.gateway.dialects.conversation import BadAnswer, CannotExpress
from quarterdeck.gateway.dialects.gemini.stream import ArraySplitter
from quarterdeck.gateway.dialects.grammars import GRAMMARS
from quarterdeck.gateway.dialects.translate import Translator

ALL = sorted(GRAMMARS)
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}

REQUESTS: dict[str, Any] = {
    "openai_chat": {
        "model": "m",
        "messages": [
            {"role": "system", "content": "s"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]},
            {"role": "assistant", "content": None, "tool_calls": [CALL], "reasoning_details": [{"text": "t"}]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "r"}]},
        ],
        "tools": [TOOL],
        "tool_choice": {"type": "function", "function": {"name": "f"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}},
        "stop": ["x"],
        "metadata": {"a": "b"},
        "stream_options": {"include_usage": True},
        "max_tokens": 5,
        "reasoning_effort": "low",
    },
    "openai_responses": {
        "model": "m",
        "instructions": "i",
        "input": [
            {"role": "user", "content": [{"type": "input_file", "file_data": "data:a/b;base64,AA==", "filename": "f"}]},
            {
                "type": "reasoning",
                "id": "r",
                "summary": [{"type": "summary_text", "text": "t"}],
                "encrypted_content": "e",
            },
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "x", "annotations": []}],
            },
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "c", "output": "o"},
            {"type": "web_search_call", "id": "w"},
        ],
        "tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "web_search"}],
        "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}, "verbosity": "low"},
        "reasoning": {"effort": "low", "summary": "auto"},
    },
    "anthropic": {
        "model": "m",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
        "messages": [
            {"role": "user", "content": [{"type": "document", "title": "t", "source": {"type": "url", "url": "u"}}]},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "t", "signature": "s"},
                    {"type": "text", "text": "x", "citations": [{"type": "char_location", "cited_text": "c"}]},
                    {"type": "tool_use", "id": "c", "name": "f", "input": {"a": 1}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "c", "content": [{"type": "text", "text": "r"}]}],
            },
        ],
        "tools": [{"name": "f", "input_schema": {}}, {"type": "web_search_20250305", "name": "web_search"}],
        "tool_choice": {"type": "tool", "name": "f", "disable_parallel_tool_use": True},
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
        "metadata": {"user_id": "u"},
    },
    "gemini": {
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]},
            {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "AA=="}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"output": "x"}}}]},
        ],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "stopSequences": ["x"],
            "responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT"},
            "thinkingConfig": {"thinkingBudget": 5, "includeThoughts": True},
        },
    },
    "bedrock": {
        "messages": [
            {"role": "user", "content": [{"document": {"format": "pdf", "name": "n", "source": {"bytes": "AA=="}}}]},
            {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "t", "signature": "s"}}},
                    {"toolUse": {"toolUseId": "c", "name": "f", "input": {}}},
                    {"cachePoint": {"type": "default"}},
                ],
            },
            {
                "role": "user",
                "content": [{"toolResult": {"toolUseId": "c", "content": [{"text": "r"}], "status": "success"}}],
            },
        ],
        "system": [{"text": "s"}],
        "inferenceConfig": {"maxTokens": 5, "stopSequences": ["x"]},
        "toolConfig": {"tools": [{"toolSpec": {"name": "f", "inputSchema": {"json": {}}}}], "toolChoice": {"any": {}}},
        "outputConfig": {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": "{}"}}}},
    },
    "cohere": {
        "model": "m",
        "messages": [
            {"role": "user", "content": "x"},
            {"role": "assistant", "tool_plan": "p", "tool_calls": [CALL]},
            {
                "role": "tool",
                "tool_call_id": "c1",
                "content": [{"type": "document", "document": {"data": "d", "id": "1"}}],
            },
        ],
        "tools": [TOOL],
        "tool_choice": "REQUIRED",
        "response_format": {"type": "json_object", "json_schema": {}},
        "thinking": {"type": "enabled", "token_budget": 5},
        "stop_sequences": ["x"],
    },
}
ANSWERS: dict[str, Any] = {
    "openai_chat": {
        "id": "i",
        "created": 1,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "x", "tool_calls": [CALL]},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}},
    },
    "openai_responses": {
        "id": "i",
        "status": "completed",
        "output": REQUESTS["openai_responses"]["input"][1:4],
        "incomplete_details": {"reason": "x"},
        "usage": {"input_tokens": 1},
    },
    "anthropic": {
        "id": "i",
        "content": REQUESTS["anthropic"]["messages"][1]["content"],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "cache_creation": {"ephemeral_5m_input_tokens": 1}},
    },
    "gemini": {
        "candidates": [
            {
                "content": REQUESTS["gemini"]["contents"][1],
                "finishReason": "STOP",
                "groundingMetadata": {
                    "groundingChunks": [{"web": {"uri": "u", "title": "t"}}],
                    "groundingSupports": [{"segment": {"text": "x"}, "groundingChunkIndices": [0]}],
                },
            }
        ],
        "usageMetadata": {"promptTokenCount": 1, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}]},
    },
    "bedrock": {
        "output": {"message": REQUESTS["bedrock"]["messages"][1]},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "cacheDetails": [{"ttl": "1h", "inputTokens": 1}]},
    },
    "cohere": {
        "id": "i",
        "message": {
            "role": "assistant",
            "content": [{"type": "text", "text": "x"}],
            "citations": [{"start": 0, "end": 1, "text": "x", "sources": [{"document": {"url": "u"}}]}],
        },
        "finish_reason": "COMPLETE",
        "usage": {"billed_units": {"input_tokens": 1}},
    },
}
EVENTS: dict[str, list[Any]] = {
    "openai_chat": [
        {"id": "i", "choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "t"}}]},
        {"choices": [{"index": 0, "delta": {"content": "x", "annotations": [{"url_citation": {"url": "u"}}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, **CALL}]}, "finish_reason": "stop"}]},
        {"choices": [], "usage": {"prompt_tokens": 1}},
    ],
    "openai_responses": [
        {"type": "response.created", "response": {"id": "r", "model": "m", "created_at": 1}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "reasoning", "id": "r"}},
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "t"},
        {
            "type": "response.output_item.done",
            "output_index": 0,
            "item": {"type": "reasoning", "encrypted_content": "e"},
        },
        {"type": "response.content_part.added", "output_index": 1, "part": {"type": "output_text", "text": ""}},
        {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "x"},
        {"type": "response.content_part.done", "output_index": 1, "content_index": 0, "part": {}},
        {
            "type": "response.output_item.added",
            "output_index": 2,
            "item": {"type": "function_call", "call_id": "c", "name": "f"},
        },
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": "{}"},
        {"type": "response.completed", "response": {"status": "completed", "usage": {"input_tokens": 1}, "output": []}},
    ],
    "anthropic": [
        {"type": "message_start", "message": {"id": "m", "model": "x", "usage": {"input_tokens": 1}}},
        {
            "type": "content_block_start",
            "index": 0,
            "content_block": {"type": "thinking", "thinking": "", "signature": ""},
        },
        {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "citations_delta", "citation": {"url": "u"}}},
        {"type": "content_block_stop", "index": 1},
        {
            "type": "content_block_start",
            "index": 2,
            "content_block": {"type": "tool_use", "id": "c", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
        {"type": "content_block_stop", "index": 2},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ],
    "gemini": [ANSWERS["gemini"], {"candidates": [{"content": {"parts": [{"text": "x", "thought": True}]}}]}],
    "cohere": [
        {"type": "message-start", "id": "i", "delta": {"message": {"role": "assistant"}}},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "x"}}}},
        {"type": "citation-start", "index": 0, "delta": {"message": {"citations": {"start": 0, "end": 1}}}},
        {"type": "content-end", "index": 0},
        {"type": "tool-call-start", "index": 0, "delta": {"message": {"tool_calls": CALL}}},
        {"type": "tool-call-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {"billed_units": {"input_tokens": 1}}}},
    ],
    "bedrock": [
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "t"}}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("contentBlockStart", {"contentBlockIndex": 1, "start": {"toolUse": {"toolUseId": "c", "name": "f"}}}),
        ("contentBlockDelta", {"contentBlockIndex": 1, "delta": {"toolUse": {"input": "{}"}}}),
        ("contentBlockStop", {"contentBlockIndex": 1}),
        ("messageStop", {"stopReason": "tool_use"}),
        ("metadata", {"usage": {"inputTokens": 1}}),
    ],
}
ODD = st.sampled_from(
    ["null", "true", "0", "-1", "1.5", '""', '"x"', "[]", "{}", "[1]", '{"type":"x"}', "[{}]", "[[]]", '{"a":{"b":[]}}']
)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [at] if at else []
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in pairs:
        found += paths(inner, (*at, name))
    return found


def broken(draw: st.DataObject, value: Any) -> Any:
    """The value with one to three of its members replaced by something odd."""
    out = json.loads(json.dumps(value))
    for _ in range(draw.draw(st.integers(1, 3))):
        places = paths(out)
        if not places:
            return out
        place = draw.draw(st.sampled_from(places))
        inner = out
        for name in place[:-1]:
            inner = inner[name]
        inner[place[-1]] = json.loads(draw.draw(ODD))
    return out


def stream_bytes(dialect: str, events: list[Any]) -> bytes:
    if dialect == "bedrock":
        return b"".join(
            encode_frame(Frame(json.dumps(event).encode(), {":event-type": str(name), ":message-type": "event"}))
            for name, event in events
        )
    lines = b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events)
    return lines + (b"data: [DONE]\n\n" if dialect == "openai_chat" else b"")


many = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@pytest.mark.parametrize("dialect", ALL)
def test_the_samples_themselves_are_understood(dialect: str) -> None:
    for upstream in ALL:
        translator = Translator("openai_chat", dialect)
        translator.answer(json.dumps(ANSWERS[dialect]).encode())
        stream = translator.stream()
        stream.feed(stream_bytes(dialect, EVENTS[dialect]))
        stream.end()
        assert stream.error is None
        if upstream == dialect:
            emitted = Translator(dialect, dialect).request(json.dumps(REQUESTS[dialect]).encode(), "m")
            assert json.loads(emitted.body) == REQUESTS[dialect]


@many
@given(st.sampled_from(ALL), st.sampled_from(ALL), st.data())
def test_a_broken_request_is_refused_or_told_but_never_a_crash(client: str, upstream: str, draw: st.DataObject) -> None:
    body = json.dumps(broken(draw, REQUESTS[client])).encode()
    try:
        emitted = Translator(client, upstream).request(body, "m")
    except (BadBody, CannotExpress):
        return
    json.loads(emitted.body)


@many
@given(st.sampled_from(ALL), st.data())
def test_a_request_however_odd_comes_back_as_it_was(dialect: str, draw: st.DataObject) -> None:
    value = broken(draw, REQUESTS[dialect])
    if dialect not in ("gemini", "bedrock") and isinstance(value, dict):
        value["model"] = "m"
    try:
        emitted = Translator(dialect, dialect).request(json.dumps(value).encode(), "m")
    except (BadBody, CannotExpress):
        return
    assert json.loads(emitted.body) == value


@many
@given(st.sampled_from(ALL), st.sampled_from(ALL), st.data())
def test_a_broken_answer_is_a_typed_error_or_an_answer(client: str, upstream: str, draw: st.DataObject) -> None:
    body = json.dumps(broken(draw, ANSWERS[upstream])).encode()
    try:
        out, _ = Translator(client, upstream).answer(body)
    except BadAnswer:
        return
    json.loads(out)


@many
@given(st.sampled_from(ALL), st.sampled_from(ALL), st.data())
def test_a_broken_stream_ends_finished_or_with_an_error(client: str, upstream: str, draw: st.DataObject) -> None:
    events = EVENTS[upstream]
    hurt = (
        [(name, broken(draw, event)) for name, event in events]
        if upstream == "bedrock"
        else [broken(draw, event) for event in events]
    )
    kept = draw.draw(st.lists(st.sampled_from(hurt), max_size=6)) if draw.draw(st.booleans()) else hurt
    stream = Translator(client, upstream).stream()
    stream.feed(stream_bytes(upstream, kept))
    stream.end()
    assert stream.finished or stream.error


@many
@given(st.sampled_from(ALL), st.sampled_from(ALL), st.lists(st.binary(max_size=40), max_size=6))
def test_random_bytes_raise_nothing_but_typed_errors(client: str, upstream: str, chunks: list[bytes]) -> None:
    translator = Translator(client, upstream)
    for refuse, act in ((BadBody, translator.request), (BadAnswer, translator.answer)):
        with contextlib.suppress(refuse, CannotExpress):
            act(b"".join(chunks), *(["m"] if act == translator.request else []))
    translator.error(500, b"".join(chunks))
    stream = translator.stream()
    for chunk in chunks:
        stream.feed(chunk)
    stream.end()
    assert stream.error or stream.finished


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
def test_a_damaged_event_stream_is_noticed(noise: bytes, places: list[int]) -> None:
    whole = bytearray(stream_bytes("bedrock", EVENTS["bedrock"]))
    for place in places:
        whole[place] ^= 0xFF
    decoder = Decoder()
    try:
        found = decoder.feed(bytes(whole))
    except BadAnswer:
        return
    assert len(found) == len(EVENTS["bedrock"]) or places
    Decoder().feed(noise[:11])


@given(st.lists(st.dictionaries(st.text(max_size=4), st.text(max_size=8), max_size=3), max_size=5), st.data())
def test_objects_of_an_array_are_found_wherever_it_is_cut(objects: list[Any], draw: st.DataObject) -> None:
    whole = json.dumps(
        objects, indent=draw.draw(st.sampled_from([None, 2])), ensure_ascii=draw.draw(st.booleans())
    ).encode()
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    splitter = ArraySplitter()
    found = []
    for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True):
        found += [json.loads(data) for _, data in splitter.feed(whole[a:b])]
    assert found == objects
