"""/logs: calls as Portkey shows them, one by one or as a file of lines."""

import base64
import binascii
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from quarterdeck.control.calls.api import Kept
from quarterdeck.control.calls.exporting import MOST
from quarterdeck.control.http import BodyReader, Db, Reader
from quarterdeck.control.portkey.inserted import api as inserted
from quarterdeck.control.portkey.inserted import store as declared
from quarterdeck.control.portkey.inserted.model import PREFIX, inserted_row
from quarterdeck.control.portkey.shapes import log_row, window
from quarterdeck.db import Database
from quarterdeck.kernel.errors import NotFound
from quarterdeck.ledger import calls, listing
from quarterdeck.ledger.call_filter import CallFilter
from quarterdeck.ledger.packs import BodyGone

router = APIRouter(tags=["portkey"])
router.include_router(inserted.router)
PAGE = 200


class ExportIn(BaseModel):
    filters: dict[str, Any] = {}
    workspace_id: str | None = None
    description: str | None = None
    requested_data: list[str] | None = None


@router.get("/logs/{call_id}", operation_id="portkey_get_log")
async def get_log(call_id: str, actor: BodyReader, db: Db, bodies: Kept) -> dict[str, Any]:
    """One call with its bodies, as far as they were kept; or what somebody inserted, marked as declared."""
    if call_id.startswith(PREFIX):
        async with db.read() as tx:
            return {"success": True, "data": inserted_row(await declared.get(tx, actor.workspace_id, call_id))}
    async with db.read() as tx:
        call = await calls.get(tx, actor.workspace_id, call_id)
    try:
        request: str | None = (await bodies.request(call)).body.decode("utf-8", "replace")
        response: str | None = (await bodies.response(call)).decode("utf-8", "replace")
    except BodyGone:
        request = response = None
    return {"success": True, "data": {**log_row(call), "request": request, "response": response}}


@router.post("/logs/exports", operation_id="portkey_export_logs")
async def export_logs(wanted: ExportIn, actor: Reader, db: Db) -> dict[str, Any]:
    """Name an export by its filters: nothing is made until it is downloaded, so it is always ready."""
    which = _filter(wanted.filters)
    async with db.read() as tx:
        page = await listing.page(tx, actor.workspace_id, which, limit=PAGE)
    total = len(page.items) if page.next is None else None
    return {"id": _export_id(wanted.filters), "total": total, "object": "export"}


@router.get("/logs/exports/{export_id}", operation_id="portkey_get_export")
async def get_export(export_id: str, actor: Reader) -> dict[str, Any]:
    """What an export holds; it is always ready."""
    filters = _filters(export_id)
    return {
        "id": export_id,
        "workspace_id": actor.workspace_id,
        "filters": filters,
        "status": "success",
        "object": "export",
    }


@router.post("/logs/exports/{export_id}/start", operation_id="portkey_start_export")
async def start_export(export_id: str, actor: Reader) -> dict[str, Any]:
    """There is nothing to wait for."""
    _filters(export_id)
    return {"message": f"The export for {actor.workspace_id} can be downloaded.", "object": "export"}


@router.post("/logs/exports/{export_id}/cancel", operation_id="portkey_cancel_export")
async def cancel_export(export_id: str, actor: Reader) -> dict[str, Any]:
    """Nothing runs that could be stopped."""
    _filters(export_id)
    return {"message": f"Nothing is running for {actor.workspace_id}.", "object": "export"}


@router.get("/logs/exports/{export_id}/download", operation_id="portkey_download_export")
async def download_export(export_id: str, actor: Reader, request: Request) -> dict[str, Any]:
    """Where the lines are; they are fetched with the same key."""
    _filters(export_id)
    base = request.app.state.about.gateway_url
    return {"signed_url": f"{base}/v1/logs/exports/{export_id}/content", "workspace_id": actor.workspace_id}


@router.get(
    "/logs/exports/{export_id}/content",
    operation_id="portkey_export_content",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {}}, "description": "One call a line, newest first."}},
)
async def export_content(export_id: str, actor: Reader, db: Db) -> StreamingResponse:
    """One call a line, newest first, at most 50,000; without bodies. What was inserted follows, marked as declared."""
    which = _filter(_filters(export_id))
    return StreamingResponse(_lines(db, actor.workspace_id, which), media_type="application/jsonl")


async def _lines(db: Database, workspace_id: str, which: CallFilter) -> AsyncIterator[bytes]:
    told = 0
    async for page in listing.pages(db, workspace_id, which, most=MOST):
        yield b"".join(json.dumps(log_row(call)).encode() + b"\n" for call in page.items)
        told += len(page.items)
    async with db.read() as tx:
        rows = await declared.of(
            tx,
            workspace_id,
            begin=which.begin,
            end=which.end,
            status=which.status,
            model=which.model,
            limit=MOST - told,
        )
    yield b"".join(json.dumps(inserted_row(row, bodies=False)).encode() + b"\n" for row in rows)


def _filter(filters: dict[str, Any]) -> CallFilter:
    begin, end = window(filters.get("time_of_generation_min"), filters.get("time_of_generation_max"))
    status = filters.get("status_code")
    model = filters.get("ai_org_model")
    return CallFilter(
        begin=begin,
        end=end,
        status=int(status) if isinstance(status, int | str) and str(status).isdigit() else None,
        model=model.rpartition("__")[2] if isinstance(model, str) else None,
    )


def _export_id(filters: dict[str, Any]) -> str:
    text = json.dumps(filters, separators=(",", ":"), sort_keys=True, default=str)
    return "exp_" + base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _filters(export_id: str) -> dict[str, Any]:
    """Raises NotFound."""
    text = export_id.removeprefix("exp_")
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, dict) or not export_id.startswith("exp_"):
        raise NotFound(f"There is no export {export_id!r}; make one with POST /v1/logs/exports.")
    return found
