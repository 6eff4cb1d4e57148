"""Recorded answers and streams of every provider, told to the clients of every dialect."""

import base64
import itertools
import json
import random
from typing import Any

import pytest
from official_clients import final_message, frames, read_answer, said, sse_data
from recorded_traffic import Row
from test_recorded_conversations import of

from quarterdeck.gateway.dialects.base import BadBody
from quarterdeck.gateway.dialects.conversation import CannotExpress
from quarterdeck.gateway.dialects.grammars import GRAMMARS, Grammar
from quarterdeck.gateway.dialects.translate import Translator
from quarterdeck.ledger.record import Usage

ALL = sorted(GRAMMARS)


def raw_stream(row: Row) -> bytes:
    return base64.b64decode(row.answer) if row.kind == "base64" else row.answer.encode()


def asked(grammar: Grammar) -> bytes:
    """A request of the client, so that the translator knows it wants usage."""
    simple: dict[str, Any] = {
        "openai_chat": {
            "messages": [{"role": "user", "content": "x"}],
            "stream": True,
            "stream_options": {"include_usage": True},
        },
        "openai_responses": {"input": "x", "stream": True},
        "anthropic": {"messages": [{"role": "user", "content": "x"}], "max_tokens": 9, "stream": True},
        "gemini": {"contents": [{"parts": [{"text": "x"}]}]},
        "bedrock": {"messages": [{"role": "user", "content": [{"text": "x"}]}]},
        "cohere": {"messages": [{"role": "user", "content": "x"}], "stream": True},
    }
    return json.dumps({"model": "m"} | simple[grammar.name]).encode()


def told(client: str, upstream: str, data: bytes, cuts: list[int]) -> tuple[bytes, Any]:
    translator = Translator(client, upstream, call_id="call-7", now=5)
    translator.request(asked(GRAMMARS[client]), "m-asked", stream=True)
    stream = translator.stream()
    edges = [0, *cuts, len(data)]
    out = b"".join(stream.feed(data[a:b]) for a, b in itertools.pairwise(edges))
    return out + stream.end(), stream


def comparable(dialect: str, stream: bytes) -> Any:
    return final_message(dialect, stream)


@pytest.mark.parametrize(("grammar", "row"), of("stream"))
def test_a_stream_emitted_again_adds_up_to_the_same_message(grammar: Grammar, row: Row) -> None:
    data = raw_stream(row)
    out, stream = told(grammar.name, grammar.name, data, [])
    assert stream.finished
    assert stream.error is None
    if grammar.name in ("openai_responses", "gemini", "bedrock"):
        read = {"bedrock": frames, "openai_responses": sse_data, "gemini": _chunks}[grammar.name]
        assert read(out) == read(data)
    else:
        assert comparable(grammar.name, out) == comparable(grammar.name, data)


def _chunks(raw: bytes) -> Any:
    return json.loads(raw) if raw.lstrip()[:1] == b"[" else sse_data(raw)


OTHERS = [
    pytest.param(*known.values, client, id=f"{known.id}-{client}")
    for known in of("stream")
    for client in ALL
    if client != known.values[0].name
]


@pytest.mark.parametrize(("grammar", "row", "client"), OTHERS)
def test_a_stream_is_told_to_every_client_with_its_words_calls_thoughts_and_usage(
    grammar: Grammar, row: Row, client: str
) -> None:
    data = raw_stream(row)
    out, stream = told(client, grammar.name, data, [])
    assert stream.finished, stream.error
    message = final_message(client, out)
    words, calls, thoughts = said(client, message)
    theirs = said(grammar.name, final_message_of(grammar.name, data))
    assert words == theirs[0]
    assert calls == theirs[1]
    assert thoughts.replace("\n\n", "") == theirs[2].replace("\n\n", "")
    assert stream.usage is not None
    assert usage_in(client, message) == (stream.usage.input_total, stream.usage.output_total)


