"""Which headers cross the gateway. What carries a secret of ours or belongs to one hop stays behind."""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache

from quarterdeck.gateway.transport import HOP_BY_HOP

Headers = Sequence[tuple[bytes, bytes]]

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


_KEPT = 4_096


class _Memo(dict[bytes, bool]):
    """Header names recur call after call, so what is decided of a name is decided once."""

    def __init__(self, decide: Callable[[bytes], bool]) -> None:
        self._decide = decide

    def __missing__(self, name: bytes) -> bool:
        if len(self) >= _KEPT:
            self.clear()
        found = self[name] = self._decide(name)
        return found


_forwards = _Memo(lambda name: name not in _NOT_FORWARDED and not name.startswith(_OUR_PREFIXES))
_returns = _Memo(lambda name: name not in _NOT_RETURNED)
_records = _Memo(lambda name: name not in SECRET and b"secret" not in name and not name.endswith(b"token"))


def forwarded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The caller's headers as the provider gets them: all but hop-by-hop ones, keys, cookies and those meant for us."""
    return [pair for pair in headers if _forwards[pair[0]]]


def returned(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The provider's headers as the caller gets them; the body's length is set anew by whoever sends it."""
    return [pair for pair in headers if _returns[pair[0]]]


def recorded(headers: Headers) -> list[tuple[str, str]]:
    """Headers fit to keep: no secrets, whatever their name suggests."""
    return [_text(pair) for pair in headers if _records[pair[0]]]


@lru_cache(_KEPT)
def _text(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    return pair[0].decode("latin-1"), pair[1].decode("latin-1")


def value_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first value of a header; names are lower case."""
    for name, value in headers:
        if name == wanted:
            return value
    return None
