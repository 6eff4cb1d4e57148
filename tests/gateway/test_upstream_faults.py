"""Providers that cannot be reached or do not answer properly: bounded time, right words, everything recorded."""

import asyncio
import gzip
import os
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from gateway_world import PATIENCE_S, Gateway, gateway_running

from quarterdeck.access.snapshot import ProviderEntry
from quarterdeck.gateway import relay


async def use(gateway: Gateway, **changes: object) -> None:
    gateway.providers[0] = msgspec.structs.replace(gateway.providers[0], **changes)
    gateway.publish()


async def test_a_name_without_an_address_is_provider_unavailable(gateway: Gateway) -> None:
    await use(gateway, base_url="http://no-such-host.invalid/v1")
    answer = await gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "provider_unavailable")
    record = await gateway.record()
    assert (record.outcome, record.attempts[0].error) == ("error", "name_unresolvable")
    assert record.cost == 0


async def test_a_provider_that_refuses_is_provider_unavailable(gateway: Gateway) -> None:
    await use(gateway, base_url="http://127.0.0.1:1/v1")
    answer = await gateway.chat()
    assert answer.status_code == 503


async def test_a_base_url_that_cannot_be_is_that_providers_trouble_alone(gateway: Gateway) -> None:
    await use(gateway, base_url="ftp://nowhere", models=["gpt-*"])
    answer = await gateway.chat()
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "provider_unavailable")
    assert (await gateway.chat(model="anthropic/claude-haiku-4-5")).status_code == 200


async def test_a_private_address_nobody_allowed_is_not_called(gateway: Gateway) -> None:
    await use(gateway, base_url="http://169.254.169.254/v1", allow_private=False)
    answer = await gateway.chat()
    assert answer.status_code == 503
    assert (await gateway.record()).attempts[0].error == "egress_refused"


async def test_a_provider_that_hangs_is_given_up_on_in_time(gateway: Gateway) -> None:
    await use(gateway, first_byte_timeout_ms=150)
    async with asyncio.timeout(PATIENCE_S):
        answer = await gateway.chat(script={"fault": {"kind": "hang"}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (504, "provider_timeout")


async def test_a_stream_that_stalls_ends_with_an_error_event(gateway: Gateway) -> None:
    await use(gateway, idle_timeout_ms=150)
    answer = await gateway.chat(stream=True, script={"words": 20, "chunks": 20, "fault": {"kind": "hang", "after": 3}})
    assert b'"error"' in answer.content
    record = await gateway.record()
    assert (record.outcome, record.error_code, record.usage_source) == ("cut", "idle_timeout", "estimated")


@pytest.mark.parametrize("kind", ["cut", "reset", "wrong_length"])
async def test_an_answer_that_breaks_is_provider_broken(gateway: Gateway, kind: str) -> None:
    answer = await gateway.chat(script={"fault": {"kind": kind}})
    assert (answer.status_code, answer.json()["error"]["code"]) == (502, "provider_broken")
    assert (await gateway.record()).outcome == "error"


async def test_a_provider_that_is_back_is_used_again(gateway: Gateway) -> None:
    good = gateway.providers[0].base_url
    await use(gateway, base_url="http://127.0.0.1:1/v1")
    assert (await gateway.chat()).status_code == 503
    await use(gateway, base_url=good)
    assert (await gateway.chat()).status_code == 200


async def test_control_away_is_said_on_its_pages_and_model_calls_go_on(gateway: Gateway) -> None:
    page = await gateway.client.get("/api/v1/agents")
    assert (page.status_code, page.json()["code"]) == (503, "control_away")
    assert (await gateway.chat()).status_code == 200
    ready = await gateway.client.get("/readyz")
    assert ready.status_code == 200
    assert "control is away" in ready.json()["degraded"][0]


async def test_a_full_journal_refuses_new_calls_and_says_why(tmp_path: Path) -> None:
    async with gateway_running(tmp_path, journal_bytes=1_000) as gateway:
        answer = await gateway.chat()
        async with asyncio.timeout(PATIENCE_S):
            while answer.status_code == 200:
                await asyncio.sleep(0.1)
                answer = await gateway.chat()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "journal_full")
        reached = len(gateway.seen)
        await gateway.chat()
        assert len(gateway.seen) == reached
        assert (await gateway.client.get("/readyz")).status_code == 503


async def test_two_providers_of_one_kind_are_told_apart_by_name(gateway: Gateway) -> None:
    second = ProviderEntry("second", "openai", gateway.providers[0].base_url, "sk-second", allow_private=True)
    gateway.providers.append(second)
    gateway.publish()
    await gateway.chat(model="second/gpt-4o-mini")
    assert dict(gateway.seen[0].headers)[b"authorization"] == b"Bearer sk-second"
    assert (await gateway.record()).provider == "second"


@pytest.mark.parametrize("size", [1 << 20, 30 << 20])
async def test_unpacking_a_large_answer_holds_up_nobody(gateway: Gateway, size: int) -> None:
    """By the event loop's own processor time: whatever else the machine does, calls beside it wait no longer."""
    packed = gzip.compress(b"\0" * size)
    noise = os.urandom(len(packed) * 11)
    body = gzip.compress(b"\0" * size + noise)
    response: Any = SimpleNamespace(headers=[(b"content-encoding", b"gzip")])
    before = time.thread_time()
    plain = await relay._decoded(response, body)
    used = time.thread_time() - before
    assert plain == b"\0" * size + noise
    assert used < 0.05


async def test_a_gzip_bomb_is_a_broken_provider_and_calls_beside_it_are_served(gateway: Gateway) -> None:
    bomb = asyncio.create_task(gateway.chat(script={"fault": {"kind": "gzip_bomb", "megabytes": 64}}))
    answers = [await gateway.chat() for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert (await bomb).status_code == 502
    error = next(record.attempts[0].error for record in gateway.records() if record.status == 502)
    assert error == "body_too_large"


async def test_an_outage_is_named_by_readyz_which_stays_ready(gateway: Gateway) -> None:
    await use(gateway, base_url="http://127.0.0.1:1/v1")
    for _ in range(5):
        assert (await gateway.chat()).status_code == 503
    answer = await gateway.client.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert any("the provider openai fails" in words for words in answer.json()["degraded"])
    assert not any("anthropic" in words for words in answer.json()["degraded"])
