"""/shares: links for somebody without an account; /shared: what such a link shows, and nothing else."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from quarterdeck.access import members
from quarterdeck.control.agents import people
from quarterdeck.control.agents import store as agent_store
from quarterdeck.control.costs import api as costs
from quarterdeck.control.costs import of_task
from quarterdeck.control.costs.waste import CostClass
from quarterdeck.control.deliverables import actions as deliverable_actions
from quarterdeck.control.deliverables import store as deliverables
from quarterdeck.control.deliverables.api import Kept
from quarterdeck.control.deliverables.files import Files
from quarterdeck.control.deliverables.model import TEXT_LIKE, Deliverable, DeliverableKind, Version
from quarterdeck.control.http import Anyone, Db, Worker
from quarterdeck.control.shapes import Instant, Named, RequestBody
from quarterdeck.control.shares import actions, store
from quarterdeck.control.shares.store import Share
from quarterdeck.control.squads import store as squad_store
from quarterdeck.control.tasks import actions as tasks
from quarterdeck.control.tasks.model import TaskState
from quarterdeck.control.tasks.views import CriterionOut
from quarterdeck.db import Transaction
from quarterdeck.kernel.clock import DAY, HOUR, MINUTE, floor_to, iso
from quarterdeck.kernel.errors import Invalid, NotFound
from quarterdeck.ledger import rollups

router = APIRouter(tags=["shares"])
By = Literal["agent", "task", "project", "person", "model", "provider", "tag"]
Span = Literal["1h", "today", "24h", "7d", "30d"]
_GRAINS: dict[Span, tuple[costs.GrainName, int, int]] = {
    "1h": ("minute", MINUTE, HOUR),
    "today": ("hour", DAY, DAY),
    "24h": ("hour", HOUR, DAY),
    "7d": ("day", DAY, 7 * DAY),
    "30d": ("day", DAY, 30 * DAY),
}
"""How a report is drawn: by what, at the start of which stretch it begins, and how far back; as the dashboard does."""
_TOP = 100
_READ = TEXT_LIKE | {DeliverableKind.LINK}
_TEXT = 200_000
"""So many characters of a text are shown; the rest is told as cut."""


class ReportIn(RequestBody):
    """A report of costs as the dashboard's page shows it; it moves on with the clock."""

    by: By = "agent"
    span: Span = "30d"


class ShareIn(RequestBody):
    task_id: str | None = None
    costs: ReportIn | None = None
    days: int = Field(7, ge=1, le=actions.MAX_DAYS, description="How long the link opens.")


class ShareOut(BaseModel):
    id: str
    task_id: str | None
    costs: ReportIn | None
    created_by: Named
    created_at: Instant
    expires_at: Instant
    opened_at: Instant | None
    """When it was last read, to the hour; null: never."""


class NewShareOut(ShareOut):
    url: str = Field(
        description="The link. Its secret is told only now; it stands behind a #, so that no server logs it."
    )


class SharesOut(BaseModel):
    items: list[ShareOut]
    next: None = None


class ShareTokenIn(RequestBody):
    token: str = Field(max_length=200)


class SharedVersionOut(BaseModel):
    """The newest version of a deliverable. `text` is null for what is no text."""

    name: str
    kind: str
    number: int
    draft: bool
    created_at: Instant
    note: str | None
    text: str | None
    cut: bool


class SharedTaskOut(BaseModel):
    ref: str
    title: str
    brief: str
    state: TaskState
    state_since: Instant
    agent: str | None
    squad: str | None
    """Of which any agent may claim it, or one did."""
    accountable: str
    acceptance: list[CriterionOut]
    deliverables: list[SharedVersionOut]
    calls: int
    cost_nano: int
    unpriced_calls: int
    classes: dict[CostClass, int]


class SharedCostsOut(costs.CostsOut):
    by: By
    span: Span


class SharedOut(BaseModel):
    """What a link shows: a task or a report of costs, as they are now."""

    workspace: str
    shared_by: str
    expires_at: Instant
    as_of: Instant
    task: SharedTaskOut | None
    costs: SharedCostsOut | None


@router.post("/shares", status_code=201, operation_id="create_share")
async def create_share(body: ShareIn, actor: Worker, db: Db, request: Request) -> NewShareOut:
    """Hand out a link by which anyone may read one task, or one report of costs, until it expires or is revoked."""
    report = None if body.costs is None else body.costs.model_dump()
    async with db.transaction() as tx:
        share, token = await actions.create(tx, actor, task_id=body.task_id, costs=report, days=body.days)
        [shown] = await _shown(tx, [share])
    return NewShareOut(**shown.model_dump(), url=f"{request.app.state.about.gateway_url}/shared#{token}")


