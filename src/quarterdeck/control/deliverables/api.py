"""Deliverables: agents hand them in, people read, compare and fetch them."""

from collections import defaultdict
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.responses import FileResponse
from pydantic import BaseModel, Field
from starlette.responses import Response

from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.deliverables import actions, store
from quarterdeck.control.deliverables.actions import HandedIn
from quarterdeck.control.deliverables.diff import Hunk
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import (
    FILE_NAME_LENGTH,
    NAME_LENGTH,
    NOTE_LENGTH,
    TEXT_LIKE,
    Content,
    Deliverable,
    DeliverableKind,
    HandIn,
    Version,
)
from quarterdeck.control.http import AgentCaller, Db, Reader
from quarterdeck.control.protocol import sight
from quarterdeck.control.runs import actions as run_actions
from quarterdeck.control.runs.api import Fence
from quarterdeck.control.shapes import Instant, Named, RequestBody
from quarterdeck.control.tasks import actions as task_actions
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import Invalid, NotFound, Unavailable
from quarterdeck.ledger.calls import Made

router = APIRouter(tags=["deliverables"])
agent_router = APIRouter(tags=["agent protocol"])

# What an agent hands in never runs as a page of ours, whatever it is and however it is opened.
LOCKED = {
    "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "private, no-store",
}
Name = Annotated[str, Field(min_length=1, max_length=NAME_LENGTH)]
Note = Annotated[str | None, Field(max_length=NOTE_LENGTH, description="What is new in it, for people to read.")]
FileName = Annotated[str | None, Field(max_length=FILE_NAME_LENGTH)]
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The content itself."}
}
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


async def files_of(request: Request) -> Files:
    directory = request.app.state.files
    if directory is None:
        raise Unavailable("This process keeps no files.")
    return Files(directory, remote=request.app.state.remote)


Kept = Annotated[Files, Depends(files_of)]


class HandInIn(RequestBody):
    name: Name
    kind: Literal["text", "code", "json", "csv", "link"] = "text"
    text: str = Field(description="The text itself; of a link, its address.")
    draft: bool = Field(False, description="Still being worked on; the latest draft is always shown.")
    note: Note = None
    file_name: FileName = None
    fence: Fence = None


class VersionOut(BaseModel):
    number: int
    draft: bool
    run_id: str
    author: Named
    sha256: str
    size: int
    media_type: str
    file_name: str
    note: str | None
    created_at: Instant
    calls: int
    """Model calls of its run between the version before and this one."""
    cost_nano: int
    unpriced_calls: int


class DeliverableOut(BaseModel):
    id: str
    task_id: str
    name: str
    kind: DeliverableKind
    latest: int
    created_at: Instant
    versions: list[VersionOut]
    """Newest first."""


class DeliverablesOut(BaseModel):
    items: list[DeliverableOut]


class VersionWithTextOut(VersionOut):
    deliverable_id: str
    task_id: str
    name: str
    kind: DeliverableKind
    text: str | None
    """Small text, or a link's address; all else is at /content."""


class HandedInOut(BaseModel):
    deliverable_id: str
    name: str
    kind: DeliverableKind
    version: int
    draft: bool
    sha256: str
    size: int
    media_type: str
    file_name: str
    fresh: bool
    """False: the same content had been handed in already, and no version was added."""


class LineOut(BaseModel):
    sign: Literal[" ", "-", "+"]
    text: str


class HunkOut(BaseModel):
    from_start: int
    from_count: int
    to_start: int
    to_count: int
    lines: list[LineOut]

    @classmethod
    def of(cls, hunk: Hunk) -> "HunkOut":
        return cls(
            from_start=hunk.from_start,
            from_count=hunk.from_count,
            to_start=hunk.to_start,
            to_count=hunk.to_count,
            lines=[LineOut(sign=line.sign, text=line.text) for line in hunk.lines],
        )


class DiffOut(BaseModel):
    """A unified diff. Without hunks, the texts are equal."""

    from_version: int
    to_version: int
    hunks: list[HunkOut]


