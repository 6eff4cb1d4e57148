"""What the program was started with: flags, then `QUARTERDECK_*`, then the file; read once and passed around."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any

from quarterdeck.kernel import toml
from quarterdeck.kernel.errors import Invalid

DEFAULT_CONFIG = "quarterdeck.toml"
ADDRESS_FILE = "address"
"""In the data directory, while it is served: where."""
MOST_GATEWAYS = 64
_SIZE = re.compile(r"^(\d+)\s*(B|KiB|MiB|GiB)?$")
_UNITS = {None: 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SECRET = frozenset({"owner_token", "secret_key", "redis_url", "s3_access_key", "s3_secret_key"})


class OnFull(StrEnum):
    """What happens to calls that the journal has no room for."""

    REFUSE = "refuse"
    DROP = "drop"
    """Serve them and count what was not recorded."""


@dataclass(frozen=True, slots=True)
class JournalSettings:
    fsync: bool = False
    """Whether a call survives a power cut, and not only a crash of ours."""
    on_full: OnFull = OnFull.REFUSE


@dataclass(frozen=True, slots=True)
class CacheSettings:
    max_bytes: int = 64 << 20
    """Memory for answers given before; the least recently asked for go first."""
    embedder: str = "local"
    """Who says what texts mean for the semantic cache: `local`, or an embeddings model as `provider/model`."""
    semantic_bytes: int = 256 << 20
    """Room on disk for what the semantic cache keeps."""


@dataclass(frozen=True, slots=True)
class ObjectSettings:
    """S3-compatible storage for files."""

    url: str
    """With the bucket: `https://s3.eu-central-1.amazonaws.com/bucket`, or a prefix below it."""
    access_key: str
    secret_key: str
    region: str = "us-east-1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that is fixed at start. Secrets are kept out of its text."""

    data: Path
    host: str = "127.0.0.1"
    port: int = 8787
    config: Path | None = None
    database_url: str | None = None
    """None: SQLite in the data directory."""
    gateways: int = 1
    """How many gateway processes serve the port; more than one need `redis_url`."""
    redis_url: str | None = None
    """Where limits and budgets are counted when there is more than one gateway; None: in the gateway's memory."""
    public_url: str | None = None
    """What agents and browsers reach us under, when it is not host and port."""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Where the reverse proxies stand that are believed whom they speak for."""
    log_level: str = "info"
    log_format: str = "text"
    """text: for people; json: one object a line."""
    otlp_endpoint: str | None = None
    """Base URL of an OpenTelemetry collector; None: what OpenTelemetry's own variables say, else none."""
    body_limit: int = 64 << 20
    """Bytes of a model call's body."""
    owner_token: str | None = None
    owner_email: str = "owner@localhost"
    secret_key: str | None = None
    journal: JournalSettings = JournalSettings()
    cache: CacheSettings = CacheSettings()
    s3_url: str | None = None
    s3_region: str = "us-east-1"
    s3_access_key: str | None = None
    s3_secret_key: str | None = None
    a2a_push_hosts: tuple[str, ...] = ()
    """Hosts inside private networks that A2A's push notifications may go to all the same."""
    web_push_hosts: tuple[str, ...] = ()
    """Hosts inside private networks that browsers' push services may stand on."""

    @property
    def objects(self) -> ObjectSettings | None:
        """Where files are kept beside the data directory; None: nowhere else. Raises Invalid when a key is missing."""
        if self.s3_url is None:
            return None
        if self.s3_access_key is None or self.s3_secret_key is None:
            raise Invalid("files.s3_url needs QUARTERDECK_S3_ACCESS_KEY and QUARTERDECK_S3_SECRET_KEY.")
        return ObjectSettings(self.s3_url, self.s3_access_key, self.s3_secret_key, self.s3_region)

    @property
    def gateway_ids(self) -> list[str]:
        """Whose journals and files are whose. The first is the one there always was. Raises Invalid."""
        if self.gateways > 1 and self.redis_url is None:
            raise Invalid(
                f"{self.gateways} gateways need a Redis or Valkey in which they share limits, budgets and caches: "
                "set QUARTERDECK_REDIS_URL, or ask for one gateway.",
                code="config",
            )
        return ["gateway", *(f"gateway-{number}" for number in range(2, self.gateways + 1))]

    @property
    def base_url(self) -> str:
        """Where agents connect: `http://127.0.0.1:8787`, without a path."""
        return self.local_url if self.public_url is None else self.public_url.rstrip("/")

    @property
    def local_url(self) -> str:
        """Where this machine's own gateway is reached from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104 - only compared
        return f"http://{f'[{host}]' if ':' in host and not host.startswith('[') else host}:{self.port}"

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{each.name}={'…' if each.name in _SECRET and getattr(self, each.name) else getattr(self, each.name)!r}"
            for each in fields(self)
        )
        return f"Settings({shown})"


def load(flags: Mapping[str, Any], environ: Mapping[str, str], *, directory: Path | None = None) -> Settings:
    """Settle every setting; a flag that is None counts as not given.

    Relative paths in the file are relative to the file, all others to `directory` (the working directory).
    Raises Invalid naming the flag, variable, or file, line and key that cannot be.
    """
    here = directory or Path.cwd()
    given = {name: value for name, value in flags.items() if value is not None}
    config = _config_path(given, environ, here)
    document = None if config is None else toml.read(config)
    values: dict[str, Any] = {}
    for name, rule in _RULES.items():
        found = _find(name, rule, given, environ, document)
        if found is not None:
            values[name] = found
    journal = JournalSettings(**_group(values, "journal_"))
    cache = CacheSettings(**_group(values, "cache_"))
    values["data"] = here / values.get("data", "data")
    return Settings(**values, config=config, journal=journal, cache=cache)


def _group(values: dict[str, Any], prefix: str) -> dict[str, Any]:
    """Take out what belongs to one section, under its own names."""
    return {name.removeprefix(prefix): values.pop(name) for name in list(values) if name.startswith(prefix)}


def _config_path(given: Mapping[str, Any], environ: Mapping[str, str], here: Path) -> Path | None:
    named = given.get("config") or environ.get("QUARTERDECK_CONFIG")
    if named:
        return here / named
    default = here / DEFAULT_CONFIG
    return default if default.is_file() else None


def _find(
    name: str,
    rule: "_Rule",
    given: Mapping[str, Any],
    environ: Mapping[str, str],
    document: toml.Document | None,
) -> Any:
    variable = f"QUARTERDECK_{name.upper()}"
    if name in given:
        return _convert(rule, given[name], f"--{name.replace('_', '-')}")
    if environ.get(variable):
        return _convert(rule, environ[variable], variable)
    if document is None or rule.section is None:
        return None
    section = document.data.get(rule.section, {})
    if not isinstance(section, dict) or rule.key not in section:
        return None
    value = _convert(rule, section[rule.key], document.at((rule.section, rule.key)))
    return Path(document.name).parent / value if isinstance(value, Path) else value


def _convert(rule: "_Rule", value: Any, where: str) -> Any:
    try:
        return rule.convert(value)
    except (ValueError, TypeError):
        raise Invalid(f"{where}: expected {rule.expected}, not {value!r}.", code="config") from None


def _port(value: Any) -> int:
    port = _whole(value)
    if not 0 <= port <= 65_535:
        raise ValueError
    return port


def _gateways(value: Any) -> int:
    number = _whole(value)
    if not 1 <= number <= MOST_GATEWAYS:
        raise ValueError
    return number


def _whole(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError
    return int(value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value


def _secret_text(value: Any) -> str:
    """Without the line break that a file of secrets ends with: no header can carry it."""
    return _text(_text(value).strip())


def _path(value: Any) -> Path:
    return value if isinstance(value, Path) else Path(_text(value))


def _yes_or_no(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).lower()
    if word not in ("true", "1", "yes", "false", "0", "no"):
        raise ValueError
    return word in ("true", "1", "yes")


def _size(value: Any) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = _SIZE.match(_text(value))
    if found is None or int(found[1]) == 0:
        raise ValueError
    return int(found[1]) * _UNITS[found[2]]


def _level(value: Any) -> str:
    level = _text(value).lower()
    if level not in ("debug", "info", "warning", "error"):
        raise ValueError
    return level


def _log_format(value: Any) -> str:
    form = _text(value).lower()
    if form not in ("text", "json"):
        raise ValueError
    return form


def _url(value: Any) -> str:
    url = _text(value)
    if not re.match(r"^https?://[^/\s]+/?$", url):
        raise ValueError
    return url


def _address(value: Any) -> str:
    url = _text(value)
    if not re.match(r"^https?://[^/\s]+(/\S*)?$", url):
        raise ValueError
    return url


def _hosts(value: Any) -> tuple[str, ...]:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list):
        raise ValueError
    return tuple(_text(each).strip().lower() for each in given)


def _networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    given = value.split(",") if isinstance(value, str) else value
    if not isinstance(given, list):
        raise TypeError
    return tuple(ip_network(_text(each).strip()) for each in given)


def _embedder(value: Any) -> str:
    name = _text(value)
    if name != "local" and not re.match(r"^[^/\s]+/\S+$", name):
        raise ValueError
    return name


def database_url_in(value: Any) -> str:
    """What everybody writes; our driver's name is added. That of SQLite's driver of before is still understood.

    Raises ValueError.
    """
    url = _text(value).replace("sqlite+aiosqlite://", "sqlite://", 1)
    if url.startswith(("postgres://", "postgresql://")):
        return "postgresql+asyncpg://" + url.partition("://")[2]
    if not url.startswith(("postgresql+asyncpg://", "sqlite:///")):
        raise ValueError
    return url


def _redis(value: Any) -> str:
    url = _text(value)
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError
    return url


@dataclass(frozen=True, slots=True)
class _Rule:
    convert: Callable[[Any], Any]
    expected: str
    section: str | None = "server"
    """The section of the file it may stand in; None: secrets and the way to the data do not belong there."""
    key: str = ""


_RULES: dict[str, _Rule] = {
    "data": _Rule(_path, "a directory", None),
    "host": _Rule(_text, "an address to listen on", key="host"),
    "port": _Rule(_port, "a port from 0 to 65535", key="port"),
    "gateways": _Rule(_gateways, f"a number from 1 to {MOST_GATEWAYS}", key="gateways"),
    "database_url": _Rule(database_url_in, "postgresql://… or sqlite:///FILE", None),
    "redis_url": _Rule(_redis, "redis://…, rediss://… or unix://…", None),
    "public_url": _Rule(_url, "http(s)://HOST without a path", key="public_url"),
    "trusted_proxies": _Rule(
        _networks, "addresses or networks such as 10.0.0.0/8, in a list or with commas", key="trusted_proxies"
    ),
    "log_level": _Rule(_level, "debug, info, warning or error", key="log_level"),
    "log_format": _Rule(_log_format, '"text" or "json"', key="log_format"),
    "otlp_endpoint": _Rule(_address, "http(s)://HOST[:PORT][/PATH]", key="otlp_endpoint"),
    "body_limit": _Rule(_size, 'bytes as a number, or such as "64MiB"', key="body_limit"),
    "owner_token": _Rule(_secret_text, "a text", None),
    "owner_email": _Rule(_text, "an e-mail address", key="owner_email"),
    "secret_key": _Rule(_text, "32 bytes in base64", None),
    "journal_fsync": _Rule(_yes_or_no, "true or false", "journal", "fsync"),
    "journal_on_full": _Rule(OnFull, '"refuse" or "drop"', "journal", "on_full"),
    "cache_max_bytes": _Rule(_size, 'bytes as a number, or such as "64MiB"', "cache", "max_bytes"),
    "cache_embedder": _Rule(_embedder, '"local" or provider/model', "cache", "embedder"),
    "s3_url": _Rule(_address, "http(s)://HOST[:PORT]/BUCKET", "files", "s3_url"),
    "s3_region": _Rule(_text, "a region", "files", "s3_region"),
    "s3_access_key": _Rule(_text, "a text", None),
    "s3_secret_key": _Rule(_text, "a text", None),
    "a2a_push_hosts": _Rule(_hosts, "hosts as HOST or HOST:PORT, in a list or with commas", "a2a", "push_hosts"),
    "web_push_hosts": _Rule(_hosts, "hosts as HOST or HOST:PORT, in a list or with commas", "push", "hosts"),
    "cache_semantic_bytes": _Rule(_size, 'bytes as a number, or such as "256MiB"', "cache", "semantic_bytes"),
}

FILE_KEYS: dict[str, frozenset[str]] = {
    section: frozenset(rule.key for rule in _RULES.values() if rule.section == section)
    for section in ("server", "journal", "cache", "files", "a2a", "push")
}
"""The sections and keys of the file that are read here; whoever reads the rest knows not to mind them."""
