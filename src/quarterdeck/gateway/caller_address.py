"""Who a caller is on the network: the one place that decides it, for everything behind that slows down or writes down.

A proxy of ours says whom it speaks for; anybody else may say what they like, and is not heard.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_SCHEMES = frozenset({"http", "https"})


@dataclass(frozen=True, slots=True)
class Caller:
    """`address` is an IP address; `scheme` (http or https) is how the caller speaks to the outermost that we know."""

    address: str
    scheme: str


def caller(peer: str, scheme: str, headers: Iterable[tuple[bytes, bytes]], trusted: Sequence[Network]) -> Caller:
    """Whoever is behind `peer`, which the connection comes from, speaking `scheme`; header names are in lower case.

    Only a peer in `trusted` is believed: then the caller is the right-most one named in X-Forwarded-For or Forwarded
    who is not trusted. What is no address ends the walk at the last one that is known. When both headers are there and
    name different ones, neither is believed: a proxy writes one and passes the other on as the caller wrote it.
    """
    connected = _peer(peer)
    if connected is None or not _among(connected, trusted):
        return Caller(peer, scheme)
    fors, protos, forwarded = [], [], []
    for name, value in headers:
        if name == b"x-forwarded-for":
            fors.append(value)
        elif name == b"x-forwarded-proto":
            protos.append(value)
        elif name == b"forwarded":
            forwarded.append(value)
    elements = _elements(b",".join(forwarded).decode("latin-1")) if forwarded else []
    named = {_walk(connected, [each.get("for", "") for each in elements], trusted)} if elements else set()
    if fors:
        named.add(_walk(connected, b",".join(fors).decode("latin-1").split(","), trusted))
    spoken = {elements[-1]["proto"].lower()} if elements and "proto" in elements[-1] else set()
    if protos:
        spoken.add(protos[-1].decode("latin-1").rpartition(",")[2].strip().lower())
    address = named.pop() if len(named) == 1 else connected
    said = spoken.pop() if len(spoken) == 1 else scheme
    return Caller(str(address), said if said in _SCHEMES else scheme)


def _walk(known: Address, hops: Sequence[str], trusted: Sequence[Network]) -> Address:
    for hop in reversed(hops):
        address = _hop(hop.strip())
        if address is None:
            return known
        known = address
        if not _among(address, trusted):
            return known
    return known


def _among(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)


def _peer(text: str) -> Address | None:
    return _plain(text.partition("%")[0])


def _hop(text: str) -> Address | None:
    """`192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`."""
    if text.startswith("["):
        host, closed, port = text[1:].partition("]")
        if not closed or port[:1] not in ("", ":"):
            return None
        port = port[1:]
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    else:
        host, port = text, ""
    if (port and not (port.isascii() and port.isdigit())) or "%" in host:
        return None
    return _plain(host)


def _plain(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    # A listener on `::` knows IPv4 callers by such an address.
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address


def _elements(value: str) -> list[dict[str, str]]:
    """Forwarded, one proxy an element, by names: `for="[2001:db8::1]:80";proto=https`. Of what is said twice in one,
    nothing counts.

    A quotation that never ends could hide what a proxy of ours appended behind it: such a value says nothing.
    """
    parts = _split(value, ",")
    return [{}] if parts is None else [_pairs(each) for each in parts]


def _pairs(element: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in _split(element, ";") or ():
        name, _, value = pair.partition("=")
        name, value = name.strip().lower(), value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1].replace("\\", "")
        found[name] = "" if name in found else value
    return found


def _split(value: str, at: str) -> list[str] | None:
    """The parts between `at`, which does not count within quotation marks; None when one is not closed."""
    parts, begin, quoted, escaped = [], 0, False, False
    for place, letter in enumerate(value):
        if letter == at and not quoted:
            parts.append(value[begin:place])
            begin = place + 1
        elif letter == '"' and not escaped:
            quoted = not quoted
        escaped = letter == "\\" and quoted and not escaped
    return None if quoted else [*parts, value[begin:]]
