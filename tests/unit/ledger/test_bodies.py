"""A body that is cut at its messages is the same body when it is put together."""

import json
import string
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depth import examples
from quarterdeck.ledger import bodies
from quarterdeck.ledger.bodies import ROOT, Cut, Part, cut, join

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30)
spaces = st.text(alphabet=" \t\r\n", max_size=3)


def joined(pieces: Cut) -> bytes:
    return join([*pieces.before, (Part.CHAIN, b""), *pieces.after], pieces.messages)


def messages(body: bytes) -> list[bytes]:
    found = cut(body)
    assert found is not None
    return found.messages


def chain(body: bytes) -> list[bytes]:
    ids, parent = [], ROOT
    for message in messages(body):
        parent = bodies.node_id(parent, bodies.content_hash(message))
        ids.append(parent)
    return ids


@st.composite
def json_texts(draw: st.DrawFn, depth: int = 3) -> str:
    """JSON as somebody else may write it: odd white space, repeated keys, escapes."""
    kinds = ["text", "number", "word"] + (["object", "array"] if depth else [])
    kind = draw(st.sampled_from(kinds))
    if kind == "text":
        return json.dumps(draw(texts), ensure_ascii=draw(st.booleans()))
    if kind == "number":
        return draw(st.sampled_from(["0", "-1", "1.50", "1e3", "12345678901234567890"]))
    if kind == "word":
        return draw(st.sampled_from(["true", "false", "null"]))
    inner = json_texts(depth=depth - 1)
    if kind == "array":
        return spaced(draw, "[", draw(st.lists(inner, max_size=4)), "]")
    names = st.sampled_from(["role", "content", "messages", "input", "system", "x"])
    pairs = draw(st.lists(st.tuples(names, inner), max_size=4))
    return spaced(draw, "{", [f'"{name}"{draw(spaces)}:{draw(spaces)}{value}' for name, value in pairs], "}")