@agent_router.post("/runs/{run_id}/deliverables", operation_id="hand_in")
async def hand_in(run_id: str, body: HandInIn, actor: AgentCaller, db: Db, files: Kept) -> HandedInOut:
    """Hand in a text, code, JSON, a table or a link. Under the same name it is the next version. Safe to repeat."""
    kind = DeliverableKind(body.kind)
    said = HandIn(body.name, kind, body.draft, body.note, body.file_name)
    async with db.read() as tx:
        await run_actions.own_open(tx, actor, run_id, body.fence)
    content = await actions.text_content(files, actor.workspace_id, kind, body.text)
    async with db.transaction() as tx:
        return _handed_in(await actions.hand_in(tx, actor, run_id, said, content, fence=body.fence))


@agent_router.put("/runs/{run_id}/deliverables/content", operation_id="hand_in_file")
async def hand_in_file(
    *,
    run_id: str,
    request: Request,
    actor: AgentCaller,
    db: Db,
    files: Kept,
    name: Annotated[str, Query(min_length=1, max_length=NAME_LENGTH)],
    kind: Annotated[DeliverableKind, Query()] = DeliverableKind.FILE,
    draft: Annotated[bool, Query()] = False,
    note: Annotated[str | None, Query(max_length=NOTE_LENGTH)] = None,
    file_name: Annotated[str | None, Query(max_length=FILE_NAME_LENGTH)] = None,
    fence: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> HandedInOut:
    """Hand in a file of up to 200 MB: the body is the file itself. Safe to repeat."""
    if kind is DeliverableKind.LINK:
        raise Invalid("A link is handed in as text.", field="kind")
    # Before the file is taken in, not only after: a stale worker is told at once.
    async with db.read() as tx:
        await run_actions.own_open(tx, actor, run_id, fence)
    received = await files.receive(actor.workspace_id, request.stream(), kind)
    content = actions.file_content(received, kind, request.headers.get("content-type"))
    said = HandIn(name, kind, draft, note, file_name)
    async with db.transaction() as tx:
        return _handed_in(await actions.hand_in(tx, actor, run_id, said, content, fence=fence))


@router.get("/tasks/{task_id}/deliverables", operation_id="list_deliverables")
async def list_deliverables(task_id: str, actor: Reader, db: Db) -> DeliverablesOut:
    """What a task has handed in, with every version and what it cost to make."""
    async with db.read() as tx:
        task = await task_actions.get(tx, actor.workspace_id, task_id)
        found = await store.of_task(tx, actor.workspace_id, task.id)
        return DeliverablesOut(items=await _shown(tx, actor.workspace_id, found))


@router.get("/deliverables/{deliverable_id}", operation_id="get_deliverable")
async def get_deliverable(deliverable_id: str, actor: Reader, db: Db) -> DeliverableOut:
    """One deliverable with its versions."""
    async with db.read() as tx:
        found = await actions.get(tx, actor.workspace_id, deliverable_id)
        return (await _shown(tx, actor.workspace_id, [found]))[0]


@router.get("/deliverables/{deliverable_id}/versions/{number}", operation_id="get_version")
async def get_version(deliverable_id: str, number: Number, actor: Reader, db: Db) -> VersionWithTextOut:
    """One version, with its text when that is small."""
    async with db.read() as tx:
        deliverable = await actions.get(tx, actor.workspace_id, deliverable_id)
        version = await actions.get_version(tx, actor.workspace_id, deliverable_id, number)
        content = await store.content(tx, version)
        names = await agent_store.named(tx, actor.workspace_id, {version.author_id})
        made = await store.made_by(tx, actor.workspace_id, [deliverable_id])
    out = _version(version, names, made)
    return VersionWithTextOut(
        **out.model_dump(),
        deliverable_id=deliverable.id,
        task_id=deliverable.task_id,
        name=deliverable.name,
        kind=deliverable.kind,
        text=content.text,
    )


@router.get(
    "/deliverables/{deliverable_id}/versions/{number}/content",
    operation_id="get_version_content",
    response_class=FileResponse,
    responses=_CONTENT,
)
async def get_version_content(deliverable_id: str, number: Number, actor: Reader, db: Db, files: Kept) -> Response:
    """The content as it was handed in, to be saved: it never opens as a page."""
    async with db.read() as tx:
        version = await actions.get_version(tx, actor.workspace_id, deliverable_id, number)
        content = await store.content(tx, version)
    return await _sent(files, version, content)


@agent_router.get(
    "/runs/{run_id}/deliverables/{deliverable_id}/versions/{number}/content",
    operation_id="get_run_version_content",
    response_class=FileResponse,
    responses=_CONTENT,
)
async def get_run_version_content(
    *, run_id: str, deliverable_id: str, number: Number, actor: AgentCaller, db: Db, files: Kept
) -> Response:
    """What was handed in for your task before, or for the task that you review."""
    async with db.read() as tx:
        readable = await sight.files_of(tx, actor, run_id)
        found = await store.find(tx, actor.workspace_id, deliverable_id)
        if found is None or found.task_id not in readable:
            raise NotFound("Your task has no such deliverable.")
        version = await actions.get_version(tx, actor.workspace_id, found.id, number)
        content = await store.content(tx, version)
    return await _sent(files, version, content)


async def _sent(files: Files, version: Version, content: Content) -> Response:
    headers = {**LOCKED, "content-disposition": f"attachment; filename*=UTF-8''{quote(version.file_name, safe='')}"}
    if content.text is not None:
        return Response(content.text, media_type=version.media_type, headers=headers)
    path = await files.path(version.workspace_id, version.sha256)
    return FileResponse(path, media_type=version.media_type, headers=headers)


@router.get("/deliverables/{deliverable_id}/diff", operation_id="diff_versions")
async def diff_versions(
    *,
    deliverable_id: str,
    actor: Reader,
    db: Db,
    files: Kept,
    frm: Annotated[int, Query(alias="from", ge=1, le=2**31 - 1)],
    to: Annotated[int, Query(ge=1, le=2**31 - 1)],
) -> DiffOut:
    """What changed between two versions of a text."""
    async with db.read() as tx:
        deliverable = await actions.get(tx, actor.workspace_id, deliverable_id)
        if deliverable.kind not in TEXT_LIKE:
            raise Invalid(f"Versions of a {deliverable.kind} are not compared line by line.", code="not_text")
        pair = [await actions.get_version(tx, actor.workspace_id, deliverable_id, number) for number in (frm, to)]
        contents = [await store.content(tx, version) for version in pair]
    before, after = [await actions.read_text(files, v, c) for v, c in zip(pair, contents, strict=True)]
    found = await actions.differences(before, after)
    return DiffOut(
        from_version=frm,
        to_version=to,
        hunks=[HunkOut.of(hunk) for hunk in found],
    )


async def _shown(tx: Transaction, workspace_id: str, found: list[Deliverable]) -> list[DeliverableOut]:
    ids = [one.id for one in found]
    versions = await store.versions_of(tx, workspace_id, ids)
    names = await agent_store.named(tx, workspace_id, {version.author_id for version in versions})
    made = await store.made_by(tx, workspace_id, ids)
    by_deliverable: dict[str, list[VersionOut]] = defaultdict(list)
    for version in versions:
        by_deliverable[version.deliverable_id].append(_version(version, names, made))
    return [
        DeliverableOut(
            id=one.id,
            task_id=one.task_id,
            name=one.name,
            kind=one.kind,
            latest=one.latest,
            created_at=iso(one.created_at),
            versions=by_deliverable[one.id],
        )
        for one in found
    ]


def _version(version: Version, names: dict[str, str], made: dict[tuple[str, int], Made]) -> VersionOut:
    spent = made.get((version.deliverable_id, version.number), Made(0, 0, 0))
    return VersionOut(
        number=version.number,
        draft=version.draft,
        run_id=version.run_id,
        author=Named(id=version.author_id, name=names[version.author_id]),
        sha256=version.sha256,
        size=version.size,
        media_type=version.media_type,
        file_name=version.file_name,
        note=version.note,
        created_at=iso(version.created_at),
        calls=spent.calls,
        cost_nano=spent.cost,
        unpriced_calls=spent.unpriced_calls,
    )


def _handed_in(done: HandedIn) -> HandedInOut:
    version = done.version
    return HandedInOut(
        deliverable_id=done.deliverable.id,
        name=done.deliverable.name,
        kind=done.deliverable.kind,
        version=version.number,
        draft=version.draft,
        sha256=version.sha256,
        size=version.size,
        media_type=version.media_type,
        file_name=version.file_name,
        fresh=done.fresh,
    )
