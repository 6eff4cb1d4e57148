"""What is shown of an agent, a run or a task, and what that is a function of (`shown.py`).

Instants are microseconds since the epoch.
"""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """What is shown, one word of it."""

    STREAMING = "streaming"
    THINKING = "thinking"
    TOOL = "using_tool"
    WORKING = "working"
    """A run is open and had a call lately; what its agent does between calls is its own matter."""
    WAITING_PROVIDER = "waiting_provider"
    WAITING_PERSON = "waiting_person"
    WAITING_AGENT = "waiting_agent"
    IDLE = "idle"
    SILENT = "silent"
    STUCK = "stuck"
    LOOPING = "looping"
    PAUSED = "paused"
    OVER_BUDGET = "over_budget"
    OFFLINE = "offline"
    NEVER_CONNECTED = "never_connected"
    RETIRED = "retired"
    QUEUED = "queued"
    """A task or run that nobody has begun."""
    OVER = "over"
    """A task or run that has ended."""


class WaitsFor(StrEnum):
    PROVIDER = "provider"
    PERSON = "person"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is waited for: a provider, a person, or another task with all that it waits for behind it."""

    kind: WaitsFor
    id: str
    name: str
    chain: tuple[str, ...] = ()
    """For a task: what it waits for in turn, nearest first."""
    cancelled: bool = False
    """For a task: it will not be done any more, and a person has to say how it goes on."""


@dataclass(frozen=True, slots=True)
class Status:
    """`verb` is what happens on the wire right now, whatever else is the matter."""

    state: State
    words: str
    """Plain words, complete: `streaming gpt-4o`, `waits for T-3 Drafting, 38 min`."""
    since: int | None
    reason: str | None = None
    """Why, where the words do not say it."""
    verb: str | None = None
    waits_for: Waiting | None = None
    call_ids: tuple[str, ...] = ()
    signal_id: str | None = None
    run_id: str | None = None
    idle_cost: int = 0
    """Nano-dollars spent while it waits for another task."""


@dataclass(frozen=True, slots=True)
class Open:
    """A call in flight."""

    call_id: str
    provider: str | None
    model: str | None
    began: int
    first_byte: int | None
    last_byte: int | None = None
    held: str | None = None
    """Why it is not at its provider now: `queue`, `retry` or `budget` (access/wire.py); None: it is."""


@dataclass(frozen=True, slots=True)
class Last:
    """The newest call that has ended."""

    call_id: str
    ended: int
    outcome: str
    status: int
    provider: str | None
    model: str | None
    error_code: str | None = None
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Noticed:
    """A signal that is up. `kind` is one of signals.model.Kind."""

    id: str
    kind: str
    words: str
    since: int
    call_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question or an approval that waits for a person."""

    id: str
    what: str
    who: str
    """The person's name."""
    who_id: str
    since: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A provider that answers nobody well, and since when."""

    provider: str
    words: str
    since: int


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody paused it: the run, its task, its project or everything. `what` says which, for people."""

    what: str
    since: int
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """An open run."""

    id: str
    began: int
    open_calls: tuple[Open, ...] = ()
    last: Last | None = None
    signals: tuple[Noticed, ...] = ()
    asked: Asked | None = None
    held: Held | None = None
    usual_silence: int | None = None
    """How long this agent is usually quiet between two calls, at most; None: not learned yet."""


@dataclass(frozen=True, slots=True)
class Agent:
    desired: str
    desired_since: int | None
    runs: tuple[Run, ...] = ()
    open_calls: tuple[Open, ...] = ()
    """Those that belong to no run."""
    last: Last | None = None
    signals: tuple[Noticed, ...] = ()
    """Those that concern no run."""
    last_seen: int | None = None
    """When it last made a call or asked the control API; None: never."""
    troubles: tuple[Trouble, ...] = ()
    blocked: "Blocked | None" = None
    """The next task that is assigned to it and waits for another, when it has nothing else to do."""
    held: Held | None = None


@dataclass(frozen=True, slots=True)
class Blocked:
    """A task that waits for others."""

    since: int
    first: Waiting
    others: int = 0
    """How many more it waits for beside the first."""
    idle_cost: int = 0
    """Nano-dollars spent on it while it waited."""
    task_id: str = ""
    """The one that waits."""


@dataclass(frozen=True, slots=True)
class Task:
    state: str
    """As the board has it."""
    state_since: int
    agent_name: str | None = None
    run: Run | None = None
    blocked: Blocked | None = None
    review: Asked | None = None
    """Who is to review it, when it is in review."""
    held: Held | None = None
    signals: tuple[Noticed, ...] = ()
    troubles: tuple[Trouble, ...] = ()
    agent_desired: str = "enabled"
    looks_first: "Taker | None" = None
    """The agent that has yet to look, when it is in review, before people are asked."""
    squad_name: str | None = None
    """Of the squad that it is offered to."""


@dataclass(frozen=True, slots=True)
class Taker:
    """An agent that is to take something up, and what it is meant to be."""

    name: str
    desired: str
