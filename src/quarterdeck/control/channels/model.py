"""A channel and what is delivered through it."""

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from quarterdeck.kernel.clock import HOUR, MINUTE, SECOND
from quarterdeck.kernel.egress import EgressPolicy, EgressRefused, canonical_host
from quarterdeck.kernel.errors import Invalid

NAME_LENGTH = 100
URL_LENGTH = 4_000
MAX_KINDS = 50
KIND_LENGTH = 100
RETRY_AFTER = (
    10 * SECOND,
    30 * SECOND,
    2 * MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    24 * HOUR,
)
"""Waits between attempts; after the last one a delivery is dead. Each is jittered by up to a fifth either way."""
_JITTER = 0.2
MAX_RETRY_AFTER = 24 * HOUR

LOCAL_SCHEMES = frozenset(
    {
        "syslog", "rsyslog", "dbus", "qt", "glib", "kde", "gnome", "macosx", "windows", "blink1", "memory", "file",
        "growl", "xbmc", "kodi", "rpush",
    }
)  # fmt: skip
"""Of this machine's own desktop or log: no channel of a server."""
FILE_PARAMETERS = frozenset(
    {"template", "keyfile", "attach", "attachment", "pgpkey", "pgp", "pubkey", "prvkey", "subfile", "include", "config"}
)
"""Parameters of Apprise URLs that name files."""


class ChannelKind(StrEnum):
    WEBHOOK = "webhook"
    """A signed POST of the event to an address."""
    APPRISE = "apprise"
    """Anything that Apprise reaches: mail, Slack, Teams, Discord, Telegram, PagerDuty, ntfy and a hundred more."""
    PUSH = "push"
    """A member's own browser, which it was turned on in."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"
    """Given up; a person may replay it."""


@dataclass(frozen=True, slots=True)
class Channel:
    """Where notifications go. Its address is sealed; `shown` is as much of it as anybody sees."""

    id: str
    workspace_id: str
    name: str
    kind: ChannelKind
    member_id: str | None
    """Whose own it is; None: shared by the workspace."""
    shown: str
    sealed: bytes | None
    """The address and, of a webhook, the secret; None: at `reference`."""
    reference: str | None
    """`env:NAME` or `file:PATH` of the address."""
    secret_reference: str | None
    kinds: tuple[str, ...]
    """Patterns of event kinds that are sent to it by themselves, beside what members' rules send."""
    enabled: bool
    allow_private: bool
    """Its host may have a private address: an admin said so."""
    declared: bool
    created_at: int
    last_ok_at: int | None
    last_failed_at: int | None
    last_error: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Address:
    """A channel's sealed part, opened."""

    url: str
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message on its way. `payload` is the event of a webhook, or title and lines for all others."""

    id: str
    workspace_id: str
    channel_id: str
    member_id: str | None
    key: str
    """Who asks for the same again is not heard a second time."""
    gathers: str | None
    """While it has not been tried, messages of the same word are added to it instead of sent apart."""
    kind: str
    payload: dict[str, Any]
    state: DeliveryState
    attempts: int
    next_at: int
    last_status: int | None
    last_error: str | None
    created_at: int
    done_at: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt went. `final` means that trying again is of no use."""

    ok: bool
    status: int | None = None
    error: str | None = None
    final: bool = False
    retry_after: int | None = None


def next_wait(attempts: int, retry_after: int | None = None, *, rng: random.Random | None = None) -> int | None:
    """Microseconds until the next attempt when `attempts` have failed; None when it is to be given up."""
    if attempts > len(RETRY_AFTER):
        return None
    spread = (rng or random).uniform(1 - _JITTER, 1 + _JITTER)
    wait = round(RETRY_AFTER[attempts - 1] * spread)
    return wait if retry_after is None else max(wait, min(retry_after, MAX_RETRY_AFTER))


def checked_url(kind: ChannelKind, text: str, *, allow_private: bool) -> str:
    """The address, trimmed. Raises Invalid for what cannot be one, Forbidden for what may not be called."""
    url = text.strip()
    if not url or len(url) > URL_LENGTH or any(c.isspace() or not c.isprintable() for c in url):
        raise Invalid(f"A channel's url has 1 to {URL_LENGTH} characters and no spaces.", field="url")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Invalid("This is no URL.", field="url") from None
    if kind is ChannelKind.WEBHOOK:
        if parts.scheme not in ("http", "https") or not host:
            raise Invalid("A webhook's url is an absolute http or https address.", field="url")
        if "@" in parts.netloc or parts.fragment:
            raise Invalid("A webhook's url holds no user and no fragment.", field="url")
    else:
        _check_apprise(parts.scheme.lower(), url)
    if host is not None and not allow_private:
        try:
            EgressPolicy().check_name(host, port or (80 if parts.scheme == "http" else 443))
        except EgressRefused as error:
            if kind is ChannelKind.WEBHOOK or "." in host or ":" in host:
                raise Invalid(f"{error.message} Set allow_private, as an admin.", field="url") from None
    return url


def checked_endpoint(text: str, hosts: frozenset[str]) -> str:
    """The address of a browser at its push service: https, or what an admin allows in `hosts`. Raises Invalid."""
    try:
        return checked_url(ChannelKind.WEBHOOK, text, allow_private=_is_among(text, hosts))
    except Invalid as error:
        raise Invalid(error.message.partition(" Set allow_private")[0], field="endpoint") from None


def _is_among(url: str, hosts: frozenset[str]) -> bool:
    """Raises Invalid for plain http to a place that is not among them."""
    try:
        allowed = not allowed_hosts(url).isdisjoint(hosts)
        scheme = urlsplit(url).scheme
    except ValueError:
        raise Invalid("This is no URL.", field="endpoint") from None
    if scheme != "https" and not allowed:
        raise Invalid("A push service is reached by https.", field="endpoint")
    return allowed


def allowed_hosts(url: str) -> frozenset[str]:
    """What a channel that may reach private addresses may reach: its own host, and nothing beside it."""
    parts = urlsplit(url)
    if parts.hostname is None:
        return frozenset()
    try:
        host = canonical_host(parts.hostname)
    except EgressRefused:
        return frozenset()
    bracketed = f"[{host}]" if ":" in host else host
    return frozenset({host} if parts.port is None else {f"{bracketed}:{parts.port}"})


def shown_webhook(url: str) -> str:
    """The origin; paths and queries of webhooks are often secrets."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" + ("/…" if parts.path.strip("/") or parts.query else "")


def _check_apprise(scheme: str, url: str) -> None:
    if scheme in LOCAL_SCHEMES or scheme in ("http", "https") or not scheme:
        raise Invalid(
            "An Apprise url begins with a service such as mailto://, slack:// or ntfy://; "
            "for a plain address take kind webhook.",
            field="url",
        )
    query = url.partition("?")[2]
    for name, _ in parse_qsl(query, keep_blank_values=True):
        if name.lower().lstrip("+-:") in FILE_PARAMETERS:
            raise Invalid(f"The parameter {name} would read a file of this server.", field="url")
