"""/export and /import: work in and out."""

import json
from collections.abc import Collection
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import StreamingResponse

from quarterdeck.control.deliverables.api import Kept
from quarterdeck.control.http import Admin, Db, Reader
from quarterdeck.control.projects import actions as projects
from quarterdeck.control.shapes import TaskNamed
from quarterdeck.control.transfer import csv_in, exporting, history_in, importing
from quarterdeck.control.transfer.document import Document
from quarterdeck.control.transfer.importing import Report
from quarterdeck.kernel.errors import Invalid, TooLarge

router = APIRouter(tags=["import and export"])
MAX_BODY = 64 << 20
DryRun = Annotated[bool, Query(description="Only say what it would do.")]


class ImportedOut(TaskNamed):
    key: str
    """What the document calls it."""


class ImportOut(BaseModel):
    dry_run: bool
    projects: list[str]
    goals: list[str]
    templates: list[str]
    tasks: list[ImportedOut]
    warnings: list[str]
    """What could not be kept as it was: agents and people who are not here."""

    @classmethod
    def of(cls, report: Report, *, dry_run: bool) -> "ImportOut":
        return cls(
            dry_run=dry_run,
            projects=report.projects,
            goals=report.goals,
            templates=report.templates,
            tasks=[
                ImportedOut(key=key, id=task.id, ref=task.ref, title=task.title) for key, task in report.tasks.items()
            ],
            warnings=report.warnings,
        )


class _OnlyLooking(Exception):
    """Undoes the transaction of a dry run, so that it never lies."""


@router.get(
    "/export",
    operation_id="export_work",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}, "description": "The document, to be kept or imported."}},
)
async def export_work(
    *,
    actor: Reader,
    db: Db,
    files: Kept,
    project_id: Annotated[str | None, Query(description="Only this project.")] = None,
    with_files: Annotated[
        bool, Query(alias="files", description="Files of up to 8 MB with their bytes; else by their hash.")
    ] = False,
) -> StreamingResponse:
    """Projects, goals, task templates and tasks with their relations and history, as one portable JSON document."""
    if project_id is not None:
        async with db.read() as tx:
            await projects.get(tx, actor.workspace_id, project_id)
    pieces = exporting.document(db, actor.workspace_id, project_id=project_id, files=files if with_files else None)
    headers = {"content-disposition": 'attachment; filename="quarterdeck-export.json"'}
    return StreamingResponse(pieces, media_type="application/json", headers=headers)


@router.put("/import", operation_id="import_work")
async def import_work(request: Request, actor: Admin, db: Db, files: Kept, dry_run: DryRun = False) -> ImportOut:
    """Bring in a document of /export: all of it, or nothing and what is wrong. Tasks get new numbers."""
    try:
        document = Document.model_validate(json.loads(await _text(request)))
    except ValidationError as error:
        problems = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()[:50]]
        raise Invalid("This is no export: " + "; ".join(problems), field="body", problems=problems) from None
    except (ValueError, RecursionError):
        raise Invalid("The body is no JSON.", field="body") from None
    there = await history_in.receive(files, actor.workspace_id, document)
    return await _bring(db, actor, document, dry_run, there)


@router.put("/import/csv", operation_id="import_csv")
async def import_csv(request: Request, actor: Admin, db: Db, dry_run: DryRun = False) -> ImportOut:
    """Bring in tasks from a CSV file: its first line names the columns, of which `title` is the only one needed."""
    return await _bring(db, actor, csv_in.document_of(await _text(request)), dry_run)


async def _bring(db: Db, actor: Admin, document: Document, dry_run: bool, there: Collection[str] = ()) -> ImportOut:
    report = Report()
    try:
        async with db.transaction() as tx:
            report = await importing.bring(tx, actor, document, there)
            if dry_run:
                raise _OnlyLooking
    except _OnlyLooking:
        pass
    return ImportOut.of(report, dry_run=dry_run)


async def _text(request: Request) -> str:
    parts, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > MAX_BODY:
            raise TooLarge(f"An import may have {MAX_BODY} bytes; bring it in in parts.")
        parts.append(piece)
    try:
        text = b"".join(parts).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("The body must be UTF-8.", field="body") from None
    if "\0" in text:
        raise Invalid("The body holds a NUL.", field="body")
    return text
