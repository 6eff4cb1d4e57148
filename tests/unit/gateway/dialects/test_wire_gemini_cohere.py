"""Gemini and Cohere on the same-dialect path: streams cut anywhere, errors, and bodies that are nonsense."""

import msgspec
import pytest

from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.registry import BY_NAME

FIRST = b'{"candidates":[{"content":{"parts":[{"text":"a \\"}] b"}]}}],"modelVersion":"m"}'
LAST = (
    b'{"candidates":[{"finishReason":"MAX_TOKENS"}],'
    b'"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":4,"thoughtsTokenCount":1}}'
)
STREAMS = {
    "gemini": b"data: " + FIRST + b"\r\n\r\ndata: " + LAST + b"\r\n\r\n",
    "gemini_array": b"[" + FIRST + b",\r\n" + LAST + b"\n]",
    "cohere": (
        b'event: message-start\ndata: {"type":"message-start","id":"1"}\n\n'
        b'event: content-delta\ndata: {"type":"content-delta","delta":{"message":{"content":{"text":"a"}}}}\n\n'
        b'event: message-end\ndata: {"type":"message-end","delta":{"finish_reason":"MAX_TOKENS",'
        b'"usage":{"billed_units":{"input_tokens":9,"output_tokens":5}}}}\n\n'
    ),
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_cut_anywhere_is_relayed_as_it_came_and_read_alike(name: str) -> None:
    stream = STREAMS[name]
    for cut in range(1, len(stream)):
        reader = BY_NAME[name].reader()
        assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) + reader.end() == stream
        assert reader.usage is not None
        assert (reader.usage.input_total, reader.usage.output_total) == (9, 5)
        assert (reader.finished, reader.content_seen, reader.stop) == (True, True, "MAX_TOKENS")


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_without_its_end_is_not_finished(name: str) -> None:
    reader = BY_NAME[name].reader()
    reader.feed(STREAMS[name][: len(STREAMS[name]) // 2])
    reader.end()
    assert not reader.finished


@pytest.mark.parametrize("name", ["gemini", "cohere"])
def test_an_error_in_the_stream_is_seen(name: str) -> None:
    reader = BY_NAME[name].reader()
    reader.feed(BY_NAME[name].stream_error("run_stopped", "The run was stopped."))
    assert reader.error is not None
    assert "stopped" in reader.error


@pytest.mark.parametrize("noise", [b"", b"\xff", b"[1]", b"{", b'{"candidates":7,"usageMetadata":[]}', b"[" * 5_000])
@pytest.mark.parametrize("name", [*STREAMS, "native", "gemini_embeddings", "cohere_rerank"])
def test_nonsense_has_no_usage_and_raises_nothing(name: str, noise: bytes) -> None:
    assert BY_NAME[name].read_answer(noise).usage is None
    reader = BY_NAME[name].reader()
    fed = reader.feed(noise) + reader.feed(b"data: " + noise + b"\n\n")
    assert fed == noise + b"data: " + noise + b"\n\n"
    assert reader.usage is None


@pytest.mark.parametrize("name", ["gemini", "cohere"])
def test_a_request_that_is_no_object_is_refused(name: str) -> None:
    for body in (b"", b"[]", b"{", b"\xff"):
        with pytest.raises(BadBody):
            BY_NAME[name].read_request(body)


def test_a_native_request_is_never_judged() -> None:
    facts = BY_NAME["native"].read_request(b"\xff")
    assert (facts.model, facts.stream) == (None, False)


def test_seconds_of_audio_are_not_taken_for_tokens() -> None:
    told = msgspec.json.encode({"text": "Hi", "usage": {"type": "duration", "seconds": 3}})
    assert BY_NAME["native"].read_answer(told).usage is None


def test_what_was_spent_before_is_not_read_again() -> None:
    told = msgspec.json.encode({"usage": {"input_tokens": 3, "output_tokens": 1}})
    assert BY_NAME["native"].read_answer(told).usage is not None
    assert BY_NAME["native_free"].read_answer(told).usage is None
