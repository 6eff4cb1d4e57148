"""Each verb of an agent as a request to send and a way to read its answer; no I/O, so that both clients share it."""

import json
import mimetypes
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from quarterdeck.client import shapes
from quarterdeck.client.shapes import Approval, Attachment, Claim, Heard, Inbox, Question, Task, Version

T = TypeVar("T")
T2 = TypeVar("T2")
Json = Mapping[str, Any]
MAX_WAIT_S = 60
"""How long the server holds a long poll."""
ANSWER_S = 30.0
"""How long an answer may take beyond what it was asked to wait."""
UPLOAD_S = 600.0


@dataclass(frozen=True, slots=True)
class Ask(Generic[T]):
    """One request. `read` makes a value of the answer's JSON."""

    method: str
    path: str
    read: Callable[[Any], T]
    query: dict[str, Any] = field(default_factory=dict)
    body: Json | None = None
    content: bytes | Path | None = None
    headers: dict[str, str] = field(default_factory=dict)
    timeout_s: float = ANSWER_S

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again when nobody knows what became of it."""
        return self.method != "POST" or "idempotency-key" in self.headers


@dataclass(frozen=True, slots=True)
class Nothing:
    """What a claim answers when there is no task."""

    reason: str
    message: str
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Hold:
    """A run, as far as its worker's verbs need it. `fence` None: not told."""

    run_id: str
    fence: int | None = None


def claim(*, wait_s: float, task_id: str | None, lease_s: int | None, session: str | None) -> Ask[Claim | Nothing]:
    held_s = int(min(wait_s, MAX_WAIT_S))
    body = {"wait_s": held_s, "task_id": task_id, "lease_s": lease_s, "session": session}
    return Ask("POST", "/agent/claim", _claimed, body=_given(body), timeout_s=held_s + ANSWER_S)


def progress(hold: Hold, note: str | None, percent: int | None) -> Ask[Heard]:
    return _write(f"/runs/{_id(hold.run_id)}/progress", shapes.heard_of, hold, note=note, percent=percent)


def finish(hold: Hold, outcome: str, reason: str | None, summary: str | None) -> Ask[Json]:
    path = f"/runs/{_id(hold.run_id)}/finish"
    return _write(path, _as_it_is, hold, outcome=outcome, reason=reason, summary=summary)


def release(hold: Hold, reason: str | None) -> Ask[Json]:
    return _write(f"/runs/{_id(hold.run_id)}/release", _as_it_is, hold, reason=reason)


def deliver(
    hold: Hold,
    name: str,
    content: str | bytes | Path | Mapping[str, Any] | Sequence[Any],
    *,
    kind: str | None,
    draft: bool,
    note: str | None,
    file_name: str | None,
) -> Ask[Version]:
    """Text and JSON values go as text; bytes and paths as a file, streamed."""
    if isinstance(content, (bytes, Path)):
        return _deliver_file(hold, name, content, kind=kind, draft=draft, note=note, file_name=file_name)
    text = content if isinstance(content, str) else json.dumps(content, indent=2, ensure_ascii=False)
    kind = kind or ("text" if isinstance(content, str) else "json")
    path = f"/runs/{_id(hold.run_id)}/deliverables"
    fields = {"name": name, "kind": kind, "text": text, "draft": draft, "note": note, "file_name": file_name}
    return _write(path, shapes.version_of, hold, **fields)


def delegate(hold: Hold, title: str, **fields: Any) -> Ask[Task]:
    return _write(f"/runs/{_id(hold.run_id)}/subtasks", shapes.task_of, hold, title=title, **fields)


def ask(
    hold: Hold, text: str, *, options: Sequence[str], free_text: bool, default: str | None, deadline_s: int | None
) -> Ask[Question]:
    path = f"/runs/{_id(hold.run_id)}/questions"
    fields = {"options": list(options), "free_text": free_text, "default_answer": default, "deadline_s": deadline_s}
    return _write(path, shapes.question_of, hold, text=text, **fields)


def question(question_id: str, *, wait_s: float) -> Ask[Question]:
    held_s = int(min(wait_s, MAX_WAIT_S))
    path = f"/agent/questions/{_id(question_id)}"
    return Ask("GET", path, shapes.question_of, query={"wait_s": held_s}, timeout_s=held_s + ANSWER_S)


