"""What can go wrong between us and an upstream. Foreign errors become one of these where they arise, and nowhere else.

UpstreamError                502  the upstream did not answer as it should
├── UnsafeRequest            400  what we were asked to send cannot be sent safely; nothing was
├── NameUnresolvable         502  its name has no address
├── EgressRefused            502  its address may not be called from here
├── ConnectFailed            502  nobody listens there, or no way leads there
├── TlsFailed                502  its certificate, name or handshake is not acceptable
├── ConnectTimeout           504  no connection (or no free place in the pool) in time
├── FirstByteTimeout         504  no head of an answer in time
├── IdleTimeout              504  the answer, or our request, stood still for too long
├── TotalTimeout             504  the whole exchange took too long
├── ConnectionReset          502  the connection broke
├── ProtocolError            502  what came is not HTTP as we accept it
├── Truncated                502  the upstream closed before its message ended
└── BodyTooLarge             502  the answer is larger than the reader allows
"""

from quarterdeck.kernel.errors import QuarterdeckError


class UpstreamError(QuarterdeckError):
    """`code` is stable; `sent` says whether any byte of the request may have reached the upstream.

    `retryable` says whether sending the same request once more may help; whether that is wise once `sent` is true
    is for the caller to decide.
    """

    status = 502
    code = "upstream_error"
    retryable = False

    def __init__(self, message: str, *, sent: bool = False) -> None:
        super().__init__(message)
        self.sent = sent


class UnsafeRequest(UpstreamError):
    status = 400
    code = "request_unsafe"


class NameUnresolvable(UpstreamError):
    code = "name_unresolvable"
    retryable = True


class EgressRefused(UpstreamError):
    code = "egress_refused"


class ConnectFailed(UpstreamError):
    code = "connect_failed"
    retryable = True


class TlsFailed(UpstreamError):
    code = "tls_failed"


class ConnectTimeout(UpstreamError):
    status = 504
    code = "connect_timeout"
    retryable = True


class FirstByteTimeout(UpstreamError):
    status = 504
    code = "first_byte_timeout"
    retryable = True


class IdleTimeout(UpstreamError):
    status = 504
    code = "idle_timeout"
    retryable = True


class TotalTimeout(UpstreamError):
    """Not retryable: the time the caller gave has been used up."""

    status = 504
    code = "total_timeout"


class ConnectionReset(UpstreamError):
    code = "connection_reset"
    retryable = True


class ProtocolError(UpstreamError):
    code = "protocol_error"
    retryable = True


class Truncated(UpstreamError):
    code = "truncated"
    retryable = True


class BodyTooLarge(UpstreamError):
    code = "body_too_large"
