"""A review: one member's verdict on a version, with all that member has to say about it in one message."""

from dataclasses import dataclass
from enum import StrEnum

BODY_LENGTH = 20_000
MAX_COMMENTS = 200
COMMENT_LENGTH = 4_000
QUOTE_LENGTH = 1_000


OF_DRAFT = 0
"""The round of what is said of a draft: nothing was in review yet, so nothing is sent back, and no work is rework."""


class Verdict(StrEnum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    """Back to work, with the message."""
    REJECT = "reject"
    """Not wanted any more: the task is cancelled."""


EVENTS = {
    Verdict.APPROVE: "review.approved",
    Verdict.REQUEST_CHANGES: "review.changes_requested",
    Verdict.REJECT: "review.rejected",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment on a place in a version. Lines count from 1; None: on the whole."""

    text: str
    line_from: int | None = None
    line_to: int | None = None
    quote: str | None = None


@dataclass(frozen=True, slots=True)
class NewReview:
    """What a member says. `met` are the places, from 0, of the acceptance criteria that it found met."""

    verdict: Verdict
    body: str = ""
    remarks: tuple[Remark, ...] = ()
    met: tuple[int, ...] | None = None
    deliverable_id: str | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Review:
    id: str
    workspace_id: str
    task_id: str
    round: int
    """The instant at which the task came into review: approvals of an earlier round count no more. Or OF_DRAFT."""
    deliverable_id: str | None
    version: int | None
    """None: nothing was handed in, and the task itself was reviewed."""
    reviewer_id: str
    verdict: Verdict
    body: str
    remarks: tuple[Remark, ...]
    created_at: int


def message(body: str, remarks: tuple[Remark, ...]) -> str:
    """All of it as one text, for the worker."""
    parts = [body] if body else []
    for remark in remarks:
        where = "On the whole"
        if remark.line_from is not None:
            to = remark.line_to
            where = f"Line {remark.line_from}" if to in (None, remark.line_from) else f"Lines {remark.line_from}–{to}"
        # The empty line ends the quote: without it, markdown takes the remark for a part of what is quoted.
        quoted = "".join(f"> {line}\n" for line in (remark.quote or "").splitlines())
        quoted += "\n" if quoted else ""
        parts.append(f"{where}:\n{quoted}{remark.text}")
    return "\n\n".join(parts)
