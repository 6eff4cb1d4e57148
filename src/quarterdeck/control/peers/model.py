"""A task as a foreign agent sees it."""

from dataclasses import dataclass
from enum import StrEnum

from quarterdeck.control.tasks.model import Task, TaskState


class PeerState(StrEnum):
    """A2A's task states, as far as ours map to them."""

    SUBMITTED = "submitted"
    WORKING = "working"
    INPUT_REQUIRED = "input_required"
    AUTH_REQUIRED = "auth_required"
    """A person has to approve one action before it goes on."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"


TERMINAL = frozenset({PeerState.COMPLETED, PeerState.FAILED, PeerState.CANCELED})
SETTLED = TERMINAL | {PeerState.INPUT_REQUIRED, PeerState.AUTH_REQUIRED}
"""Where whoever waits for an answer gets it: nothing more happens without them."""
_PLAIN = {
    TaskState.BACKLOG: PeerState.SUBMITTED,
    TaskState.READY: PeerState.SUBMITTED,
    TaskState.IN_PROGRESS: PeerState.WORKING,
    # What waits for review is not accepted yet, so to a peer it is still being worked on.
    TaskState.IN_REVIEW: PeerState.WORKING,
    TaskState.DONE: PeerState.COMPLETED,
    TaskState.CANCELLED: PeerState.CANCELED,
}


def peer_state(task: Task, *, asked: bool, held: bool = False) -> PeerState:
    """`asked`: a question about the task is open; `held`: an approval of one of its actions is.

    A task whose attempts are used up has failed, until a person
    revives it."""
    if held and task.state is TaskState.IN_PROGRESS:
        return PeerState.AUTH_REQUIRED
    if asked and task.state in (TaskState.IN_PROGRESS, TaskState.READY):
        return PeerState.INPUT_REQUIRED
    if task.state is TaskState.BACKLOG and task.last_failure is not None:
        return PeerState.FAILED
    return _PLAIN[task.state]


@dataclass(frozen=True, slots=True)
class PeerMessage:
    """What a peer says. Without `task_id` it is new work."""

    message_id: str
    """The peer's own: the same one again is the same message."""
    text: str
    context_id: str | None = None
    task_id: str | None = None
