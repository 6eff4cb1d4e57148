"""A pause: who or what makes no further call for now, from when, until when, and why."""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_line

REASON_LENGTH = 500
MAX_HOLD_S = 55
"""How long a call may be held open at the most: clients give up after a minute."""


class Scope(StrEnum):
    """How much the lever takes."""

    RUN = "run"
    AGENT = "agent"
    TASK = "task"
    """A task with everything below it."""
    PROJECT = "project"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Pause:
    """A row. In force from `from_at` until it is lifted, or until `until_at`. Instants are microseconds."""

    id: str
    workspace_id: str
    scope: Scope
    subject_id: str
    """Whom or what; empty for everything."""
    reason: str | None
    hold_s: int
    """How long its next call is held open before it is refused; 0: refused at once."""
    from_at: int
    until_at: int | None
    lifted_at: int | None
    created_at: int
    created_by: str | None

    def in_force(self, now: int) -> bool:
        return self.lifted_at is None and self.from_at <= now and (self.until_at is None or now < self.until_at)

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
