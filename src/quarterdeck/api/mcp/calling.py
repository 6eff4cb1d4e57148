"""What all tools have: the application they belong to, and what they learn of the request they were called by."""

from typing import Annotated, Any

from mcp.server.mcpserver import Context
from pydantic import Field
from starlette.datastructures import State
from starlette.requests import Request

from quarterdeck.access.actors import Actor
from quarterdeck.control.runs.model import SESSION_LENGTH
from quarterdeck.db import Database

_SESSIONS = ("quarterdeck/session", "sessionId")
"""Ours, and Codex's: what its model calls carry as `session-id`."""
TaskId = Annotated[str, Field(description="The task's id (tsk_…) or ref (T-12).")]


class ToolSet:
    """Some of the tools; one per application. Every tool acts as whoever the request's key says, and within that."""

    def __init__(self, state: State) -> None:
        self._state = state

    @property
    def _db(self) -> Database:
        db: Database = self._state.db
        return db


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
