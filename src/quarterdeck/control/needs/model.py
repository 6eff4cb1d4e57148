"""What waits for people."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class NeedKind(StrEnum):
    QUESTION = "question"
    APPROVAL = "approval"
    REVIEW = "review"
    MENTION = "mention"
    SIGNAL = "signal"
    BUDGET = "budget"
    TASK = "task"
    """A task that came back to the backlog after its attempts were used up, or waits for one that was cancelled."""


HANDED_ON = frozenset(NeedKind) - {NeedKind.MENTION}
"""Kinds that somebody else can see to as well."""


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits. `key` names it for snoozing and handing on; `since` is an instant."""

    key: str
    kind: NeedKind
    subject_id: str
    task_id: str | None
    text: str
    since: int
    escalated: bool = False
    """It waited too long for somebody else, and came here."""


@dataclass(frozen=True, slots=True)
class Open:
    """The same, as the workspace sees it: for whom it waits, and whose agent it is about."""

    need: Need
    members: tuple[str, ...]
    agent_id: str | None = None
    graver: str | None = None
    """Key of what says the same of the same run, and worse: whoever has that is not asked twice."""


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of event that makes something wait, and those that end it: one row for each."""

    opens: str
    kind: NeedKind
    text: str
    """Filled from the event's data and from `ref` and `agent`."""
    closes: tuple[str, ...]
    """About the same subject."""
    when: Mapping[str, Any] = field(default_factory=dict)


SOURCES: tuple[Source, ...] = (
    Source(
        "signal.raised", NeedKind.SIGNAL, "{agent}: {text}", ("signal.cleared", "signal.dismissed", "signal.resolved")
    ),
    Source(
        "budget.stopped",
        NeedKind.BUDGET,
        "{shown} has used up its budget",
        ("budget.changed", "budget.removed", "budget.released"),
    ),
    Source(
        "comments.loop_stopped",
        NeedKind.SIGNAL,
        "Agents went round in circles on {ref}",
        ("task.moved", "comments.loop_ended"),
    ),
    Source(
        "task.moved",
        NeedKind.TASK,
        "{ref} came back to the backlog: {task}",
        ("task.moved",),
        {"to": "backlog", "from": "in_progress"},
    ),
    Source(
        "task.stranded",
        NeedKind.TASK,
        "{ref} waits for {by}, which was cancelled: take that dependency away, let it wait for another, or cancel it",
        ("task.unblocked", "task.moved"),
    ),
    Source(
        "schedule.paused",
        NeedKind.SIGNAL,
        "The schedule {name} was paused: {reason}",
        ("schedule.resumed", "schedule.deleted"),
    ),
    Source(
        "channel.failed",
        NeedKind.SIGNAL,
        "The channel {name} gave up: {reason}",
        ("channel.replayed", "channel.changed", "channel.removed"),
    ),
)
