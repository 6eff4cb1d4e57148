"""The bytes of an answer's head, and the refusal of anything that could be read as more than one answer."""

import re
from http import HTTPStatus

from quarterdeck.gateway.server.errors import UnsafeAnswer

Headers = list[tuple[bytes, bytes]]
"""Names and values as on the wire, in their order. Names of received headers are in lower case."""

_LINES = {
    status: b"HTTP/1.1 %d %b\r\n" % (status, HTTPStatus(status).phrase.encode())
    if status in HTTPStatus.__members__.values()
    else b"HTTP/1.1 %d \r\n" % status
    for status in range(200, 1000)
}

_HARMLESS = bytes(each for each in range(256) if each not in b"\r\n\0")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_DIGITS = re.compile(rb"[0-9]{1,18}\Z")

_PLAIN, _LENGTH, _CONNECTION, _ENCODING = range(4)
_SPECIAL = {b"content-length": _LENGTH, b"connection": _CONNECTION, b"transfer-encoding": _ENCODING}

_kinds: dict[bytes, int] = {}
"""Header names seen before and found good. Bounded, because upstreams invent names."""
_MOST_KINDS = 4096


def _kind_of(name: bytes) -> int:
    if not _TOKEN.match(name):
        raise UnsafeAnswer(f"{name!r} is no header name.")
    kind = _SPECIAL.get(name.lower(), _PLAIN)
    if len(_kinds) < _MOST_KINDS:
        _kinds[name] = kind
    return kind


def build_head(status: int, headers: Headers, lines: bytes = b"") -> tuple[bytes, int | None, bool]:
    """The head without framing and without its empty line; the content-length `headers` give (not yet in the head);
    and whether they ask to close the connection.

    `lines` are further headers, written already, each with its line break, and none that has to do with framing.

    Raises UnsafeAnswer.
    """
    line = _LINES.get(status)
    if line is None:
        raise UnsafeAnswer(f"{status} is no status of a final answer.")
    parts = [line, lines]
    given: int | None = None
    close = False
    for name, value in headers:
        kind = _kinds.get(name)
        if kind is None:
            kind = _kind_of(name)
        if kind:
            if kind == _LENGTH and given is None and _DIGITS.match(value):
                given = int(value)
            elif kind == _CONNECTION and value.lower() == b"close":
                close = True
            else:
                raise UnsafeAnswer(f"{name!r}: {value!r} cannot stand there; the server frames the answer.")
        else:
            parts += (name, b": ", value, b"\r\n")
    # Every line break in here is one of ours; one more would be a line that somebody smuggled in.
    if _breaks(lines) is None or (headers and _breaks(b"".join(parts[2:])) != (len(parts) - 2) // 4):
        raise UnsafeAnswer("A header's value holds a line break or NUL.")
    return b"".join(parts), given, close


def _breaks(lines: bytes) -> int | None:
    """How many line breaks are in there; None: half ones too, or NUL. Each byte is looked at once."""
    found = lines.translate(None, _HARMLESS)
    count = len(found) // 2
    return count if found == b"\r\n" * count else None


def build_upgrade(protocol: bytes, headers: Headers) -> bytes:
    """The whole head of a 101. Raises UnsafeAnswer."""
    head, _, _ = build_head(200, headers)
    first = b"HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: %b\r\n" % protocol
    return first + head.partition(b"\r\n")[2] + b"\r\n"
