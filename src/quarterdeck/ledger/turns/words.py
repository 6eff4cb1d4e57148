"""Texts made comparable: what changes by itself is masked, and a sketch tells how alike two texts are. Pure."""

import re
import string
import struct
import zlib
from functools import lru_cache
from hashlib import blake2b

SKETCH = 24
"""How many of the smallest shingle hashes a sketch keeps."""
_SHINGLE = 3
_SHOWN = 6_000
"""Longer texts are compared by their beginning and end, and by the hash of what lies between,"""
_MASKED = 100_000
"""of which nothing is masked where even that is long: it would take milliseconds."""
_VOLATILE = re.compile(
    # Whatever it is, it begins with one of these: a search for them is several times as fast as trying everything.
    r"[\da-f](?:(?<=\d)(?:"
    r"\d{3}-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?"  # an instant
    r"|(?<=\b\d)(?:\d:\d\d:\d\d(?:\.\d+)?\b"  # a time of day
    r"|(?<=[0-9])(?:[0-9a-f]{7}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"  # a UUID
    r"|(?=\d*[a-f])[0-9a-f]{11,}\b)"  # a hash
    r"|(?<=1)\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?\b"  # an instant as a number
    r"|(?<= \d)(?:(?<=attempt \d)|(?<=retry \d)|(?<=try \d)|(?<=iteration \d)|(?<=step \d)|(?<=poll \d)"
    r"|(?<=request \d))\d*"
    r"|\d*(?:\.\d+)?\s?(?:ms|s|sec|secs|seconds?|mins?|minutes?|hours?)\b"  # a duration
    r"))|(?<=\b[a-f])(?:[0-9a-f]{7}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"  # a UUID again
    r"|(?=[a-f]*\d)[0-9a-f]{11,}\b))"  # a hash that begins with a letter, too
)
_WORD = re.compile(r"[^\W_]+|[^\w\s]")
_LETTERS = (string.ascii_letters + string.digits + " \t\n\r\v\f").encode()
_MARKS = {ord(mark): f" {mark} ".encode() for mark in string.punctuation} | {ord("_"): b" "}
_U32 = struct.Struct("<I")
_REMEMBERED, _LONGEST_REMEMBERED = 1_024, 2_000
"""Agents say and are told the same things over and over, most of all those that go in circles."""


def masked(text: str) -> str:
    """The text in one case and one spacing, without instants, ids and counters that differ each time."""
    return _masked(text) if len(text) > _LONGEST_REMEMBERED else _masked_before(text)


def _masked(text: str) -> str:
    short = len(text) <= _MASKED
    text = _plain(text) if short else text.lower()
    if len(text) <= _SHOWN:
        return text
    half = _SHOWN // 2
    between = blake2b(text[half:-half].encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    ends = text[:half], text[-half:]
    # The hash goes in after masking: it looks like what is masked.
    return f" …{between}… ".join(ends if short else map(_plain, ends))


def _plain(text: str) -> str:
    return _VOLATILE.sub("#", " ".join(text.lower().split()))


def hashed(*parts: str | bytes) -> bytes:
    """Eight bytes that stand for these parts in this order."""
    digest = blake2b(digest_size=8)
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode("utf-8", "surrogatepass")
        digest.update(_U32.pack(len(data)))
        digest.update(data)
    return digest.digest()


def sketch(text: str) -> bytes:
    """The smallest hashes of the text's three-word shingles: `likeness` compares two of them. Empty for no words."""
    return _sketch(text) if len(text) > _LONGEST_REMEMBERED else _sketched_before(text)


def _sketch(text: str) -> bytes:
    words = _words(text)
    if not words:
        return b""
    join = b" ".join
    whole = [join(words)] if len(words) < _SHINGLE else map(join, zip(words, words[1:], words[2:], strict=False))
    smallest = sorted(set(map(zlib.crc32, whole)))[:SKETCH]
    return struct.pack(f"<{len(smallest)}I", *smallest)


_masked_before = lru_cache(_REMEMBERED)(_masked)
_sketched_before = lru_cache(_REMEMBERED)(_sketch)


def _words(text: str) -> list[bytes]:
    """As `_WORD` finds them, encoded; in the usual case by splitting, which takes a third of the time."""
    if text.isascii():
        data = text.encode()
        marks = set(data.translate(None, _LETTERS))
        if marks <= _MARKS.keys():
            for mark in marks:
                data = data.replace(bytes((mark,)), _MARKS[mark])
            return data.split()
    return [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text)]


def likeness(one: bytes, other: bytes) -> float:
    """How alike two texts are, 0 to 1, as their sketches tell: the share of shingles that they have in common."""
    if one == other:
        return 1.0
    if not one or not other:
        return 0.0
    first, second = _hashes(one), _hashes(other)
    if first.isdisjoint(second):
        return 0.0
    common = first & second
    smallest = sorted(first | second)[:SKETCH]
    return sum(each in common for each in smallest) / len(smallest)


@lru_cache(4 * _REMEMBERED)
def _hashes(sketched: bytes) -> frozenset[int]:
    return frozenset(struct.unpack(f"<{len(sketched) // 4}I", sketched))
