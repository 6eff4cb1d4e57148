"""Paths passed on as they are: any path of a named provider, and OpenAI's files, images and audio."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from any_provider import CHAT, AnyProvider, any_provider, stuck_provider
from gateway_world import BODY_LIMIT, KEY, PATIENCE_S, Gateway, key_entry, until

from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.kernel.egress import EgressPolicy

AUTH = {"authorization": f"Bearer {KEY}"}


@pytest.fixture
async def provider(gateway: Gateway) -> AsyncIterator[AnyProvider]:
    async with any_provider(
        gateway,
        ("openai", "openai", "/v1", "sk-secret"),
        ("anthropic", "anthropic", "", "a-secret"),
        ("google", "gemini", "", "g-secret"),
    ) as made:
        yield made


@pytest.mark.parametrize("prefix", ["/proxy/google", "/v1/native/google"])
async def test_any_path_of_a_provider_is_reached_with_its_key_and_recorded(
    gateway: Gateway, provider: AnyProvider, prefix: str
) -> None:
    provider.answers["/v1beta/cachedContents"] = (200, "application/json", b'{"cachedContents":[]}')
    answer = await gateway.client.get(f"{prefix}/v1beta/cachedContents?pageSize=5&key={KEY}")
    assert (answer.status_code, answer.content) == (200, b'{"cachedContents":[]}')
    (seen,) = provider.seen
    assert (seen.method, seen.target) == ("GET", "/v1beta/cachedContents?pageSize=5")
    assert seen.headers["x-goog-api-key"] == "g-secret"
    assert "authorization" not in seen.headers
    record = await gateway.record()
    assert (record.dialect, record.endpoint, record.provider) == (
        "native",
        f"{prefix}/v1beta/cachedContents",
        "google",
    )
    assert (record.agent_id, record.outcome, record.cost) == ("agt_1", "ok", 0)


@pytest.mark.parametrize("path", ["/proxy/openai/chat/completions", "/proxy/openai/v1/chat/completions"])
async def test_usage_of_a_known_path_is_read_and_priced(gateway: Gateway, provider: AnyProvider, path: str) -> None:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
    for stream in (False, True):
        answer = await gateway.post(path, {**body, "stream": stream})
        assert answer.status_code == 200
        assert provider.seen[-1].target == "/v1/chat/completions"
    assert answer.text.endswith("data: [DONE]\n\n")
    for record in gateway.records():
        # 7 in at $0.15, 2 out at $0.60 a million tokens.
        assert (record.dialect, record.model, record.cost) == ("native", "gpt-4o-mini", 7 * 150 + 2 * 600)


async def test_a_native_gemini_stream_is_priced_by_the_model_in_its_path(
    gateway: Gateway, provider: AnyProvider
) -> None:
    path = "/v1/native/google/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse"
    answer = await gateway.post(path, {"contents": []})
    assert answer.status_code == 200
    record = await gateway.record()
    assert (record.model, record.stream, record.cost) == ("gemini-2.5-flash", True, 7_100)


async def test_an_upload_streams_through_and_is_not_kept(gateway: Gateway, provider: AnyProvider) -> None:
    provider.answers["/v1/files"] = (200, "application/json", b'{"id":"file-1"}')
    size = 3 * BODY_LIMIT
    files = {"file": ("big.bin", b"x" * size), "purpose": (None, "assistants")}
    answer = await gateway.client.post("/v1/files", files=files, headers={**AUTH, "x-quarterdeck-provider": "openai"})
    assert (answer.status_code, answer.json()) == (200, {"id": "file-1"})
    (seen,) = provider.seen
    assert (seen.target, len(seen.body) > size, seen.pieces > 1) == ("/v1/files", True, True)
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert int(seen.headers["content-length"]) == len(seen.body)
    record = await gateway.record()
    assert (record.request_size, record.request_body, record.cost) == (len(seen.body), b"", 0)


async def test_an_upload_is_passed_on_before_it_is_whole(gateway: Gateway, provider: AnyProvider) -> None:
    provider.answers["/v1/files"] = (200, "application/json", b"{}")
    released = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"first"
        await released.wait()
        yield b"last"

    headers = {**AUTH, "content-type": "application/octet-stream"}
    asking = asyncio.create_task(gateway.client.post("/v1/files", content=slowly(), headers=headers))
    await until(lambda: gateway.open_calls.traffic()[1])
    released.set()
    async with asyncio.timeout(PATIENCE_S):
        answer = await asking
    assert answer.status_code == 200
    assert (provider.seen[0].body, provider.seen[0].pieces) == (b"firstlast", 2)


async def test_audio_comes_back_byte_for_byte_and_is_unpriced(gateway: Gateway, provider: AnyProvider) -> None:
    sound = bytes(range(256)) * 8_000
    provider.answers["/v1/audio/speech"] = (200, "audio/mpeg", sound)
    answer = await gateway.post("/v1/audio/speech", {"model": "openai/gpt-4o-mini-tts", "input": "Hi", "voice": "x"})
    assert (answer.content, answer.headers["content-type"]) == (sound, "audio/mpeg")
    assert provider.seen[0].json["model"] == "gpt-4o-mini-tts"
    record = await gateway.record()
    assert (record.cost, record.usage, record.response_size, record.response_body) == (None, None, len(sound), b"")


async def test_a_download_that_the_server_stops_breaks_off_so_that_nobody_takes_it_for_whole(gateway: Gateway) -> None:
    body, got = {"model": "gpt-4o-mini-tts", "input": "Hi", "voice": "x"}, b""
    async with stuck_provider(gateway, "audio/mpeg", b"0123456789"):
        async with gateway.client.stream("POST", "/v1/audio/speech", json=body, headers=AUTH) as answer:
            with pytest.raises(httpx.RemoteProtocolError):
                async for piece in answer.aiter_raw():
                    got += piece
                    gateway.stop()
        record = await gateway.record()
    assert (got, record.outcome, record.error_code) == (b"0123456789", "cut", "server_stopping")


async def test_images_are_priced_by_the_usage_they_tell(gateway: Gateway, provider: AnyProvider) -> None:
    told = {"created": 1, "data": [], "usage": {"input_tokens": 10, "output_tokens": 100, "total_tokens": 110}}
    provider.answers["/v1/images/generations"] = (200, "application/json", msgspec.json.encode(told))
    answer = await gateway.post("/v1/images/generations", {"model": "gpt-image-1", "prompt": "A ship"})
    assert answer.json() == told
    record = await gateway.record()
    assert record.usage is not None
    assert (record.usage.input_total, record.usage.output_total) == (10, 100)
    assert answer.headers["x-quarterdeck-cost-usd"] != "0.000000000"


async def test_a_stored_answer_is_not_paid_twice(gateway: Gateway, provider: AnyProvider) -> None:
    provider.answers["/v1/responses/resp_1"] = (200, "application/json", msgspec.json.encode(CHAT))
    for method in ("GET", "DELETE"):
        answer = await gateway.client.request(method, "/v1/responses/resp_1", headers=AUTH)
        assert (answer.status_code, provider.seen[-1].method) == (200, method)
    assert {(record.cost, record.usage) for record in gateway.records()} == {(0, None)}


async def test_a_provider_has_to_be_named_when_there_is_a_choice(gateway: Gateway, provider: AnyProvider) -> None:
    gateway.providers.append(ProviderEntry("groq", "groq", f"{provider.url}/openai/v1", "x", allow_private=True))
    gateway.publish()
    answer = await gateway.client.get("/v1/files", headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "provider_unnamed")
    assert "openai, groq" in answer.json()["error"]["message"]
    provider.answers["/openai/v1/files"] = (200, "application/json", b"{}")
    answer = await gateway.client.get("/v1/files", headers={**AUTH, "x-quarterdeck-provider": "groq"})
    assert answer.status_code == 200
    answer = await gateway.client.get("/proxy/nobody/files", headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "provider_unknown")


async def test_a_path_cannot_climb_out_of_its_providers_base(gateway: Gateway, provider: AnyProvider) -> None:
    host = gateway.url.removeprefix("http://")
    for path in ("/proxy/openai/../admin", "/proxy/openai/a/%2e%2e/admin", "/v1/files/..%2fadmin"):
        reader, writer = await asyncio.open_connection(*host.split(":"))
        head = f"GET {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {KEY}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 404"), path
    assert provider.seen == []


async def test_a_keys_models_hold_on_native_paths_too(gateway: Gateway, provider: AnyProvider) -> None:
    gateway.keys[KEY] = key_entry(models=["gpt-4o-mini", "google/*"])
    gateway.publish()
    told = await gateway.post("/proxy/anthropic/v1/messages/batches", {"model": "gpt-4o-mini"})
    assert told.status_code == 403
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    path = "/proxy/openai/chat/completions"
    assert (await gateway.post(path, {**body, "model": "gpt-4o"})).status_code == 403
    assert (await gateway.post(path, {**body, "model": "gpt-4o-mini"})).status_code == 200
    assert (await gateway.client.get("/proxy/openai/files", headers=AUTH)).status_code == 403
    provider.answers["/v1beta/files"] = (200, "application/json", b"{}")
    assert (await gateway.client.get("/proxy/google/v1beta/files", headers=AUTH)).status_code == 200


async def test_an_error_of_the_provider_is_the_callers_and_a_dead_provider_is_named(
    gateway: Gateway, provider: AnyProvider
) -> None:
    answer = await gateway.client.get("/proxy/openai/nothing", headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["message"]) == (404, "No such path.")
    assert (await gateway.record()).error_code == "status_404"
    gateway.providers[0] = ProviderEntry("openai", "openai", "http://127.0.0.1:1/v1", "x", allow_private=True)
    gateway.egress.policy = EgressPolicy(frozenset({"127.0.0.1:1"}))
    gateway.publish()
    answer = await gateway.client.get("/proxy/openai/files", headers=AUTH)
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "provider_unavailable")


async def test_a_native_path_needs_a_key(gateway: Gateway, provider: AnyProvider) -> None:
    answer = await gateway.client.get("/proxy/openai/files")
    assert answer.status_code == 401
    assert provider.seen == []


FIRST_OPENAI = {
    "strategy": {"mode": "fallback"},
    "targets": [{"provider": "anthropic"}, {"provider": "groq"}, {"provider": "openai"}],
}


@pytest.fixture
def routed(gateway: Gateway, provider: AnyProvider) -> Gateway:
    """Two OpenAI-like providers, and a key with a route."""
    gateway.providers.append(ProviderEntry("groq", "groq", f"{provider.url}/openai/v1", "x", allow_private=True))
    gateway.routes["careful"] = FIRST_OPENAI
    gateway.routes["picky"] = {"targets": [{"provider": "openai"}, {"provider": "groq"}]}
    gateway.routes["changing"] = {"provider": "openai", "override_params": {"temperature": 0}}
    gateway.keys[KEY] = key_entry(route="careful")
    gateway.publish()
    for path in ("/openai/v1/files", "/v1/files", "/v1/moderations", "/openai/v1/moderations"):
        provider.answers[path] = (200, "application/json", b"{}")
    return gateway


async def test_a_keys_route_says_where_a_path_goes_that_names_no_provider(
    routed: Gateway, provider: AnyProvider
) -> None:
    assert (await routed.client.get("/v1/files", headers=AUTH)).status_code == 200
    answer = await routed.post("/v1/moderations", {"model": "omni", "input": "x"})
    assert answer.status_code == 200
    assert [seen.target for seen in provider.seen] == ["/openai/v1/files", "/openai/v1/moderations"]
    assert {record.provider for record in routed.records()} == {"groq"}


async def test_a_route_that_the_request_names_is_obeyed_or_refused(routed: Gateway, provider: AnyProvider) -> None:
    headers = {**AUTH, "x-portkey-config": '{"provider": "openai"}'}
    assert (await routed.client.get("/v1/files", headers=headers)).status_code == 200
    answer = await routed.post("/v1/moderations", {"model": "route/careful/omni", "input": "x"})
    assert (answer.status_code, provider.seen[-1].target) == (200, "/openai/v1/moderations")
    assert msgspec.json.decode(provider.seen[-1].body)["model"] == "omni"
    for config in ("picky", "changing", '{"provider": "anthropic"}'):
        answer = await routed.client.get("/v1/files", headers={**AUTH, "x-portkey-config": config})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "route_not_here"), config
    assert len(provider.seen) == 2


async def test_a_named_provider_has_to_be_one_of_the_routes(routed: Gateway, provider: AnyProvider) -> None:
    provider.answers["/v1beta/files"] = (200, "application/json", b"{}")
    for path in ("/proxy/google/v1beta/files", "/v1/native/google/v1beta/files"):
        answer = await routed.client.get(path, headers=AUTH)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "route_excludes_provider"), path
    named = {**AUTH, "x-quarterdeck-provider": "openai"}
    assert (await routed.client.get("/v1/files", headers=named)).status_code == 200
    assert (await routed.client.get("/proxy/openai/files", headers=AUTH)).status_code == 200
    assert [seen.target for seen in provider.seen] == ["/v1/files", "/v1/files"]
