"""The gateway's own way to upstreams: pooled HTTP/1.1, guarded, timed, and nothing else."""

from quarterdeck.gateway.transport.client import Transport
from quarterdeck.gateway.transport.decode import Decoder, decode
from quarterdeck.gateway.transport.errors import (
    BodyTooLarge,
    ConnectFailed,
    ConnectionReset,
    ConnectTimeout,
    EgressRefused,
    FirstByteTimeout,
    IdleTimeout,
    NameUnresolvable,
    ProtocolError,
    TlsFailed,
    TotalTimeout,
    Truncated,
    UnsafeRequest,
    UpstreamError,
)
from quarterdeck.gateway.transport.messages import HOP_BY_HOP, Headers, Origin, Request, Timeouts
from quarterdeck.gateway.transport.pool import PoolCounts
from quarterdeck.gateway.transport.proxies import Proxies, Proxy
from quarterdeck.gateway.transport.response import Response

__all__ = [
    "HOP_BY_HOP",
    "BodyTooLarge",
    "ConnectFailed",
    "ConnectTimeout",
    "ConnectionReset",
    "Decoder",
    "EgressRefused",
    "FirstByteTimeout",
    "Headers",
    "IdleTimeout",
    "NameUnresolvable",
    "Origin",
    "PoolCounts",
    "ProtocolError",
    "Proxies",
    "Proxy",
    "Request",
    "Response",
    "Timeouts",
    "TlsFailed",
    "TotalTimeout",
    "Transport",
    "Truncated",
    "UnsafeRequest",
    "UpstreamError",
    "decode",
]
