"""Where we may connect to: the one guarded way from a host's name to addresses.

Every outbound URL of the product is dialled at an address that came from here, so a name that answers differently the
second time (DNS rebinding) gains nothing, and an odd spelling of 127.0.0.1 is still 127.0.0.1.
"""

import asyncio
import re
import socket
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from quarterdeck.kernel import faults
from quarterdeck.kernel.errors import Forbidden, Unavailable

IpAddress = IPv4Address | IPv6Address
Lookup = Callable[[str], Awaitable[list[str]]]
"""A name to the text of its addresses, best first. Raises OSError when there are none."""

_CLOSED_V4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network; Linux takes 0.0.0.0 for loopback
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; a cloud's metadata lives at 100.100.100.200
        "127.0.0.0/8",
        "168.63.129.16/32",  # a public address, and yet a cloud's wire server
        "169.254.0.0/16",  # link-local, and most clouds' metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",  # reserved, and broadcast
    )
]
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # protocol assignments, Teredo among them
        "2001:db8::/32",
        "3fff::/20",
    )
]
_EMBEDS_V4 = [
    # (network, how many bits stand below the IPv4 address inside it)
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64
    (IPv6Network("2002::/16"), 80),  # 6to4
]
_METADATA_NAMES = frozenset({"metadata", "metadata.google.internal", "instance-data", "instance-data.ec2.internal"})
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\Z")
_NUMERIC = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)(\.(0[xX][0-9a-fA-F]*|[0-9]+)){0,3}\.?\Z")


class EgressRefused(Forbidden):
    """The host's addresses may not be called. An admin can allow the host by name."""

    code = "egress_refused"


class NameUnresolvable(Unavailable):
    code = "name_unresolvable"


@dataclass(frozen=True, slots=True)
class Address:
    """One place to connect to; `ip` is canonical text, so nothing resolves it again."""

    ip: str
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        return socket.AF_INET6 if ":" in self.ip else socket.AF_INET