@router.get("/shares", operation_id="list_shares")
async def list_shares(
    actor: Worker, db: Db, task_id: Annotated[str | None, Query(description="Of this task; else of costs.")] = None
) -> SharesOut:
    """Links that may still be read, the newest first."""
    async with db.read() as tx:
        return SharesOut(items=await _shown(tx, await store.standing(tx, actor.workspace_id, task_id)))


@router.delete("/shares/{share_id}", status_code=204, operation_id="revoke_share")
async def revoke_share(share_id: str, actor: Worker, db: Db) -> None:
    """End a link at once."""
    async with db.transaction() as tx:
        await actions.revoke(tx, actor, share_id)


@router.post("/shared", operation_id="open_share")
async def open_share(body: ShareTokenIn, _: Anyone, db: Db, files: Kept) -> SharedOut:
    """What a link shows. No call, no key and no name beyond those of the task itself."""
    share = await actions.opened(db, body.token)
    async with db.read() as tx:
        workspace = await members.workspace(tx, share.workspace_id)
        named = await people.named(tx, share.workspace_id, [share.created_by])
        return SharedOut(
            workspace=workspace.name,
            shared_by=named.get(share.created_by, "–"),
            expires_at=iso(share.expires_at),
            as_of=iso(tx.now),
            task=None if share.task_id is None else await _task(tx, share, share.task_id, files),
            costs=None if share.costs is None else await _report(tx, share, ReportIn(**share.costs)),
        )


async def _shown(tx: Transaction, some: Sequence[Share]) -> list[ShareOut]:
    named = await people.named(tx, some[0].workspace_id, {each.created_by for each in some}) if some else {}
    return [
        ShareOut(
            id=each.id,
            task_id=each.task_id,
            costs=None if each.costs is None else ReportIn(**each.costs),
            created_by=Named(id=each.created_by, name=named.get(each.created_by, "–")),
            created_at=iso(each.created_at),
            expires_at=iso(each.expires_at),
            opened_at=None if each.opened_at is None else iso(each.opened_at),
        )
        for each in some
    ]


async def _task(tx: Transaction, share: Share, task_id: str, files: Files) -> SharedTaskOut:
    task = await tasks.get(tx, share.workspace_id, task_id)
    agents = await agent_store.named(tx, share.workspace_id, [task.agent_id] if task.agent_id else [])
    squads = await squad_store.named(tx, share.workspace_id, [task.squad_id] if task.squad_id else [])
    accountable = await people.named(tx, share.workspace_id, [task.accountable_id])
    spent = (await rollups.figures(tx, share.workspace_id, "task", [task_id]))[task_id]
    handed_in = await deliverables.of_task(tx, share.workspace_id, task_id)
    versions = await deliverables.versions_of(tx, share.workspace_id, [each.id for each in handed_in])
    newest = {version.deliverable_id: version for version in reversed(versions)}
    return SharedTaskOut(
        ref=task.ref,
        title=task.title,
        brief=task.brief,
        state=task.state,
        state_since=iso(task.state_since),
        agent=agents.get(task.agent_id or ""),
        squad=squads.get(task.squad_id or ""),
        accountable=accountable.get(task.accountable_id, "–"),
        acceptance=[CriterionOut(text=one.text, met=one.met, deliverable=one.deliverable) for one in task.acceptance],
        deliverables=[await _version(tx, each, newest[each.id], files) for each in handed_in if each.id in newest],
        calls=spent.calls,
        cost_nano=spent.cost,
        unpriced_calls=spent.unpriced_calls,
        classes=await of_task.classes(tx, share.workspace_id, task_id),
    )


async def _version(tx: Transaction, of: Deliverable, version: Version, files: Files) -> SharedVersionOut:
    text = None
    if of.kind in _READ:
        try:
            content = await deliverables.content(tx, version)
            text = await deliverable_actions.read_text(files, version, content)
        except (Invalid, NotFound):
            text = None
    return SharedVersionOut(
        name=of.name,
        kind=of.kind.value,
        number=version.number,
        draft=version.draft,
        created_at=iso(version.created_at),
        note=version.note,
        text=None if text is None else text[:_TEXT],
        cut=text is not None and len(text) > _TEXT,
    )


async def _report(tx: Transaction, share: Share, wanted: ReportIn) -> SharedCostsOut:
    grain, length, back = _GRAINS[wanted.span]
    since = floor_to(tx.now, length) - back + length
    found = await costs.report(tx, share.workspace_id, since, tx.now, by=wanted.by, grain=grain, top=_TOP)
    return SharedCostsOut(**dict(found), by=wanted.by, span=wanted.span)
