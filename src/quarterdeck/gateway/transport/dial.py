"""From an origin to an open connection: name, address, perhaps a proxy, perhaps TLS."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

from quarterdeck.gateway.transport.errors import (
    ConnectFailed,
    EgressRefused,
    NameUnresolvable,
    ProtocolError,
    TlsFailed,
)
from quarterdeck.gateway.transport.messages import Origin
from quarterdeck.gateway.transport.proxies import Proxies, Proxy
from quarterdeck.kernel import egress as guard
from quarterdeck.kernel import faults
from quarterdeck.kernel.egress import Address, Egress, EgressPolicy

P = TypeVar("P", bound=asyncio.BaseProtocol)
_MOST_TUNNEL_HEAD = 16 * 1024


class Dialer:
    """Knows the ways out. `dial` makes one new connection; time is limited by whoever calls it."""

    __slots__ = ("_proxies", "_proxy_egress", "_tls", "egress")

    def __init__(self, egress: Egress, proxies: Proxies, tls: ssl.SSLContext) -> None:
        self.egress = egress
        self._proxies = proxies
        self._tls = tls
        # Whoever set the environment chose the proxy, so it may have a private address.
        named = frozenset(f"[{p.host}]" if ":" in p.host else p.host for p in (proxies.http, proxies.https) if p)
        self._proxy_egress = Egress(EgressPolicy(named))

    def proxy_for(self, origin: Origin) -> Proxy | None:
        return self._proxies.leading_to(origin)

    async def dial(self, origin: Origin, make: Callable[[str], P], patience_s: float) -> P:
        """`make` builds the protocol from the address that was reached.

        Raises NameUnresolvable, EgressRefused, ConnectFailed, TlsFailed, ProtocolError (of a proxy).
        """
        loop = asyncio.get_running_loop()
        if origin.uds is not None:
            try:
                _, local = await loop.create_unix_connection(lambda: make("unix"), origin.uds)
            except OSError as error:
                raise ConnectFailed(f"{origin} does not answer: {faults.why(error)}") from error
            return local
        proxy = self.proxy_for(origin)
        addresses = await self._addresses(origin, proxy)
        sock, address = await _connect_first(addresses, patience_s, str(origin))
        if proxy is not None and origin.scheme == "https":
            try:
                await _tunnel(sock, origin, proxy)
            except BaseException:
                sock.close()
                raise
        tls = self._tls if origin.scheme == "https" else None
        try:
            _, protocol = await loop.create_connection(
                lambda: make(address.ip), sock=sock, ssl=tls, server_hostname=origin.host if tls else None
            )
        except ssl.CertificateError as error:
            raise TlsFailed(f"{origin} shows a certificate we do not accept: {error.verify_message}.") from error
        except ssl.SSLError as error:
            raise TlsFailed(f"No TLS with {origin}: {faults.why(error)}") from error
        except OSError as error:
            if tls is None:
                raise ConnectFailed(f"{origin} does not answer: {faults.why(error)}") from error
            raise TlsFailed(f"{origin} broke off the TLS handshake: {faults.why(error)}") from error
        return protocol

    async def _addresses(self, origin: Origin, proxy: Proxy | None) -> list[Address]:
        try:
            if proxy is None:
                return await self.egress.resolve(origin.host, origin.port)
            self.egress.policy.check_name(origin.host, origin.port)
            return await self._proxy_egress.resolve(proxy.host, proxy.port)
        except guard.EgressRefused as error:
            raise EgressRefused(error.message) from error
        except guard.NameUnresolvable as error:
            raise NameUnresolvable(error.message) from error


async def _connect_first(addresses: list[Address], patience_s: float, shown: str) -> tuple[socket.socket, Address]:
    """The first address that answers; each gets an equal share of the time that is left."""
    loop = asyncio.get_running_loop()
    until = loop.time() + patience_s
    problems: dict[str, list[str]] = {}
    for position, address in enumerate(addresses):
        try:
            async with asyncio.timeout((until - loop.time()) / (len(addresses) - position)):
                return await _connect(address), address
        except OSError as error:
            problems.setdefault(faults.why(error), []).append(str(address.ip))
    if len(problems) == 1:
        raise ConnectFailed(f"{shown} does not answer: {next(iter(problems))}")
    each = " ".join(f"{' and '.join(ips)}: {reason}" for reason, ips in problems.items())
    raise ConnectFailed(f"{shown} does not answer: {each}")


async def _connect(address: Address) -> socket.socket:
    sock = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        await asyncio.get_running_loop().sock_connect(sock, (address.ip, address.port))
    except BaseException:
        sock.close()
        raise
    return sock


async def _tunnel(sock: socket.socket, origin: Origin, proxy: Proxy) -> None:
    """Asks the proxy for a way to the origin; what follows on the socket is the origin's."""
    loop = asyncio.get_running_loop()
    place = origin.place.encode("ascii")
    lines = [b"CONNECT %b HTTP/1.1" % place, b"host: " + place]
    if proxy.authorization is not None:
        lines.append(b"proxy-authorization: " + proxy.authorization)
    head = b""
    try:
        await loop.sock_sendall(sock, b"\r\n".join([*lines, b"", b""]))
        while b"\r\n\r\n" not in head:
            piece = await loop.sock_recv(sock, 4096)
            if not piece:
                raise ConnectFailed(f"The proxy closed instead of leading to {origin}.")
            head += piece
            if len(head) > _MOST_TUNNEL_HEAD:
                raise ProtocolError("The proxy's answer does not end.")
    except OSError as error:
        raise ConnectFailed(f"The proxy does not lead to {origin}: {faults.why(error)}") from error
    status_line, _, _ = head.partition(b"\r\n")
    words = status_line.split(b" ", 2)
    if not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not head.endswith(b"\r\n\r\n"):
        raise ProtocolError("The proxy does not speak HTTP as it should.")
    if not words[1].startswith(b"2"):
        raise ConnectFailed(f"The proxy refuses to lead to {origin}: {status_line.decode('latin-1')[:200]!r}.")
