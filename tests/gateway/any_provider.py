"""A provider on any path: it keeps what it received, and answers in the dialect that the path's end names."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from gateway_world import Gateway

from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.gateway.dialects.bedrock.eventstream import Frame, encode_frame
from quarterdeck.gateway.server import Exchange, Limits, Server
from quarterdeck.kernel.egress import EgressPolicy

CHAT = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9},
}
EMBEDDINGS = {
    "object": "list",
    "model": "m",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}],
    "usage": {"prompt_tokens": 7, "total_tokens": 7},
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "m",
    "content": [{"type": "text", "text": "Hi."}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 7, "output_tokens": 2},
}
GEMINI = {
    "candidates": [{"content": {"parts": [{"text": "Hi."}], "role": "model"}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 2, "totalTokenCount": 9},
    "modelVersion": "m",
    "responseId": "r1",
}
COHERE = {
    "id": "co1",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]},
    "usage": {"billed_units": {"input_tokens": 7, "output_tokens": 2}},
}
CONVERSE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hi."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 7, "outputTokens": 2, "totalTokens": 9},
    "metrics": {"latencyMs": 5},
}
CONVERSE_EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi."}}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": CONVERSE["usage"], "metrics": CONVERSE["metrics"]}),
]
_OUTPUT: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi.", "annotations": []}],
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [_OUTPUT],
    "usage": {"input_tokens": 7, "output_tokens": 2, "total_tokens": 9},
}
RESPONSE_EVENTS: list[dict[str, Any]] = [
    {"type": "response.created", "response": {**RESPONSE, "status": "in_progress", "output": [], "usage": None}},
    {"type": "response.output_item.added", "output_index": 0, "item": {**_OUTPUT, "content": []}},
    {
        "type": "response.content_part.added",
        "output_index": 0,
        "content_index": 0,
        "part": {"type": "output_text", "text": ""},
    },
    {"type": "response.output_text.delta", "output_index": 0, "content_index": 0, "delta": "Hi."},
    {"type": "response.output_text.done", "output_index": 0, "content_index": 0, "text": "Hi."},
    {"type": "response.content_part.done", "output_index": 0, "content_index": 0, "part": _OUTPUT["content"][0]},
    {"type": "response.output_item.done", "output_index": 0, "item": _OUTPUT},
    {"type": "response.completed", "response": RESPONSE},
]
_CHUNK = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
CHAT_EVENTS: list[dict[str, Any]] = [
    {**_CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi."}, "finish_reason": None}]},
    {**_CHUNK, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "usage": CHAT["usage"]},
]
MESSAGE_EVENTS: list[dict[str, Any]] = [
    {"type": "message_start", "message": {**MESSAGE, "content": [], "stop_reason": None}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}},
    {"type": "message_stop"},
]
COHERE_EVENTS: list[dict[str, Any]] = [
    {"type": "message-start", "id": "co1", "delta": {"message": {"role": "assistant", "content": []}}},
    {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
    {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": "Hi."}}}},
    {"type": "content-end", "index": 0},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE["usage"]}},
]


@dataclass
class Seen:
    """One request."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    pieces: int
    """In how many pieces the body came."""

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class AnyProvider:
    url: str
    seen: list[Seen] = field(default_factory=list)
    encoding: str | None = None
    """The content-encoding its answers claim."""
    answers: dict[str, tuple[int, str, bytes]] = field(default_factory=dict)
    """What to answer on a path: status, content type, body."""

    async def __call__(self, exchange: Exchange) -> None:
        pieces = [piece async for piece in exchange.stream()]
        target = (exchange.raw_path + (b"?" + exchange.query if exchange.query else b"")).decode()
        headers = {name.decode(): value.decode() for name, value in exchange.headers}
        self.seen.append(Seen(exchange.method.decode(), target, headers, b"".join(pieces), len(pieces)))
        status, kind, body = self.answers.get(exchange.path) or self._spoken(exchange.path, self.seen[-1])
        headers = [(b"content-type", kind.encode())]
        if self.encoding is not None:
            headers.append((b"content-encoding", self.encoding.encode()))
        exchange.respond(status, headers, body)

    def _spoken(self, path: str, seen: Seen) -> tuple[int, str, bytes]:
        stream = "streamGenerateContent" in path
        if path.endswith(("/chat/completions", "/responses", "/messages", "/chat")):
            stream = seen.json.get("stream") is True
        if path.endswith("/chat/completions"):
            return _sse(CHAT_EVENTS, tail=b"data: [DONE]\n\n") if stream else _json(CHAT)
        if path.endswith("/responses"):
            return _sse(RESPONSE_EVENTS, named=True) if stream else _json(RESPONSE)
        if path.endswith("/embeddings"):
            return _json(EMBEDDINGS)
        if path.endswith("/converse"):
            return _json(CONVERSE)
        if path.endswith("/converse-stream"):
            return 200, "application/vnd.amazon.eventstream", b"".join(event_frame(*each) for each in CONVERSE_EVENTS)
        if path.endswith("awPredict"):
            return _sse(MESSAGE_EVENTS, named=True) if path.endswith("streamRawPredict") else _json(MESSAGE)
        if path.endswith("/messages"):
            return _sse(MESSAGE_EVENTS, named=True) if stream else _json(MESSAGE)
        if path.endswith("/v2/chat"):
            return _sse(COHERE_EVENTS, named=True) if stream else _json(COHERE)
        if stream and "alt=sse" in seen.target:
            return _sse([GEMINI])
        if stream:
            return 200, "application/json; charset=UTF-8", b"[" + msgspec.json.encode(GEMINI) + b"\n]"
        if path.endswith(":generateContent"):
            return _json(GEMINI)
        return 404, "application/json", b'{"error":{"message":"No such path.","type":"invalid_request_error"}}'


