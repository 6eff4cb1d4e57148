"""A task: a unit of work on the board, and the one table that says how it moves."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import cache
from typing import Literal

import msgspec

from quarterdeck.control.tasks.policy import ReviewPolicy
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.text import a_line, a_text, comparable

TITLE_LENGTH = 300
BRIEF_LENGTH = 200_000
BRIEF_IN_LISTS = 2_000
MAX_CRITERIA = 100
CRITERION_LENGTH = 2_000
MAX_LABELS = 30
LABEL_LENGTH = 60
NOTE_LENGTH = 10_000
MAX_ATTEMPT_LIMIT = 100
DEFAULT_ATTEMPT_LIMIT = 3
MAX_DEPTH = 10
"""How deep subtasks of subtasks go."""
MAX_WATCHERS = 100
MAX_BUDGET = 1_000_000 * 1_000_000_000
"""A million dollars, in nano-dollars."""


class TaskState(StrEnum):
    """Where a task stands. Blocked is none of these: it is computed from dependencies."""

    BACKLOG = "backlog"
    READY = "ready"
    IN_PROGRESS = "in_progress"
    IN_REVIEW = "in_review"
    DONE = "done"
    CANCELLED = "cancelled"


class Priority(IntEnum):
    """Smaller is sooner, as the store sorts it."""

    URGENT = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3


PriorityName = Literal["urgent", "high", "normal", "low"]
_NAMES: dict[Priority, PriorityName] = {
    Priority.URGENT: "urgent",
    Priority.HIGH: "high",
    Priority.NORMAL: "normal",
    Priority.LOW: "low",
}


def name_of(priority: Priority) -> PriorityName:
    """What people call it."""
    return _NAMES[priority]


def priority_of(name: PriorityName) -> Priority:
    return Priority[name.upper()]


class Mover(StrEnum):
    """On whose account a task moves."""

    PERSON = "person"
    """A member, while no run is open."""
    PERSON_STOPPING = "person_stopping"
    """A member, whose act cancels the run that is open."""
    WORK = "work"
    """What happens to its runs: claimed, finished, failed, expired, cancelled."""


_P, _S, _W = Mover.PERSON, Mover.PERSON_STOPPING, Mover.WORK

MOVES: dict[TaskState, dict[TaskState, frozenset[Mover]]] = {
    TaskState.BACKLOG: {
        TaskState.READY: frozenset({_P}),
        TaskState.CANCELLED: frozenset({_P}),
    },
    TaskState.READY: {
        TaskState.BACKLOG: frozenset({_P}),
        TaskState.IN_PROGRESS: frozenset({_W}),
        TaskState.CANCELLED: frozenset({_P}),
    },
    # An open run means that somebody works on it: a person who takes the task off the agent stops that run.
    # Review is never asked for over the head of an open run.
    TaskState.IN_PROGRESS: {
        TaskState.BACKLOG: frozenset({_P, _S, _W}),
        TaskState.READY: frozenset({_P, _S, _W}),
        TaskState.IN_REVIEW: frozenset({_P, _W}),
        TaskState.DONE: frozenset({_W}),
        TaskState.CANCELLED: frozenset({_P, _S}),
    },
    TaskState.IN_REVIEW: {
        TaskState.IN_PROGRESS: frozenset({_P}),
        TaskState.DONE: frozenset({_P}),
        TaskState.CANCELLED: frozenset({_P}),
    },
    TaskState.DONE: {},
    TaskState.CANCELLED: {},
}

CLOSED = frozenset({TaskState.DONE, TaskState.CANCELLED})
BOARD = (TaskState.BACKLOG, TaskState.READY, TaskState.IN_PROGRESS, TaskState.IN_REVIEW, TaskState.DONE)


def may_move(frm: TaskState, to: TaskState, mover: Mover) -> bool:
    """Whether the table allows it. The one place that decides."""
    return mover in MOVES[frm].get(to, frozenset())


@cache
def allowed_moves(state: TaskState, run_open: bool) -> tuple[TaskState, ...]:
    """Where a member may move a task that stands here, in the order of the board."""
    mover = Mover.PERSON_STOPPING if run_open else Mover.PERSON
    return tuple(to for to in TaskState if may_move(state, to, mover))


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion, and whether a reviewer found it met."""

    text: str
    met: bool = False
    deliverable: bool = False
    """It asks for something to be handed in: without a version, finished work is marked so in review."""


