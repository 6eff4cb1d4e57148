"""What happened to a task, as the portable export says it: runs, deliverables, comments and attachments.

It is history: a run that comes in is over, has no key and no calls, and costs nothing here. `calls` and `cost_nano` of
a run say what it cost where it ran, for people to read; an import makes no money of them.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.control.comments.model import BODY_LENGTH
from quarterdeck.control.deliverables.model import FILE_NAME_LENGTH, NAME_LENGTH, NOTE_LENGTH, DeliverableKind
from quarterdeck.control.runs.model import REASON_LENGTH, SUMMARY_LENGTH, RunState, RunVerdict
from quarterdeck.control.shapes import Instant

MAX_RUNS = 2_000
MAX_COMMENTS = 5_000
MAX_DELIVERABLES = 500
MAX_VERSIONS = 1_000
MAX_ATTACHMENTS = 200
Attempt = Annotated[int, Field(ge=1, le=10**6)]
Line = Annotated[int | None, Field(ge=1, le=2**31 - 1)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Strict(BaseModel):
    """What we do not know we do not drop in silence: it is refused."""

    model_config = ConfigDict(extra="forbid")


class RunDoc(Strict):
    attempt: Attempt
    """What versions and comments of the task call it."""
    agent: Annotated[str, Field(min_length=1, max_length=100)]
    state: RunState
    reason: Annotated[str, Field(max_length=REASON_LENGTH)] | None = None
    verdict: RunVerdict | None = None
    summary: Annotated[str, Field(max_length=SUMMARY_LENGTH)] | None = None
    started_at: Instant
    ended_at: Instant | None = None
    calls: int = 0
    cost_nano: int = 0
    unpriced_calls: int = 0


class ContentDoc(Strict):
    """Text as it is, and files by their hash; with `base64`, the bytes as well."""

    sha256: Sha256
    size: Annotated[int, Field(ge=0, le=2**40)]
    media_type: Annotated[str, Field(max_length=255)]
    text: str | None = None
    base64: str | None = None


class VersionDoc(ContentDoc):
    """Its number is its place in the list, from 1."""

    run: Attempt
    draft: bool = False
    file_name: Annotated[str, Field(min_length=1, max_length=FILE_NAME_LENGTH)]
    note: Annotated[str, Field(max_length=NOTE_LENGTH)] | None = None
    created_at: Instant


class DeliverableDoc(Strict):
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
    kind: DeliverableKind
    versions: Annotated[list[VersionDoc], Field(min_length=1, max_length=MAX_VERSIONS)]


class PlaceDoc(Strict):
    """Where a comment stands, when that is not the task itself."""

    run: Attempt | None = None
    deliverable: str | None = None
    version: Line = None
    line_from: Line = None
    line_to: Line = None
    region: dict[str, float] | None = None


class CommentDoc(Strict):
    author: Annotated[str, Field(max_length=254)] | None = None
    """A member's e-mail or an agent's name; null: somebody who is gone."""
    by_agent: bool = False
    body: Annotated[str, Field(min_length=1, max_length=BODY_LENGTH)]
    created_at: Instant
    on: PlaceDoc | None = None


class AttachmentDoc(ContentDoc):
    name: Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]


class HistoryDoc(Strict):
    """The part of a task's document that is its history."""

    runs: list[RunDoc] = Field([], max_length=MAX_RUNS)
    deliverables: list[DeliverableDoc] = Field([], max_length=MAX_DELIVERABLES)
    comments: list[CommentDoc] = Field([], max_length=MAX_COMMENTS)
    attachments: list[AttachmentDoc] = Field([], max_length=MAX_ATTACHMENTS)
