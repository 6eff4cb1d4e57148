"""Texts made comparable: what changes by itself is masked, and a sketch tells how alike two texts are. Pure."""

import re
import struct
import zlib
from hashlib import blake2b

SKETCH = 24
"""How many of the smallest shingle hashes a sketch keeps."""
_SHINGLE = 3
_SHOWN = 6_000
"""Longer texts are compared by their beginning and end, and by the hash of what lies between."""
_VOLATILE = re.compile(
    r"\d{4}-\d\d-\d\d[t ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:z|[+-]\d\d:?\d\d)?"  # an instant
    r"|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"  # a time of day
    r"|\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"  # a UUID
    r"|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{12,}\b"  # a hash
    r"|\b1\d{9}(?:\d{3}|\d{6}|\d{9})?(?:\.\d+)?\b"  # an instant as a number
    r"|(?<=attempt )\d+|(?<=retry )\d+|(?<=try )\d+|(?<=iteration )\d+|(?<=step )\d+|(?<=poll )\d+|(?<=request )\d+"
    r"|\b\d+(?:\.\d+)?\s?(?:ms|s|sec|secs|seconds?|mins?|minutes?|hours?)\b"  # a duration
)
_WORD = re.compile(r"[^\W_]+|[^\w\s]")
_U32 = struct.Struct("<I")


def masked(text: str) -> str:
    """The text in one case and one spacing, without instants, ids and counters that differ each time."""
    if len(text) > _SHOWN:
        half = _SHOWN // 2
        between = blake2b(text[half:-half].encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        text = f"{text[:half]} …{between}… {text[-half:]}"
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
    words = [word.encode("utf-8", "surrogatepass") for word in _WORD.findall(text)]
    if not words:
        return b""
    if len(words) < _SHINGLE:
        shingles = {zlib.crc32(b" ".join(words))}
    else:
        join = b" ".join
        shingles = {zlib.crc32(join(words[at : at + _SHINGLE])) for at in range(len(words) - _SHINGLE + 1)}
    smallest = sorted(shingles)[:SKETCH]
    return struct.pack(f"<{len(smallest)}I", *smallest)


def likeness(one: bytes, other: bytes) -> float:
    """How alike two texts are, 0 to 1, as their sketches tell: the share of shingles that they have in common."""
    if one == other:
        return 1.0
    if not one or not other:
        return 0.0
    first = set(struct.unpack(f"<{len(one) // 4}I", one))
    second = set(struct.unpack(f"<{len(other) // 4}I", other))
    smallest = sorted(first | second)[:SKETCH]
    return sum(each in first and each in second for each in smallest) / len(smallest)