def event_frame(kind: str, event: dict[str, Any]) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return encode_frame(Frame(msgspec.json.encode(event), headers))


def _json(value: Any) -> tuple[int, str, bytes]:
    return 200, "application/json", msgspec.json.encode(value)


def _sse(events: list[dict[str, Any]], *, named: bool = False, tail: bytes = b"") -> tuple[int, str, bytes]:
    lines = []
    for event in events:
        name = b"event: " + event["type"].encode() + b"\n" if named else b""
        lines.append(name + b"data: " + msgspec.json.encode(event) + b"\n\n")
    return 200, "text/event-stream", b"".join(lines) + tail


@asynccontextmanager
async def any_provider(gateway: Gateway, *under: tuple[str, str, str, str]) -> AsyncIterator[AnyProvider]:
    """Serve it where the gateway may reach it, under each of these: name, kind, path of the base URL, secret."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    provider = AnyProvider(f"http://127.0.0.1:{port}")
    gateway.egress.policy = EgressPolicy(frozenset({f"127.0.0.1:{port}"}))
    if under:
        gateway.providers[:] = [
            ProviderEntry(name, kind, provider.url + path, secret, allow_private=True)
            for name, kind, path, secret in under
        ]
        gateway.publish()
    server = Server(provider, Limits(grace_s=0.5))
    serving = asyncio.create_task(server.serve(sock))
    try:
        yield provider
    finally:
        server.stop()
        await serving


@asynccontextmanager
async def stuck_provider(gateway: Gateway, kind: str, first: bytes) -> AsyncIterator[None]:
    """The only one, named openai: whatever is asked, `first` comes of the answer, and no more while it lasts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {2 * len(first)}\r\n\r\n"
        writer.write(head.encode() + first)
        with contextlib.suppress(ConnectionError):
            await reader.read(-1)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        gateway.egress.policy = EgressPolicy(frozenset({place}))
        gateway.providers[:] = [ProviderEntry("openai", "openai", f"http://{place}/v1", "sk", allow_private=True)]
        gateway.publish()
        yield
