"""The bytes of a request's head, and the refusal of anything that could be read as more than one request."""

import re

from quarterdeck.gateway.transport.errors import UnsafeRequest
from quarterdeck.gateway.transport.messages import Headers, Origin, Request

_HARMLESS = bytes(each for each in range(256) if each not in b"\r\n\0")
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_TARGET = re.compile(rb"[\x21-\x7e\x80-\xff]+\Z")
_DIGITS = re.compile(rb"[0-9]{1,18}\Z")

_PLAIN, _HOST, _LENGTH, _ENCODING = range(4)
_SPECIAL = {b"host": _HOST, b"content-length": _LENGTH, b"transfer-encoding": _ENCODING}

_plain: set[bytes] = set()
"""Header names seen before and found good. Bounded, because clients invent names."""
_MOST_PLAIN = 4096

_BODILESS = frozenset({b"GET", b"HEAD", b"OPTIONS", b"DELETE", b"TRACE"})
"""Methods for which no body needs no `content-length: 0` (RFC 9110, 8.6)."""

CHUNKED = -1
NO_BODY = -2


def _check_names(headers: Headers) -> tuple[bytes | None, bytes | None]:
    """The host and the content-length that are given. Raises UnsafeRequest."""
    host = given = None
    for name, value in headers:
        if not _TOKEN.match(name):
            raise UnsafeRequest(f"{name!r} is no header name.")
        kind = _SPECIAL.get(name.lower(), _PLAIN)
        if kind == _ENCODING:
            raise UnsafeRequest("The transport decides on transfer-encoding, not its caller.")
        if kind == _HOST:
            if host is not None:
                raise UnsafeRequest(f"Two {name!r} headers.")
            host = value
        elif kind == _LENGTH:
            if given is not None:
                raise UnsafeRequest(f"Two {name!r} headers.")
            given = value
        elif len(_plain) < _MOST_PLAIN:
            _plain.add(name)
    return host, given


class Prefix:
    """What stands the same in every request to one origin, perhaps through a proxy that reads the whole URL."""

    __slots__ = ("lines", "target")

    def __init__(self, origin: Origin, *, absolute: bool = False, proxy_authorization: bytes | None = None) -> None:
        authority = origin.authority.encode("ascii", "replace")
        if not _TARGET.match(authority):
            raise UnsafeRequest(f"{origin.authority!r} cannot stand in a request.")
        self.target = b"%b://%b" % (origin.scheme.encode(), authority) if absolute else b""
        self.lines = [b"\r\nhost: " + authority]
        if proxy_authorization is not None:
            self.lines.append(b"\r\nproxy-authorization: " + proxy_authorization)


def build_head(request: Request, prefix: Prefix) -> tuple[bytes, int]:
    """The head with its empty line; and the length of the body that follows, or CHUNKED, or NO_BODY.

    Raises UnsafeRequest.
    """
    method, target, headers = request.method, request.target, request.headers
    if not _TARGET.match(target):
        raise UnsafeRequest("The path is empty, or holds a space or a control character.")
    if not _TOKEN.match(method) or method == b"CONNECT":
        raise UnsafeRequest(f"{method!r} is no method we send.")
    parts = [method, b" ", prefix.target, target, b" HTTP/1.1"]
    host = given = None
    if not _plain.issuperset(dict(headers)):
        host, given = _check_names(headers)
    parts += [b"\r\n%b: %b" % pair for pair in headers]
    own = prefix.lines if host is None else prefix.lines[1:]
    length, framing = _framing(request, given)
    parts += own
    parts.append(framing)
    head = b"".join(parts)
    # Every line break in here is one of ours; one more would be a line that somebody smuggled in.
    breaks = len(headers) + len(own) + (framing != b"")
    if head.translate(None, _HARMLESS) != b"\r\n" * breaks:
        raise UnsafeRequest("A header's value holds a line break or NUL.")
    return head + b"\r\n\r\n", length


def _framing(request: Request, given: bytes | None) -> tuple[int, bytes]:
    """How the body's end is told: its length (or CHUNKED, NO_BODY), and the line that says so unless it is `given`."""
    body = request.body
    if given is not None and not _DIGITS.match(given):
        raise UnsafeRequest(f"{given!r} is no content-length.")
    if body is None or isinstance(body, bytes):
        length = len(body) if body else 0
        if given is not None:
            if int(given) != length:
                raise UnsafeRequest(f"Content-length says {int(given)} bytes, the body has {length}.")
            return length or NO_BODY, b""
        if length:
            return length, b"\r\ncontent-length: %d" % length
        return NO_BODY, b"" if request.method in _BODILESS else b"\r\ncontent-length: 0"
    if given is not None:
        return int(given), b""
    return CHUNKED, b"\r\ntransfer-encoding: chunked"
