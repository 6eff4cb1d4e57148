"""Which events wake an agent that waits for work."""

import pytest

from quarterdeck.control.runs.waiting import concerns
from quarterdeck.db.outbox import StoredEvent


def _event(kind: str, subject_id: str = "x", **data: object) -> StoredEvent:
    return StoredEvent(1, "ws", kind, subject_id, None, 0, data)


@pytest.mark.parametrize(
    "event",
    [
        _event("task.created", state="ready", agent_id=None),
        _event("task.moved", state="ready", agent_id="me"),
        _event("task.moved", state="in_progress", agent_id="me"),
        _event("task.assigned", state="ready", agent_id="me"),
        _event("run.ended", agent_id="me"),
        _event("run.expired", agent_id="me"),
        _event("agent.changed", "me"),
    ],
)
def test_what_may_bring_work_wakes(event: StoredEvent) -> None:
    assert concerns(event, "me")


@pytest.mark.parametrize(
    "event",
    [
        _event("task.created", state="backlog", agent_id=None),
        _event("task.moved", state="ready", agent_id="other"),
        _event("task.moved", state="in_review", agent_id="me"),
        _event("task.changed", state="ready", agent_id=None),
        _event("run.ended", agent_id="other"),
        _event("run.opened", agent_id="me"),
        _event("agent.changed", "other"),
        _event("calls.ingested"),
    ],
)
def test_what_brings_no_work_does_not(event: StoredEvent) -> None:
    assert not concerns(event, "me")
