"""/settings."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from quarterdeck.access import members
from quarterdeck.control.http import Admin, Db, Gate, IfMatch, Reader
from quarterdeck.control.settings import actions
from quarterdeck.control.settings.model import DECLARED, About, IngestState, SettingsChange
from quarterdeck.control.shapes import RequestBody
from quarterdeck.db import Database
from quarterdeck.kernel.text import a_name

router = APIRouter(tags=["settings"])
NAME_LENGTH = 100
MAX_DAYS = 36_500


class GatewayOut(BaseModel):
    base_url: str


class WorkspaceOut(BaseModel):
    id: str
    name: str
    body_mode: str
    version: int


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
    declared: list[str] = Field(description="`body_mode` and `retention`, where the configuration file says them.")
    ingest: IngestOut


Days = Annotated[int | None, Field(ge=1, le=MAX_DAYS, description="null keeps for ever.")]


class RetentionIn(RequestBody):
    bodies_days: Days = None
    calls_days: Days = None


class SettingsIn(RequestBody):
    """What is absent stays as it is."""

    name: str | None = None
    body_mode: Literal["full", "redacted", "none"] | None = None
    retention: RetentionIn | None = None


@router.get("/settings")
async def show_settings(actor: Reader, db: Db, request: Request) -> SettingsOut:
    """The program's version, where agents connect, what is kept how long, and how far the record of calls is behind."""
    return await _shown(db, actor.workspace_id, request)


@router.patch("/settings", operation_id="change_settings")
async def change_settings(
    *, body: SettingsIn, actor: Admin, db: Db, gate: Gate, request: Request, version: IfMatch = None
) -> SettingsOut:
    """Name the workspace, say which bodies of calls are kept and how long. What a file declares is changed there."""
    change = SettingsChange(
        name=None if body.name is None else a_name(body.name, "name", NAME_LENGTH),
        body_mode=body.body_mode,
        retention={} if body.retention is None else body.retention.model_dump(exclude_unset=True),
    )
    async with db.transaction() as tx:
        await actions.change(tx, actor.workspace_id, change, expected=version, actor=actor.id)
    await gate.ensure_published()
    return await _shown(db, actor.workspace_id, request)


async def _shown(db: Database, workspace_id: str, request: Request) -> SettingsOut:
    about: About = request.app.state.about
    ingest: IngestState = await request.app.state.ingest_state()
    async with db.read() as tx:
        workspace = await members.workspace(tx, workspace_id)
    retention: dict[str, Any] = workspace.settings.get("retention", {})
    return SettingsOut(
        version=about.version,
        gateway=GatewayOut(base_url=about.gateway_url),
        workspace=WorkspaceOut(
            id=workspace.id, name=workspace.name, body_mode=workspace.body_mode, version=workspace.version
        ),
        retention=RetentionOut(bodies_days=retention.get("bodies_days"), calls_days=retention.get("calls_days")),
        declared=list(workspace.settings.get(DECLARED) or ()),
        ingest=IngestOut(
            backlog_records=ingest.backlog_records, backlog_bytes=ingest.backlog_bytes, lag_ms=ingest.lag_ms
        ),
    )
