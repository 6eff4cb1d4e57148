"""Bodies, both ways: no more in memory than the limits allow, and nobody is left waiting."""

import asyncio
import contextlib

import pytest
from server_callers import Start, echo, request, stands_still, until

from quarterdeck.gateway.server import BodyTooLarge, CallerLeft, Exchange, Limits
from undisturbed import undisturbed

CHUNKED = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


async def test_a_body_that_comes_in_pieces_is_handed_over_whole(start: Start) -> None:
    caller = await (await start(echo)).call()
    whole = request(b"0123456789" * 10)
    for _ in range(2):
        for at in range(0, len(whole), 9):
            caller.send(whole[at : at + 9])
            await asyncio.sleep(0.001)
        assert (await caller.answer())[2] == b"0123456789" * 10


async def test_a_chunked_body_is_handed_over_without_its_chunks_and_trailers(start: Start) -> None:
    caller = await (await start(echo)).call()
    for _ in range(2):
        caller.send(
            CHUNKED.replace(b"chunked", b"Chunked")
            + chunk(b"one")
            + b"3;x=y\r\ntwo\r\n"
            + b"0\r\nchecksum: 9\r\nhost: y\r\n\r\n"
        )
        assert (await caller.answer())[2] == b"onetwo"


async def test_a_body_may_be_as_large_as_the_application_allows(start: Start) -> None:
    async def take(exchange: Exchange) -> None:
        exchange.respond(200, [], await exchange.body(10))

    caller = await (await start(take)).call()
    assert (await caller.ask(request(b"0123456789")))[2] == b"0123456789"
    caller.send(CHUNKED + chunk(b"01234") + chunk(b"56789") + chunk(b""))
    assert (await caller.answer())[2] == b"0123456789"


async def refuse_large(exchange: Exchange) -> None:
    try:
        await exchange.body(1000)
    except BodyTooLarge:
        exchange.respond(413, [], b"too large")


async def test_a_body_announced_too_large_is_refused_before_it_comes(start: Start) -> None:
    caller = await (await start(refuse_large)).call()
    caller.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1001\r\n\r\n")
    assert (await caller.answer())[0] == 413


async def test_a_chunked_body_is_refused_once_it_is_too_large(start: Start) -> None:
    caller = await (await start(refuse_large)).call()
    caller.send(CHUNKED)
    for _ in range(3):
        caller.send(chunk(b"x" * 400))
        await asyncio.sleep(0.001)
    status, headers, _ = await caller.answer()
    assert (status, headers[b"connection"]) == (413, b"close")
    assert await caller.is_closed()


