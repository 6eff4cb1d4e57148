"""The endpoint: who asks is checked first, and the protocol is loaded when somebody first asks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from quarterdeck.api.mounts import admit

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

PATH = "/mcp"


class McpMount:
    """Streamable HTTP at `/mcp`, stateless, for the current and the previous protocol revision."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._loading: asyncio.Task[StreamableHTTPSessionManager] | None = None
        self._over = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises Unauthenticated, Forbidden and Misdirected, which the application answers as problems."""
        admit(scope, PATH, self._app.state.about.gateway_url)
        if scope["method"] not in ("POST", "DELETE"):
            # No stream from server to client: nothing is ever sent that was not asked for.
            await Response(status_code=405, headers={"allow": "POST, DELETE"})(scope, receive, send)
            return
        handle = (await self._manager()).asgi_app
        await handle(scope, receive, send)

    async def stop(self) -> None:
        """End what still runs. Safe when nobody ever asked."""
        self._over.set()
        if self._running is not None:
            await self._running

    async def _manager(self) -> "StreamableHTTPSessionManager":
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def _load(self) -> "StreamableHTTPSessionManager":
        # Imported here, and off the event loop: it takes more than everything else that starting takes.
        manager = await asyncio.to_thread(_build, self._app)
        started = asyncio.Event()
        self._running = asyncio.create_task(_hold(manager, started.set, self._over.wait))
        await started.wait()
        return manager


async def _hold(
    manager: "StreamableHTTPSessionManager", started: Callable[[], None], over: Callable[[], Awaitable[object]]
) -> None:
    async with manager.run():
        started()
        await over()


def _build(app: FastAPI) -> "StreamableHTTPSessionManager":
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager  # noqa: PLC0415

    from quarterdeck.api.mcp.server import build  # noqa: PLC0415

    server = build(app.state)
    return StreamableHTTPSessionManager(server._lowlevel_server, json_response=True, stateless=True)
