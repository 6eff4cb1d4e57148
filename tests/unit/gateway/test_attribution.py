"""Whose work a call is: each source, which of two wins, and what no header can do."""

import pytest

from quarterdeck.access.snapshot import AgentEntry, KeyEntry, RunEntry, WorkspaceEntry
from quarterdeck.gateway.attribution import attribute

TRACE = "4874feccb109a2afbd0f58001e2d161d"
RUNS = {
    "run_1": RunEntry("run_1", "agt_1", "tsk_1", "open", TRACE),
    "run_2": RunEntry("run_2", "agt_1", "tsk_2", "open", None),
    "run_9": RunEntry("run_9", "agt_9", "tsk_9", "open", None),
    "run_0": RunEntry("run_0", "agt_1", "tsk_1", "ended", None),
}
BOTH = [("run_1", "tsk_1"), ("run_2", "tsk_2")]
AGENT_KEY = KeyEntry("key_1", "ws_1", "agent", "agt_1", None, None, None, "active")
RUN_KEY = KeyEntry("key_2", "ws_1", "run", "agt_1", "run_2", "tsk_2", None, "active")


def place(open_runs: list[tuple[str, str | None]]) -> tuple[AgentEntry, WorkspaceEntry]:
    agent = AgentEntry("agt_1", "research", "enabled", None, open_runs)
    held = {"agt_1:sess-7": ("run_2", "tsk_2"), "agt_1:sess-8": (None, "tsk_8"), "agt_9:sess-9": (None, "tsk_9")}
    return agent, WorkspaceEntry("ws_1", "default", "full", [], {"agt_1": agent}, RUNS, sessions=held)


def resolve(
    headers: dict[bytes, bytes],
    *,
    body_session: str | None = None,
    key: KeyEntry = AGENT_KEY,
    open_runs: list[tuple[str, str | None]] = BOTH,
) -> tuple[str | None, str | None, str]:
    found = attribute(headers, body_session, key, *place(open_runs))
    return found.run_id, found.task_id, found.source


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({b"x-quarterdeck-run": b"run_1"}, ("run_1", "tsk_1", "header")),
        ({b"x-quarterdeck-task": b"tsk_2"}, ("run_2", "tsk_2", "header")),
        ({b"x-request-id": b"run_1:model:3"}, ("run_1", "tsk_1", "clawrouter")),
        ({b"x-portkey-metadata": b'{"task":"tsk_2"}'}, ("run_2", "tsk_2", "portkey")),
        ({b"x-claude-code-session-id": b"sess-7"}, ("run_2", "tsk_2", "session_header")),
        ({b"x-codex-turn-metadata": b'{"session_id":"sess-7"}'}, ("run_2", "tsk_2", "session_header")),
        ({b"traceparent": f"00-{TRACE}-453774c9a87b3c1c-01".encode()}, ("run_1", "tsk_1", "trace")),
        ({b"baggage": b"a=b, quarterdeck.run=run_2"}, ("run_2", "tsk_2", "trace")),
        ({}, (None, None, "unclaimed")),
    ],
)
def test_each_source_names_the_work(headers: dict[bytes, bytes], expected: tuple[str | None, str | None, str]) -> None:
    assert resolve(headers) == expected


def test_a_session_in_the_body_is_used_when_no_header_names_one() -> None:
    assert resolve({}, body_session="sess-7") == ("run_2", "tsk_2", "session")


def test_a_session_that_a_task_adopted_is_the_tasks_without_a_run_and_no_other_agents() -> None:
    assert resolve({b"x-claude-code-session-id": b"sess-8"}) == (None, "tsk_8", "session_header")
    assert resolve({}, body_session="sess-8", open_runs=BOTH[:1]) == (None, "tsk_8", "session")
    assert resolve({b"x-claude-code-session-id": b"sess-9"}) == (None, None, "unclaimed")


def test_the_only_open_run_takes_what_nothing_else_claims() -> None:
    assert resolve({}, open_runs=[("run_1", "tsk_1")]) == ("run_1", "tsk_1", "only_run")


def test_a_run_key_says_it_all_and_no_header_changes_that() -> None:
    found = attribute({b"x-quarterdeck-run": b"run_1"}, None, RUN_KEY, *place(BOTH))
    assert (found.run_id, found.source, found.mismatch) == ("run_2", "run_key", "run_1")


def test_the_stronger_source_wins() -> None:
    headers = {b"x-quarterdeck-run": b"run_1", b"x-claude-code-session-id": b"sess-7"}
    assert resolve(headers) == ("run_1", "tsk_1", "header")


def test_a_header_cannot_speak_for_another_agent_and_the_try_is_reported() -> None:
    found = attribute({b"x-quarterdeck-run": b"run_9"}, None, AGENT_KEY, *place([("run_1", "tsk_1")]))
    assert (found.run_id, found.source, found.mismatch) == ("run_1", "only_run", "run_9")


def test_an_unknown_request_id_is_no_mismatch() -> None:
    found = attribute({b"x-request-id": b"0b1c:model:1"}, None, AGENT_KEY, *place(BOTH))
    assert (found.source, found.mismatch) == ("unclaimed", None)


def test_an_ended_run_takes_no_more_calls() -> None:
    assert resolve({b"x-quarterdeck-run": b"run_0"})[2] == "unclaimed"


def test_a_task_that_is_not_the_runs_own_is_not_believed() -> None:
    assert resolve({b"x-quarterdeck-run": b"run_1", b"x-quarterdeck-task": b"tsk_2"})[2] == "unclaimed"


@pytest.mark.parametrize("value", [b"{", b"[1]", b'{"task":7}', b"\xff"])
def test_metadata_that_is_no_object_of_strings_is_passed_over(value: bytes) -> None:
    assert resolve({b"x-portkey-metadata": value})[2] == "unclaimed"


def test_the_trace_and_session_are_kept_whoever_wins() -> None:
    headers = {b"traceparent": f"00-{TRACE}-453774c9a87b3c1c-01".encode(), b"session-id": b"s"}
    found = attribute(headers, None, RUN_KEY, *place(BOTH))
    assert (found.trace_id, found.session) == (TRACE, "s")
