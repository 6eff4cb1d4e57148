"""Which headers cross the gateway. What carries a secret of ours or belongs to one hop stays behind."""

from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import itemgetter
from typing import Generic, TypeVar

from quarterdeck.gateway.transport import HOP_BY_HOP

Headers = Sequence[tuple[bytes, bytes]]
T = TypeVar("T")

SECRET = frozenset(
    {
        b"authorization",
        b"x-api-key",
        b"api-key",
        b"x-goog-api-key",
        b"x-portkey-api-key",
        b"cookie",
        b"proxy-authorization",
    }
)
_SIGNED = frozenset({b"x-amz-date", b"x-amz-content-sha256", b"x-amz-security-token"})
"""Of a signature that was made for us."""
_NOT_FORWARDED = (
    HOP_BY_HOP | SECRET | _SIGNED | {b"host", b"content-length", b"expect", b"forwarded", b"x-forwarded-for"}
)
_OUR_PREFIXES = (b"x-quarterdeck-", b"x-portkey-", b"x-clawrouter-", b"x-forwarded-")
_NOT_RETURNED = HOP_BY_HOP | {b"content-length", b"set-cookie", b"date", b"server"}


_KEPT, _LONGEST = 4_096, 256


class NameMemo(dict[bytes, bool]):
    """Header names recur call after call, so what is decided of a name is decided once."""

    def __init__(self, decide: Callable[[bytes], bool]) -> None:
        self._decide = decide

    def __missing__(self, name: bytes) -> bool:
        found = self._decide(name)
        if len(name) <= _LONGEST:
            if len(self) >= _KEPT:
                self.clear()
            self[name] = found
        return found


_forwards = NameMemo(lambda name: name not in _NOT_FORWARDED and not name.startswith(_OUR_PREFIXES))
_returns = NameMemo(lambda name: name not in _NOT_RETURNED)
_records = NameMemo(lambda name: name not in SECRET and b"secret" not in name and not name.endswith(b"token"))


class _PairMemo(dict[tuple[bytes, bytes], T | None], Generic[T]):
    """Whole headers recur as well. What is made of one is kept, unless it is nothing, as of every secret, or long."""

    def __init__(self, wanted: NameMemo, make: Callable[[bytes, bytes], T]) -> None:
        self._wanted = wanted
        self._make = make

    def __missing__(self, pair: tuple[bytes, bytes]) -> T | None:
        name, value = pair
        if not self._wanted[name]:
            return None
        made = self._make(name, value)
        if len(name) + len(value) <= _LONGEST:
            if len(self) >= _KEPT:
                self.clear()
            self[pair] = made
        return made


_texts = _PairMemo(_records, lambda name, value: (name.decode("latin-1"), value.decode("latin-1")))
_lines = _PairMemo(_returns, lambda name, value: b"%b: %b\r\n" % (name, value))


_NAME = itemgetter(0)


def forwarded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The caller's headers as the provider gets them: all but hop-by-hop ones, keys, cookies and those meant for us."""
    return list(compress(headers, map(_forwards.__getitem__, map(_NAME, headers))))


def returned(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The provider's headers as the caller gets them; the body's length is set anew by whoever sends it."""
    return [pair for pair in headers if _returns[pair[0]]]


def returned_lines(headers: Headers) -> list[bytes]:
    """The same as lines of a head."""
    return list(filter(None, map(_lines.__getitem__, headers)))


def recorded(headers: Headers) -> list[tuple[str, str]]:
    """Headers fit to keep: no secrets, whatever their name suggests."""
    return list(filter(None, map(_texts.__getitem__, headers)))


def header_text(text: str) -> bytes:
    """Callers write anything for a model or a trace; a header takes visible ASCII only."""
    if text.isascii() and text.isprintable():
        return text.encode()
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text).encode()


def value_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first value of a header; names are lower case."""
    for name, value in headers:
        if name == wanted:
            return value
    return None