def is_public(address: IpAddress) -> bool:
    """Whether anybody on the Internet could be meant by it, and nothing of ours or of our host's."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _CLOSED_V4)
    for network, shift in _EMBEDS_V4:
        if address in network:
            return is_public(IPv4Address(int(address) >> shift & 0xFFFFFFFF))
    return address in _OPEN_V6 and not any(address in network for network in _CLOSED_V6)


def literal(host: str) -> IpAddress | None:
    """The address that `host` spells, however oddly (`2130706433`, `0x7f.1`, `0177.0.0.1`); None when it is a name."""
    text = host.removeprefix("[").removesuffix("]")
    try:
        return ip_address(text)
    except ValueError:
        pass
    if _NUMERIC.match(text):
        try:
            # The C library reads these spellings as addresses, so we read them exactly as it does.
            return IPv4Address(socket.inet_aton(text.removesuffix(".")))
        except OSError:
            pass
    return None


def canonical_host(host: str) -> str:
    """One spelling per host: lower case, ASCII, no last dot, addresses in their usual form.

    Raises EgressRefused when the text cannot be a host.
    """
    try:
        ascii_host = host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise EgressRefused(f"{host!r} is no host name.") from error
    ascii_host = ascii_host.strip().lower()
    address = literal(ascii_host)
    if address is not None:
        return str(address)
    ascii_host = ascii_host.removesuffix(".")
    if not _NAME.match(ascii_host):
        raise EgressRefused(f"{host!r} is no host name.")
    return ascii_host


def _canonical_rule(text: str) -> str:
    """An allowed `host`, `host:port` or `[v6]:port` in the one spelling that is compared."""
    host, colon, port = text.rpartition(":")
    if colon and port.isdigit() and (host.startswith("[") or ":" not in host):
        return f"{canonical_host(host)} {int(port)}"
    return canonical_host(text)


class EgressPolicy:
    """What an admin allowed beyond the public Internet. Immutable: a change makes a new one."""

    __slots__ = ("_rules", "allowed_hosts")

    def __init__(self, allowed_hosts: frozenset[str] = frozenset()) -> None:
        """`allowed_hosts` are `host` or `host:port`; such a host may have any address.

        Raises EgressRefused when an entry cannot be a host.
        """
        self.allowed_hosts = allowed_hosts
        self._rules = frozenset(_canonical_rule(text) for text in allowed_hosts)

    def allows_host(self, host: str, port: int) -> bool:
        """Whether `host` (canonical) was allowed by name, whatever its address."""
        return bool(self._rules) and (host in self._rules or f"{host} {port}" in self._rules)

    def allows(self, host: str, address: str, port: int) -> bool:
        """Whether a connection to `address`, found under the name `host`, is in order."""
        return is_public(ip_address(address)) or self.allows_host(canonical_host(host), port)

    def check_name(self, host: str, port: int) -> None:
        """What can be said without resolving, for when a proxy will do that for us.

        Raises EgressRefused.
        """
        name = canonical_host(host)
        if self.allows_host(name, port):
            return
        address = literal(name)
        local = name in _METADATA_NAMES or name == "localhost" or name.endswith(".localhost")
        if local or (address is not None and not is_public(address)):
            raise EgressRefused(f"{host} is not a public address; an admin can allow it.")


@dataclass(slots=True)
class _Known:
    addresses: list[str]
    problem: str
    until: float


class Egress:
    """Resolves names, remembers the answers for a short while, and lets through only what the policy allows.

    `policy` may be replaced at any time; the next answer follows the new one.
    """

    def __init__(
        self,
        policy: EgressPolicy | None = None,
        *,
        lookup: Lookup | None = None,
        ttl_s: float = 30.0,
        failure_ttl_s: float = 1.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.policy = policy or EgressPolicy()
        self._lookup = lookup or system_lookup
        self._ttl_s = ttl_s
        self._failure_ttl_s = failure_ttl_s
        self._monotonic = monotonic
        self._known: dict[str, _Known] = {}
        self._flights: dict[str, asyncio.Task[_Known]] = {}

    async def resolve(self, host: str, port: int) -> list[Address]:
        """Addresses to try in this order; never empty. Connect to these and to nothing else.

        Raises EgressRefused when none of them may be called, NameUnresolvable when there are none.
        """
        name = canonical_host(host)
        address = literal(name)
        found = [str(address)] if address is not None else await self._addresses(name)
        policy = self.policy
        if policy.allows_host(name, port):
            return [Address(ip, port) for ip in found]
        open_ones = [Address(ip, port) for ip in found if is_public(ip_address(ip))]
        if not open_ones:
            shown = host if address is not None else f"{host} ({', '.join(found)})"
            raise EgressRefused(f"{shown} is not a public address; an admin can allow it.")
        return open_ones

    async def _addresses(self, name: str) -> list[str]:
        known = self._known.get(name)
        if known is None or known.until <= self._monotonic():
            flight = self._flights.get(name)
            if flight is None:
                flight = asyncio.get_running_loop().create_task(self._ask(name))
                self._flights[name] = flight
                flight.add_done_callback(lambda _: self._flights.pop(name, None))
            # One caller leaving must not take the answer from the others.
            known = await asyncio.shield(flight)
        if known.problem:
            raise NameUnresolvable(known.problem)
        return known.addresses

    async def _ask(self, name: str) -> _Known:
        addresses: list[str] = []
        problem = f"{name} has no address."
        try:
            addresses = list(dict.fromkeys(await self._lookup(name)))
        except (OSError, UnicodeError) as error:
            problem = f"{name} has no address: {faults.why(error)}"
        ttl_s = self._ttl_s if addresses else self._failure_ttl_s
        now = self._monotonic()
        known = _Known(addresses, "" if addresses else problem, now + ttl_s)
        for old in [each for each, value in self._known.items() if value.until <= now]:
            del self._known[old]
        self._known[name] = known
        return known


async def system_lookup(name: str) -> list[str]:
    """The system's own resolver, in the order it recommends."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [str(sockaddr[0]) for _, _, _, _, sockaddr in found]
