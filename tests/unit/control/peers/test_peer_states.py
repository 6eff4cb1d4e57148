"""How a task's state looks to a peer"""

from typing import Any

import pytest

from quarterdeck.control.peers.model import SETTLED, TERMINAL, PeerState, peer_state
from quarterdeck.control.tasks.model import TaskState


class _Task:
    def __init__(self, state: TaskState, last_failure: str | None = None) -> None:
        self.state = state
        self.last_failure = last_failure


@pytest.mark.parametrize(
    ("state", "failed", "asked", "seen"),
    [
        ("backlog", None, False, "submitted"),
        ("backlog", "budget", False, "failed"),
        ("ready", None, False, "submitted"),
        ("ready", "timeout", False, "submitted"),
        ("in_progress", None, False, "working"),
        ("in_progress", None, True, "input_required"),
        ("in_progress", "timeout", True, "input_required"),
        ("in_review", None, False, "working"),
        ("done", None, True, "completed"),
        ("cancelled", None, True, "canceled"),
    ],
)
def test_every_state_has_one(state: str, failed: str | None, asked: bool, seen: str) -> None:
    task: Any = _Task(TaskState(state), failed)
    assert peer_state(task, asked=asked) == seen


def test_what_is_over_is_settled_and_so_is_what_waits_for_the_peer() -> None:
    assert TERMINAL < SETTLED
    assert {PeerState.INPUT_REQUIRED, PeerState.AUTH_REQUIRED} == SETTLED - TERMINAL


def test_an_approval_that_is_asked_for_comes_before_a_question() -> None:
    task: Any = _Task(TaskState.IN_PROGRESS)
    assert peer_state(task, asked=True, held=True) is PeerState.AUTH_REQUIRED
    over: Any = _Task(TaskState.DONE)
    assert peer_state(over, asked=False, held=True) is PeerState.COMPLETED
