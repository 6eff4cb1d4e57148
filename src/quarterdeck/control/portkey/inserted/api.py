"""POST /logs: insert what a call that did not pass here was like."""

import asyncio
import re
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from quarterdeck.access import members
from quarterdeck.access.actors import ActorKind
from quarterdeck.control.http import Db, Rater
from quarterdeck.control.portkey.inserted import store
from quarterdeck.control.portkey.inserted.model import PREFIX, Inserted, facts, packed, without_secrets
from quarterdeck.kernel.errors import Invalid
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.redact import Redactor

router = APIRouter(tags=["portkey"])
MOST_AT_ONCE = 100


class LogIn(BaseModel):
    """As Portkey's clients send it."""

    request: dict[str, Any] = Field(description="`url`, `provider`, `method`, `headers`, `body`.")
    response: dict[str, Any] = Field(description="`status`, `headers`, `body`, `response_time` (ms).")
    metadata: dict[str, Any] = Field({}, description="`trace_id`, `span_id`, `span_name`, `parent_span_id`, and tags.")


class LogsInserted(BaseModel):
    """As Portkey answers."""

    status: str = "success"
    logIds: list[str]


@router.post("/logs", operation_id="portkey_insert_logs")
async def insert_logs(actor: Rater, db: Db, given: Annotated[LogIn | list[LogIn], Body()]) -> LogsInserted:
    """Insert a log, or up to a hundred. They are marked as declared and kept apart: no cost or status counts them."""
    several = given if isinstance(given, list) else [given]
    if not 1 <= len(several) <= MOST_AT_ONCE:
        raise Invalid(f"Insert 1 to {MOST_AT_ONCE} logs at a time, not {len(several)}.")
    async with db.read() as tx:
        workspace = await members.workspace(tx, actor.workspace_id)
    redaction = workspace.settings.get("redaction") or {}
    bodies = await asyncio.to_thread(_bodies, several, workspace.body_mode, redaction)
    agent_id = actor.id if actor.kind in (ActorKind.AGENT, ActorKind.RUN) else None
    async with db.transaction() as tx:
        logs = [
            Inserted(
                id=new_id(PREFIX.rstrip("_")),
                workspace_id=actor.workspace_id,
                at=tx.now,
                given_by=actor.id,
                agent_id=agent_id,
                bodies=body,
                **facts(one.request, one.response, one.metadata),
            )
            for one, body in zip(several, bodies, strict=True)
        ]
        await store.insert(tx, logs)
    return LogsInserted(logIds=[log.id for log in logs])


def _bodies(several: list[LogIn], mode: str, redaction: dict[str, Any]) -> list[bytes | None]:
    """What is kept of each, as the workspace's body mode says. Blocking."""
    if mode == "none":
        return [None] * len(several)
    try:
        redactor = Redactor.of(redaction) if mode == "redacted" else None
    except re.error:
        # A pattern that is none: better nothing than something that was to be taken out.
        return [None] * len(several)
    found: list[bytes | None] = []
    for one in several:
        said = {"request": without_secrets(one.request), "response": without_secrets(one.response)}
        text = msgspec.json.encode(said)
        found.append(packed(text if redactor is None else redactor.body(text)))
    return found
