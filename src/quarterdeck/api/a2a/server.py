"""The SDK's dispatcher around our handler. Importing this loads the SDK."""

from typing import Any

from a2a.server.context import ServerCallContext
from a2a.server.request_handlers.response_helpers import agent_card_to_dict
from a2a.server.routes.common import DefaultServerCallContextBuilder
from a2a.server.routes.jsonrpc_dispatcher import JsonRpcDispatcher
from a2a.server.routes.rest_routes import create_rest_routes
from a2a.utils.errors import UnsupportedOperationError
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from quarterdeck.access.actors import Actor
from quarterdeck.api.a2a.cards import deck_card
from quarterdeck.api.a2a.handler import Caller, Handler
from quarterdeck.kernel.errors import NotFound


class Server:
    """One per application."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._handler = Handler(state)
        self._dispatcher = JsonRpcDispatcher(self._handler, context_builder=_Contexts())
        routes = create_rest_routes(self._handler, context_builder=_Contexts())
        # Without those below a tenant's name: whose key it is says the workspace.
        plain = [route for route in routes if isinstance(route, Route)]
        self._rest = Router(plain, redirect_slashes=False, default=_nothing_there)

    async def answer(self, request: Request, actor: Actor, agent: str | None) -> Response:
        request.state.caller = Caller(actor, agent)
        return await self._dispatcher.handle_requests(request)

    async def answer_rest(self, scope: Scope, receive: Receive, send: Send, actor: Actor, agent: str | None) -> None:
        """The HTTP+JSON binding; the scope's path is below the agent's. Raises NotFound."""
        scope["state"] = {**scope.get("state", {}), "caller": Caller(actor, agent)}
        await self._rest(scope, receive, send)

    async def card(self, actor: Actor, agent: str | None) -> dict[str, Any]:
        """Raises NotFound."""
        try:
            return agent_card_to_dict(await self._handler.card(Caller(actor, agent)))
        except UnsupportedOperationError as error:
            raise NotFound(error.message) from None

    def public_card(self) -> dict[str, Any]:
        about = self._state.about
        return agent_card_to_dict(deck_card(about.gateway_url, about.version))


async def _nothing_there(scope: Scope, receive: Receive, send: Send) -> None:
    raise NotFound(f"There is no {scope['method']} {scope['path']} in A2A's HTTP+JSON binding.")


class _Contexts(DefaultServerCallContextBuilder):
    def build(self, request: Request) -> ServerCallContext:
        context = super().build(request)
        context.state["caller"] = request.state.caller
        return context
