"""What the server says about itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field

DECLARED = "declared"
"""Under this name a workspace's settings list those that the configuration file says, which are changed there alone."""


@dataclass(frozen=True, slots=True)
class About:
    """Fixed at start. `gateway_url` is the base URL that agents are given, such as `http://127.0.0.1:8787`."""

    version: str
    gateway_url: str


@dataclass(frozen=True, slots=True)
class IngestState:
    """How far the store is behind the journal. `lag_ms` is the age of the oldest record not yet in it."""

    backlog_records: int = 0
    backlog_bytes: int = 0
    lag_ms: int = 0


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """None, and days that are not named, leave what is."""

    name: str | None = None
    body_mode: str | None = None
    retention: Mapping[str, int | None] = field(default_factory=dict)
    """Days by `bodies_days` and `calls_days`; None keeps for ever."""
