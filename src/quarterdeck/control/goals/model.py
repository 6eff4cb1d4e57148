"""A goal: what its tasks are for, and how far they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.control.tasks.model import TaskState
from quarterdeck.kernel.clock import DAY

NAME_LENGTH = 100
STATEMENT_LENGTH = 4_000
PACE_WINDOW = 14 * DAY
"""How far back tasks that are done count for the pace, in microseconds."""
LEAST_DONE = 3
"""Fewer tasks than that say nothing about a pace."""


class GoalState(StrEnum):
    """Where a goal stands: computed from its tasks, never declared."""

    EMPTY = "empty"
    """It has no tasks yet."""
    PLANNED = "planned"
    """None of its tasks has begun."""
    UNDER_WAY = "under_way"
    REACHED = "reached"
    """Every task that was not cancelled is done."""
    DROPPED = "dropped"
    """All its tasks were cancelled."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A row of the goals. Instants are microseconds since the epoch."""

    id: str
    workspace_id: str
    name: str
    statement: str
    """What is to be true in the end, in words. Markdown."""
    project_id: str | None
    """Where it belongs. Tasks of other projects may serve it too."""
    accountable_id: str
    due_at: int | None
    created_by: str | None
    created_at: int
    updated_at: int
    version: int


@dataclass(frozen=True, slots=True)
class GoalChange:
    """What to change; None leaves a field as it is."""

    name: str | None = None
    statement: str | None = None
    project_id: str | None = None
    no_project: bool = False
    accountable_id: str | None = None
    due_at: int | None = None
    never_due: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """How the tasks of a goal stand. Money is nano-dollars."""

    tasks: Mapping[TaskState, int]
    blocked: int = 0
    """Open tasks that wait for others."""
    done_lately: int = 0
    """Tasks done within the window of the pace."""
    first_at: int | None = None
    """When its first task was made."""
    calls: int = 0
    cost: int = 0
    unpriced_calls: int = 0

    @property
    def counting(self) -> int:
        """Tasks that were not cancelled."""
        return sum(count for state, count in self.tasks.items() if state is not TaskState.CANCELLED)

    @property
    def done(self) -> int:
        return self.tasks.get(TaskState.DONE, 0)

    @property
    def state(self) -> GoalState:
        if not any(self.tasks.values()):
            return GoalState.EMPTY
        if not self.counting:
            return GoalState.DROPPED
        if self.done == self.counting:
            return GoalState.REACHED
        waiting = self.tasks.get(TaskState.BACKLOG, 0) + self.tasks.get(TaskState.READY, 0)
        return GoalState.PLANNED if waiting == self.counting else GoalState.UNDER_WAY

    @property
    def done_share(self) -> float | None:
        """0 to 1; None when there is nothing to be done."""
        return self.done / self.counting if self.counting else None

    def forecast(self, now: int) -> int | None:
        """When the rest is done at the pace of the last two weeks; None when too little was done to tell."""
        left = self.counting - self.done
        if not left or self.done_lately < LEAST_DONE or self.first_at is None:
            return None
        took = now - max(self.first_at, now - PACE_WINDOW)
        return now + left * took // self.done_lately
