"""The gateway's ASGI application: model paths to the model path, everything else to control."""


from quarterdeck.gateway import errors
from quarterdeck.gateway.call import ModelCalls, Parts, Receive, Scope, Send
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.endpoints import ENDPOINTS, MODEL_PREFIXES, MODELS_PATH, Endpoint, family_of
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.forward import Forwarder
from quarterdeck.gateway.health import Health
from quarterdeck.gateway.identify import check, find, key_texts
from quarterdeck.gateway.models import listing

_WORDING = {"openai": "openai_chat", "anthropic": "anthropic"}


class GatewayApp:
    """One per gateway process. Raw ASGI: nothing stands between the server and the model path."""

    def __init__(self, parts: Parts, calls: ModelCalls, forward: Forwarder, health: Health) -> None:
        self._parts = parts
        self._calls = calls
        self._forward = forward
        self._health = health

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await _close_websocket(scope, receive, send)
            return
        path: str = scope["path"]
        endpoint = ENDPOINTS.get(path)
        if endpoint is not None and scope["method"] == endpoint.method:
            await self._calls.handle(scope, receive, send, endpoint)
        elif path == MODELS_PATH or path.startswith(MODEL_PREFIXES):
            await self._other_model_path(scope, send, endpoint)
        elif path in Health.PATHS:
            await self._health(path, send)
        else:
            await self._forward(scope, receive, send)

    async def _other_model_path(self, scope: Scope, send: Send, endpoint: Endpoint | None) -> None:
        """The list of models, or a refusal in the words of the API the path belongs to."""
        path, method = scope["path"], scope["method"]
        try:
            if endpoint is not None:
                raise errors.wrong_method(method, path, endpoint.method)
            if path != MODELS_PATH:
                raise errors.no_such_path(path)
            if method != "GET":
                raise errors.wrong_method(method, path, "GET")
            await _answer(send, 200, await self._models(scope))
        except Refusal as refusal:
            dialect = BY_NAME[_WORDING[family_of(path)]]
            body = dialect.error(refusal.status, refusal.code, refusal.message)
            self._parts.metrics.refused(refusal.code)
            await _answer(send, refusal.status, body, refusal.headers)

    async def _models(self, scope: Scope) -> bytes:
        headers = dict(scope["headers"])
        texts = key_texts(headers, scope["query_string"])
        if not texts:
            raise errors.no_key()
        holder = self._parts.holder
        entry, digest = find(holder.current, texts)
        if entry is None:
            if not await holder.knows(digest):
                raise errors.unknown_key()
            entry = holder.current.keys[digest]
        workspace = holder.current.workspaces[entry.workspace_id]
        check(entry, workspace, self._parts.now())
        return listing(workspace, entry, self._parts.settler.prices, anthropic=b"anthropic-version" in headers)


async def _answer(send: Send, status: int, body: bytes, headers: errors.Headers = ()) -> None:
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _close_websocket(scope: Scope, receive: Receive, send: Send) -> None:
    """No model API here speaks WebSocket yet; say so instead of hanging."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "No WebSocket API is served on this path."})


