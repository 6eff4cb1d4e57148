"""Reading answers out of a byte stream with httptools, within limits. No I/O: bytes in, a filled Response out."""

import httptools

from quarterdeck.gateway.transport.errors import ProtocolError, UpstreamError
from quarterdeck.gateway.transport.messages import Headers
from quarterdeck.gateway.transport.response import Response

MOST_HEAD_BYTES = 64 * 1024
"""Of an answer's head with its 1xx forerunners, and of anything else that is not body, such as trailers."""
MOST_HEADERS = 256


class AnswerParser:
    """Follows one connection, one answer after the other; `begin` says into which response the next one goes."""

    __slots__ = (
        "_headers",
        "_http",
        "_interim",
        "_is_head",
        "_keep",
        "_overhead",
        "_reason",
        "_response",
        "_stray",
        "_upgrade",
        "complete",
        "full",
        "started",
        "upgraded_at",
    )

    complete: bool
    """The message has arrived whole."""
    full: bool
    """The response's reader has enough for now."""
    started: bool
    """At least one byte of the answer has come."""
    upgraded_at: int | None
    """Where in the bytes fed last the connection ceased to speak HTTP."""

    def __init__(self) -> None:
        self._http = httptools.HttpResponseParser(self)

    def begin(self, response: Response, *, is_head: bool, upgrade: bool) -> None:
        self._response = response
        self._is_head = is_head
        self._upgrade = upgrade
        self._headers: Headers = []
        self._reason = b""
        self._overhead = 0
        self._interim = False
        self._keep = False
        self._stray = False
        self.complete = False
        self.full = False
        self.started = False
        self.upgraded_at = None

    def feed(self, data: memoryview) -> None:
        """Raises ProtocolError."""
        self.started = True
        self._overhead += len(data)
        try:
            self._http.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self.upgraded_at = upgrade.args[0]
        except httptools.HttpParserError as error:
            if self.complete:
                self._stray = True
                return
            ours = error.__context__
            if isinstance(ours, UpstreamError):
                raise ours from None
            raise ProtocolError(f"The upstream does not speak HTTP as it should: {error}.", sent=True) from error
        if self._overhead > MOST_HEAD_BYTES and not self.complete:
            raise _head_too_large()

    def reusable(self) -> bool:
        """Whether, after a complete message, the connection can carry another one. Prepares for that one."""
        if not self._keep or self._stray:
            return False
        if self._is_head:
            # The parser cannot be told that this answer has no body, so it still waits for one.
            self._http = httptools.HttpResponseParser(self)
        return True

    def ends_with_connection(self) -> bool:
        """Whether nothing but the connection's end tells the end of this body (RFC 9112, 6.3)."""
        response = self._response
        return response.status > 0 and not any(
            name in {b"content-length", b"transfer-encoding"} for name, _ in response.headers
        )

    # What httptools calls. An UpstreamError raised here comes out of feed().

    def on_message_begin(self) -> None:
        if self.complete:
            self._stray = True

    def on_status(self, reason: bytes) -> None:
        self._reason += reason

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value.rstrip(b" \t")))

    def on_headers_complete(self) -> None:
        if self.complete:
            return
        headers, response = self._headers, self._response
        status = self._http.get_status_code()
        if len(headers) > MOST_HEADERS:
            raise ProtocolError(f"More than {MOST_HEADERS} headers.", sent=True)
        if self._overhead > MOST_HEAD_BYTES and sum(len(n) + len(v) + 4 for n, v in headers) > MOST_HEAD_BYTES:
            raise _head_too_large()
        if status < 200 and not (status == 101 and self._upgrade and self._http.should_upgrade()):
            if status < 100 or status == 101:
                raise ProtocolError(f"The upstream answered {status}, which nobody asked for.", sent=True)
            self._interim = True
            return
        fields = response.fields = dict(reversed(headers))
        if b"transfer-encoding" in fields:
            _check_encoding(headers)
        self._overhead = 0
        response.status = status
        response.reason = self._reason
        response.headers = headers
        self._headers = response.trailers
        if self._is_head:
            self._end()

    def on_body(self, data: bytes) -> None:
        self._overhead = 0
        if self.complete:
            self._stray = True
        elif self._response.push(data):
            self.full = True

    def on_message_complete(self) -> None:
        if self._interim:
            self._interim = False
            self._headers = []
            self._reason = b""
        elif not self.complete:
            self._end()

    def _end(self) -> None:
        self.complete = True
        self._keep = self._http.should_keep_alive()


def _check_encoding(headers: Headers) -> None:
    for name, value in headers:
        if name == b"transfer-encoding" and value.lower() != b"chunked":
            raise ProtocolError(f"The upstream answered in transfer-encoding {value!r}.", sent=True)


def _head_too_large() -> ProtocolError:
    return ProtocolError(f"More than {MOST_HEAD_BYTES} bytes of headers.", sent=True)
