"""GET /settings."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel

from quarterdeck.access import members
from quarterdeck.control.http import Db, Reader
from quarterdeck.control.settings.model import About, IngestState

router = APIRouter(tags=["settings"])


class GatewayOut(BaseModel):
    base_url: str


class WorkspaceOut(BaseModel):
    id: str
    name: str
    body_mode: str


class RetentionOut(BaseModel):
    """Days; null keeps for ever."""

    bodies_days: int | None
    calls_days: int | None


class IngestOut(BaseModel):
    backlog_records: int
    backlog_bytes: int
    lag_ms: int


class SettingsOut(BaseModel):
    version: str
    gateway: GatewayOut
    workspace: WorkspaceOut
    retention: RetentionOut
    ingest: IngestOut


@router.get("/settings")
async def show_settings(actor: Reader, db: Db, request: Request) -> SettingsOut:
    """The program's version, where agents connect, what is kept how long, and how far the record of calls is behind."""
    about: About = request.app.state.about
    ingest: IngestState = await request.app.state.ingest_state()
    async with db.read() as tx:
        workspace = await members.workspace(tx, actor.workspace_id)
    retention: dict[str, Any] = workspace.settings.get("retention", {})
    return SettingsOut(
        version=about.version,
        gateway=GatewayOut(base_url=about.gateway_url),
        workspace=WorkspaceOut(id=workspace.id, name=workspace.name, body_mode=workspace.body_mode),
        retention=RetentionOut(bodies_days=retention.get("bodies_days"), calls_days=retention.get("calls_days")),
        ingest=IngestOut(
            backlog_records=ingest.backlog_records, backlog_bytes=ingest.backlog_bytes, lag_ms=ingest.lag_ms
        ),
    )
