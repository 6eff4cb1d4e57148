"""Round trips with a real client, large bodies included."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import httpx
import pytest
from server_callers import Start, echo

from quarterdeck.gateway.server import Exchange

MIB = 1024 * 1024


async def discard(exchange: Exchange) -> None:
    size = 0
    async for piece in exchange.stream():
        size += len(piece)
    exchange.respond(200, [], b"%d" % size)


async def pour(exchange: Exchange) -> None:
    exchange.start(200, [])
    for _ in range(64):
        await exchange.write(b"x" * MIB)
    exchange.finish()


async def pieces(count: int, size: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        yield client


async def test_httpx_sends_and_receives_what_was_meant(start: Start, client: httpx.AsyncClient) -> None:
    url = (await start(echo)).url
    for _ in range(3):
        assert (await client.post(url, content=b"hello")).content == b"hello"
        assert (await client.post(url, content=pieces(10, 1000))).content == b"x" * 10_000
        assert (await client.head(url)).status_code == 200


async def test_many_clients_at_once_each_get_their_own_answer(start: Start, client: httpx.AsyncClient) -> None:
    url = (await start(echo)).url
    bodies = [b"%d" % number * (number + 1) for number in range(200)]
    answers = await asyncio.gather(*(client.post(url, content=body) for body in bodies))
    assert [answer.content for answer in answers] == bodies


async def test_the_largest_body_makes_the_round_trip(start: Start, client: httpx.AsyncClient) -> None:
    url = (await start(echo)).url
    body = bytes(range(256)) * (64 * 4096)
    assert (await client.post(url, content=body)).content == body


async def test_a_large_body_that_is_streamed_in_takes_no_memory(start: Start, client: httpx.AsyncClient) -> None:
    url = (await start(discard)).url
    tracemalloc.start()
    try:
        answer = await client.post(url, content=pieces(64, MIB))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.content == b"%d" % (64 * MIB)
    assert peak < 16 * MIB


async def test_a_large_answer_that_is_streamed_out_takes_no_memory(start: Start, client: httpx.AsyncClient) -> None:
    url = (await start(pour)).url
    tracemalloc.start()
    try:
        size = 0
        async with client.stream("GET", url) as answer:
            async for piece in answer.aiter_raw():
                size += len(piece)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size == 64 * MIB
    assert peak < 16 * MIB