def spaced(draw: st.DrawFn, begin: str, items: list[str], end: str) -> str:
    around = [draw(spaces) + item + draw(spaces) for item in items]
    return begin + draw(spaces) + ",".join(around) + draw(spaces) + end


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Bodies that are like model requests more or less."""
    turns = draw(st.lists(json_texts(depth=2), max_size=5))
    roles = st.sampled_from(['"role":"system",', '"role":"user",', '"role":"developer",', ""])
    objects = ["{" + draw(roles) + f'"content":{turn}' + "}" for turn in turns]
    key = draw(st.sampled_from(["messages", "input", "contents", "other"]))
    members = [f'"{key}":' + spaced(draw, "[", objects, "]")]
    for name in draw(st.lists(st.sampled_from(["system", "tools", "model", "messages", "stream"]), max_size=4)):
        value = draw(json_texts(depth=2)) + " " * draw(st.integers(0, 80))
        members.insert(draw(st.integers(0, len(members))), f'"{name}":{value}')
    return spaced(draw, "{", members, "}").encode()


@settings(max_examples=examples(200, 2000), deadline=None)
@given(requests())
def test_whatever_the_body_its_pieces_make_it_again(body: bytes) -> None:
    pieces = cut(body)
    if pieces is not None:
        assert joined(pieces) == body
        assert pieces.messages


@settings(max_examples=examples(150, 1000), deadline=None)
@given(st.binary(max_size=200) | texts.map(str.encode) | json_texts().map(str.encode))
def test_what_is_no_request_is_left_whole_or_comes_back_as_it_was(body: bytes) -> None:
    pieces = cut(body)
    assert pieces is None or joined(pieces) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b'{"messages":[]}',
        b'{"messages":"text"}',
        b'{"messages":[{"role":"user"}',
        b'{"messages":[1,2]}',
        b'{"input":["a","b"]}',
        b'{"model":"m","messages":[{"role":"user","content":"\xff\xfe"}',
        b"[" * 100_000,
        b'{"messages":[' + b'{"a":' * 5_000 + b"1" + b"}" * 5_000 + b"]}",
        b"\x89PNG\r\n",
        b'{"messages":[{"role":"system","content":"only instructions"}]}',
    ],
    ids=range(13),
)
def test_odd_bodies_are_kept_whole(body: bytes) -> None:
    assert cut(body) is None


def test_text_that_is_not_utf_8_comes_back_as_it_was() -> None:
    body = b'{"messages":[{"role":"user","content":"caf\xe9"},{"role":"user","content":"x"}]}'
    pieces = cut(body)
    assert pieces is None or joined(pieces) == body


def test_a_separator_belongs_to_the_message_after_it() -> None:
    body = b'{"model": "m", "messages": [ {"a":1} , {"b":2},{"c":3} ], "n": 1}'
    pieces = cut(body)
    assert pieces == Cut(
        [(Part.LITERAL, b'{"model": "m", "messages": [ ')],
        [b'{"a":1}', b' , {"b":2}', b',{"c":3}'],
        [(Part.LITERAL, b' ], "n": 1}')],
    )


def test_a_longer_conversation_continues_the_chain_of_the_shorter() -> None:
    turns = [{"role": "user" if n % 2 == 0 else "assistant", "content": f"turn {n}"} for n in range(9)]
    chains = [chain(json.dumps({"model": "m", "messages": turns[:n]}).encode()) for n in range(1, 10)]
    for shorter, longer in pairwise(chains):
        assert longer[: len(shorter)] == shorter


def test_a_changed_message_leaves_the_chain_there_and_for_good() -> None:
    turns = [{"role": "user", "content": f"turn {n}"} for n in range(6)]
    first = chain(json.dumps({"messages": turns}).encode())
    turns[2] = {"role": "user", "content": "otherwise"}
    second = chain(json.dumps({"messages": turns}).encode())
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, True, False, False, False, False]


def test_instructions_and_tools_are_cut_out_and_not_part_of_the_chain() -> None:
    system = "You are a careful assistant. " * 10
    tools = [{"name": "search", "description": "Searches everything there is to search, and then some more."}]
    for body in (
        {"system": system, "tools": tools, "messages": [{"role": "user", "content": "hi"}]},
        {"tools": tools, "messages": [{"role": "system", "content": system}, {"role": "user", "content": "hi"}]},
        {"instructions": system, "tools": tools, "input": [{"role": "user", "content": "hi"}]},
        {"systemInstruction": {"parts": [{"text": system}]}, "tools": tools, "contents": [{"parts": [{"text": "hi"}]}]},
    ):
        data = json.dumps(body).encode()
        pieces = cut(data)
        assert pieces is not None
        assert joined(pieces) == data
        heads = [segment for part, segment in [*pieces.before, *pieces.after] if part is Part.HEAD]
        assert len(heads) == 2
        assert len(pieces.messages) == 1


def test_an_envelope_is_encoded_and_decoded() -> None:
    segments = [(Part.LITERAL, b'{"a":'), (Part.HEAD, bytes(16)), (Part.CHAIN, b""), (Part.LITERAL, b"}")]
    assert bodies.decode_envelope(bodies.encode_envelope(segments)) == segments


def test_a_cache_mark_does_not_make_another_first_message() -> None:
    plain: dict[str, Any] = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
    marked = {"role": "user", "content": [{"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}]}
    other = {"role": "user", "content": [{"type": "text", "text": "ho", "cache_control": {"type": "ephemeral"}}]}
    first, second, third = (bodies.first_message(b" ," + json.dumps(each).encode()) for each in (plain, marked, other))
    assert first == second
    assert second != third


def test_many_messages_are_cut_in_no_time() -> None:
    turns = [{"role": "user", "content": string.ascii_letters} for _ in range(5_000)]
    body = json.dumps({"messages": turns}).encode()
    assert len(messages(body)) == 5_000
