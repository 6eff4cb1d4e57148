"""Bodies of every dialect as messages; whatever they hold, something is shown."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.control.calls.rendered import Part, Tool
from quarterdeck.control.calls.rendering import answer, request


def sse(*events: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(event).encode() + b"\n\n" for event in events) + b"data: [DONE]\n\n"


def asked(dialect: str, **body: Any) -> list[tuple[str, list[Part]]]:
    return [(message.role, message.parts) for message in request(dialect, json.dumps(body).encode()).messages]


def answered(dialect: str, body: Any) -> list[tuple[str, list[Part]]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [(message.role, message.parts) for message in answer(dialect, data) or []]


def test_a_chat_request_is_its_messages_tools_and_settings() -> None:
    body = {
        "model": "m",
        "temperature": 1,
        "tools": [{"type": "function", "function": {"name": "search", "description": "finds"}}],
        "messages": [
            {"role": "system", "content": "be kind"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "look"},
                    {"type": "image_url", "image_url": {"url": "https://x/y.png"}},
                ],
            },
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "function": {"name": "search", "arguments": '{"q":1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "found"},
        ],
    }
    found = request("openai_chat", json.dumps(body).encode())
    assert [(message.role, message.parts) for message in found.messages] == [
        ("system", [Part("text", text="be kind")]),
        ("user", [Part("text", text="look"), Part("image", url="https://x/y.png")]),
        ("assistant", [Part("tool_call", name="search", arguments='{"q":1}', id="c1")]),
        ("tool", [Part("tool_result", text="found", id="c1")]),
    ]
    assert found.tools == [Tool("search", "finds")]
    assert found.params == {"model": "m", "temperature": 1}


def test_a_chat_stream_is_put_together() -> None:
    stream = sse(
        {"choices": [{"index": 0, "delta": {"role": "assistant", "reasoning_content": "hm"}}]},
        {"choices": [{"index": 0, "delta": {"content": "Hel"}}]},
        {"choices": [{"index": 0, "delta": {"content": "lo"}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f"}}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"a"'}}]}}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}]}}]},
        {"choices": [], "usage": {}},
    )
    assert answered("openai_chat", stream) == [
        (
            "assistant",
            [
                Part("reasoning", text="hm"),
                Part("text", text="Hello"),
                Part("tool_call", name="f", arguments='{"a":1}', id="c"),
            ],
        )
    ]


def test_responses_are_items_in_and_out() -> None:
    items = [
        {"role": "user", "content": [{"type": "input_text", "text": "hi"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "thinking"}]},
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c", "output": "done"},
        {"type": "web_search_call", "id": "ws"},
    ]
    expected = [
        ("user", [Part("text", text="hi")]),
        ("assistant", [Part("reasoning", text="thinking")]),
        ("assistant", [Part("tool_call", name="f", arguments="{}", id="c")]),
        ("tool", [Part("tool_result", text="done", id="c")]),
        ("assistant", [Part("other", raw=items[4])]),
    ]
    assert asked("openai_responses", input=items, instructions="x") == [("system", [Part("text", text="x")]), *expected]
    assert answered("openai_responses", {"output": items}) == expected
    assert answered("openai_responses", sse({"type": "x"}, {"response": {"output": items}})) == expected


def test_a_response_stream_that_was_cut_shows_what_there_was() -> None:
    stream = sse(
        {
            "type": "response.output_item.done",
            "item": {"id": "a", "type": "message", "content": [{"type": "output_text", "text": "one"}]},
        },
        {"type": "response.output_text.delta", "item_id": "a", "delta": "one"},
        {"type": "response.output_text.delta", "item_id": "b", "delta": "tw"},
        {"type": "response.output_text.delta", "item_id": "b", "delta": "o"},
    )
    assert answered("openai_responses", stream) == [
        ("assistant", [Part("text", text="one")]),
        ("assistant", [Part("text", text="two")]),
    ]


def test_anthropic_blocks_are_parts() -> None:
    blocks = [
        {"type": "text", "text": "look"},
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
        {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "ok"}], "is_error": False},
        {"type": "container_upload", "file_id": "f"},
    ]
    expected = [
        Part("text", text="look"),
        Part("reasoning", text="hm"),
        Part("image", media_type="image/png", url="data:image/png;base64,AAAA", size=3),
        Part("tool_call", name="f", arguments='{"a":1}', id="t"),
        Part("tool_result", text="ok", id="t", is_error=False),
        Part("other", raw=blocks[5]),
    ]
    messages = [{"role": "user", "content": blocks}, {"role": "assistant", "content": "plain"}]
    assert asked("anthropic", system="be kind", messages=messages) == [
        ("system", [Part("text", text="be kind")]),
        ("user", expected),
        ("assistant", [Part("text", text="plain")]),
    ]
    assert answered("anthropic", {"role": "assistant", "content": blocks}) == [("assistant", expected)]


def test_an_anthropic_stream_is_put_together_and_its_error_shown() -> None:
    stream = sse(
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi"}},
        {
            "type": "content_block_start",
            "index": 1,
            "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        },
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
        {"type": "error", "error": {"type": "overloaded_error"}},
    )
    assert answered("anthropic", stream) == [
        ("assistant", [Part("text", text="Hi"), Part("tool_call", name="f", arguments='{"a":1}', id="t")]),
        ("error", [Part("other", raw={"type": "overloaded_error"})]),
    ]


def test_gemini_parts_and_its_stream() -> None:
    parts = [
        {"text": "hm", "thought": True},
        {"text": "look"},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"functionCall": {"name": "f", "args": {"a": 1}}},
        {"functionResponse": {"name": "f", "response": {"b": 2}}},
    ]
    expected = [
        Part("reasoning", text="hm"),
        Part("text", text="look"),
        Part("image", media_type="image/png", url="data:image/png;base64,AAAA", size=3),
        Part("tool_call", name="f", arguments='{"a":1}'),
        Part("tool_result", name="f", text='{"b":2}'),
    ]
    tools = [{"functionDeclarations": [{"name": "f", "description": "d"}]}, {"googleSearch": {}}]
    body = {
        "contents": [{"role": "user", "parts": parts}],
        "systemInstruction": {"parts": [{"text": "s"}]},
        "tools": tools,
    }
    found = request("gemini", json.dumps(body).encode())
    assert [(message.role, message.parts) for message in found.messages] == [
        ("system", [Part("text", text="s")]),
        ("user", expected),
    ]
    assert found.tools == [Tool("f", "d"), Tool("googleSearch")]
    chunks = [{"candidates": [{"content": {"role": "model", "parts": [{"text": each}]}}]} for each in ("He", "llo")]
    for stream in (sse(*chunks), json.dumps(chunks).encode()):
        assert answered("gemini", stream) == [("model", [Part("text", text="Hello")])]


def test_an_error_is_an_answer_too() -> None:
    assert answered("openai_chat", {"error": {"message": "no"}}) == [("error", [Part("other", raw={"message": "no"})])]


def test_a_long_attachment_is_described_and_not_shown() -> None:
    url = "data:image/png;base64," + "A" * 800_000
    [(_, [part])] = asked(
        "openai_chat", messages=[{"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}]
    )
    assert (part.kind, part.url, part.media_type, part.size) == ("image", None, "image/png", 600_000)


def test_nothing_answered_is_nothing() -> None:
    assert answer("openai_chat", b"") is None
    assert request("openai_models", b"").messages == []


@pytest.mark.parametrize("dialect", ["openai_chat", "openai_responses", "anthropic", "gemini", "unheard_of"])
@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"\xff\xfe", "��"),
        (b"<html>", "<html>"),
        (b"[]", []),
        (b"12", 12),
        (b"null", None),
        (b"{}", {}),
        (b'{"messages":{"a":1}}', {"messages": {"a": 1}}),
        (b'{"usage":{"total_tokens":3}}', {"usage": {"total_tokens": 3}}),
        (b"data: x\n\n", "data: x\n\n"),
    ],
)
def test_what_is_not_understood_is_shown_as_it_is(dialect: str, body: bytes, value: Any) -> None:
    as_it_is = [Part("other", raw=value)]
    assert [(message.role, message.parts) for message in request(dialect, body).messages] == [("user", as_it_is)]
    assert answered(dialect, body) == [("assistant", as_it_is)]


NAMES = [
    "messages",
    "input",
    "contents",
    "content",
    "parts",
    "role",
    "type",
    "text",
    "tool_calls",
    "function",
    "choices",
]
NAMES += [
    "delta",
    "message",
    "index",
    "output",
    "item",
    "candidates",
    "tools",
    "system",
    "source",
    "image_url",
    "error",
]
NAMES += ["inlineData", "functionCall", "response"]
odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(st.sampled_from(["openai_chat", "openai_responses", "anthropic", "gemini"]), odd)
def test_nothing_raises_whatever_the_body(dialect: str, body: Any) -> None:
    data = json.dumps(body).encode()
    request(dialect, data)
    answer(dialect, data)
    answer(dialect, sse(body, body))


def test_every_recorded_exchange_of_the_common_dialects_is_readable() -> None:
    named = os.environ.get("QUARTERDECK_CORPUS")
    corpus = Path(named) if named else Path(__file__).parents[5] / "shared" / "corpus"
    read = 0
    for provider, dialect in (("openai", None), ("anthropic", "anthropic"), ("gemini", "gemini"), ("deepseek", None)):
        for kind in ("json", "stream"):
            for line in (corpus / "provider_traffic" / f"{provider}.{kind}.jsonl").read_text().splitlines():
                row = json.loads(line)
                if any(word in row["path"] for word in ("embed", "Embed", "count_tokens")):
                    continue
                used = dialect or ("openai_responses" if row["path"].endswith("/responses") else "openai_chat")
                body = row["response"] if isinstance(row["response"], str) else json.dumps(row["response"])
                shown = request(used, json.dumps(row["request"]).encode())
                assert shown.messages and any(message.parts for message in shown.messages), row["id"]
                assert answer(used, body.encode()), row["id"]
                read += 1
    assert read > 300
