"""An order of the stop lever: who or what is paused or killed, from when, until when, by whom and why."""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_line

REASON_LENGTH = 500
MAX_HOLD_S = 55
"""How long a call may be held open at the most: clients give up after a minute."""


class Verb(StrEnum):
    PAUSE = "pause"
    """The next call is refused, the task is not claimed; lifted, all goes on with what the agent knows intact."""
    KILL = "kill"
    """Open runs are cancelled, open streams ended, tasks ready again."""


class Scope(StrEnum):
    """How much the lever takes."""

    RUN = "run"
    AGENT = "agent"
    TASK = "task"
    """A task with everything below it."""
    PROJECT = "project"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Order:
    """A row. It stands until it is lifted or over; in force from `from_at`. Instants are microseconds."""

    id: str
    workspace_id: str
    verb: Verb
    scope: Scope
    subject_id: str
    """Whom or what; empty for everything."""
    reason: str | None
    hold_s: int
    """How long a paused call is held open before it is refused; 0: refused at once."""
    from_at: int
    until_at: int | None
    applied_at: int | None
    """When it took effect; None: it is still to come."""
    lifted_at: int | None
    lifted_by: str | None
    created_at: int
    created_by: str | None
    holds: bool = False
    """It put the hold on the task or project that it takes away again when it is lifted."""

    def in_force(self, now: int) -> bool:
        """Whether it is a pause that covers something now."""
        return (
            self.verb is Verb.PAUSE
            and self.lifted_at is None
            and self.from_at <= now
            and (self.until_at is None or now < self.until_at)
        )

    @property
    def what(self) -> str:
        return "everything" if self.scope is Scope.ALL else f"this {self.scope}"


def a_reason(text: str | None) -> str | None:
    """Raises Invalid."""
    return a_line(text, "reason", REASON_LENGTH) if text else None


def a_hold(seconds: int) -> int:
    """Raises Invalid."""
    if not 0 <= seconds <= MAX_HOLD_S:
        raise Invalid(f"hold_s must be 0 to {MAX_HOLD_S} seconds.", field="hold_s")
    return seconds
