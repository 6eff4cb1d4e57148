"""Cutting a request body at its messages, so that each is stored once. Pure; nothing is serialised anew.

A body becomes a row of segments whose bytes, put together, are the body: literal text, heads (system prompt, tools:
stored apart because they repeat), and one chain of messages. A separator belongs to the message after it, so a
conversation that grew by a message is its former chain and one piece more.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from hashlib import blake2b

import msgspec

HASH_BYTES = 16
ROOT = bytes(HASH_BYTES)
"""The parent of a chain's first node."""
_CHAIN_KEYS = ("messages", "input", "contents")
_HEAD_KEYS = ("system", "instructions", "tools", "systemInstruction", "system_instruction", "functions")
_SHORTEST_HEAD = 64
_LONGEST_CHAIN = 20_000
_SPACE = frozenset(b" \t\r\n")
_SEPARATORS = _SPACE | {ord(",")}
_SYSTEM_ROLES = frozenset({"system", "developer"})


class Part(IntEnum):
    """What a segment of an envelope is."""

    LITERAL = 0
    HEAD = 1
    CHAIN = 2


@dataclass(frozen=True, slots=True)
class Cut:
    """A body in pieces: `before`, the chain's `messages`, `after`. A segment is (part, its bytes)."""

    before: list[tuple[Part, bytes]]
    messages: list[bytes]
    after: list[tuple[Part, bytes]]


class _Role(msgspec.Struct):
    role: str | None = None


_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_role = msgspec.json.Decoder(_Role)
_envelope_encoder = msgspec.msgpack.Encoder()
_envelope_decoder = msgspec.msgpack.Decoder(list[tuple[int, bytes]])
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def content_hash(content: bytes) -> bytes:
    return blake2b(content, digest_size=HASH_BYTES).digest()


def node_id(parent: bytes, content: bytes) -> bytes:
    """The id of the node that stands for a message (its content's hash) after a chain (its tip's id)."""
    return blake2b(parent + content, digest_size=HASH_BYTES).digest()


def cut(body: bytes) -> Cut | None:
    """The body in pieces; None when it has no messages to cut at, and is to be kept whole."""
    try:
        fields = _fields.decode(body)
    except _UNREADABLE:
        return None
    found = _chain(body, fields)
    if found is None:
        return None
    begin, pieces = found
    end = begin + sum(map(len, pieces))
    heads = _leading_system(pieces)
    before = [(Part.HEAD, piece) for piece in pieces[:heads]]
    messages = pieces[heads:]
    if not messages:
        return None
    cuts = [(at, at + len(raw)) for at, raw in _heads(body, fields) if at + len(raw) <= begin or at >= end]
    first = _segments(body, 0, begin, cuts)
    last = _segments(body, end, len(body), cuts)
    return Cut(first + before, messages, last)


def join(segments: Sequence[tuple[Part, bytes]], messages: Sequence[bytes]) -> bytes:
    """The body again, from segments whose CHAIN stands for the messages."""
    return b"".join(b"".join(messages) if part is Part.CHAIN else data for part, data in segments)


def encode_envelope(segments: Sequence[tuple[Part, bytes]]) -> bytes:
    """Segments as one content: literals as they are, heads by hash, the chain as a mark."""
    return _envelope_encoder.encode([(int(part), data) for part, data in segments])


def decode_envelope(data: bytes) -> list[tuple[Part, bytes]]:
    """Raises msgspec.DecodeError."""
    return [(Part(part), each) for part, each in _envelope_decoder.decode(data)]


def first_message(piece: bytes) -> bytes:
    """What of a conversation's first message stays the same while the conversation grows: not its cache mark."""
    text = piece.lstrip(b" \t\r\n,")
    try:
        value = msgspec.json.decode(text)
    except _UNREADABLE:
        return text
    return msgspec.json.encode(_unmarked(value), order="deterministic")


def _unmarked(value: object) -> object:
    if isinstance(value, dict):
        return {name: _unmarked(each) for name, each in value.items() if name != "cache_control"}
    if isinstance(value, list):
        return [_unmarked(each) for each in value if not (isinstance(each, dict) and "cachePoint" in each)]
    return value


def _chain(body: bytes, fields: dict[str, msgspec.Raw]) -> tuple[int, list[bytes]] | None:
    """Where the first message begins, and every message with its separator."""
    for key in _CHAIN_KEYS:
        raw = fields.get(key)
        if raw is None:
            continue
        array = bytes(raw)
        if not array.startswith(b"["):
            continue
        pieces = _pieces(array)
        at = body.find(array)
        if pieces is not None and at >= 0:
            begin, found = pieces
            return at + begin, found
    return None


def _pieces(array: bytes) -> tuple[int, list[bytes]] | None:
    """An array's objects, each with what separates it from the one before; None unless every byte is accounted for."""
    try:
        items = _items.decode(array)
    except _UNREADABLE:
        return None
    if not items or len(items) > _LONGEST_CHAIN:
        return None
    begin = end = _skip(array, 1, _SPACE.__contains__)
    pieces: list[bytes] = []
    between = b""
    for item in items:
        raw = bytes(item)
        at = end + len(between)
        if not (array.startswith(raw, at) and array.startswith(between, end)):
            # Not what stood before the one before: seldom more than once, after the first.
            at = _skip(array, end, _SEPARATORS.__contains__)
            if not array.startswith(raw, at):
                return None
            between = array[end:at]
        if not raw.startswith(b"{"):
            return None
        pieces.append(array[end : at + len(raw)])
        end = at + len(raw)
    return begin, pieces


def _skip(data: bytes, at: int, over: Callable[[int], bool]) -> int:
    while at < len(data) and over(data[at]):
        at += 1
    return at


def _leading_system(pieces: Sequence[bytes]) -> int:
    """How many of the first messages are instructions: they repeat, and may change while the conversation goes on."""
    for count, piece in enumerate(pieces):
        try:
            role = _role.decode(piece.lstrip(b" \t\r\n,")).role
        except _UNREADABLE:
            return count
        if role not in _SYSTEM_ROLES:
            return count
    return len(pieces)


def _heads(body: bytes, fields: dict[str, msgspec.Raw]) -> list[tuple[int, bytes]]:
    found = []
    for key in _HEAD_KEYS:
        raw = fields.get(key)
        if raw is None:
            continue
        data = bytes(raw)
        at = body.find(data) if len(data) >= _SHORTEST_HEAD else -1
        if at >= 0:
            found.append((at, data))
    return found


def _segments(body: bytes, begin: int, end: int, cuts: Sequence[tuple[int, int]]) -> list[tuple[Part, bytes]]:
    """`body[begin:end]` as literals and heads."""
    segments: list[tuple[Part, bytes]] = []
    at = begin
    for first, last in sorted(cuts):
        if first < at or last > end:
            continue
        if first > at:
            segments.append((Part.LITERAL, body[at:first]))
        segments.append((Part.HEAD, body[first:last]))
        at = last
    if end > at:
        segments.append((Part.LITERAL, body[at:end]))
    return segments
