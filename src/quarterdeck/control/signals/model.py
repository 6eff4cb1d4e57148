"""A signal, the kinds there are, and what is to be done about each."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

EVIDENCE_CALLS = 50
"""How many call ids a signal names."""


class Kind(StrEnum):
    LOOPING = "looping"
    PING_PONG = "ping_pong"
    STUCK = "stuck"
    SILENT = "silent"
    FAILING = "failing"
    CONTEXT_PRESSURE = "context_pressure"
    COST_ANOMALY = "cost_anomaly"
    FORECAST = "forecast"
    PROVIDER_TROUBLE = "provider_trouble"
    UNCLAIMED = "unclaimed_traffic"


class SignalState(StrEnum):
    UP = "up"
    OVER = "over"
    """What it noticed has ended by itself, or with its run."""
    DISMISSED = "dismissed"
    """A person said that this is fine."""


class Response(StrEnum):
    """What is done when a signal of a kind goes up. Each does what those before it do as well."""

    OFF = "off"
    OBSERVE = "observe"
    NOTIFY = "notify"
    PAUSE = "pause"
    KILL = "kill"


DEFAULT_RESPONSE = Response.NOTIFY
MAY_STOP = frozenset({Kind.LOOPING, Kind.PING_PONG, Kind.STUCK, Kind.SILENT, Kind.FAILING, Kind.COST_ANOMALY})
"""Kinds that a policy may answer with pause or kill: those that are about one run or agent and its own doing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found, before it is a row. `subject` with `kind` says which signal it is: found again, it goes on."""

    kind: Kind
    subject: str
    """A run's id, an agent's, a provider's name …"""
    words: str
    since: int
    confidence: float
    """0 to 1: how sure the rule is."""
    call_ids: tuple[str, ...] = ()
    agent_id: str | None = None
    run_id: str | None = None
    task_id: str | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    """The numbers behind the words."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A row. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    kind: Kind
    subject: str
    state: SignalState
    words: str
    confidence: float
    since: int
    """When what it noticed began."""
    noticed_at: int
    updated_at: int
    ended_at: int | None
    agent_id: str | None
    run_id: str | None
    task_id: str | None
    call_ids: tuple[str, ...]
    figures: dict[str, Any]
    response: Response
    """What was done when it went up."""
    dismissed_by: str | None
