"""Requests sent ahead of their answers: served in their order, one at a time, and not without bound."""

import asyncio

import pytest
from server_callers import Start, echo, request, stands_still

from quarterdeck.gateway.server import Exchange, Limits

UPGRADE = b"connection: Upgrade, HTTP2-Settings"


async def test_requests_sent_ahead_are_answered_in_their_order(start: Start) -> None:
    async def later_is_faster(exchange: Exchange) -> None:
        body = await exchange.body(100)
        await asyncio.sleep(0.02 - int(body) / 1000)
        exchange.respond(200, [], body)

    caller = await (await start(later_is_faster)).call()
    caller.send(b"".join(request(b"%d" % number) for number in range(20)))
    for number in range(20):
        assert (await caller.answer())[2] == b"%d" % number


async def test_only_one_request_of_a_connection_is_served_at_a_time(start: Start) -> None:
    open_now, most = 0, 0

    async def count(exchange: Exchange) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        await asyncio.sleep(0.001)
        open_now -= 1
        exchange.respond(200, [], b"")

    caller = await (await start(count)).call()
    caller.send(request() * 10)
    for _ in range(10):
        await caller.answer()
    assert most == 1


async def test_streams_and_whole_answers_may_follow_each_other(start: Start) -> None:
    async def stream(exchange: Exchange) -> None:
        body = await exchange.body(100)
        if body[:1] == b"s":
            exchange.start(200, [])
            await exchange.write(body)
            await asyncio.sleep(0.002)
            exchange.finish(body)
        else:
            exchange.respond(200, [], body)

    caller = await (await start(stream)).call()
    caller.send(request(b"s1") + request(b"w2") + request(b"s3") + request(b"w4", b"connection: close"))
    assert [(await caller.answer())[2] for _ in range(4)] == [b"s1s1", b"w2", b"s3s3", b"w4"]
    assert await caller.is_closed()


async def test_what_follows_a_request_that_closes_is_ignored(start: Start) -> None:
    caller = await (await start(echo)).call()
    caller.send(request(b"one", b"connection: close") + request(b"two"))
    assert (await caller.answer())[2] == b"one"
    assert await caller.is_closed()


async def test_a_body_sent_ahead_is_read_no_further_than_the_limits_allow(start: Start) -> None:
    go_on = asyncio.Event()

    async def slow(exchange: Exchange) -> None:
        await go_on.wait()
        exchange.respond(200, [], b"%d" % len(await exchange.body(2**26)))

    caller = await (await start(slow)).call()
    caller.send(request(b"x") + request(b"y" * 20_000_000) + request(b"z"))
    await asyncio.sleep(0.05)
    assert caller.writer.transport.get_write_buffer_size() > 10_000_000
    go_on.set()
    assert [(await caller.answer())[2] for _ in range(3)] == [b"1", b"20000000", b"1"]


async def test_too_many_requests_sent_ahead_are_not_all_answered(start: Start) -> None:
    caller = await (await start(echo, Limits(pipelined=5))).call()
    caller.send(request(b"x") * 50)
    answers = [await caller.answer() for _ in range(7)]
    assert [status for status, _, _ in answers[:6]] == [200] * 6
    assert answers[6][0] == 429
    assert await caller.is_closed()


async def test_a_caller_that_reads_no_answers_gets_no_further_ones(start: Start) -> None:
    served = 0

    async def large(exchange: Exchange) -> None:
        nonlocal served
        served += 1
        exchange.respond(200, [], b"x" * 2_000_000)

    serving = await start(large)
    caller = await serving.call_without_reading()
    caller.send(request() * 20)
    assert await stands_still(lambda: served) < 10
    for _ in range(20):
        assert len((await caller.answer())[2]) == 2_000_000


async def test_a_refusal_too_waits_for_a_caller_to_read_what_comes_before_it(start: Start) -> None:
    async def large(exchange: Exchange) -> None:
        exchange.respond(200, [], b"x" * 9_000_000)

    serving = await start(large)
    caller = await serving.call_without_reading()
    caller.send(request())
    await asyncio.sleep(0.05)
    caller.send(request() + b"rubbish\r\n\r\n")
    await asyncio.sleep(0.05)
    assert [(await caller.answer())[0] for _ in range(3)] == [200, 200, 400]


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_an_offer_to_speak_another_protocol_is_an_ordinary_request(start: Start, method: bytes) -> None:
    async def decline(exchange: Exchange) -> None:
        body = await exchange.body(100)
        exchange.respond(426, [(b"upgrade", b"none")], body)

    caller = await (await start(decline)).call()
    offer = request(b"hello" if method == b"POST" else b"", UPGRADE, b"upgrade: h2c", method=method)
    for _ in range(3):
        status, _, body = await caller.ask(offer)
        assert (status, body) == (426, b"hello" if method == b"POST" else b"")
    caller.send(offer + request(b"next") + offer)
    assert [(await caller.answer())[2] for _ in range(3)][1] == b"next"


async def test_an_offer_with_a_chunked_body_is_read_like_any_other(start: Start) -> None:
    caller = await (await start(echo)).call()
    offer = (
        b"POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n"
        b"transfer-encoding: chunked\r\n\r\n3\r\none\r\n0\r\n\r\n"
    )
    whole = offer + request(b"two") + offer
    for at in range(len(whole)):
        caller.send(whole[at : at + 1])
        if at % 10 == 0:
            await asyncio.sleep(0)
    assert [(await caller.answer())[2] for _ in range(3)] == [b"one", b"two", b"one"]


async def test_an_offer_that_smuggles_is_refused_all_the_same(start: Start) -> None:
    for framing in (b"content-length: 5\r\ntransfer-encoding: chunked", b"transfer-encoding: gzip"):
        caller = await (await start(echo)).call()
        caller.send(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: h2c\r\n" + framing + b"\r\n\r\n")
        assert (await caller.answer())[0] in {400, 501}
        assert await caller.is_closed()