def approval(hold: Hold, action: str, payload: Any, summary: str) -> Ask[Approval]:
    path = f"/runs/{_id(hold.run_id)}/approvals"
    ask = _write(path, shapes.approval_of, hold, action=action, summary=summary)
    return replace(ask, body={**(ask.body or {}), "payload": payload})


def approval_state(hold: Hold, approval_id: str, *, wait_s: float = 0) -> Ask[Approval]:
    held_s = int(min(wait_s, MAX_WAIT_S))
    path = f"/runs/{_id(hold.run_id)}/approvals/{_id(approval_id)}"
    return Ask("GET", path, shapes.approval_of, query={"wait_s": held_s}, timeout_s=held_s + ANSWER_S)


def use_approval(hold: Hold, approval_id: str, payload: Any) -> Ask[Approval]:
    ask = _write(f"/runs/{_id(hold.run_id)}/approvals/{_id(approval_id)}/use", shapes.approval_of, hold)
    return replace(ask, body={**(ask.body or {}), "payload": payload})


def attachments(hold: Hold) -> Ask[list[Attachment]]:
    return Ask("GET", f"/runs/{_id(hold.run_id)}/attachments", shapes.attachments_of)


def file_path(hold: Hold, name: str, *, version: int | None) -> str:
    """Where the content of an attachment is, or with `version` that of a deliverable."""
    run = f"/runs/{_id(hold.run_id)}"
    if version is None:
        return f"{run}/attachments/{_id(name)}/content"
    return f"{run}/deliverables/{_id(name)}/versions/{version}/content"


def to_review(hold: Hold) -> Ask[Json]:
    return Ask("GET", f"/runs/{_id(hold.run_id)}/review", _as_it_is)


def review(hold: Hold, verdict: str, body: str) -> Ask[Json]:
    return _write(f"/runs/{_id(hold.run_id)}/review", _as_it_is, hold, verdict=verdict, body=body)


def comment(hold: Hold, body: str) -> Ask[str]:
    return _write(f"/runs/{_id(hold.run_id)}/comments", lambda row: str(row["id"]), hold, body=body)


def inbox(*, after: int, wait_s: float) -> Ask[Inbox]:
    held_s = int(min(wait_s, MAX_WAIT_S))
    query = {"after": after, "wait_s": held_s}
    return Ask("GET", "/agent/inbox", shapes.inbox_of, query=query, timeout_s=held_s + ANSWER_S)


def tasks(*, state: str | None, limit: int) -> Ask[list[Task]]:
    return Ask("GET", "/agent/tasks", shapes.tasks_of, query=_given({"state": state, "limit": limit}))


def task(task_id: str) -> Ask[Task]:
    return Ask("GET", f"/agent/tasks/{_id(task_id)}", lambda row: shapes.task_of(row["task"]))


def _deliver_file(hold: Hold, name: str, content: bytes | Path, **said: Any) -> Ask[Version]:
    said["file_name"] = said["file_name"] or (content.name if isinstance(content, Path) else None)
    media_type = mimetypes.guess_type(said["file_name"] or name)[0] or "application/octet-stream"
    said["kind"] = said["kind"] or _kind_of(media_type)
    return Ask(
        "PUT",
        f"/runs/{_id(hold.run_id)}/deliverables/content",
        shapes.version_of,
        query=_given({"name": name, "fence": hold.fence, **said, "draft": "true" if said["draft"] else None}),
        content=content,
        headers={"content-type": media_type},
        timeout_s=UPLOAD_S,
    )


def _kind_of(media_type: str) -> str:
    known = {"application/pdf": "pdf", "application/json": "json", "text/csv": "csv", "text/markdown": "text"}
    if media_type in ("image/png", "image/jpeg", "image/gif", "image/webp"):
        return "image"
    return known.get(media_type, "file")


def _write(path: str, read: Callable[[Any], T2], hold: Hold, **fields: Any) -> Ask[T2]:
    """A POST that may be repeated: the server answers the same to the same key."""
    headers = {"idempotency-key": uuid.uuid4().hex}
    return Ask("POST", path, read, body=_given({**fields, "fence": hold.fence}), headers=headers)


def _claimed(row: Json) -> Claim | Nothing:
    if row["claimed"]:
        return shapes.claim_of(row)
    return Nothing(row["reason"], row["message"], float(row["retry_after_s"]))


def _given(fields: Json) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _id(text: str) -> str:
    return quote(text, safe="")


def _as_it_is(row: Json) -> Json:
    return row
