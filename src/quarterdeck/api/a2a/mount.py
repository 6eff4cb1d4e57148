"""The endpoint: cards, JSON-RPC and HTTP+JSON, for the deck at `/a2a` and for each agent at `/a2a/agents/{name}`."""

import asyncio
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from quarterdeck.api.mounts import admit
from quarterdeck.kernel.errors import NotFound

if TYPE_CHECKING:
    from quarterdeck.api.a2a.server import Server

PATH = "/a2a"
CARD = "/.well-known/agent-card.json"
_PLACE = re.compile(rf"{PATH}(?:/agents/([^/]{{1,200}}))?(/.*)?")


class A2aMount:
    """Loaded when somebody first asks; the public card of the deck too."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loading: asyncio.Task[Server] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Unauthenticated, Forbidden, Misdirected and NotFound, which the application answers as problems."""
        actor = admit(scope, PATH, self._app.state.about.gateway_url)
        place = _PLACE.fullmatch(scope["path"])
        if place is None:
            raise NotFound(f"There is nothing at {scope['path']}; agents are at {PATH}/agents/NAME.")
        agent = None if place[1] is None else unquote(place[1])
        server, below = await self._server(), place[2] or "/"
        response: Response
        if below == CARD:
            response = JSONResponse(await server.card(actor, agent)) if scope["method"] == "GET" else _only("GET")
        elif below != "/":
            await server.answer_rest({**scope, "path": below, "root_path": ""}, receive, send, actor, agent)
            return
        elif scope["method"] == "POST":
            response = await server.answer(Request(scope, receive), actor, agent)
        else:
            response = _only("POST")
        await response(scope, receive, send)

    async def public_card(self) -> Response:
        """What everybody may know: that this is a Quarterdeck, and where to ask."""
        return JSONResponse((await self._server()).public_card())

    async def stop(self) -> None:
        """Nothing of it runs by itself."""

    async def _server(self) -> "Server":
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(_build, self._app))
        return await asyncio.shield(self._loading)


def _only(method: str) -> Response:
    return Response(status_code=405, headers={"allow": method})


def _build(app: FastAPI) -> "Server":
    from quarterdeck.api.a2a.server import Server  # noqa: PLC0415

    return Server(app.state)
