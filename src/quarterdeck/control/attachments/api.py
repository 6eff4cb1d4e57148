"""/tasks/{id}/attachments and /attachments, and the same for the worker of a run."""

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import FileResponse

from quarterdeck.control.attachments import actions, store
from quarterdeck.control.attachments.model import NAME_LENGTH, Attachment, a_file_name
from quarterdeck.control.deliverables.api import LOCKED, Kept
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import DeliverableKind
from quarterdeck.control.http import AgentCaller, Db, Reader, Worker
from quarterdeck.control.protocol import sight
from quarterdeck.control.runs import actions as runs
from quarterdeck.control.shapes import Instant
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.kernel.clock import iso
from quarterdeck.kernel.errors import NotFound

router = APIRouter(tags=["tasks"])
agent_router = APIRouter(tags=["agent protocol"])
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The content itself."}
}
Name = Annotated[str, Query(min_length=1, max_length=NAME_LENGTH, description="A plain file name.")]


class AttachmentOut(BaseModel):
    id: str
    task_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    created_by: str
    created_at: Instant

    @classmethod
    def of(cls, attachment: Attachment) -> "AttachmentOut":
        return cls(
            id=attachment.id,
            task_id=attachment.task_id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
            sha256=attachment.sha256,
            created_by=attachment.created_by,
            created_at=iso(attachment.created_at),
        )


class AttachmentsOut(BaseModel):
    items: list[AttachmentOut]


@router.get("/tasks/{task_id}/attachments", operation_id="list_attachments")
async def list_attachments(task_id: str, actor: Reader, db: Db) -> AttachmentsOut:
    """The files of a task, oldest first."""
    async with db.read() as tx:
        task = await tasks.get(tx, actor.workspace_id, task_id)
        found = await store.of_task(tx, actor.workspace_id, task.id)
    return AttachmentsOut(items=[AttachmentOut.of(one) for one in found])


@router.put("/tasks/{task_id}/attachments/content", operation_id="attach_file")
async def attach_file(
    *, task_id: str, request: Request, actor: Worker, db: Db, files: Kept, name: Name
) -> AttachmentOut:
    """Attach a file of up to 200 MB: the body is the file itself. Safe to repeat."""
    a_file_name(name)
    # Before the file is taken in, not only after: a mistake is told at once.
    async with db.read() as tx:
        await tasks.get(tx, actor.workspace_id, task_id)
    received = await files.receive(actor.workspace_id, request.stream(), DeliverableKind.FILE)
    declared = request.headers.get("content-type")
    async with db.transaction() as tx:
        added = await actions.add(tx, actor.workspace_id, task_id, name, received, declared=declared, actor=actor.id)
    return AttachmentOut.of(added)


@router.get(
    "/attachments/{attachment_id}/content",
    operation_id="get_attachment_content",
    response_class=FileResponse,
    responses=_CONTENT,
)
async def get_attachment_content(attachment_id: str, actor: Reader, db: Db, files: Kept) -> FileResponse:
    """The file as it was attached, to be saved: it never opens as a page."""
    async with db.read() as tx:
        found = await actions.get(tx, actor.workspace_id, attachment_id)
    return await _file(files, found)


@router.delete("/attachments/{attachment_id}", status_code=204, operation_id="remove_attachment")
async def remove_attachment(attachment_id: str, actor: Worker, db: Db) -> None:
    """Take a file off its task."""
    async with db.transaction() as tx:
        await actions.remove(tx, actor.workspace_id, attachment_id, actor=actor.id)


@agent_router.get("/runs/{run_id}/attachments", operation_id="list_run_attachments")
async def list_run_attachments(run_id: str, actor: AgentCaller, db: Db) -> AttachmentsOut:
    """The files that your task comes with."""
    async with db.read() as tx:
        run = await runs.own(tx, actor, run_id)
        found = await store.of_task(tx, actor.workspace_id, run.task_id)
    return AttachmentsOut(items=[AttachmentOut.of(one) for one in found])


@agent_router.get(
    "/runs/{run_id}/attachments/{attachment_id}/content",
    operation_id="get_run_attachment_content",
    response_class=FileResponse,
    responses=_CONTENT,
)
async def get_run_attachment_content(
    run_id: str, attachment_id: str, actor: AgentCaller, db: Db, files: Kept
) -> FileResponse:
    """One file of your task, or of the task that you review."""
    async with db.read() as tx:
        readable = await sight.files_of(tx, actor, run_id)
        found = await store.find(tx, actor.workspace_id, attachment_id)
    if found is None or found.task_id not in readable:
        raise NotFound("Your task has no such attachment.")
    return await _file(files, found)


async def _file(files: Files, attachment: Attachment) -> FileResponse:
    headers = {**LOCKED, "content-disposition": f"attachment; filename*=UTF-8''{quote(attachment.name, safe='')}"}
    path = await files.path(attachment.workspace_id, attachment.sha256)
    return FileResponse(path, media_type=attachment.media_type, headers=headers)