async def test_a_small_body_nobody_reads_does_not_cost_the_connection(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    serving = await start(deny)
    caller = await serving.call()
    for size in (10, 200_000):
        whole = request(b"x" * size)
        caller.send(whole[:100])
        status, headers, _ = await caller.answer()
        assert (status, headers.get(b"connection")) == (401, None)
        caller.send(whole[100:])
    assert (await caller.ask(request(b"x")))[0] == 401


async def test_a_caller_that_sends_a_large_body_nobody_reads_gets_to_read_the_answer(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    caller = await (await start(deny)).call()
    caller.send(request(b"x" * 20_000_000))
    status, headers, body = await caller.answer()
    assert (status, headers[b"connection"], body) == (401, b"close", b"no")
    # All of the body is taken in before the connection goes, so nothing the caller does ends in a reset.
    await asyncio.wait_for(caller.writer.drain(), 20)
    assert await caller.is_closed()


async def test_a_chunked_body_nobody_reads_ends_the_connection_after_the_answer(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    caller = await (await start(deny)).call()
    caller.send(CHUNKED + chunk(b"one"))
    status, headers, _ = await caller.answer()
    assert (status, headers[b"connection"]) == (401, b"close")
    assert await caller.is_closed()


async def test_a_caller_that_goes_on_sending_after_its_last_answer_is_cut_off_in_the_end(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    serving = await start(deny, Limits(linger_s=0.1))
    caller = await serving.call()
    caller.send(CHUNKED + chunk(b"one"))
    await caller.answer()
    await until(lambda: serving.server.connections == 0)


async def test_a_caller_that_waits_for_permission_gets_it_when_the_body_is_wanted(start: Start) -> None:
    wanted = asyncio.Event()

    async def take(exchange: Exchange) -> None:
        await wanted.wait()
        exchange.respond(200, [], await exchange.body(100))

    caller = await (await start(take)).call()
    for _ in range(2):
        wanted.clear()
        caller.send(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-Continue\r\ncontent-length: 5\r\n\r\n")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await caller.reader.read(1)
        wanted.set()
        assert await caller.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        caller.send(b"hello")
        assert (await caller.answer())[2] == b"hello"


async def test_a_caller_that_waits_for_permission_may_be_refused_instead(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    caller = await (await start(deny)).call()
    caller.send(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 5\r\n\r\n")
    status, headers, _ = await caller.answer()
    assert (status, headers[b"connection"]) == (401, b"close")


async def test_permission_is_not_given_for_what_has_come_already(start: Start) -> None:
    caller = await (await start(echo)).call()
    assert (await caller.ask(request(b"hello", b"expect: 100-continue")))[0] == 200


async def relay(exchange: Exchange) -> None:
    """Answers with the body, piece by piece as it comes."""
    exchange.start(200, [])
    async for piece in exchange.stream():
        await exchange.write(piece)
    exchange.finish()


async def test_a_body_can_be_read_as_it_comes(start: Start) -> None:
    caller = await (await start(relay)).call()
    caller.send(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\n\r\n")
    await caller.answer(head_only=True)
    caller.send(b"one")
    assert await caller.reader.readexactly(8) == chunk(b"one")
    caller.send(b"two")
    assert await caller.reader.readexactly(13) == chunk(b"two") + chunk(b"")
    assert (await caller.ask(request(b"again")))[2] == b"again"


async def test_a_body_can_be_read_as_it_comes_when_there_is_none(start: Start) -> None:
    caller = await (await start(relay)).call()
    assert (await caller.ask(request()))[2] == b""


async def test_no_more_of_a_body_is_read_ahead_than_the_limits_allow(start: Start) -> None:
    total, held = 20_000_000, []
    go_on = asyncio.Event()

    async def dawdle(exchange: Exchange) -> None:
        await go_on.wait()
        size = 0
        async for piece in exchange.stream():
            held.append(exchange.unread + len(piece))
            size += len(piece)
            if len(held) % 50 == 0:
                await asyncio.sleep(0.001)
        exchange.respond(200, [], b"%d" % size)

    serving = await start(dawdle, Limits(unread=100_000))
    caller = await serving.call()
    caller.send(request(b"x" * total))
    await until(lambda: any(each.unread > 100_000 for each in serving.server.open))
    await asyncio.sleep(0.05)
    (exchange,) = serving.server.open
    # A single read from the socket brings 256 KiB at the most.
    assert 100_000 < exchange.unread <= 100_000 + 262_144
    go_on.set()
    assert (await caller.answer())[2] == b"%d" % total
    assert max(held) <= 100_000 + 2 * 262_144


async def test_reading_goes_on_when_the_application_wants_the_body_after_all(start: Start) -> None:
    async def late(exchange: Exchange) -> None:
        await asyncio.sleep(0.05)
        exchange.respond(200, [], b"%d" % len(await exchange.body(2**26)))

    caller = await (await start(late, Limits(unread=1000))).call()
    for _ in range(2):
        assert (await caller.ask(request(b"x" * 3_000_000)))[2] == b"3000000"


async def test_a_body_is_still_whole_when_the_application_gave_up_waiting_for_it_once(start: Start) -> None:
    gave_up = asyncio.Event()

    async def twice(exchange: Exchange) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await exchange.body(100)
        gave_up.set()
        exchange.respond(200, [], await exchange.body(100))

    caller = await (await start(twice)).call()
    caller.send(request(b"hello")[:-3])
    await gave_up.wait()
    caller.send(b"llo")
    assert (await caller.answer())[2] == b"hello"


async def test_an_answer_waits_for_a_caller_that_does_not_read(start: Start) -> None:
    written = 0

    async def flood(exchange: Exchange) -> None:
        nonlocal written
        exchange.start(200, [])
        for _ in range(1000):
            await exchange.write(b"x" * 10_000)
            written += 10_000
        exchange.finish()

    serving = await start(flood)
    caller = await serving.call_without_reading()
    caller.send(request())
    # What the sockets of both ends hold is all that can be on its way.
    assert await stands_still(lambda: written) < 8_000_000
    _, _, body = await caller.answer()
    assert len(body) == 10_000_000


async def test_a_caller_that_never_reads_its_answer_is_hung_up_on(start: Start) -> None:
    ended: list[BaseException] = []

    async def flood(exchange: Exchange) -> None:
        exchange.start(200, [])
        try:
            while True:
                await exchange.write(b"x" * 100_000)
        except CallerLeft as error:
            ended.append(error)

    serving = await start(flood, Limits(stall_s=0.2))
    caller = await serving.call_without_reading()
    caller.send(request())
    await until(lambda: ended and serving.server.connections == 0)


async def test_a_caller_that_reads_slowly_is_not_taken_for_one_that_does_not(start: Start) -> None:
    async def flood(exchange: Exchange) -> None:
        exchange.start(200, [])
        for _ in range(100):
            await exchange.write(b"x" * 100_000)
        exchange.finish()

    serving = await start(flood, Limits(stall_s=0.3))

    async def read() -> None:
        caller = await serving.call_without_reading()
        caller.send(request())
        await caller.answer(head_only=True)
        got = 0
        while got < 8_000_000:
            piece = await caller.reader.read(100_000)
            assert piece
            got += len(piece)
            await asyncio.sleep(0.005)
        assert serving.server.connections == 1
        caller.hang_up()

    await undisturbed(read, within_s=0.1)


async def test_a_caller_that_stops_sending_its_body_is_told_so(start: Start) -> None:
    left: list[CallerLeft] = []

    async def take(exchange: Exchange) -> None:
        try:
            await exchange.body(100)
        except CallerLeft as error:
            left.append(error)
            raise

    caller = await (await start(take, Limits(stall_s=0.1))).call()
    caller.send(request(b"hello")[:-1])
    status, headers, _ = await caller.answer()
    assert (status, headers[b"connection"]) == (408, b"close")
    assert await caller.is_closed()
    assert len(left) == 1


async def test_a_body_that_comes_slowly_has_all_the_time_it_needs(start: Start) -> None:
    serving = await start(echo, Limits(stall_s=0.5, idle_s=0.5, head_s=0.5))
    whole = request(b"0123456789")

    async def dawdle() -> None:
        caller = await serving.call()
        caller.send(whole[:-10])
        for at in range(-10, 0):
            await asyncio.sleep(0.07)
            caller.send(whole[at : at + 1 or None])
        assert (await caller.answer())[2] == b"0123456789"

    await undisturbed(dawdle, within_s=0.3)


async def test_a_body_nobody_wants_must_still_not_stop_coming(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    caller = await (await start(deny, Limits(stall_s=0.1))).call()
    caller.send(request(b"hello")[:-1])
    assert (await caller.answer())[0] == 401
    assert await caller.is_closed()
