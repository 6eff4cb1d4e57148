"""What the server says about itself."""

from dataclasses import dataclass


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
