"""Whose work a call is. Sources from strongest to weakest; the one that won is stored with the call.

A key can never speak for another agent: a header that names another agent's run is ignored and reported, and the
call falls to the next source.
"""

import re

import msgspec

from quarterdeck.access.session_headers import SESSION_HEADERS
from quarterdeck.access.snapshot import AgentEntry, KeyEntry, WorkspaceEntry

_MODEL_CALL = re.compile(rb"^(.{1,128}):model:\d+$")
_CODEX_TURN = b"x-codex-turn-metadata"
_TRACE = re.compile(rb"^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$")
_SESSION_HEADERS = tuple(name.encode() for name in SESSION_HEADERS)


TELLING = frozenset(
    {
        b"x-quarterdeck-run",
        b"x-quarterdeck-task",
        b"x-request-id",
        b"x-portkey-metadata",
        b"x-portkey-trace-id",
        b"traceparent",
        b"baggage",
        _CODEX_TURN,
        *_SESSION_HEADERS,
    }
)
"""Headers that may say whose work a call is."""


class Attribution(msgspec.Struct, frozen=True):
    """The run and task a call belongs to, and how we know."""

    run_id: str | None
    task_id: str | None
    source: str
    session: str | None
    trace_id: str | None
    mismatch: str | None = None
    """What a header claimed that the key does not allow; becomes an audit event."""


UNCLAIMED = Attribution(None, None, "unclaimed", None, None)


def attribute(
    headers: dict[bytes, bytes], body_session: str | None, key: KeyEntry, agent: AgentEntry, workspace: WorkspaceEntry
) -> Attribution:
    """Resolve in the order of CONTRACT.md, "Attribution"."""
    if body_session is None and TELLING.isdisjoint(headers):
        return _without_headers(key, agent)
    named = _session(headers)
    session = named or body_session
    trace = _trace(headers)
    if key.run_id is not None:
        claimed = _text(headers.get(b"x-quarterdeck-run"))
        mismatch = claimed if claimed not in (None, key.run_id) else None
        return Attribution(key.run_id, key.task_id, "run_key", session, trace, mismatch)
    mismatch = None
    for source, run_id, task_id in _claims(headers):
        found = _own_run(run_id, task_id, agent, workspace)
        if found is not None:
            return Attribution(*found, source, session, trace, mismatch)
        if mismatch is None and run_id is not None and run_id in workspace.runs:
            mismatch = run_id if workspace.runs[run_id].agent_id != agent.id else None
    weaker = _by_session(named, agent, workspace, "session_header")
    weaker = weaker or _by_trace(trace, headers.get(b"baggage"), agent, workspace)
    weaker = weaker or _by_session(body_session, agent, workspace, "session")
    if weaker is not None:
        return Attribution(*weaker, session, trace, mismatch)
    if len(agent.open_runs) == 1:
        return Attribution(*agent.open_runs[0], "only_run", session, trace, mismatch)
    return Attribution(None, None, "unclaimed", session, trace, mismatch)


def _without_headers(key: KeyEntry, agent: AgentEntry) -> Attribution:
    """What most calls are: nothing but the key says whose they are."""
    if key.run_id is not None:
        return Attribution(key.run_id, key.task_id, "run_key", None, None)
    if len(agent.open_runs) == 1:
        return Attribution(*agent.open_runs[0], "only_run", None, None)
    return Attribution(None, None, "unclaimed", None, None)


def _claims(headers: dict[bytes, bytes]) -> list[tuple[str, str | None, str | None]]:
    """(source, run, task) for each header that names work outright, strongest first."""
    claims: list[tuple[str, str | None, str | None]] = []
    get = headers.get
    run, task = get(b"x-quarterdeck-run"), get(b"x-quarterdeck-task")
    if run is not None or task is not None:
        claims.append(("header", _text(run), _text(task)))
    request_id = get(b"x-request-id")
    if request_id is not None and (match := _MODEL_CALL.match(request_id)) is not None:
        claims.append(("clawrouter", _text(match[1]), None))
    if (metadata := get(b"x-portkey-metadata")) is not None:
        values = json_object(metadata)
        run_id, task_id = _string(values, "run"), _string(values, "task")
        if run_id is not None or task_id is not None:
            claims.append(("portkey", run_id, task_id))
    return claims


def _by_session(
    session: str | None, agent: AgentEntry, workspace: WorkspaceEntry, source: str
) -> tuple[str | None, str | None, str] | None:
    held = workspace.sessions.get(f"{agent.id}:{session}") if session is not None else None
    return (*held, source) if held is not None else None


def _by_trace(
    trace: str | None, baggage: bytes | None, agent: AgentEntry, workspace: WorkspaceEntry
) -> tuple[str, str | None, str] | None:
    """The open run that was given this trace id, or that the W3C baggage names."""
    if trace is not None:
        for run in workspace.runs.values():
            if run.trace_id == trace and run.agent_id == agent.id and run.state != "ended":
                return run.id, run.task_id, "trace"
    if baggage is not None:
        values = dict(part.strip().split("=", 1) for part in baggage.decode("latin-1").split(",") if "=" in part)
        found = _own_run(values.get("quarterdeck.run"), values.get("quarterdeck.task"), agent, workspace)
        return (*found, "trace") if found is not None else None
    return None


def _own_run(
    run_id: str | None, task_id: str | None, agent: AgentEntry, workspace: WorkspaceEntry
) -> tuple[str, str | None] | None:
    """The run a claim names, if it is this agent's and still open."""
    if run_id is not None:
        run = workspace.runs.get(run_id)
        if run is None or run.agent_id != agent.id or run.state == "ended":
            return None
        return (run.id, run.task_id) if task_id in (None, run.task_id) else None
    if task_id is None:
        return None
    return next((pair for pair in agent.open_runs if pair[1] == task_id), None)


def _session(headers: dict[bytes, bytes]) -> str | None:
    for name in _SESSION_HEADERS:
        if (value := headers.get(name)) is not None:
            return _text(value)
    if (turn := headers.get(_CODEX_TURN)) is not None:
        return _string(json_object(turn), "session_id")
    return None


def _trace(headers: dict[bytes, bytes]) -> str | None:
    parent = headers.get(b"traceparent")
    if parent is not None and (match := _TRACE.match(parent)) is not None:
        return match[1].decode()
    portkey = headers.get(b"x-portkey-trace-id")
    return _text(portkey)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value[:256].decode("latin-1")


def json_object(value: bytes) -> dict[str, object]:
    """A header's JSON object; empty when it is none."""
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _string(values: dict[str, object], name: str) -> str | None:
    found = values.get(name)
    return found[:256] if isinstance(found, str) else None
