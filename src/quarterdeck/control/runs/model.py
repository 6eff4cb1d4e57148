"""A run: one attempt of one agent at one task, under a lease, and the one table that says how it moves."""

from dataclasses import dataclass
from enum import StrEnum

DEFAULT_LEASE_S = 120
MIN_LEASE_S = 5
MAX_LEASE_S = 3_600
MAX_WAIT_S = 60
NOTE_LENGTH = 2_000
REASON_LENGTH = 200
SUMMARY_LENGTH = 20_000
SESSION_LENGTH = 256


class RunState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: dict[RunState, frozenset[RunState]] = {
    RunState.QUEUED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.EXPIRED}),
    RunState.RUNNING: frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED, RunState.EXPIRED}),
    RunState.SUCCEEDED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
    RunState.EXPIRED: frozenset(),
}

OPEN = frozenset(state for state, further in MOVES.items() if further)


def may_follow(to: RunState) -> list[RunState]:
    """The states that `to` may follow."""
    return [frm for frm, further in MOVES.items() if to in further]


class Outcome(StrEnum):
    """What a worker says of its own run."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunVerdict(StrEnum):
    """What a run brought, whatever its outcome."""

    PRODUCED = "produced"
    """A version of a deliverable that is no draft."""
    ADVANCED = "advanced"
    """A draft, a subtask, a question or a comment."""
    NO_PROGRESS = "no_progress"


class Nothing(StrEnum):
    """Why a claim got nothing."""

    NONE_READY = "none_ready"
    PAUSED = "paused"
    AT_CAPACITY = "at_capacity"
    RETIRED = "retired"
    HELD = "held"
    """There is work, but a person holds it."""
    BUDGET = "budget"
    """There is work, but what it may cost is spent."""


@dataclass(frozen=True, slots=True)
class Run:
    """A row of the runs. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    task_id: str
    agent_id: str
    attempt: int
    """Counts the task's runs from 1."""
    state: RunState
    reason: str | None
    """Why it failed, was cancelled or expired."""
    summary: str | None
    """What the worker says it did."""
    verdict: RunVerdict | None
    """What it brought; None while it is open."""
    note: str | None
    """The worker's latest words about what it is doing."""
    percent: int | None
    fence: int
    """Goes up whenever a task changes hands: a write that shows an older one comes from a stale worker."""
    lease_s: int
    """How long it lives without a sign of life."""
    lease_expires_at: int
    trace_id: str
    """32 hex digits: calls whose `traceparent` carries it belong to this run."""
    session: str | None
    """The id by which the worker's model client names its conversation: its calls belong to this run."""
    created_at: int
    started_at: int | None
    ended_at: int | None
    instructions: int | None = None
    """The version of its agent's instructions that held when it began; None: there was none."""

    @property
    def open(self) -> bool:
        return self.state in OPEN
