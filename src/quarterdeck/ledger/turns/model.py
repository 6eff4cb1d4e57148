"""One turn: what a finished call brought in and what it answered, small enough to keep one for each call."""

from collections.abc import Sequence
from hashlib import blake2b

import msgspec

from quarterdeck.ledger import bodies
from quarterdeck.ledger.record import CallRecord
from quarterdeck.ledger.turns.heard import Heard, heard
from quarterdeck.ledger.turns.said import Said, said
from quarterdeck.ledger.turns.words import hashed, masked, sketch

TALKS = frozenset({"openai_chat", "openai_responses", "openai_completions", "anthropic", "gemini", "cohere", "bedrock"})
"""Dialects whose calls are turns of a conversation; embeddings, counts and lists are none."""
TOOLS_NAMED = 16
TOOL_NAME = 120
_ARGUMENTS_SHOWN = 20_000
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(order="deterministic").encode


class Turn(msgspec.Struct, frozen=True, array_like=True):
    """What signals know of a call's content. Hashes are eight bytes; a sketch is compared with `words.likeness`."""

    depth: int
    """How many messages the request held."""
    request: bytes
    """The whole request, byte for byte."""
    heard: bytes
    """What came in: tool results and words, with what changes by itself masked."""
    heard_sketch: bytes
    heard_size: int
    """Characters that came in."""
    heard_raw: bytes
    """The same unmasked: differs from turn to turn where only a counter or a clock does."""
    results: int
    """How many tool results are among it."""
    result: bytes
    """Those results, masked; empty bytes when there are none."""
    said: bytes
    """The answer's words, masked."""
    said_sketch: bytes
    said_size: int
    tools: tuple[str, ...]
    """Names of the tools that the answer asked for."""
    asked: bytes
    """Those tools with their arguments, in canonical form; empty bytes when it asked for none."""
    asked_sketch: bytes


_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(Turn).decode


class Features(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a call whose bodies are not: the gateway makes it, for after it nobody sees them."""

    turn: Turn | None
    first: bytes
    """A hash that tells a conversation by its first message; empty: it has none."""


_features = msgspec.msgpack.Decoder(Features).decode


def turn_of(record: CallRecord, messages: Sequence[bytes]) -> Turn | None:
    """`messages` are the pieces its request was cut into. None when the call is no turn of a conversation."""
    if record.dialect not in TALKS or record.body_mode == "none":
        return None
    answer = record.response_body if record.outcome == "ok" else b""
    return _turn(messages, record.request_body, answer, record.response_type)


def features_of(request: bytes, answer: bytes, answer_type: str | None) -> bytes:
    """Encoded Features of a talk in a dialect of `TALKS`; `answer` is empty where the call did not go well."""
    cut = bodies.cut(request)
    messages = cut.messages if cut is not None else []
    first = bodies.content_hash(bodies.first_message(messages[0])) if messages else b""
    return _packed(Features(_turn(messages, request, answer, answer_type), first))


def decode_features(data: bytes) -> Features:
    """Raises msgspec.DecodeError."""
    return _features(data)


def _turn(messages: Sequence[bytes], request: bytes, response: bytes, response_type: str | None) -> Turn:
    new = heard(messages) if messages else Heard(words=[request.decode("utf-8", "replace")])
    answer = said(response, response_type) if response else Said()
    results = [masked(each) for each in new.results]
    words = [masked(each) for each in new.words]
    incoming = "\n".join([*results, *words])
    spoken = masked(answer.text)
    asked = sorted((name[:TOOL_NAME], canonical(arguments)) for name, arguments in answer.tools)
    return Turn(
        depth=len(messages),
        request=blake2b(request, digest_size=8).digest(),
        heard=hashed(*results, b"/", *words),
        heard_sketch=sketch(incoming),
        heard_size=sum(map(len, new.results)) + sum(map(len, new.words)),
        heard_raw=hashed(*new.results, b"/", *new.words),
        results=len(results),
        result=hashed(*results) if results else b"",
        said=hashed(spoken),
        said_sketch=sketch(spoken),
        said_size=len(answer.text),
        tools=tuple(name[:TOOL_NAME] for name, _ in answer.tools[:TOOLS_NAMED]),
        asked=hashed(*(part for pair in asked for part in pair)) if asked else b"",
        asked_sketch=sketch(" ".join(f"{name} {masked(arguments)}" for name, arguments in asked)) if asked else b"",
    )


def encode_turn(turn: Turn) -> bytes:
    return _packed(turn)


def decode_turn(data: bytes) -> Turn:
    """Raises msgspec.DecodeError."""
    return _unpacked(data)


def canonical(arguments: str) -> str:
    """Arguments in one spelling: members in order, no spacing between them, texts without outer or doubled spaces."""
    try:
        return _encode(_tidy(_decode(arguments[:_ARGUMENTS_SHOWN].encode("utf-8", "surrogatepass")))).decode()
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return " ".join(arguments.split())


def _tidy(value: object) -> object:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, list):
        return [_tidy(each) for each in value]
    if isinstance(value, dict):
        return {name: _tidy(each) for name, each in value.items()}
    return value
