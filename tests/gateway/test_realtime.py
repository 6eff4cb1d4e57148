"""Realtime sessions: a WebSocket through the gateway, from OpenAI's SDK to a provider that answers as OpenAI does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import openai
import pytest
import websockets
from any_provider import stuck_provider
from gateway_world import KEY, PATIENCE_S, Gateway
from websockets.asyncio.server import ServerConnection, serve

from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.gateway.dialects.websocket import Follower, close_frame
from quarterdeck.kernel.egress import EgressPolicy

USAGE = {
    "total_tokens": 60,
    "input_tokens": 40,
    "output_tokens": 20,
    "input_token_details": {
        "text_tokens": 10,
        "audio_tokens": 30,
        "cached_tokens": 8,
        "cached_tokens_details": {"text_tokens": 3, "audio_tokens": 5},
    },
    "output_token_details": {"text_tokens": 5, "audio_tokens": 15},
}


class Provider:
    """Greets, answers each response.create, and does what a test says on other events."""

    def __init__(self) -> None:
        self.url = ""
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.heard: list[dict[str, Any]] = []
        self.ended = asyncio.Event()

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.paths.append(socket.request.path)
        self.headers.append({name.lower(): value for name, value in socket.request.headers.raw_items()})
        await self.say(socket, type="session.created", session={"model": "gpt-realtime-2025-08-28"})
        try:
            async for message in socket:
                event = json.loads(message)
                self.heard.append(event)
                if event["type"] == "response.create":
                    await self.say(socket, type="response.output_audio.delta", delta="UklGRg==" * 10_000)
                    await self.say(socket, type="response.done", response={"id": "r", "usage": USAGE})
                elif event["type"] == "input_audio_buffer.clear":
                    socket.transport.abort()
        except websockets.ConnectionClosed:
            pass
        finally:
            self.ended.set()

    async def say(self, socket: ServerConnection, **event: Any) -> None:
        await socket.send(json.dumps({"event_id": "e", **event}))


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[Provider]:
    made = Provider()
    async with serve(made, "127.0.0.1", 0, select_subprotocol=_realtime, max_size=None) as server:  # type: ignore[list-item]
        port = server.sockets[0].getsockname()[1]
        gateway.egress.policy = EgressPolicy(frozenset({f"127.0.0.1:{port}"}))
        url = f"http://127.0.0.1:{port}/v1"
        gateway.providers[:] = [ProviderEntry("openai", "openai", url, "sk-upstream", allow_private=True)]
        gateway.publish()
        yield made


def _realtime(_connection: ServerConnection, offered: Any) -> Any:
    return "realtime" if "realtime" in offered else None


@asynccontextmanager
async def session(gateway: Gateway, model: str = "openai/gpt-realtime") -> AsyncIterator[Any]:
    client = openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0)
    gateway.closing.append(client.close)
    async with client.realtime.connect(model=model) as connection:
        yield connection


async def until(connection: Any, kind: str) -> Any:
    async with asyncio.timeout(PATIENCE_S):
        async for event in connection:
            if event.type == kind:
                return event


async def test_the_sdk_holds_a_session_whose_responses_are_priced_together(
    gateway: Gateway, provider: Provider
) -> None:
    async with session(gateway) as connection:
        await until(connection, "session.created")
        for _ in range(2):
            await connection.response.create()
            done = await until(connection, "response.done")
        assert done.response.usage.total_tokens == 60
        assert len(gateway.open_calls) == 1
    record = await gateway.record()
    assert provider.paths == ["/v1/realtime?model=gpt-realtime"]
    assert provider.headers[0]["authorization"] == "Bearer sk-upstream"
    assert KEY not in repr(provider.headers)
    assert (record.dialect, record.model, record.model_answered) == (
        "openai_realtime",
        "gpt-realtime",
        "gpt-realtime-2025-08-28",
    )
    assert (record.status, record.outcome, record.usage_source) == (101, "ok", "provider")
    usage = record.usage
    assert usage is not None
    assert (usage.input_total, usage.output_total, usage.cache_read) == (80, 40, 16)
    assert (usage.audio_in, usage.audio_out, usage.cache_audio_read) == (60, 30, 10)
    assert record.cost is not None and record.cost > 0
    assert record.response_size > 160_000
    kinds = [json.loads(line)["type"] for line in record.response_body.splitlines()]
    assert kinds == ["session.created", "response.done", "response.done"]
    assert len(gateway.open_calls) == 0


async def test_a_browsers_key_is_taken_from_the_subprotocol_and_kept_here(gateway: Gateway, provider: Provider) -> None:
    url = gateway.url.replace("http", "ws") + "/v1/realtime?model=gpt-realtime"
    protocols: Any = ["realtime", f"openai-insecure-api-key.{KEY}"]
    async with websockets.connect(url, subprotocols=protocols) as socket:
        assert json.loads(await socket.recv())["type"] == "session.created"
        assert socket.subprotocol == "realtime"
    assert KEY not in repr(provider.headers)
    assert (await gateway.record()).usage is not None


async def test_the_stop_lever_ends_a_session_with_words(gateway: Gateway, provider: Provider) -> None:
    with pytest.raises(websockets.ConnectionClosed) as closed:
        async with session(gateway) as connection:
            await until(connection, "session.created")
            stopping = asyncio.create_task(gateway.open_calls.end("agent", ["agt_1"], "run_stopped", "Stop here."))
            await until(connection, "never")
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Stop here.")
    assert await stopping == 1
    await asyncio.wait_for(provider.ended.wait(), PATIENCE_S)
    record = await gateway.record()
    assert (record.outcome, record.error_code) == ("cut", "run_stopped")


async def test_a_caller_that_hangs_up_ends_the_providers_session(gateway: Gateway, provider: Provider) -> None:
    async with session(gateway) as connection:
        await until(connection, "session.created")
        connection._connection.transport.abort()
        await asyncio.wait_for(provider.ended.wait(), PATIENCE_S)
    assert (await gateway.record()).outcome == "ok"


async def test_a_session_the_provider_drops_is_cut_and_still_priced(gateway: Gateway, provider: Provider) -> None:
    with pytest.raises(websockets.ConnectionClosed):
        async with session(gateway) as connection:
            await connection.response.create()
            await until(connection, "response.done")
            await connection.input_audio_buffer.clear()
            await until(connection, "never")
    record = await gateway.record()
    assert (record.outcome, record.error_code) == ("cut", "stream_cut")
    assert record.usage is not None and record.usage.input_total == 40
    assert record.cost is not None and record.cost > 0


@pytest.mark.parametrize(
    ("key", "query", "status"), [("qd-a-nobody", "?model=gpt-realtime", 401), (KEY, "?model=m", 404)]
)
async def test_a_session_that_may_not_begin_is_refused_before_it_does(
    gateway: Gateway, provider: Provider, key: str, query: str, status: int
) -> None:
    if status == 404:
        # This provider has no such path, and says so.
        gateway.providers[0] = ProviderEntry("openai", "openai", gateway.sandbox.url, "sk", allow_private=True)
        gateway.egress.policy = EgressPolicy(frozenset({gateway.sandbox.url.removeprefix("http://")}))
        gateway.publish()
    url = gateway.url.replace("http", "ws") + "/v1/realtime" + query
    with pytest.raises(websockets.InvalidStatus) as refused:
        await websockets.connect(url, additional_headers={"authorization": f"Bearer {key}"}).__aenter__()
    assert refused.value.response.status_code == status
    assert b"message" in refused.value.response.body


async def test_a_session_that_did_not_begin_before_the_server_stops_is_told_to_come_again(gateway: Gateway) -> None:
    url = gateway.url.replace("http", "ws") + "/v1/realtime?model=gpt-realtime"
    async with stuck_provider(gateway, "text/plain", b"..."):
        dialling = websockets.connect(url, additional_headers={"authorization": f"Bearer {KEY}"}, open_timeout=None)
        beginning = asyncio.create_task(dialling.__aenter__())
        async with asyncio.timeout(PATIENCE_S):
            while not len(gateway.open_calls):
                await asyncio.sleep(0.01)
            gateway.stop()
            with pytest.raises(websockets.InvalidStatus) as refused:
                await beginning
    assert refused.value.response.status_code == 503
    assert refused.value.response.headers["retry-after"] == "1"


async def test_a_plain_request_is_told_to_be_a_websocket(gateway: Gateway, provider: Provider) -> None:
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"{gateway.url}/v1/realtime?model=m", headers={"authorization": f"Bearer {KEY}"})
    assert answer.status_code == 426
    assert answer.json()["error"]["code"] == "upgrade_required"


def test_messages_are_followed_wherever_chunks_are_cut() -> None:
    def frame(first: int, payload: bytes) -> bytes:
        size = bytes((len(payload),)) if len(payload) < 126 else b"\x7e" + len(payload).to_bytes(2, "big")
        return bytes((first,)) + size + payload

    stream = (
        frame(0x81, b"one") + frame(0x82, b"binary") + frame(0x01, b"tw") + frame(0x89, b"ping") + frame(0x80, b"o")
    ) + frame(0x81, b"x" * 300)
    for size in (1, 2, 3, 7, len(stream)):
        follower = Follower()
        found = [each for at in range(0, len(stream), size) for each in follower.feed(stream[at : at + size])]
        assert found == [b"one", b"two", b"x" * 300]
        assert not follower.closed
        assert follower.feed(close_frame(1000, "")) == []
        assert follower.closed
