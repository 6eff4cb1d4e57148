"""The values a caller hands to the transport."""

from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import msgspec

from quarterdeck.kernel.egress import EgressRefused, canonical_host
from quarterdeck.kernel.errors import Invalid

Headers = list[tuple[bytes, bytes]]
"""Names and values as on the wire, in their order. Names of received headers are in lower case."""

HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Headers about one connection only: a relay drops them, and those that `connection` names (RFC 9110, 7.6.1)."""

_PORTS = {"http": 80, "https": 443}


class Origin(msgspec.Struct, frozen=True, cache_hash=True):
    """Whom to connect to. With `uds`, a Unix socket is dialled and `host` only fills the host header."""

    scheme: str
    """`http` or `https`."""
    host: str
    """A name in its ASCII form or an IP address; IPv6 without brackets."""
    port: int
    uds: str | None = None

    @staticmethod
    def parse(url: str) -> "tuple[Origin, str]":
        """`https://api.example.com/v1/` → its origin and `/v1`, the path without its last slash.

        Raises Invalid when the URL is not plain http(s): no user, no query, no fragment, a host.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise Invalid(f"{url!r} is not a URL: {error}", code="bad_url") from error
        if parts.scheme not in _PORTS or not parts.hostname:
            raise Invalid(f"{url!r} must look like https://host/path.", code="bad_url")
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise Invalid("A base URL holds no user, query or fragment.", code="bad_url")
        try:
            host = canonical_host(parts.hostname)
        except EgressRefused as error:
            raise Invalid(error.message, code="bad_url") from error
        if any(letter <= " " or letter >= "\x7f" for letter in parts.path):
            raise Invalid(f"{url!r} holds characters that must be percent-encoded.", code="bad_url")
        return Origin(parts.scheme, host, _PORTS[parts.scheme] if port is None else port), parts.path.rstrip("/")

    @property
    def authority(self) -> str:
        """`host`, or `host:port` where the port is not the scheme's own: what the host header says."""
        return self.place.removesuffix(f":{_PORTS.get(self.scheme)}")

    @property
    def place(self) -> str:
        """`host:port`, always with the port: what a proxy is told, and what an egress policy may allow."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"unix:{self.uds}" if self.uds else f"{self.scheme}://{self.authority}"


class Request(msgspec.Struct, frozen=True):
    """One request as it goes out.

    The transport adds `host` unless it is there, and owns the framing: bytes are sent with their content-length; an
    iterator with the content-length among the headers if there is one, else chunked. None sends no body.
    """

    method: bytes
    target: bytes
    """Path and query, percent-encoded, starting with `/` (or `*`)."""
    headers: Headers
    body: bytes | AsyncIterator[bytes] | None = None


class Timeouts(msgspec.Struct, frozen=True):
    """In seconds; `math.inf` means never."""

    connect_s: float = 10.0
    """For a place in the pool, the name, the connection, the proxy and TLS together."""
    first_byte_s: float = 600.0
    """From the request's last byte to the end of the answer's head."""
    idle_s: float = 120.0
    """Between two pieces of the answer while we are willing to read, or of the request while it cannot be written."""
    total_s: float = 1800.0
    """For all of it."""