def final_message_of(dialect: str, data: bytes) -> dict[str, Any]:
    """The upstream's own message; blocks that only it knows count for nothing here."""
    if dialect != "bedrock":
        return final_message(dialect, data)
    return final_message("bedrock", data)


def usage_in(dialect: str, message: dict[str, Any]) -> tuple[int, int]:
    parsers = {
        "openai_chat": ("usage", "openai_chat"),
        "openai_responses": ("usage", "openai_responses"),
        "anthropic": ("usage", "anthropic"),
    }
    from quarterdeck.gateway.dialects import usage as fields  # noqa: PLC0415

    read: dict[str, Any] = {
        "openai_chat": fields.from_openai,
        "openai_responses": fields.from_openai,
        "anthropic": fields.from_anthropic,
        "gemini": fields.from_gemini,
        "bedrock": fields.from_bedrock,
        "cohere": fields.from_cohere,
    }
    name = "usageMetadata" if dialect == "gemini" else parsers.get(dialect, ("usage", ""))[0]
    counted: Usage | None = read[dialect](message[name])
    assert counted is not None
    return counted.input_total, counted.output_total


@pytest.mark.parametrize(("grammar", "row"), of("stream"))
def test_where_a_recorded_stream_is_cut_into_chunks_changes_nothing(grammar: Grammar, row: Row) -> None:
    data = raw_stream(row)
    chance = random.Random(row.id)
    for client in ("openai_chat", "anthropic", "openai_responses"):
        whole, _ = told(client, grammar.name, data, [])
        cuts = sorted(chance.sample(range(1, len(data)), min(40, len(data) - 1)))
        assert told(client, grammar.name, data, cuts)[0] == whole
    assert (
        told("openai_chat", grammar.name, data, list(range(1, len(data))))[0]
        == told("openai_chat", grammar.name, data, [])[0]
    )


@pytest.mark.parametrize(("grammar", "row"), of("stream"))
@pytest.mark.parametrize("client", ALL)
def test_a_stream_cut_short_ends_with_an_error_for_every_client(grammar: Grammar, row: Row, client: str) -> None:
    data = raw_stream(row)
    out, stream = told(client, grammar.name, data[: len(data) // 2], [])
    assert not stream.finished
    assert stream.error
    with pytest.raises(Exception, match=r"(?s)ended the stream before|cut|exception"):
        final_message(client, out)


@pytest.mark.parametrize("client", ALL)
@pytest.mark.parametrize(("grammar", "row"), of("json"))
def test_an_answer_is_told_to_every_client_with_its_words_calls_and_usage(
    grammar: Grammar, row: Row, client: str
) -> None:
    translator = Translator(client, grammar.name, call_id="call-7", now=5)
    translator.request(asked(GRAMMARS[client]), "m-asked", stream=False)
    out, facts = translator.answer(json.dumps(row.answer).encode())
    message = read_answer(client, out)
    theirs = said(grammar.name, row.answer)
    assert said(client, message)[:2] == theirs[:2]
    assert facts.usage is not None
    if client != grammar.name:
        assert usage_in(client, message) == (facts.usage.input_total, facts.usage.output_total)


@pytest.mark.parametrize("upstream", ALL)
@pytest.mark.parametrize(("grammar", "row"), of("json", "stream"))
def test_a_recorded_request_reaches_every_provider_or_is_refused_in_words(
    grammar: Grammar, row: Row, upstream: str
) -> None:
    translator = Translator(grammar.name, upstream)
    try:
        emitted = translator.request(json.dumps(row.request).encode(), "m-asked")
    except CannotExpress as refusal:
        assert str(refusal).endswith(".")
        assert grammar.name != upstream
        return
    # What was written is a request of that dialect: it can be read, and says the same words.
    try:
        GRAMMARS[upstream].parse_request(emitted.body)
    except BadBody as problem:
        pytest.fail(str(problem))
