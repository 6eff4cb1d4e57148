"""Where we may listen: anything beyond loopback needs somebody who can sign in by password."""

import ipaddress

from quarterdeck.access import members
from quarterdeck.db import Database
from quarterdeck.kernel.errors import Invalid


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`. A name other than localhost counts as reachable."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_binding(host: str, *, password_set: bool) -> None:
    """Raises Invalid, with the reason and the way out, when `host` must not be listened on."""
    if password_set or is_loopback(host):
        return
    raise Invalid(
        f"Refusing to listen on {host}: other machines could reach it and no owner or admin has a password. "
        "Start on 127.0.0.1, sign in by the printed link, set a password, then start again with this host.",
        code="password_needed",
    )


async def check(db: Database, host: str) -> None:
    """The same, asking the database."""
    if is_loopback(host):
        return
    async with db.read() as tx:
        check_binding(host, password_set=await members.any_password(tx))
