"""The name under which an answer is kept: everything that could have made it another one.

Two requests have the same key when they belong to the same tenant and scope, go to the same place, and say the same:
JSON that differs only in white space, the order of members or the spelling of letters is the same, and so are members
that no model sees. Whatever is not known to be harmless is part of the key.
"""

import re
from collections.abc import Hashable, Mapping
from functools import lru_cache
from hashlib import blake2b

import msgspec

_UNSEEN = frozenset(
    {
        "model",
        "user",
        "metadata",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_retention",
        "prompt_cache_options",
    }
)
"""Members that do not change what a model answers. The model is part of the place."""
_BIG = 256 * 1024
"""Bodies beyond this are compared byte for byte: reading them would hold up the event loop."""
_REMEMBERED, _MOST_REMEMBERED = 16 * 1024, 512
"""Bytes of a request whose key is kept, and how many: 8 MiB at the most."""
_MEANINGFUL = (b"anthropic-", b"openai-", b"x-sandbox-")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_decode = msgspec.json.Decoder().decode
_canonical = msgspec.json.Encoder(order="sorted").encode
_pack = msgspec.msgpack.Encoder().encode

Context = tuple[Hashable, ...]
"""What of a key is not in the request's body."""


class NotCacheable(Exception):
    """This request's answer must not be kept or given to another; the text says why."""


def body_value(body: bytes) -> object:
    """The request's JSON, when it may be cached; its raw bytes when it is too big to be read here.

    Raises NotCacheable.
    """
    return body if len(body) > _BIG else _read(body)[0]


def seen(value: object) -> bytes:
    """What a model sees of a request's JSON, in one spelling."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        value = {name: each for name, each in value.items() if name not in _UNSEEN}
    return _canonical(value)


def _read(body: bytes) -> tuple[object, bytes]:
    """A request's JSON, and what a model sees of it. Raises NotCacheable."""
    try:
        shown = value = _decode(body)
        hidden: dict[str, object] = {}
        if isinstance(value, dict):
            hidden = {name: value[name] for name in _UNSEEN if name in value}
            shown = {name: value[name] for name in value if name not in hidden}
        canonical = _canonical(shown)
        whole = canonical + _canonical(hidden)
    except (msgspec.DecodeError, UnicodeError, RecursionError, OverflowError) as error:
        raise NotCacheable(f"the body cannot be read: {error}") from None
    if _has_repeats(body, whole):
        # Parsers disagree on which one counts, so an answer to one reading could be served for another.
        raise NotCacheable("the body names a member twice")
    if isinstance(value, dict) and (value.get("background") or value.get("conversation")):
        raise NotCacheable("the answer depends on more than the request: it comes later, or on what was said elsewhere")
    return value, canonical


def meaningful(headers: Mapping[bytes, bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """Headers that change what a provider answers."""
    names = _meaningful(tuple(headers))
    return tuple([(name, headers[name]) for name in names]) if names else ()


@lru_cache(256)
def _meaningful(names: tuple[bytes, ...]) -> list[bytes]:
    """Of a request's header names; callers send the same ones call after call."""
    return sorted(name for name in names if name.startswith(_MEANINGFUL))


def digest(*parts: object) -> bytes:
    """32 bytes that name these parts and no others."""
    return blake2b(_pack(parts), digest_size=32).digest()


def _has_repeats(body: bytes, canonical: bytes) -> bool:
    """Whether an object in `body` names a member more than once, of which `canonical` has one.

    Colons in texts are the same in both, unless one is written as an escape: then those outside texts are counted.
    """
    if b"\\u003" not in body:
        return body.count(b":") != canonical.count(b":")
    return _STRING.sub(b"", body).count(b":") != _STRING.sub(b"", canonical).count(b":")


class Keys:
    """Keys of requests, remembered: one that is asked again comes with the same bytes."""

    def __init__(self) -> None:
        self._known: dict[tuple[Context, bytes], bytes] = {}

    def of(self, context: Context, body: bytes) -> bytes:
        """The key of a request: by where it stands, and by what a model sees of its body. Raises NotCacheable."""
        found = self._known.get((context, body))
        if found is None:
            seen_of_it = digest(body if len(body) > _BIG else _read(body)[1])
            found = digest(context, seen_of_it)
            if len(body) + len(_pack(context)) <= _REMEMBERED:
                if len(self._known) >= _MOST_REMEMBERED:
                    self._known.clear()
                self._known[context, body] = found
        return found
