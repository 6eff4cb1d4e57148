"""A provider: an upstream API under the name that calls use, and the secret for it."""

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from quarterdeck.access.catalogue import SPECS, ProviderSpec, cloud_secret
from quarterdeck.kernel.egress import is_public, literal
from quarterdeck.kernel.errors import Invalid

NAME = re.compile(r"^[a-z0-9][a-z0-9._-]{0,62}$")
_RESERVED = frozenset({"route"})
_HEADER_NAME = re.compile(r"^[a-z0-9-]{1,100}$")
_HEADER_VALUE = re.compile(r"^[\x20-\x7e]{0,4096}$")
_NOT_OURS_TO_SET = frozenset({"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"})
_SECRET = re.compile(r"^[\x21-\x7e]{1,8192}$")


class CheckOutcome(StrEnum):
    """What came of asking a provider whether it lets us in."""

    WELL = "well"
    REFUSED = "refused"
    """It does not accept the secret."""
    UNREACHABLE = "unreachable"
    UNUSABLE = "unusable"
    """It was not asked: its address or its secret cannot be used."""
    UNKNOWN = "unknown"
    """It lists no models; only a call tells."""


@dataclass(frozen=True, slots=True)
class Checked:
    outcome: CheckOutcome
    words: str | None
    """What is wrong and what to do; None when all is well."""
    status: int | None = None
    took_ms: int | None = None
    models: int | None = None
    """How many it offers."""
    offers: tuple[str, ...] = ()
    """What some of them are called, as a call asks for them."""


TIMEOUTS = ("connect_timeout_ms", "first_byte_timeout_ms", "idle_timeout_ms", "total_timeout_ms")
MAX_CLOUD_SECRET = 16 * 1024
MAX_TIMEOUT_MS = 24 * 3600 * 1000


class Source(StrEnum):
    """Where a credential's secret is."""

    STORED = "stored"
    """Sealed, in our own database."""
    ENV = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret for a provider, or where to find it. `sealed` opens only for this row."""

    id: str
    provider_id: str
    source: Source
    reference: str | None
    """The variable's name or the file's path; None for a stored secret."""
    sealed: bytes | None

    @property
    def shown(self) -> str:
        """What may be shown of it: `stored`, `env:OPENAI_API_KEY`, `file:/run/secrets/openai`."""
        return self.source.value if self.reference is None else f"{self.source.value}:{self.reference}"


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured upstream. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    name: str
    kind: str
    base_url: str
    models: list[str] | None
    """Shell patterns; None: whatever is known for its kind."""
    allow_private: bool
    headers: dict[str, str]
    timeouts: dict[str, int]
    position: int
    """Its place in the order in which providers are asked for a plain model name."""
    declared: bool
    created_at: int
    version: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """A provider as somebody wants it. `base_url` None takes the catalogue's."""

    name: str
    kind: str
    base_url: str | None = None
    models: list[str] | None = None
    allow_private: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    timeouts: dict[str, int] = field(default_factory=dict)

    def checked(self) -> dict[str, Any]:
        """The columns to write. Raises Invalid naming the field and what is expected."""
        spec = spec_of(self.kind)
        if not NAME.match(self.name) or self.name in _RESERVED:
            raise Invalid(
                "a provider's name is lower-case letters, digits, '.', '_' and '-', at most 63, and not 'route': "
                "write it so, such as openai.",
                field="name",
            )
        allow_private = self.allow_private or spec.allow_private
        return {
            "name": self.name,
            "kind": self.kind,
            "base_url": _base_url(self.base_url or spec.base_url, spec, allow_private=allow_private),
            "models": self.models,
            "allow_private": allow_private,
            "headers": _headers(self.headers),
            "timeouts": _timeouts(self.timeouts),
        }


def spec_of(kind: str) -> ProviderSpec:
    """Raises Invalid when the catalogue has no such kind."""
    spec = SPECS.get(kind)
    if spec is None:
        raise Invalid(f"there is no kind {kind!r}: choose one of {', '.join(sorted(SPECS))}.", field="kind")
    return spec


def checked_secret(secret: str, spec: ProviderSpec) -> bytes:
    """The secret as it is kept: one that is sent as it is, or a cloud's, in one line of JSON.

    Raises Invalid when it cannot stand in a header, or lacks what a cloud's must hold.
    """
    found = secret.strip()
    if cloud_secret(spec.auth, found) is not None:
        line: str = json.dumps(json.loads(found), separators=(",", ":"))
        if len(line) > MAX_CLOUD_SECRET:
            raise Invalid(f"a secret has at most {MAX_CLOUD_SECRET} characters: enter it alone.", field="secret")
        return line.encode()
    if not _SECRET.match(found):
        raise Invalid(
            "a secret is 1 to 8192 letters, digits and signs without spaces: copy it alone and whole.", field="secret"
        )
    return found.encode()


def origin_of(base_url: str) -> tuple[str, str]:
    parts = urlsplit(base_url)
    return parts.scheme, parts.netloc


def _base_url(url: str | None, spec: ProviderSpec, *, allow_private: bool) -> str:
    if url is None:
        such = f", such as {spec.template}" if spec.template else ""
        raise Invalid(
            f"a provider of kind {spec.kind!r} needs an address (base_url){such}: enter it.", field="base_url"
        )
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or not url.isascii() or any(c <= " " for c in url):
        raise Invalid(f"{url!r} is not an http(s) address: write it as https://api.example.com/v1.", field="base_url")
    if parts.query or parts.fragment or parts.username or parts.password:
        raise Invalid(
            "an address (base_url) has no user, query or fragment: leave them out; a secret goes into its own field.",
            field="base_url",
        )
    address = literal(host)
    private = host == "localhost" or host.endswith(".localhost") or (address is not None and not is_public(address))
    if private and not allow_private:
        raise Invalid(f"{host} is a private address; say that it is meant (allow_private) to use it.", field="base_url")
    return url.rstrip("/")


def _headers(headers: dict[str, str]) -> dict[str, str]:
    clean = {name.lower(): value for name, value in headers.items()}
    for name, value in clean.items():
        if not _HEADER_NAME.match(name) or name in _NOT_OURS_TO_SET or not _HEADER_VALUE.match(value):
            raise Invalid(f"the header {name!r} cannot be set.", field="headers")
    return clean


def _timeouts(timeouts: dict[str, int]) -> dict[str, int]:
    for name, value in timeouts.items():
        if name not in TIMEOUTS or not 1 <= value <= MAX_TIMEOUT_MS:
            raise Invalid(f"{name} must be one of {', '.join(TIMEOUTS)}, 1 to {MAX_TIMEOUT_MS} ms.", field=name)
    return timeouts
