"""What people hear of. A new kind of event is one row here; nothing else has to know it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from fnmatch import fnmatchcase
from typing import Any

from quarterdeck.control.runs.retry import in_words


class Urgency(IntEnum):
    LOW = 0
    """In the app only, unless a rule asks for it."""
    NORMAL = 1
    URGENT = 2
    """At once, and through quiet hours unless the member says otherwise."""


class To(StrEnum):
    """Whom an event concerns. Nobody hears of what they did themselves."""

    ACCOUNTABLE = "accountable"
    """Who answers for the task; without a task, for the agent."""
    OWNER = "owner"
    """Whose agent it is."""
    MENTIONED = "mentioned"
    REVIEWERS = "reviewers"
    """Who can satisfy the task's review policy by name or role; else who answers for it."""
    MEMBER = "member"
    """The member whom the event names as `member_id` or `owner_id`; when it names none, the admins."""
    SUBJECT = "subject"
    """The member whom it is about."""
    ADMINS = "admins"
    WATCHERS = "watchers"
    """Who watches the task."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One row. `title` is filled from the event's data and from `ref`, `task`, `agent` and `actor`."""

    pattern: str
    title: str
    to: tuple[To, ...]
    urgency: Urgency = Urgency.NORMAL
    when: Mapping[str, Any] = field(default_factory=dict)
    """Only events whose data says just this."""

    def fits(self, kind: str, data: Mapping[str, Any]) -> bool:
        return fnmatchcase(kind, self.pattern) and all(data.get(name) == value for name, value in self.when.items())


_LOW, _URGENT = Urgency.LOW, Urgency.URGENT
_WORK = (To.ACCOUNTABLE, To.OWNER)

KINDS: tuple[Kind, ...] = (
    Kind("comment.written", "{actor} mentioned you on {ref}", (To.MENTIONED,)),
    Kind("comments.loop_stopped", "Agents went round in circles on {ref}; they were stopped", _WORK, _URGENT),
    Kind("question.asked", "{agent} asks about {ref}", (To.ACCOUNTABLE,)),
    Kind("question.defaulted", "Nobody answered {agent} about {ref}; its default holds", (To.ACCOUNTABLE,)),
    Kind("question.expired", "Nobody answered {agent} about {ref} in time", (To.ACCOUNTABLE,)),
    Kind("approval.requested", "{agent} asks to {action}", (To.ACCOUNTABLE,), _URGENT),
    Kind("approval.expired", "Nobody decided in time whether {agent} may {action}", (To.ACCOUNTABLE,)),
    Kind("task.moved", "{ref} waits for a review: {task}", (To.REVIEWERS,), when={"to": "in_review"}),
    Kind("task.moved", "{ref} is done: {task}", (To.ACCOUNTABLE, To.WATCHERS), _LOW, {"to": "done"}),
    Kind("task.moved", "{ref} was cancelled: {task}", (To.ACCOUNTABLE, To.WATCHERS), _LOW, {"to": "cancelled"}),
    Kind("task.moved", "{ref} is back in the backlog: {task}", _WORK, when={"to": "backlog", "from": "in_progress"}),
    Kind("task.stranded", "{ref} waits for {by}, which was cancelled; decide how it goes on", _WORK),
    Kind("run.ended", "An attempt of {agent} at {ref} failed: {reason}", _WORK, when={"state": "failed"}),
    Kind("run.expired", "{agent} went silent on {ref}", _WORK),
    Kind("review.approved", "{actor} approved {ref}; now it waits for you", (To.REVIEWERS,), when={"by_agent": True}),
    Kind("review.approved", "{actor} approved {ref}", (To.ACCOUNTABLE, To.WATCHERS), _LOW),
    Kind("review.changes_requested", "{actor} asks for changes on {ref}", (To.ACCOUNTABLE, To.OWNER, To.WATCHERS)),
    Kind("review.rejected", "{actor} rejected {ref}", (To.ACCOUNTABLE, To.OWNER, To.WATCHERS)),
    Kind(
        "task.review_lowered",
        "{actor} lowered the review of {ref} from {before} to {after}",
        (To.ACCOUNTABLE, To.ADMINS),
    ),
    Kind("need.delegated", "{actor} handed {ref} on to you", (To.MEMBER,)),
    Kind("need.escalated", "This waits too long and is yours now: {text}", (To.MEMBER,), _URGENT),
    Kind("agent.changed", "{agent} was paused", (To.OWNER,), when={"desired": "paused", "fields": ["desired"]}),
    Kind("agent.changed", "{agent} was retired", (To.OWNER,), when={"desired": "retired", "fields": ["desired"]}),
    Kind("channel.failed", "The channel {name} gave up on a message: {reason}", (To.MEMBER,)),
    Kind("call.attribution_refused", "{agent} sent a call in the name of a run that is not its own", (To.OWNER,)),
    Kind("budget.warned", "{shown} has used {level} % of its budget", (*_WORK, To.ADMINS)),
    Kind("budget.stopped", "{shown} has used up its budget; its calls are refused", (*_WORK, To.ADMINS), _URGENT),
    Kind("budget.would_stop", "{shown} would be stopped by its budget", (To.ADMINS,), _LOW),
    Kind("signal.raised", "{agent}: {text}", _WORK, _URGENT),
    Kind("signal.cleared", "{agent} is fine again: {text}", _WORK, _LOW),
    Kind("schedule.paused", "The schedule {name} was paused: {reason}", (To.MEMBER,)),
    Kind("schedule.missed", "The schedule {name} was not able to fire in time", (To.MEMBER,), _LOW),
    Kind("run.killed", "{actor} stopped {agent} on {ref}: {reason}", _WORK),
    Kind("member.removed", "{actor} removed {name} from the workspace", (To.ADMINS,), _LOW),
)


