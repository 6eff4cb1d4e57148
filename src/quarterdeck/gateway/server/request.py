"""Reading requests out of a byte stream with httptools, within limits. No I/O: bytes in, calls to a sink out."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple, Protocol
from urllib.parse import unquote

import httptools

from quarterdeck.gateway.server.head import Headers
from quarterdeck.gateway.server.limits import Limits
from quarterdeck.gateway.server.refusal import BadRequest

CHUNKED = -1
_lower, _stripped = bytes.lower, bytes.rstrip


class Target(NamedTuple):
    path: str
    """Percent-decoded."""
    raw_path: bytes
    query: bytes


class Head(NamedTuple):
    method: bytes
    target: Target
    headers: Headers
    fields: dict[bytes, bytes]
    """The headers by name; of repeated ones the last."""
    length: int
    """Of the body, or CHUNKED."""
    keep: bool
    """The connection may live on."""
    old: bool
    """It is HTTP/1.0."""
    expects: bool
    """The caller waits for permission to send the body."""


class Sink(Protocol):
    """What a request is told to as it comes in."""

    def begin(self, head: Head) -> None:
        """A head."""

    def take(self, data: bytes) -> None:
        """Some of its body."""

    def end(self) -> None:
        """It is whole."""


class RequestParser:
    """Follows one connection, one request after the other."""

    __slots__ = (
        "_http",
        "_keep",
        "_length",
        "_limits",
        "_lines",
        "_overhead",
        "_sink",
        "_skipped",
        "_url",
        "ended",
        "in_head",
        "on_body",
    )

    ended: bool
    """The request that was the last on this connection has arrived whole; what follows is ignored."""
    in_head: bool
    """A request has begun and its head is not whole."""

    def __init__(self, sink: Sink, limits: Limits) -> None:
        self._sink = sink
        self._limits = limits
        self.on_body: Callable[[bytes], None] = self._on_body
        self._http = httptools.HttpRequestParser(self)
        self._overhead = 0
        self._keep = True
        self._skipped = False
        self.ended = False
        self.in_head = False
        self._url = b""
        self._lines: list[bytes] = []
        """Names and values of headers, one after the other."""
        self._length = 0

    def feed(self, data: bytes) -> None:
        """Raises BadRequest; then nothing more can be read."""
        while data and not self.ended:
            data = self._feed(data)

    def close(self) -> None:
        """Lets go of the sink."""
        self.ended = True
        del self._http, self._sink, self.on_body

    def _feed(self, data: bytes) -> bytes:
        """What is left to be fed after the parser was replaced."""
        self._overhead += len(data)
        try:
            self._http.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return self._decline_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            if self.ended:
                return b""
            ours = error.__context__
            if isinstance(ours, BadRequest):
                raise ours from None
            raise BadRequest(400, "bad_request", f"This is not HTTP/1.1 as it should be: {error}.") from None
        if self._overhead > self._limits.head:
            raise self._head_too_large()
        return b""

    def _decline_upgrade(self, rest: bytes) -> bytes:
        """A request that offers another protocol is an ordinary request to those who do not take the offer.

        The parser, though, has skipped its body and would take it for the next request: a fresh one reads it.
        """
        self._overhead = 0
        if not self._skipped:
            self._http = httptools.HttpRequestParser(self)
            return rest
        self._skipped = False
        resumed = _Resumed(self)
        self._http = httptools.HttpRequestParser(resumed)
        framing = b"transfer-encoding: chunked" if self._length == CHUNKED else b"content-length: %d" % self._length
        self._http.feed_data(b"POST / HTTP/1.1\r\n%b\r\n\r\n" % framing)
        resumed.muted = False
        return rest

    def _head_too_large(self) -> BadRequest:
        return BadRequest(431, "headers_too_large", f"The request's head is larger than {self._limits.head} bytes.")

    # What httptools calls. A BadRequest raised here comes out of feed().

    def on_message_begin(self) -> None:
        self.in_head = True

    def on_url(self, url: bytes) -> None:
        self._url += url
        if len(self._url) > self._limits.request_line:
            limit = self._limits.request_line
            raise BadRequest(414, "target_too_long", f"The request's path and query are longer than {limit} bytes.")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._lines += name, value

    def on_headers_complete(self) -> None:
        lines, http = self._lines, self._http
        # The parser leaves the spaces that may stand after a value.
        headers = list(zip(map(_lower, lines[::2]), map(_stripped, lines[1::2]), strict=True))
        fields = dict(headers)
        if self._overhead > self._limits.head or len(headers) > self._limits.headers:
            self._check_size(headers)
        if len(fields) != len(headers):
            _check_repeats(headers)
        version = http.get_http_version()
        chunked = b"transfer-encoding" in fields
        if version != "1.1" or b"host" not in fields or chunked:
            _check_framing(version, fields)
        method = http.get_method()
        if method == b"CONNECT":
            raise BadRequest(405, "method_not_allowed", "This server is no proxy.")
        length = CHUNKED if chunked else int(fields.get(b"content-length", 0))
        self._length = length
        self._keep = keep = http.should_keep_alive()
        self._skipped = length != 0 and b"upgrade" in fields and http.should_upgrade()
        expects = b"expect" in fields and version == "1.1" and fields[b"expect"].lower() == b"100-continue"
        target = split_target(self._url)
        self._overhead = 0
        self._url = b""
        self._lines = []
        self.in_head = False
        self._sink.begin(Head(method, target, headers, fields, length, keep, version == "1.0", expects))

    def _check_size(self, headers: Headers) -> None:
        """Exactly, for what came in may have been more than a head."""
        limits = self._limits
        if len(self._url) + sum(len(name) + len(value) + 4 for name, value in headers) > limits.head:
            raise self._head_too_large()
        if len(headers) > limits.headers:
            raise BadRequest(431, "headers_too_large", f"The request has more than {limits.headers} headers.")

    def _on_body(self, data: bytes) -> None:
        self._overhead = 0
        self._sink.take(data)

    def on_message_complete(self) -> None:
        if self._skipped:
            return
        self._overhead = 0
        # What came since the head were trailers, which nobody here has use for.
        self._lines.clear()
        self.ended = not self._keep
        self._sink.end()


class _Resumed:
    """Stands between a fresh parser and ours while that is fed a head we made up."""

    def __init__(self, parser: RequestParser) -> None:
        self._parser = parser
        self.muted = True
        self.on_body = parser.on_body
        self.on_message_complete = parser.on_message_complete

    def on_message_begin(self) -> None:
        if not self.muted:
            self._parser.on_message_begin()

    def on_url(self, url: bytes) -> None:
        if not self.muted:
            self._parser.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.muted:
            self._parser.on_header(name, value)

    def on_headers_complete(self) -> None:
        if not self.muted:
            self._parser.on_headers_complete()


def _check_repeats(headers: Headers) -> None:
    names = [name for name, _ in headers]
    if names.count(b"host") > 1:
        raise BadRequest(400, "bad_request", "The request has more than one host header.")
    if names.count(b"transfer-encoding") > 1:
        raise _unknown_encoding()


def _check_framing(version: str, fields: dict[bytes, bytes]) -> None:
    if version not in {"1.0", "1.1"}:
        raise BadRequest(505, "version_unknown", f"This server speaks HTTP/1.1, not HTTP/{version}.")
    if version == "1.1" and b"host" not in fields:
        raise BadRequest(400, "bad_request", "The request has no host header.")
    encoding = fields.get(b"transfer-encoding")
    if encoding is not None:
        if version == "1.0":
            raise BadRequest(400, "bad_request", "HTTP/1.0 has no transfer-encoding.")
        if encoding.lower() != b"chunked":
            raise _unknown_encoding()


def _unknown_encoding() -> BadRequest:
    return BadRequest(501, "transfer_encoding_unknown", "Send the body chunked, or with its content-length.")


@lru_cache(maxsize=512)
def split_target(url: bytes) -> Target:
    """`/a%20b?c=d`, or the same behind `http://host`, or `*`. Raises BadRequest."""
    if not url.startswith(b"/") and url != b"*":
        scheme, separator, rest = url.partition(b"://")
        if not separator or scheme.lower() not in {b"http", b"https"}:
            raise BadRequest(400, "bad_request", "The request's target must start with a slash.")
        cut = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
        url = rest[cut:] if rest[cut : cut + 1] == b"/" else b"/" + rest[cut:]
    if b"#" in url:
        raise BadRequest(400, "bad_request", "The request's target holds a fragment.")
    raw_path, _, query = url.partition(b"?")
    path = raw_path.decode("latin-1")
    return Target(unquote(path) if "%" in path else path, raw_path, query)
