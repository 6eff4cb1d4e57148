"""A schedule: when it fires, what task it makes, and what it does when things come late or pile up."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from quarterdeck.control.schedules.timing import Timer
from quarterdeck.control.templates.model import Draft
from quarterdeck.kernel.clock import SECOND

NAME_LENGTH = 100
MAX_CATCH_UP = 1_000
MAX_QUEUED = 100
"""Firings that wait for their turn; further ones are skipped."""
DEFAULT_PAUSE_AFTER = 5
MAX_PAUSE_AFTER = 100
GRACE = 60 * SECOND
"""A firing that comes no later than this is on time; one that comes later was missed."""


class Trigger(StrEnum):
    CRON = "cron"
    INTERVAL = "interval"
    WEBHOOK = "webhook"
    API = "api"


class Overlap(StrEnum):
    """What a firing does while a task of an earlier one is open."""

    SKIP = "skip"
    QUEUE = "queue"
    """Its task is made when the one before is done or cancelled."""
    PARALLEL = "parallel"


class CatchUp(StrEnum):
    """What becomes of firings that were missed because nobody was there."""

    NONE = "none"
    LAST = "last"
    """The latest of them."""
    ALL = "all"
    """The latest `catch_up_limit` of them, oldest first."""


class ScheduleState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"


class Outcome(StrEnum):
    """What came of a firing."""

    CREATED = "created"
    SKIPPED = "skipped"
    QUEUED = "queued"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row of the schedules. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    name: str
    trigger: Trigger
    cron: str | None
    zone: str
    every_s: int | None
    anchor_at: int
    """Intervals are counted from here."""
    template_id: str | None
    draft: Draft | None
    """What it makes, where no template says it."""
    variables: dict[str, str]
    overlap: Overlap
    catch_up: CatchUp
    catch_up_limit: int
    pause_after: int
    """After so many failures in a row it pauses itself."""
    owner_id: str
    """The member who answers for its tasks, unless they name another."""
    state: ScheduleState
    paused_reason: str | None
    failures: int
    """Firings in a row that could not make their task."""
    next_at: int | None
    fired_until: int
    """Firings up to here have been dealt with."""
    resumed_at: int | None
    """When it was resumed the last time: what came to nothing before then is forgiven."""
    sealed_secret: bytes | None
    """The webhook's, sealed by the vault."""
    declared: bool
    created_by: str | None
    created_at: int
    updated_at: int
    version: int

    @property
    def timer(self) -> Timer | None:
        """None when no clock fires it."""
        if self.trigger not in (Trigger.CRON, Trigger.INTERVAL):
            return None
        return Timer(self.cron, self.every_s, self.zone, self.anchor_at)


@dataclass(frozen=True, slots=True)
class Firing:
    """One firing, and what came of it. Of one `key` there is one."""

    workspace_id: str
    schedule_id: str
    key: str
    at: int
    """The instant it stands for."""
    fired_at: int
    """When it was dealt with."""
    outcome: Outcome
    task_id: str | None
    note: str | None
    payload: dict[str, Any]
    """What the webhook sent."""
    given: dict[str, str] | None
    """Values that the caller gave to variables."""
    signed: str | None = None
    """Of a webhook: a digest of what was signed, by which it is known when it comes again under another key."""


def chosen(due: list[int], catch_up: CatchUp, limit: int, now: int) -> list[int]:
    """Which of the firings that are due make a task, oldest first. `due` is oldest first."""
    if catch_up is CatchUp.ALL:
        return due[-limit:]
    if catch_up is CatchUp.LAST:
        return due[-1:]
    return [instant for instant in due if instant >= now - GRACE][-1:]
