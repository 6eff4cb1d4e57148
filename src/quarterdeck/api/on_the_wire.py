"""Lets the routes of a request see what is in flight on the gateways."""

from starlette.types import ASGIApp, Receive, Scope, Send

from quarterdeck.control.status import wire
from quarterdeck.control.status.wire import Wire


class OnTheWire:
    """Sets `control.status.wire.current` for each request."""

    def __init__(self, app: ASGIApp, wire: Wire) -> None:
        self._app = app
        self._wire = wire

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        wire.use(self._wire)
        await self._app(scope, receive, send)
