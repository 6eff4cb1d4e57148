"""What the server answers, as values. What it may add later is ignored, and everything is kept in `raw`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """A task as its worker sees it."""

    id: str
    ref: str
    """What people call it: `T-12`."""
    title: str
    brief: str
    """Markdown."""
    acceptance: tuple[str, ...]
    """What has to be true of the result."""
    state: str
    priority: str
    note: str | None
    """Why it came back, or what the last worker left for you."""
    raw: Json = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """A task, the run opened on it, and the run's key."""

    task: Task
    run_id: str
    attempt: int
    fence: int
    trace_id: str
    run_key: str = field(repr=False)
    base_url: str
    """Where model calls go, without `/v1`."""
    budget_left_nano: int | None
    """Nano-dollars; None: no budget limits this run."""
    review: str | None
    """What a reviewer wanted changed in what was handed in before."""
    raw: Json = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """The answer to a sign of life."""

    stop: bool
    reason: str | None
    lease_expires_at: str


@dataclass(frozen=True, slots=True)
class Version:
    """What was handed in."""

    deliverable_id: str
    name: str
    kind: str
    version: int
    draft: bool
    size: int
    fresh: bool
    """False: the same content had been handed in already."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a task comes with."""

    id: str
    name: str
    media_type: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Question:
    id: str
    text: str
    options: tuple[str, ...]
    state: str
    """open, answered, defaulted (its default holds, nobody answered in time) or expired."""
    answer: str | None

    @property
    def open(self) -> bool:
        return self.state == "open"


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word on one action, bound to exactly what it would do."""

    id: str
    state: str
    """pending, approved, denied, used or expired."""
    comment: str | None


@dataclass(frozen=True, slots=True)
class Item:
    """Something in the inbox: a mention, review, answer, message or command."""

    cursor: int
    kind: str
    subject_id: str
    task_id: str | None
    sender_id: str | None
    body: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Inbox:
    items: tuple[Item, ...]
    cursor: int
    """Pass it as `after` next time: that acknowledges all of these."""


def task_of(row: Json) -> Task:
    return Task(
        id=row["id"],
        ref=row["ref"],
        title=row["title"],
        brief=row["brief"],
        acceptance=tuple(one["text"] for one in row.get("acceptance", ())),
        state=row["state"],
        priority=row["priority"],
        note=row.get("note"),
        raw=row,
    )


def claim_of(row: Json) -> Claim:
    run, review = row["run"], row.get("last_review") or {}
    return Claim(
        task=task_of(row["task"]),
        run_id=run["id"],
        attempt=run["attempt"],
        fence=run["fence"],
        trace_id=run["trace_id"],
        run_key=row["run_key"],
        base_url=row["base_url"],
        budget_left_nano=row.get("budget_left_nano"),
        review=review.get("message"),
        raw=row,
    )


def heard_of(row: Json) -> Heard:
    return Heard(row["stop"], row.get("reason"), row["lease_expires_at"])


def version_of(row: Json) -> Version:
    return Version(**{name: row[name] for name in Version.__slots__})


def attachments_of(row: Json) -> list[Attachment]:
    return [Attachment(**{name: one[name] for name in Attachment.__slots__}) for one in row["items"]]


def question_of(row: Json) -> Question:
    return Question(row["id"], row["text"], tuple(row["options"]), row["state"], row["answer"])


def approval_of(row: Json) -> Approval:
    return Approval(row["id"], row["state"], row["comment"])


def inbox_of(row: Json) -> Inbox:
    items = tuple(Item(**{name: one[name] for name in Item.__slots__}) for one in row["items"])
    return Inbox(items, row["cursor"])


def tasks_of(row: Json) -> list[Task]:
    return [task_of(one) for one in row["items"]]
