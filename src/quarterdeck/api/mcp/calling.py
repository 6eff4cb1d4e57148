"""What a tool learns of the request it was called by."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field
from starlette.requests import Request

from quarterdeck.access.actors import Actor
from quarterdeck.control.runs.model import SESSION_LENGTH

_SESSIONS = ("quarterdeck/session", "sessionId")
"""Ours, and Codex's: what its model calls carry as `session-id`."""
TaskId = Annotated[str, Field(description="The task's id (tsk_…) or ref (T-12).")]


def actor_of(ctx: Context) -> Actor:
    """Whoever the request's key says; the mount has let nobody else in."""
    actor: Actor = request_of(ctx).state.actor
    return actor


def request_of(ctx: Context) -> Request:
    request = ctx.request_context.request
    assert isinstance(request, Request)
    return request


def session_in(ctx: Context) -> str | None:
    """The session that a client names in the request's `_meta`, where its headers are fixed."""
    meta = meta_of(ctx)
    for name in _SESSIONS:
        found = meta.get(name)
        if isinstance(found, str) and found.strip():
            return found.strip()[:SESSION_LENGTH]
    return None


def meta_of(ctx: Context) -> dict[str, Any]:
    return dict(ctx.request_context.meta or {})
