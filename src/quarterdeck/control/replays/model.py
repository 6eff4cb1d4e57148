"""A replay: recorded calls asked again of something else, one step for each."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from quarterdeck.kernel.errors import Invalid

MOST_STEPS = 500
MOST_AT_ONCE = 8
USUAL_AT_ONCE = 2
SYSTEM_LENGTH = 200_000
_SHOWN = 2_000
AGENT_NAME = "replay"
"""The agent by which replays call. Made with the first one, so that budgets and limits can be set on it."""
OF_A_RUN = "run"
OF_A_CALL = "call"
INPUT = frozenset({"messages", "input", "contents", "prompt"})
"""Members of a body that are what was recorded; a replay that changed them would be another call."""
_OWN = {
    "model": "model",
    "system": "system",
    "instructions": "system",
    "systemInstruction": "system",
    "system_instruction": "system",
}
"""Members that have a field of their own."""
_FIXED = frozenset({"stream", "stream_options"})


class ReplayState(StrEnum):
    DRY = "dry"
    """It was only worked out what would be sent."""
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """By its cap, or because no further call could be made; `reason` says which."""
    CANCELLED = "cancelled"
    """By a person."""


class StepState(StrEnum):
    PLANNED = "planned"
    """Of a dry replay: this would be sent."""
    LEFT_OUT = "left_out"
    """It cannot be asked again; `reason` says why, and what to do."""
    PENDING = "pending"
    SENDING = "sending"
    ANSWERED = "answered"
    """Answered; its entry in the ledger is to come in a moment."""
    UNSURE = "unsure"
    """The server stopped while it was under way; the ledger is being looked through for it."""
    DONE = "done"
    """The ledger has it, answered well or not."""
    UNKNOWN = "unknown"
    """It was under way when the server stopped, and the ledger has no call for it. It is never sent again."""
    NOT_SENT = "not_sent"
    """The replay was over before its turn."""


UNDER_WAY = (StepState.SENDING, StepState.ANSWERED, StepState.UNSURE)


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be other than it was. What is None stays as recorded."""

    model: str | None = None
    """As a caller writes it: `gpt-4o` or `anthropic/claude-haiku-4-5`."""
    route: str | None = None
    """A saved route."""
    route_version: int | None = None
    """One of its earlier versions; None: as it is when the call is made."""
    system: str | None = None
    """In place of the instructions; empty takes them away."""
    params: dict[str, Any] = field(default_factory=dict)
    """Other members of the body, as a merge patch (RFC 7396): null takes one away."""

    def checked(self) -> "Target":
        """Raises Invalid, naming the field."""
        if self.route_version is not None and self.route is None:
            raise Invalid("route_version is of a route; name the route.", field="route_version")
        if self.model is not None and self.model.startswith("route/"):
            raise Invalid("name a saved route in `route`, and a model in `model`.", field="model")
        for name in self.params:
            if name in INPUT:
                raise Invalid(f"params.{name}: what was asked stays as it was recorded.", field="params")
            if name in _OWN:
                raise Invalid(f"params.{name}: use the field `{_OWN[name]}`.", field="params")
            if name in _FIXED:
                raise Invalid(f"params.{name}: a call is streamed as it was recorded.", field="params")
        return self


@dataclass(frozen=True, slots=True)
class Replay:
    """A row. Money is nano-dollars, instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    source: str
    """OF_A_RUN or OF_A_CALL."""
    run_id: str | None
    """The run whose calls are asked again, or that the one call was of."""
    call_id: str | None
    task_id: str | None
    target: Target
    state: ReplayState
    reason: str | None
    cap: int | None
    """What it may spend; None: it is dry."""
    at_once: int
    agent_id: str | None
    """By which it calls."""
    budget_id: str | None
    sealed_key: bytes | None
    created_by: str | None
    created_at: int
    ended_at: int | None
    open: bool
    """There is still something to do for it, be it only to look what came of its last calls."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a call used and took. Durations are microseconds, `cost` nano-dollars."""

    input: int | None = None
    """Tokens; None: it has no usage."""
    output: int | None = None
    cost: int | None = None
    """None: unpriced, or nothing was used."""
    duration: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is other in the request. The values are JSON, shortened."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be sent, and where."""

    provider: str | None
    model: str | None
    estimate: int | None
    """The recorded usage at the target's prices, nano-dollars; None: no price, or no usage was recorded."""
    unpriced: bool
    """There is no price for the model."""
    changes: tuple[Change, ...] = ()
    decisions: tuple[tuple[str, str], ...] = ()
    """(place in the route, what it decides there and why)."""
    translated: str | None = None
    """The dialect that the provider is spoken to in, where it is not the recorded one."""
    hold: int | None = None
    """About what a budget holds for it while it is in flight: the longest answer it allows. None: no price."""


@dataclass(frozen=True, slots=True)
class Step:
    """A recorded call, what was planned for it, and what came of it."""

    workspace_id: str
    replay_id: str
    number: int
    call_id: str
    conversation_id: str | None
    state: StepState
    reason: str | None
    was_provider: str | None
    was_model: str | None
    was_outcome: str
    was: Figures
    plan: Plan | None
    new_call_id: str | None
    provider: str | None
    """Who answered."""
    model: str | None
    outcome: str | None
    found: Figures
    compared: dict[str, Any] | None
    """A comparing.Comparison as JSON."""
    same: bool | None
    """Whether an agent would have gone on in the same way; None: not compared."""
    changed_at: int


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over the steps, nano-dollars, tokens and microseconds. `was_*` is of the recorded calls."""

    steps: int = 0
    by_state: dict[str, int] = field(default_factory=dict)
    was_cost: int = 0
    was_unpriced: int = 0
    was_input: int = 0
    was_output: int = 0
    was_duration: int = 0
    estimate: int = 0
    unpriced: int = 0
    """Steps for whose model there is no price."""
    without_usage: int = 0
    """Steps whose recorded call has no usage to estimate by."""
    cost: int = 0
    cost_unpriced: int = 0
    input: int = 0
    output: int = 0
    duration: int = 0
    done_was_cost: int = 0
    """Of the recorded calls of the steps that are done: what `cost` is to be compared with."""
    done_was_duration: int = 0
    same: int = 0
    different: int = 0


class CannotReplay(Exception):
    """Why a recorded call cannot be asked again, and what to do."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


def shortened(text: str | None) -> str | None:
    """As much of a value as is shown."""
    return text if text is None or len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
