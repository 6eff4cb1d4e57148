"""Two answers to the same question, whatever dialect they are in."""

import json
import struct
from typing import Any

import pytest

from quarterdeck.control.replays.comparing import Answer, ToolPairing, answer_of, compare


def sse(*events: dict[str, Any]) -> bytes:
    return b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in events)


def aws(*events: dict[str, Any]) -> bytes:
    found = b""
    for event in events:
        payload = json.dumps(event).encode()
        found += struct.pack(">III", 16 + len(payload), 0, 0) + payload + b"\0\0\0\0"
    return found


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        (
            json.dumps({"choices": [{"message": {"content": "Hi"}, "finish_reason": "length"}]}).encode(),
            "application/json",
            Answer("Hi", (), "length"),
        ),
        (
            sse(
                {"choices": [{"delta": {"content": "H"}, "finish_reason": None}]},
                {"choices": [{"delta": {"content": "i"}, "finish_reason": "stop"}]},
                {"choices": [], "usage": {}},
            ),
            "text/event-stream",
            Answer("Hi", (), "stop"),
        ),
        (
            json.dumps(
                {
                    "type": "message",
                    "content": [{"type": "tool_use", "name": "look", "input": {"a": 1}}],
                    "stop_reason": "tool_use",
                }
            ).encode(),
            "application/json",
            Answer("", (("look", '{"a":1}'),), "tool_use"),
        ),
        (
            sse(
                {"type": "message_start", "message": {"stop_reason": None}},
                {"type": "content_block_delta", "index": 0, "delta": {"text": "Hi"}},
                {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
            ),
            "text/event-stream",
            Answer("Hi", (), "end_turn"),
        ),
        (
            json.dumps(
                {
                    "output": [{"type": "message", "content": [{"text": "Hi"}]}],
                    "status": "incomplete",
                    "incomplete_details": {"reason": "max_output_tokens"},
                }
            ).encode(),
            "application/json",
            Answer("Hi", (), "max_output_tokens"),
        ),
        (
            json.dumps([{"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}]).encode(),
            "application/json",
            Answer("Hi", (), "STOP"),
        ),
        (
            aws({"contentBlockIndex": 0, "delta": {"text": "Hi"}}, {"stopReason": "end_turn"}),
            "application/vnd.amazon.eventstream",
            Answer("Hi", (), "end_turn"),
        ),
        (b"\xff<html>", "text/html", Answer()),
    ],
)
def test_an_answer_is_read_in_every_dialect(body: bytes, kind: str, expected: Answer) -> None:
    assert answer_of(body, kind) == expected


def test_the_same_words_are_the_same_whatever_the_white_space() -> None:
    found = compare(Answer("Hi  there", (), "stop"), Answer("Hi there\n", (), "stop"))
    assert (found.same, found.same_text, found.likeness) == (True, True, 1.0)
    assert not compare(Answer("Hi", (), "stop"), Answer("Hi", (), "length")).same


def test_words_that_differ_are_never_quite_alike() -> None:
    many = "word " * 5_000
    found = compare(Answer(many), Answer(many + "more"))
    assert (found.same, found.likeness) == (False, 0.9999)
    assert compare(Answer("a b c d"), Answer("a b c x")).likeness == 0.75


def test_tools_decide_whether_an_agent_would_go_on_alike() -> None:
    before = Answer("Let me look.", (("look", '{"b":2,"a":1}'),), "tool_calls")
    now = Answer("", (("look", '{"a": 1, "b": 2}'),), "tool_use")
    found = compare(before, now)
    assert (found.same, found.same_tools, found.same_text) == (True, True, False)


def test_each_tool_stands_beside_its_like() -> None:
    before = Answer("", (("look", '{"a":1}'), ("read", "{}"), ("send", "{}")))
    now = Answer("", (("look", '{"a":2}'), ("read", "{}"), ("write", "{}")))
    found = compare(before, now)
    assert [(each.name, each.pairing) for each in found.tools] == [
        ("look", ToolPairing.ARGUMENTS),
        ("read", ToolPairing.SAME),
        ("send", ToolPairing.ONLY_BEFORE),
        ("write", ToolPairing.ONLY_NOW),
    ]
    assert (found.tools[0].before, found.tools[0].now) == ('{"a":1}', '{"a":2}')
    assert not found.same
