"""Every request has an id, and what it changes says that it came from it."""

import re

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from quarterdeck.access.actors import Actor, ActorKind
from quarterdeck.api.mounts import is_guarded, mount_of
from quarterdeck.kernel.ids import new_id
from quarterdeck.kernel.origin import Origin, acting

HEADER = "x-request-id"
_FINE = re.compile(r"[A-Za-z0-9._:-]{1,100}")


class Origins:
    """Takes the caller's `x-request-id` or makes one, answers with it, and names it to the audit log."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _FINE.fullmatch(given) else new_id("req")
        actor: Actor | None = scope.get("state", {}).get("actor")

        async def with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault(HEADER, request_id)
            await send(message)

        via = (mount_of(scope["path"]) or "/api").removeprefix("/")
        if via == "api" and actor is not None and actor.kind is ActorKind.MEMBER and actor.key_id is None:
            via = "dashboard"
        origin = Origin(via, request_id=request_id)
        if actor is not None:
            origin = Origin(via, actor.id, request_id, actor.run_id, actor.task_id)
        with acting(origin):
            await self._app(scope, receive, with_id)
