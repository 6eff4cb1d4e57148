"""What a request itself says of its route: Portkey's headers and ours, read once."""

import msgspec

from quarterdeck.access.routing.config import MAX_MS, MAX_RETRIES, Retry, Timeouts
from quarterdeck.access.routing.parse import Settings
from quarterdeck.gateway.errors import Refusal

CONFIG, ROUTE = b"x-portkey-config", b"x-quarterdeck-route"
_PROVIDER, _VIRTUAL_KEY = b"x-portkey-provider", b"x-portkey-virtual-key"
_HOST, _FORWARD = b"x-portkey-custom-host", b"x-portkey-forward-headers"
_TIMEOUT, _RETRIES = b"x-portkey-request-timeout", b"x-portkey-retry-count"
_OWN_TIMEOUTS, DEADLINE = b"x-quarterdeck-timeouts", b"x-quarterdeck-deadline-ms"
SETTINGS = (
    _PROVIDER,
    _VIRTUAL_KEY,
    _HOST,
    _FORWARD,
    _TIMEOUT,
    _RETRIES,
    _OWN_TIMEOUTS,
)
NO_SETTINGS = frozenset(SETTINGS).isdisjoint
"""Whether a request's headers say nothing of a route but its name."""
ROUTING = frozenset({CONFIG, ROUTE, DEADLINE, *SETTINGS})
"""Headers that make a call a routed one."""
NO_ROUTING = ROUTING.isdisjoint
_MOST = 64 * 1024


def route_named(headers: dict[bytes, bytes]) -> bytes | None:
    """An inline config or the name of a saved route; None when the request names none."""
    found = headers.get(CONFIG) or headers.get(ROUTE)
    if found is not None and len(found) > _MOST:
        raise bad_header(CONFIG, f"a config of at most {_MOST} bytes")
    return found.strip() if found is not None else None


def settings_key(headers: dict[bytes, bytes]) -> bytes:
    """Equal for requests whose settings are equal; empty when there are none."""
    if NO_SETTINGS(headers):
        return b""
    return b"\0".join(name + b"=" + headers[name] for name in SETTINGS if name in headers)


def settings(headers: dict[bytes, bytes], own_key: str | None = None) -> Settings:
    """What holds where the config says nothing; `own_key` is a key for a provider that has none stored here.

    Raises Refusal for a header that cannot be read.
    """
    found = Settings(spare_key=own_key)
    written = headers.get(_VIRTUAL_KEY) or headers.get(_PROVIDER)
    changes: dict[str, object] = {}
    if written:
        name, _, model = _text(written).strip().removeprefix("@").partition("/")
        changes["provider"], changes["model"] = name, model or None
    if host := headers.get(_HOST):
        text = _text(host).strip()
        if not text.startswith(("http://", "https://")):
            raise bad_header(_HOST, "an address such as https://host/v1")
        changes["custom_host"] = text
    if names := headers.get(_FORWARD):
        listed = tuple(name.strip().lower() for name in _text(names).split(",") if name.strip())
        if _FORWARD.decode() in listed:
            raise bad_header(_FORWARD, "names of other headers, not its own")
        changes["forward_headers"] = listed
    timeouts: dict[str, int] = {}
    if (limit := headers.get(_TIMEOUT)) is not None:
        timeouts["request_ms"] = _whole(_TIMEOUT, limit, 1, MAX_MS)
    if (own := headers.get(_OWN_TIMEOUTS)) is not None:
        timeouts |= _timeouts(own)
    if timeouts:
        changes["timeouts"] = Timeouts(**timeouts)
    if (count := headers.get(_RETRIES)) is not None:
        changes["retry"] = Retry(attempts=_whole(_RETRIES, count, 0, MAX_RETRIES))
    return msgspec.structs.replace(found, **changes) if changes else found


def model_of(asked: str) -> str:
    """The model a caller wrote, without the `route/NAME/` that may stand before it."""
    return asked.split("/", 2)[2] if asked.startswith("route/") and asked.count("/") > 1 else _plain(asked)


def _plain(asked: str) -> str:
    return "" if asked.startswith("route/") else asked


def deadline_ms(headers: dict[bytes, bytes]) -> float | None:
    """For all attempts together, as the request asks."""
    text = headers.get(DEADLINE)
    return None if text is None else float(_whole(DEADLINE, text, 1, MAX_MS))


def bad_header(name: bytes, expected: str) -> Refusal:
    return Refusal(400, "invalid_header", f"The header {name.decode()} is not what it must be: {expected}.")


def _timeouts(value: bytes) -> dict[str, int]:
    """`connect=2000, first-byte=30000, idle=10000, total=60000`, in milliseconds."""
    found = {}
    for part in _text(value).split(","):
        name, _, number = part.strip().partition("=")
        field = name.strip().replace("-", "_") + "_ms"
        if field not in Timeouts.__struct_fields__:
            raise bad_header(_OWN_TIMEOUTS, "request, connect, first-byte, idle or total = milliseconds, by commas")
        found[field] = _whole(_OWN_TIMEOUTS, number.encode(), 1, MAX_MS)
    return found


def _whole(name: bytes, text: bytes, least: int, most: int) -> int:
    stripped = text.strip()
    if not stripped.isdigit() or not least <= int(stripped[:12]) <= most:
        raise bad_header(name, f"a whole number from {least} to {most}")
    return int(stripped)


def _text(value: bytes) -> str:
    return value.decode("latin-1")
