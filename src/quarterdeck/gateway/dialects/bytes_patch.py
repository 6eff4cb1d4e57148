"""Change one value of a JSON object and leave every other byte as it came.

Values are found by offset: msgspec hands out each top-level value as the slice it came from, so walking the object
costs one skip per key, not one per token. The rare body whose walk does not add up (a key given twice with different
values) is scanned token by token.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import msgspec

from quarterdeck.gateway.dialects.base import UNREADABLE, BadBody

_raw_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_KEY = re.compile(rb'[ \t\n\r]*("[^"\\]*(?:\\.[^"\\]*)*")[ \t\n\r]*:[ \t\n\r]*', re.DOTALL)
_AFTER = re.compile(rb"[ \t\n\r]*([,}])")
_OPEN = re.compile(rb"[ \t\n\r]*\{")
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]|[^"{}\[\],\s]+', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Member:
    """Where one member of an object stands. Offsets count from the start of the body."""

    name: str
    key_start: int
    value_start: int
    value_end: int


def members(body: bytes) -> list[Member]:
    """The members of the object `body` holds, in order, repeated names included.

    Raises BadBody when it is not a JSON object.
    """
    try:
        raws = _raw_members.decode(body)
    except UNREADABLE as problem:
        raise BadBody(f"The body is not a JSON object: {problem}.") from None
    found = _walk(body, raws)
    return found if found is not None else _scan(body)


def repeats(body: bytes, name: str) -> bool:
    """Whether the object names this member more than once: parsers then disagree on which one counts."""
    return sum(member.name == name for member in members(body)) > 1


def set_top_level(body: bytes, path: str | Sequence[str], value_json: bytes) -> bytes:
    """The body with the value at `path` (a top-level name, or names leading into objects) set to `value_json`.

    A member that is missing is added as the first one; an object on the way that is missing, null or no object is
    made. A name given twice is set in each place. Raises BadBody when the body is not a JSON object.
    """
    return set_each(body, [(path, value_json)])


def set_each(body: bytes, changes: Sequence[tuple[str | Sequence[str], bytes]]) -> bytes:
    """`set_top_level` for several paths, each with another first name, in one pass over the body."""
    found = members(body)
    edits = []
    added = []
    for path, value_json in changes:
        first, rest = _split(path)
        spots = [member for member in found if member.name == first]
        for spot in spots:
            old = body[spot.value_start : spot.value_end]
            inside = bool(rest) and old[:1] == b"{"
            new = set_top_level(old, rest, value_json) if inside else _nested(rest, value_json)
            edits.append((spot.value_start, spot.value_end, new))
        if not spots:
            added.append(msgspec.json.encode(first) + b":" + _nested(rest, value_json))
    if added:
        opening = _OPEN.match(body)
        assert opening is not None
        new = b",".join(added) + (b"," if found else b"")
        edits.append((opening.end(), opening.end(), new))
    edits.sort(key=lambda edit: edit[0])
    return _apply(body, edits)


def remove_top_level(body: bytes, path: str | Sequence[str]) -> bytes:
    """The body without the member at `path` and the comma that went with it; the same object when it is absent.

    Raises BadBody when the body is not a JSON object.
    """
    first, rest = _split(path)
    found = members(body)
    if rest:
        edits = []
        for spot in found:
            old = body[spot.value_start : spot.value_end]
            if spot.name == first and old[:1] == b"{":
                edits.append((spot.value_start, spot.value_end, remove_top_level(old, rest)))
        return _apply(body, edits) if edits else body
    kept = [member for member in found if member.name != first]
    if len(kept) == len(found):
        return body
    if not kept:
        return body[: found[0].key_start] + body[found[-1].value_end :]
    # Each member that stays keeps the bytes between itself and its neighbour that also stays; what stood between a
    # removed one and the next goes with the removed one.
    out = [body[: found[0].key_start]]
    last = kept[-1]
    gaps = {before.key_start: body[before.value_end : after.key_start] for before, after in pairwise(found)}
    for member in kept:
        out.append(body[member.key_start : member.value_end])
        if member is not last:
            out.append(gaps[member.key_start])
    out.append(body[found[-1].value_end :])
    return b"".join(out)


def _split(path: str | Sequence[str]) -> tuple[str, Sequence[str]]:
    if isinstance(path, str):
        return path, ()
    if not path:
        raise ValueError("a path needs at least one name")
    return path[0], path[1:]


def _nested(names: Sequence[str], value_json: bytes) -> bytes:
    for name in reversed(names):
        value_json = b"{" + msgspec.json.encode(name) + b":" + value_json + b"}"
    return value_json


def _apply(body: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    out = []
    at = 0
    for start, end, new in edits:
        out.append(body[at:start])
        out.append(new)
        at = end
    out.append(body[at:])
    return b"".join(out)


def _walk(body: bytes, raws: dict[str, msgspec.Raw]) -> list[Member] | None:
    """Jump from key to key by the lengths msgspec found; None when a length does not fit what stands there."""
    opening = _OPEN.match(body)
    assert opening is not None
    at = opening.end()
    found: list[Member] = []
    if not raws:
        return found
    while True:
        key = _KEY.match(body, at)
        if key is None:
            return None
        name = _name(key.group(1))
        raw = raws.get(name)
        if raw is None:
            return None
        start = key.end()
        value = memoryview(raw)
        # A repeated name has another length elsewhere: comparing the bytes makes a false walk impossible.
        if not body.startswith(value, start):
            return None
        end = start + len(value)
        after = _AFTER.match(body, end)
        if after is None:
            return None
        found.append(Member(name, key.start(1), start, end))
        at = after.end()
        if after.group(1) == b"}":
            return found


def _scan(body: bytes) -> list[Member]:
    """The same token by token, for bodies msgspec has already found to be well-formed."""
    opening = _OPEN.match(body)
    assert opening is not None
    at = opening.end()
    found: list[Member] = []
    while True:
        key = _KEY.match(body, at)
        if key is None:
            return found
        end = _value_end(body, key.end())
        found.append(Member(_name(key.group(1)), key.start(1), key.end(), end))
        after = _AFTER.match(body, end)
        assert after is not None
        if after.group(1) == b"}":
            return found
        at = after.end()


def _value_end(body: bytes, start: int) -> int:
    depth = 0
    for token in _TOKEN.finditer(body, start):
        text = token.group()
        if text in (b"{", b"["):
            depth += 1
        elif text in (b"}", b"]"):
            depth -= 1
        if depth == 0:
            return token.end()
    raise AssertionError("a well-formed value ends")


def _name(quoted: bytes) -> str:
    return str(msgspec.json.decode(quoted, type=str)) if b"\\" in quoted else quoted[1:-1].decode()
