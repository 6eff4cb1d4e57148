"""Protocols that are whole applications of their own, beside the routes of /api/v1: who may use them is said here."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

from quarterdeck.access.actors import Actor, Permission, require
from quarterdeck.kernel.errors import Forbidden, QuarterdeckError

MOUNTS: dict[str, Permission] = {"/mcp": Permission.AGENT_VERB, "/a2a": Permission.READ}
"""Path → what everybody who asks it must be allowed; a verb may ask for more. Paths below it belong to it."""


class Misdirected(QuarterdeckError):
    """A browser was led here by a name that is not ours."""

    status = 421
    code = "misdirected"


def mount_of(path: str) -> str | None:
    """The mount that answers `path`."""
    for mount in MOUNTS:
        if path == mount or path.startswith(mount + "/"):
            return mount
    return None


def is_guarded(path: str) -> bool:
    """Whether whoever asks for `path` is looked at first."""
    return path.startswith("/api/") or mount_of(path) is not None


def admit(scope: Scope, mount: str, base_url: str) -> Actor:
    """The actor of a request to a mount.

    Raises Unauthenticated; Forbidden for who may not, and for a page of another origin; Misdirected for a browser that
    knows us by a foreign name, as after DNS rebinding.
    """
    headers = Headers(scope=scope)
    origin = headers.get("origin")
    if origin is not None:
        host = headers.get("host", "")
        if urlsplit(origin).netloc.lower() != host.lower():
            raise Forbidden(f"A page of {origin} may not speak to {mount}.", code="origin")
        if not _is_ours(host, base_url):
            raise Misdirected(f"{host} is not a name of this server; set public_url to it if it should be.")
    return require(scope.get("state", {}).get("actor"), MOUNTS[mount])


def _is_ours(host: str, base_url: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    if name == "localhost" or name == urlsplit(base_url).hostname:
        return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    # An address cannot be made to point elsewhere.
    return True