class Task(msgspec.Struct, frozen=True):
    """A row of the board. Instants are microseconds since the epoch. A struct: the board makes hundreds at a time."""

    id: str
    workspace_id: str
    number: int
    title: str
    brief: str
    acceptance: tuple[Criterion, ...]
    state: TaskState
    priority: Priority
    labels: tuple[str, ...]
    agent_id: str | None
    """Who is to do it; None: any agent may claim it, or any of its squad."""
    taken: bool
    """The agent is there because it claimed the task, not because somebody assigned it: back in ready, anybody may."""
    squad_id: str | None
    """The squad that it is offered to: any of its agents may claim it, and no other."""
    accountable_id: str
    due_at: int | None
    review: ReviewPolicy
    attempt_limit: int
    """After so many failed or expired attempts in a row it waits in the backlog for a person."""
    attempts: int
    """Runs opened so far."""
    failures: int
    """Attempts that failed or expired since a person last moved it or one succeeded."""
    last_failure: str | None
    """Why the last attempt failed, since a person last moved it or one succeeded."""
    same_failures: int
    """How often it failed so in a row."""
    note: str | None
    """Why it came back, when it did."""
    run_id: str | None
    """The open run."""
    project_id: str | None
    parent_id: str | None
    """The task that this one is a part of."""
    goal_id: str | None
    """The goal that it serves."""
    budget: int | None
    """What it may cost, in nano-dollars."""
    held: bool
    """No agent may claim it: it is held itself, or a task above it is."""
    held_at: int | None
    """When it was held itself."""
    held_by: str | None
    hold_reason: str | None
    not_before: int
    """The next attempt begins no sooner: a retry that backs off."""
    avoid_agent_id: str | None
    """The next attempt is for another agent than this one."""
    origin_run_id: str | None
    """The run whose worker created it."""
    schedule_id: str | None
    """The schedule that created it."""
    created_by: str | None
    created_at: int
    updated_at: int
    state_since: int
    version: int
    brief_cut: bool = False
    """Only the beginning of the brief was read, as lists do."""

    @property
    def ref(self) -> str:
        """What people call it: `T-12`."""
        return f"T-{self.number}"

    @property
    def asks_for_deliverable(self) -> bool:
        """Whether an acceptance criterion wants something handed in."""
        return any(one.deliverable for one in self.acceptance)

    @property
    def allowed_moves(self) -> tuple[TaskState, ...]:
        return allowed_moves(self.state, self.run_id is not None)


@dataclass(frozen=True, slots=True)
class NewTask:
    """What a member, a schedule or an agent asks for."""

    title: str
    brief: str = ""
    acceptance: tuple[str | Criterion, ...] = ()
    state: TaskState = TaskState.BACKLOG
    priority: Priority = Priority.NORMAL
    labels: tuple[str, ...] = ()
    agent_id: str | None = None
    squad_id: str | None = None
    """In place of an agent: any of that squad."""
    accountable_id: str | None = None
    """None: the creating member, or else the owner of the agent."""
    due_at: int | None = None
    review: ReviewPolicy | None = None
    """None: as its project says, or else one person."""
    attempt_limit: int = DEFAULT_ATTEMPT_LIMIT
    project_id: str | None = None
    """None: its parent's, or else its goal's."""
    parent_id: str | None = None
    goal_id: str | None = None
    """None: its parent's."""
    budget: int | None = None
    watchers: tuple[str, ...] = ()
    note: str | None = None
    origin_run_id: str | None = None
    schedule_id: str | None = None


@dataclass(frozen=True, slots=True)
class TaskChange:
    """What to change; None leaves a field as it is."""

    title: str | None = None
    brief: str | None = None
    acceptance: tuple[Criterion, ...] | None = None
    priority: Priority | None = None
    labels: tuple[str, ...] | None = None
    accountable_id: str | None = None
    due_at: int | None = None
    never_due: bool = False
    """Take the due time away."""
    review: ReviewPolicy | None = None
    attempt_limit: int | None = None
    project_id: str | None = None
    no_project: bool = False
    parent_id: str | None = None
    no_parent: bool = False
    goal_id: str | None = None
    no_goal: bool = False
    budget: int | None = None
    no_budget: bool = False


def a_title(text: str) -> str:
    """Raises Invalid."""
    return a_line(text, "title", TITLE_LENGTH)


def a_brief(text: str) -> str:
    """Raises Invalid."""
    return a_text(text, "brief", BRIEF_LENGTH)


def criteria(given: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """Clean acceptance criteria, in the order given. Raises Invalid."""
    if len(given) > MAX_CRITERIA:
        raise Invalid(
            f"A task has at most {MAX_CRITERIA} acceptance criteria: join or take away some.", field="acceptance"
        )
    clean = [
        Criterion(a_text(one.text.strip(), "acceptance", CRITERION_LENGTH), one.met, one.deliverable) for one in given
    ]
    if not all(one.text for one in clean):
        raise Invalid("An acceptance criterion cannot be empty: write it, or take it away.", field="acceptance")
    return tuple(clean)


def clean_labels(given: tuple[str, ...]) -> tuple[str, ...]:
    """Labels, each once however it is written, in the order given. Raises Invalid."""
    if len(given) > MAX_LABELS:
        raise Invalid(f"A task has at most {MAX_LABELS} labels: take some away.", field="labels")
    kept: dict[str, str] = {}
    for label in given:
        line = a_line(label, "labels", LABEL_LENGTH)
        kept.setdefault(comparable(line), line)
    return tuple(kept.values())


def an_attempt_limit(limit: int) -> int:
    """Raises Invalid."""
    if not 1 <= limit <= MAX_ATTEMPT_LIMIT:
        raise Invalid(f"a task may have 1 to {MAX_ATTEMPT_LIMIT} runs (attempt_limit).", field="attempt_limit")
    return limit


def a_budget(nano: int | None) -> int | None:
    """Raises Invalid."""
    if nano is not None and not 0 <= nano <= MAX_BUDGET:
        raise Invalid(f"budget_nano must be 0 to {MAX_BUDGET} nano-dollars.", field="budget_nano")
    return nano
