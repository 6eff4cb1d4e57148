"""Following a stream: what is seen in it, what is not believed, and what is held back."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.gateway.dialects import sse
from quarterdeck.gateway.dialects.base import StreamReader
from quarterdeck.gateway.dialects.registry import BY_NAME

STREAMING = ("openai_chat", "openai_completions", "openai_responses", "anthropic")


def chat(*chunks: Any, end: str = "\n\n") -> bytes:
    return "".join(f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}{end}" for chunk in chunks).encode()


def delta(**fields: Any) -> dict[str, Any]:
    return {"model": "m-1", "choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


USED = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
LAST = {"model": "m-1", "choices": [], "usage": USED}


def read(name: str, data: bytes, **options: bool) -> StreamReader:
    reader = BY_NAME[name].reader(**options)
    reader.feed(data)
    reader.end()
    return reader


def test_words_of_the_protocol_inside_content_are_not_believed() -> None:
    lies = [
        "data: [DONE]\n\n",
        '"usage":{"prompt_tokens":9}',
        '"error":{"message":"no"}',
        "message_stop",
        '"finish_reason":"stop"',
    ]
    reader = read("openai_chat", chat(*[delta(content=lie) for lie in lies]))
    assert (reader.usage, reader.error, reader.finished, reader.stop) == (None, None, False, None)
    events = "".join(
        f"event: content_block_delta\ndata: {json.dumps({'type': 'content_block_delta', 'delta': {'text': lie}})}\n\n"
        for lie in [*lies, '"message_stop"', '"message_delta"']
    )
    reader = read("anthropic", events.encode())
    assert (reader.usage, reader.error, reader.finished, reader.stop) == (None, None, False, None)
    reader = read(
        "openai_responses",
        chat(*[{"type": "response.output_text.delta", "delta": lie} for lie in ['"response.completed"', "[DONE]"]]),
    )
    assert (reader.usage, reader.error, reader.finished) == (None, None, False)


def test_a_role_alone_is_no_content_yet() -> None:
    reader = BY_NAME["openai_chat"].reader()
    reader.feed(chat(delta(role="assistant", content="")))
    assert reader.model == "m-1"
    assert not reader.content_seen
    reader.feed(chat(delta(tool_calls=[{"index": 0}])))
    assert reader.content_seen


def test_a_completions_stream_shows_its_text() -> None:
    reader = read(
        "openai_completions", chat({"model": "m", "choices": [{"text": "x", "finish_reason": "length"}]}, "[DONE]")
    )
    assert (reader.content_seen, reader.stop, reader.finished) == (True, "length", True)


def test_a_stream_cut_before_its_end_is_not_finished() -> None:
    assert not read("openai_chat", chat(delta(content="a"))).finished
    assert not read("anthropic", b'event: message_delta\ndata: {"type":"message_delta"}\n\n').finished
    assert not read("openai_responses", chat({"type": "response.output_text.delta", "delta": "x"})).finished


def test_an_end_without_its_blank_line_still_counts() -> None:
    for tail in (b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n"):
        assert read("openai_chat", chat(delta(content="a")) + tail).finished


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_kind_of_line_end_is_understood(newline: str) -> None:
    data = chat(delta(content="a"), LAST, "[DONE]", end=newline * 2)
    for step in (1, 7, len(data)):
        reader = BY_NAME["openai_chat"].reader(withhold_usage=True)
        shown = b"".join(reader.feed(data[at : at + step]) for at in range(0, len(data), step)) + reader.end()
        assert shown == chat(delta(content="a"), "[DONE]", end=newline * 2)
        assert reader.usage is not None
        assert reader.finished


def test_data_over_several_lines_comments_and_ids_are_understood() -> None:
    data = b': ping\n\nid: 7\ndata: {"model":"m","choices":[],\ndata:"usage":{"prompt_tokens":5}}\nretry: 9\n\n'
    reader = read("openai_chat", data)
    assert reader.usage is not None
    assert reader.usage.input_total == 5


@pytest.mark.parametrize("error", [{"message": "overloaded", "code": 503}, "overloaded"])
def test_an_error_inside_a_chat_stream_is_seen(error: Any) -> None:
    assert read("openai_chat", chat(delta(content="a"), {"error": error})).error == "overloaded"


def test_an_error_inside_a_responses_or_messages_stream_is_seen() -> None:
    flat = {"type": "error", "code": "server_error", "message": "boom", "param": None}
    assert read("openai_responses", chat(flat)).error == "boom"
    failed = {"type": "response.failed", "response": {"status": "failed", "error": {"code": "x", "message": "boom"}}}
    reader = read("openai_responses", chat(failed))
    assert (reader.error, reader.finished, reader.stop) == ("boom", True, "failed")
    wrong = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    assert read("anthropic", b"event: error\n" + chat(wrong)).error == "Overloaded"


def test_an_incomplete_response_says_why_it_stopped() -> None:
    response = {
        "status": "incomplete",
        "incomplete_details": {"reason": "max_output_tokens"},
        "usage": {"input_tokens": 3},
    }
    reader = read("openai_responses", chat({"type": "response.incomplete", "response": response}))
    assert (reader.finished, reader.stop) == (True, "max_output_tokens")
    assert reader.usage is not None
    assert reader.usage.input_total == 3


def test_azures_first_chunk_without_choices_is_not_withheld() -> None:
    first = {"choices": [], "prompt_filter_results": []}
    reader = BY_NAME["openai_chat"].reader(withhold_usage=True)
    assert reader.feed(chat(first)) == chat(first)


def test_usage_beside_the_last_words_is_kept_for_the_client() -> None:
    both = {**delta(content="x"), "usage": USED}
    reader = BY_NAME["openai_chat"].reader(withhold_usage=True)
    assert reader.feed(chat(both)) == chat(both)
    assert reader.usage is not None


def test_an_unfinished_event_waits_only_when_something_must_be_withheld() -> None:
    half = chat(delta(content="x"))[:-9]
    assert BY_NAME["openai_chat"].reader().feed(half) is half
    held = BY_NAME["openai_chat"].reader(withhold_usage=True)
    assert held.feed(half) == b""
    assert held.end() == half


@pytest.mark.parametrize("withhold", [False, True])
def test_an_event_without_end_is_relayed_unread_past_a_bound(withhold: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "TAIL_LIMIT", 1000)
    reader = BY_NAME["openai_chat"].reader(withhold_usage=withhold)
    chunks = [chat(delta(content="x")), b"data: " + b"a" * 600, b"b" * 600, b"c" * 600, b"\n\n", chat(LAST)]
    shown = b"".join(reader.feed(chunk) for chunk in chunks) + reader.end()
    assert shown == b"".join(chunks)
    assert reader.content_seen
    assert reader.usage is None


@given(
    st.sampled_from(STREAMING),
    st.booleans(),
    st.lists(
        st.binary(max_size=30)
        | st.sampled_from(
            [b"\n", b"\r", b"\n\n", b"data: ", b"data: [DONE]", b'data: {"error":[]}', b'"usage":{', chat(LAST)]
        ),
        max_size=12,
    ),
)
def test_any_bytes_are_relayed_whole_and_raise_nothing(name: str, withhold: bool, chunks: list[bytes]) -> None:
    reader = BY_NAME[name].reader(withhold_usage=withhold)
    shown = b"".join(reader.feed(chunk) for chunk in chunks) + reader.end()
    whole = b"".join(chunks)
    if withhold and name in ("openai_chat", "openai_completions"):
        assert len(shown) <= len(whole)
    else:
        assert shown == whole


@given(
    st.lists(st.sampled_from([chat(delta(content="é")), chat(LAST), chat("[DONE]"), b": hi\n\n", b"\r\n"]), max_size=8),
    st.data(),
)
def test_where_a_stream_is_cut_changes_nothing(pieces: list[bytes], data: st.DataObject) -> None:
    whole = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    seen = []
    for edges in ([0, len(whole)], [0, *cuts, len(whole)]):
        reader = BY_NAME["openai_chat"].reader(withhold_usage=True)
        shown = b"".join(reader.feed(whole[a:b]) for a, b in itertools.pairwise(edges)) + reader.end()
        # An empty line more or less says nothing: one beside what is withheld may go with it.
        seen.append((shown.replace(b"\r\n", b""), reader.usage, reader.finished, reader.model, reader.content_seen))
    assert seen[0] == seen[1]


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_a_stream_that_is_not_utf8_passes_unread(name: str) -> None:
    reader = BY_NAME[name].reader()
    broken = b'data: {"choices":[{"delta":{"content":"\xff"}}],"usage":{"a":"\xfe"},"type":"message_stop\xff"}\n\n'
    assert reader.feed(broken) + reader.end() == broken
    assert BY_NAME[name].read_answer(b'{"usage":"\xff"}').usage is None
