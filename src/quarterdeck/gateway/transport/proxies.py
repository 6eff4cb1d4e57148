"""HTTP proxies, as the environment names them."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_network
from urllib.parse import unquote_to_bytes, urlsplit

from quarterdeck.gateway.transport.messages import Origin
from quarterdeck.kernel.egress import literal
from quarterdeck.kernel.errors import Invalid


@dataclass(frozen=True, slots=True)
class Proxy:
    host: str
    port: int
    authorization: bytes | None = None
    """The value of `proxy-authorization`, where the URL held a user."""

    @staticmethod
    def parse(url: str) -> "Proxy":
        """`http://user:secret@proxy.example:3128`, or the same without a scheme.

        Raises Invalid when it is no HTTP proxy; the message never repeats the URL, which may hold a secret.
        """
        try:
            parts = urlsplit(url if "://" in url else f"http://{url}")
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise Invalid("The proxy's URL cannot be read.", code="bad_proxy") from error
        if parts.scheme != "http" or not host:
            raise Invalid("Only http:// proxies are spoken to (they carry https too).", code="bad_proxy")
        authorization = None
        if parts.username is not None:
            user = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password or "")
            authorization = b"Basic " + base64.b64encode(user)
        return Proxy(host, port or 80, authorization)


@dataclass(frozen=True, slots=True)
class Proxies:
    """Which proxy leads to which origin. Loopback and Unix sockets are never proxied."""

    http: Proxy | None = None
    https: Proxy | None = None
    bypass: tuple[str, ...] = ()
    """`*`, hosts (with all below them), addresses or networks, each perhaps with `:port`."""

    @staticmethod
    def from_environment(environ: Mapping[str, str]) -> "Proxies":
        """Reads HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; the spelling in lower case wins.

        Raises Invalid when one cannot be read.
        """

        def named(name: str) -> str:
            return (environ.get(name.lower()) or environ.get(name) or "").strip()

        http, https, both = named("HTTP_PROXY"), named("HTTPS_PROXY"), named("ALL_PROXY")
        return Proxies(
            http=Proxy.parse(http or both) if http or both else None,
            https=Proxy.parse(https or both) if https or both else None,
            bypass=tuple(entry.strip().lower() for entry in named("NO_PROXY").split(",") if entry.strip()),
        )

    def leading_to(self, origin: Origin) -> Proxy | None:
        proxy = self.https if origin.scheme == "https" else self.http
        if proxy is None or origin.uds is not None or self._is_direct(origin):
            return None
        return proxy

    def _is_direct(self, origin: Origin) -> bool:
        address = literal(origin.host)
        if origin.host == "localhost" or (address is not None and address.is_loopback):
            return True
        return any(_covers(entry, origin.host, origin.port) for entry in self.bypass)


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    address = literal(host)
    if address is not None:
        try:
            return address in ip_network(entry, strict=False)
        except ValueError:
            pass
    name, colon, entry_port = entry.rpartition(":")
    if colon and entry_port.isdigit() and (":" not in name or name.startswith("[")):
        if int(entry_port) != port:
            return False
        entry = name.removeprefix("[").removesuffix("]")
        if address is not None:
            return str(address) == entry
    entry = entry.removeprefix("*").removeprefix(".")
    return host == entry or host.endswith("." + entry)
