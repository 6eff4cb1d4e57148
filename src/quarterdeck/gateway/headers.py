"""Which headers cross the gateway. What carries a secret of ours or belongs to one hop stays behind."""

from collections.abc import Iterable, Sequence

from quarterdeck.gateway.transport import HOP_BY_HOP

Headers = Sequence[tuple[bytes, bytes]]

SECRET = frozenset(
    {b"authorization", b"x-api-key", b"x-goog-api-key", b"x-portkey-api-key", b"cookie", b"proxy-authorization"}
)
_NOT_FORWARDED = HOP_BY_HOP | SECRET | {b"host", b"content-length", b"expect", b"forwarded", b"x-forwarded-for"}
_OUR_PREFIXES = (b"x-quarterdeck-", b"x-portkey-", b"x-clawrouter-", b"x-forwarded-")
_NOT_RETURNED = HOP_BY_HOP | {b"content-length", b"set-cookie", b"date", b"server"}


def forwarded(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The caller's headers as the provider gets them: all but hop-by-hop ones, keys, cookies and those meant for us."""
    return [pair for pair in headers if pair[0] not in _NOT_FORWARDED and not pair[0].startswith(_OUR_PREFIXES)]


def returned(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The provider's headers as the caller gets them; the body's length is set anew by whoever sends it."""
    return [pair for pair in headers if pair[0] not in _NOT_RETURNED]


def recorded(headers: Headers) -> list[tuple[str, str]]:
    """Headers fit to keep: no secrets, whatever their name suggests."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name not in SECRET and b"secret" not in name and b"token" not in name[-6:]
    ]


def value_of(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The first value of a header; names are lower case."""
    for name, value in headers:
        if name == wanted:
            return value
    return None
