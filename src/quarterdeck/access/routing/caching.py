"""What a caller or a route wants of the cache: the `cache` object of a config, and the headers that change it."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

MODES = ("simple", "semantic")
SCOPES = ("workspace", "agent")
PACES = ("fast", "original")
DAY_S = 86_400
DEFAULT_TTL_S = 7 * DAY_S
MAX_TTL_S = 90 * DAY_S
DEFAULT_THRESHOLD = 0.85
"""Cosine that two last turns must reach; measured in docs/caching.md, together with the lexical veto."""
_OFF = frozenset({"", "false", "off", "none", "disabled", "0"})
_ON = frozenset({"true", "on", "1"})
_HEADERS = (
    b"x-portkey-cache",
    b"x-portkey-cache-ttl",
    b"x-portkey-cache-namespace",
    b"x-portkey-cache-force-refresh",
    b"x-quarterdeck-cache-pace",
)
MAX_NAMESPACE = 256


class BadPolicy(ValueError):
    """A `cache` object that cannot be; `path` leads into it, `expected` says what belongs there."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")
        self.path = path
        self.expected = expected


class CachePolicy(msgspec.Struct, frozen=True):
    """How one call uses the cache."""

    mode: str = "simple"
    """simple, or semantic: which looks for the same request first and then for one that means the same."""
    max_age_s: int | None = None
    """How old an answer may be, and how long this call's own answer is kept; None: DEFAULT_TTL_S."""
    scope: str | None = None
    """Who shares answers: workspace or agent. None: the workspace for the same request, the agent for a similar one."""
    threshold: float | None = None
    """Cosine from which two last turns count as the same; None: DEFAULT_THRESHOLD."""
    pace: str = "fast"
    """How a stream is replayed: fast, or original: with the pauses it came with."""
    namespace: str | None = None
    refresh: bool = False
    """Do not look; ask the provider, and keep the new answer."""

    @property
    def ttl_s(self) -> int:
        return min(self.max_age_s or DEFAULT_TTL_S, MAX_TTL_S)


def parse(value: object, path: str = "cache") -> CachePolicy | None:
    """The policy in a config: `{"mode": "simple" | "semantic", "max_age": seconds, …}`, the mode alone, or false.

    None when it says not to cache. Raises BadPolicy.
    """
    if value is None or value is False:
        return None
    if isinstance(value, str):
        return _mode(value, path)
    if not isinstance(value, dict):
        raise BadPolicy(path, 'an object such as {"mode": "simple", "max_age": 3600}')
    policy = _mode(value.get("mode", "simple"), f"{path}.mode")
    if policy is None:
        return None
    changes: dict[str, Any] = {}
    if (age := value.get("max_age")) is not None:
        changes["max_age_s"] = _seconds(age, f"{path}.max_age")
    if (scope := value.get("scope")) is not None:
        changes["scope"] = _one_of(scope, SCOPES, f"{path}.scope")
    if (pace := value.get("pace")) is not None:
        changes["pace"] = _one_of(pace, PACES, f"{path}.pace")
    if (threshold := value.get("threshold")) is not None:
        changes["threshold"] = _cosine(threshold, f"{path}.threshold")
    if (namespace := value.get("namespace")) is not None:
        if not isinstance(namespace, str):
            raise BadPolicy(f"{path}.namespace", "a text")
        changes["namespace"] = namespace[:MAX_NAMESPACE]
    return msgspec.structs.replace(policy, **changes)


def may_cache(configured: CachePolicy | None, headers: Mapping[bytes, bytes]) -> bool:
    """False for most calls, which nobody asked to cache."""
    return configured is not None or b"x-portkey-cache" in headers


def of_call(configured: CachePolicy | None, headers: Mapping[bytes, bytes]) -> CachePolicy | None:
    """The policy of one call: what is configured for it, as its own headers change it. None: no caching.

    A header that cannot be read is as good as none: it must not make a call fail.
    """
    return _changed(configured, *map(headers.get, _HEADERS))


@lru_cache(1024)
def _changed(
    configured: CachePolicy | None,
    mode: bytes | None,
    ttl: bytes | None,
    namespace: bytes | None,
    refresh: bytes | None,
    pace: bytes | None,
) -> CachePolicy | None:
    """By the values of `_HEADERS`: the same few come call after call."""
    policy = configured
    if mode is not None:
        word = mode.decode("latin-1").strip().lower()
        if word in _OFF:
            return None
        if word in MODES:
            policy = msgspec.structs.replace(policy or CachePolicy(), mode=word)
        elif word in _ON:
            policy = policy or CachePolicy()
    if policy is None:
        return None
    changes: dict[str, Any] = {}
    if ttl is not None and ttl.strip().isdigit() and 0 < int(ttl) <= MAX_TTL_S:
        changes["max_age_s"] = int(ttl)
    if namespace:
        changes["namespace"] = namespace[:MAX_NAMESPACE].decode("latin-1")
    if refresh is not None and refresh.strip().lower() == b"true":
        changes["refresh"] = True
    if pace is not None and (word := pace.decode("latin-1").lower()) in PACES:
        changes["pace"] = word
    return msgspec.structs.replace(policy, **changes) if changes else policy


def _mode(value: object, path: str) -> CachePolicy | None:
    if isinstance(value, str) and value.lower() in _OFF:
        return None
    return CachePolicy(mode=_one_of(value, MODES, path))


def _one_of(value: object, known: tuple[str, ...], path: str) -> str:
    if not isinstance(value, str) or value not in known:
        raise BadPolicy(path, " or ".join(f'"{each}"' for each in known))
    return value


def _seconds(value: object, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= MAX_TTL_S:
        raise BadPolicy(path, f"seconds, from 1 to {MAX_TTL_S} (90 days)")
    return max(1, int(value))


def _cosine(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
        raise BadPolicy(path, "a cosine above 0 and up to 1")
    return float(value)
