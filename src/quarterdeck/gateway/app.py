"""What the gateway answers where: model paths on the model path, everything else by control."""

import asyncio

from quarterdeck.gateway import errors
from quarterdeck.gateway.call import ModelCalls
from quarterdeck.gateway.counting import COUNTED, CountCalls
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.endpoints import (
    CATALOGUE_PATH,
    MODEL_PREFIXES,
    MODELS_PATH,
    Endpoint,
    endpoint_of,
    family_of,
)
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.forward import Forwarder
from quarterdeck.gateway.headers import value_of
from quarterdeck.gateway.health import Health
from quarterdeck.gateway.identify import check, known_key
from quarterdeck.gateway.models import listing
from quarterdeck.gateway.native import NativeCalls, native_of
from quarterdeck.gateway.native_catalog import catalogue
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.portkey_paths import in_control
from quarterdeck.gateway.realtime import RealtimeCalls
from quarterdeck.gateway.server import Exchange

_WORDING = {"openai": "openai_chat"}
"""The dialect a family's refusals are worded in, where it has another name."""
_JSON = (b"content-type", b"application/json")


class GatewayApp:
    """One per gateway process."""

    def __init__(self, parts: Parts, calls: ModelCalls, forward: Forwarder, health: Health) -> None:
        self._parts = parts
        self._calls = calls
        self._unlike = {**dict.fromkeys(COUNTED, CountCalls(parts)), "openai_realtime": RealtimeCalls(parts)}
        """Those who serve dialects that are not asked and answered as the others are."""
        self._native = NativeCalls(parts)
        self._forward = forward
        self._health = health

    async def __call__(self, exchange: Exchange) -> None:
        path = exchange.path
        endpoint = endpoint_of(path, exchange.query)
        if endpoint is not None and exchange.method == endpoint.method:
            calls = self._unlike.get(endpoint.dialect, self._calls)
            await calls.handle(exchange, endpoint)
        elif (native := native_of(exchange)) is not None:
            await self._native.handle(exchange, native)
        elif (portkeys := in_control(path, exchange.raw_path)) is not None:
            await self._forward(exchange, portkeys)
        elif path == MODELS_PATH or path.startswith(MODEL_PREFIXES):
            await self._other_model_path(exchange, endpoint)
        elif path in Health.PATHS:
            await self._health(exchange)
        else:
            await self._forward(exchange)

    async def _other_model_path(self, exchange: Exchange, endpoint: Endpoint | None) -> None:
        """The list of models, or a refusal in the words of the API the path belongs to."""
        path, method = exchange.path, exchange.method
        try:
            if endpoint is not None:
                raise errors.wrong_method(method, path, endpoint.method)
            if path not in (MODELS_PATH, CATALOGUE_PATH):
                raise errors.no_such_path(path)
            if method != b"GET":
                raise errors.wrong_method(method, path, b"GET")
            exchange.respond(200, [_JSON], await self._listing(exchange))
        except Refusal as refusal:
            family = family_of(path)
            dialect = BY_NAME[_WORDING.get(family, family)]
            body = dialect.error(refusal.status, refusal.code, refusal.message)
            self._parts.metrics.refused(refusal.code)
            headers = [_JSON, (b"x-quarterdeck-code", refusal.code.encode()), *refusal.headers]
            exchange.respond(refusal.status, headers, body)

    async def _listing(self, exchange: Exchange) -> bytes:
        holder, prices = self._parts.holder, self._parts.settler.prices
        entry = await known_key(holder, dict(exchange.headers), exchange.query)
        workspace = holder.current.workspaces[entry.workspace_id]
        check(entry, workspace, self._parts.now())
        if exchange.path == CATALOGUE_PATH:
            return await asyncio.to_thread(catalogue, workspace, entry, prices)
        anthropic = value_of(exchange.headers, b"anthropic-version") is not None
        return await asyncio.to_thread(listing, workspace, entry, prices, anthropic=anthropic)
