"""/audit: who changed what, when, on whose behalf; and whether the log is whole."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel

from quarterdeck.control.audit import store, verifying
from quarterdeck.control.audit.store import Filter, Stored
from quarterdeck.control.audit.verifying import Anchor
from quarterdeck.control.comments.store import names as names_of
from quarterdeck.control.http import DEFAULT_LIMIT, Admin, Db, Limit
from quarterdeck.control.shapes import Instant, Named, instant_in
from quarterdeck.kernel.clock import iso

router = APIRouter(tags=["audit"])


class RowChangeOut(BaseModel):
    table: str
    id: str
    before: dict[str, Any] | None
    """null: the row was made. Of a changed row, only what differs; secrets are `[hidden]`, long texts a hash."""
    after: dict[str, Any] | None
    """null: the row is gone."""


class AuditEntryOut(BaseModel):
    seq: int
    at: Instant
    kind: str
    subject_id: str
    actor: Named | None
    """null: the system, by itself."""
    on_behalf_of: Named | None
    """For whom an agent acted."""
    via: str
    """api, file, command or system."""
    request_id: str | None
    data: dict[str, Any]
    changes: list[RowChangeOut]
    hash: str


class AuditOut(BaseModel):
    items: list[AuditEntryOut]
    """Newest first."""
    next: str | None


class VerdictOut(BaseModel):
    holds: bool
    entries: int
    head: str
    """`SEQ:HASH` of the last entry that holds. Written down elsewhere, it proves later that nothing before changed."""
    problem: str | None
    at_seq: int | None


@router.get("/audit", operation_id="list_audit")
async def list_audit(
    *,
    actor: Admin,
    db: Db,
    kind: Annotated[str | None, Query(description="Such as `task.moved`, or `task.*`.")] = None,
    subject_id: Annotated[str | None, Query()] = None,
    actor_id: Annotated[str | None, Query()] = None,
    request_id: Annotated[str | None, Query()] = None,
    since: Annotated[str | None, Query(json_schema_extra={"format": "date-time"})] = None,
    until: Annotated[str | None, Query(json_schema_extra={"format": "date-time"})] = None,
    after: Annotated[int | None, Query(ge=1, le=2**62, description="The `next` of the page before.")] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> AuditOut:
    """Every change of this workspace, newest first."""
    which = Filter(
        kind=kind,
        subject_id=subject_id,
        actor_id=actor_id,
        request_id=request_id,
        since=None if since is None else instant_in(since, "since"),
        until=None if until is None else instant_in(until, "until"),
    )
    async with db.read() as tx:
        page = await store.page(tx, actor.workspace_id, which, after=after, limit=limit)
        ids = {each for one in page.items for each in (one.actor_id, one.on_behalf_of_id) if each is not None}
        names = await names_of(tx, actor.workspace_id, ids)
    return AuditOut(items=[_shown(one, names) for one in page.items], next=page.next)


@router.get("/audit/verify", operation_id="verify_audit")
async def verify_audit(
    actor: Admin,
    db: Db,
    head: Annotated[str | None, Query(description="A head that was written down: it must still be in the log.")] = None,
) -> VerdictOut:
    """Follow the whole chain and say whether any entry was changed, taken out, put in or moved."""
    found = await verifying.verify(db, actor.workspace_id, None if head is None else Anchor.of(head))
    return VerdictOut(
        holds=found.problem is None,
        entries=found.entries,
        head=found.head,
        problem=found.problem,
        at_seq=found.at_seq,
    )


def _shown(stored: Stored, names: dict[str, str]) -> AuditEntryOut:
    said = json.loads(stored.body)
    return AuditEntryOut(
        seq=stored.seq,
        at=iso(stored.at),
        kind=stored.kind,
        subject_id=stored.subject_id,
        actor=_named(stored.actor_id, names),
        on_behalf_of=_named(stored.on_behalf_of_id, names),
        via=said["via"],
        request_id=stored.request_id,
        data=said["data"],
        changes=[RowChangeOut(**each) for each in said["changes"]],
        hash=stored.hash,
    )


def _named(an_id: str | None, names: dict[str, str]) -> Named | None:
    return None if an_id is None else Named(id=an_id, name=names.get(an_id, ""))