NAMES: Mapping[str, tuple[str, str]] = {
    "task.moved": ("Tasks", "A task waits for a review, is done, cancelled or back in the backlog"),
    "task.stranded": ("Tasks", "A task waits for one that was cancelled"),
    "comment.written": ("Talk", "Somebody is mentioned in a comment"),
    "comments.loop_stopped": ("Talk", "Agents that only answered each other were stopped"),
    "question.asked": ("Questions and approvals", "An agent asks a question"),
    "question.defaulted": ("Questions and approvals", "A question's default holds, for nobody answered"),
    "question.expired": ("Questions and approvals", "A question was not answered in time"),
    "approval.requested": ("Questions and approvals", "An agent asks for an approval"),
    "approval.expired": ("Questions and approvals", "An approval was not decided in time"),
    "need.delegated": ("Questions and approvals", "Something that waits is handed on"),
    "need.escalated": ("Questions and approvals", "Something waits too long"),
    "review.approved": ("Reviews", "Work is approved"),
    "review.changes_requested": ("Reviews", "Changes are asked for"),
    "review.rejected": ("Reviews", "Work is rejected"),
    "task.review_lowered": ("Reviews", "The review of a task is lowered"),
    "run.ended": ("Agents at work", "An attempt failed"),
    "run.expired": ("Agents at work", "An agent went silent on a task"),
    "run.killed": ("Agents at work", "A person stopped an attempt"),
    "agent.changed": ("Agents at work", "An agent is paused or retired"),
    "call.attribution_refused": ("Agents at work", "A call came in the name of another's run"),
    "signal.raised": ("Agents at work", "Something looks wrong: looping, stuck, failing …"),
    "signal.cleared": ("Agents at work", "What looked wrong is fine again"),
    "budget.warned": ("Budgets", "A budget is nearly used up"),
    "budget.stopped": ("Budgets", "A budget is used up"),
    "budget.would_stop": ("Budgets", "A budget that only watches would stop calls"),
    "schedule.paused": ("Schedules", "A schedule is paused"),
    "schedule.missed": ("Schedules", "A schedule did not fire in time"),
    "channel.failed": ("Workspace", "A channel gave up on a message"),
    "member.removed": ("Workspace", "A member is removed"),
}
"""Pattern → the group it is offered in, and what it is called there, in plain words."""


def kind_of(kind: str, data: Mapping[str, Any]) -> Kind | None:
    """The first row that fits; None: nobody is told."""
    return next((each for each in KINDS if each.fits(kind, data)), None)


class Blanks(dict[str, Any]):
    """What a title's words are filled from: what is missing becomes a plain word, never an error."""

    _WORDS = {"agent": "An agent", "actor": "Somebody", "ref": "a task", "action": "act", "reason": "no reason given"}

    def __missing__(self, name: str) -> str:
        return self._WORDS.get(name, "")


def titled(kind: Kind, said: Mapping[str, Any], longest: int = 300) -> str:
    """The title of one event, on one line."""
    filled = {name: value for name, value in said.items() if value is not None}
    if isinstance(reason := filled.get("reason"), str):
        filled["reason"] = in_words(reason)
    return " ".join(kind.title.format_map(Blanks(filled)).split())[:longest]
