"""The picture of the world that a gateway holds in memory: immutable, swapped whole when anything changes.

Control builds and publishes it; the gateway never asks a database. It holds decrypted credentials, so it crosses
only a local socket and is encrypted where it rests on disk.
"""

import msgspec

from quarterdeck.access.budgets.model import BudgetEntry
from quarterdeck.access.limits.model import LimitEntry


class KeyEntry(msgspec.Struct, frozen=True):
    """A virtual key. The snapshot maps the SHA-256 of the key's text to this."""

    id: str
    workspace_id: str
    kind: str
    """agent, run or member."""
    agent_id: str | None
    run_id: str | None
    task_id: str | None
    expires_at: int | None
    """Microseconds since the epoch."""
    state: str
    """active, revoked or ended (a run key whose run is over)."""
    models: list[str] | None = None
    """Allowed models as shell patterns on `provider/model`; None allows all."""
    route: str | None = None
    body_mode: str | None = None
    tags: dict[str, str] = {}


class AgentEntry(msgspec.Struct, frozen=True):
    id: str
    name: str
    desired: str
    """enabled, paused or retired."""
    body_mode: str | None
    open_runs: list[tuple[str, str | None]]
    """(run id, task id) of the agent's open runs, oldest first."""
    hold_s: int = 0
    """How long a call of a paused agent is held open, in case it is resumed, before it is refused."""
    route: str | None = None
    """The saved route its calls take when neither they nor their key name one."""


class RunEntry(msgspec.Struct, frozen=True):
    id: str
    agent_id: str
    task_id: str | None
    state: str
    """open, paused (by the stop lever) or ended."""
    trace_id: str | None
    hold_s: int = 0
    """The same for a paused run."""
    attempt: int | None = None
    """Which attempt at its task it is, from 1."""
    priority: int | None = None
    """Its task's, 0 the most urgent."""
    due_at: int | None = None
    """When its task is due, microseconds since the epoch."""
    project_id: str | None = None


class ProviderEntry(msgspec.Struct, frozen=True):
    name: str
    kind: str
    """A row of the catalogue, such as `openai`, `anthropic`, `openai-compatible`."""
    base_url: str
    secret: str | None
    headers: dict[str, str] = {}
    models: list[str] | None = None
    """Models it serves as shell patterns; None: whatever the catalogue or the price table knows for its kind."""
    allow_private: bool = False
    """An admin allowed this host although its address is private."""
    connect_timeout_ms: int = 10_000
    first_byte_timeout_ms: int = 600_000
    idle_timeout_ms: int = 120_000
    total_timeout_ms: int = 1_800_000
    credential: str | None = None
    """Where the secret is, never what it is: `env:NAME`, `file:PATH`, or `stored:` and the provider's name."""
    problem: str | None = None
    """Why it cannot be used now, such as a credential that names an environment variable that is not set."""


class PriceOverride(msgspec.Struct, frozen=True):
    """A price an admin set. Units are femto-dollars per unit; absent units are free of charge in this row."""

    provider: str
    model: str
    valid_from: int
    units: dict[str, int]


class WorkspaceEntry(msgspec.Struct, frozen=True):
    id: str
    name: str
    body_mode: str
    """full, redacted or none."""
    providers: list[ProviderEntry]
    agents: dict[str, AgentEntry]
    runs: dict[str, RunEntry]
    sessions: dict[str, tuple[str | None, str | None]] = {}
    """`<agent id>:<session>` → (run id, task id), for sessions a task is held by; no run where a task adopted it."""
    routes: dict[str, bytes] = {}
    """Saved routes by name, as JSON."""
    prices: list[PriceOverride] = []
    redact_patterns: list[str] = []
    """Regular expressions; what they match is taken out of bodies kept in mode redacted."""
    redact_fields: list[str] = []
    """Names of JSON members whose values are taken out, at any depth."""
    budgets: list[BudgetEntry] = []
    limits: list[LimitEntry] = []
    paused_tasks: dict[str, int] = {}
    """Of the tasks that have sessions without a run: those that are paused, and for how many seconds a call is held."""


class Snapshot(msgspec.Struct, frozen=True):
    version: int
    """Grows with every change; a gateway ignores an older one."""
    made_at: int
    keys: dict[bytes, KeyEntry]
    workspaces: dict[str, WorkspaceEntry]


EMPTY = Snapshot(version=0, made_at=0, keys={}, workspaces={})

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Snapshot)


def encode(snapshot: Snapshot) -> bytes:
    return _encoder.encode(snapshot)


def decode(data: bytes) -> Snapshot:
    """Raises msgspec.DecodeError when the bytes are no snapshot."""
    return _decoder.decode(data)
