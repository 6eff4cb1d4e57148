"""Back-pressure both ways, and hanging up."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from scripted_upstream import PATIENT, Peer, always, eventually

from quarterdeck.gateway.transport import IdleTimeout, Request, Timeouts, Transport, UpstreamError

GET = Request(b"GET", b"/", [])
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
MORE_THAN_SOCKETS_HOLD = 64 * 1024 * 1024
WHAT_SOCKETS_MAY_HOLD = 16 * 1024 * 1024


async def stands_still(counter: list[int]) -> int:
    """The counter's value once it has stopped growing."""
    while True:
        before = counter[0]
        await asyncio.sleep(0.05)
        if counter[0] == before > 0:
            return before


async def test_an_upstream_is_not_read_faster_than_its_reader_reads(serve, transport: Transport) -> None:
    sent = [0]
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        while sent[0] < MORE_THAN_SOCKETS_HOLD:
            await peer.say(piece)
            sent[0] += 65536
        await peer.say(b"0\r\n\r\n")

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await stands_still(sent) < WHAT_SOCKETS_MAY_HOLD
    first = await response.chunk()
    assert first is not None
    # One full mark and one read beyond it: that is all we ever hold.
    assert len(first) <= 2 * 64 * 1024
    received = len(first)
    while (data := await response.chunk()) is not None:
        assert len(data) <= 2 * 64 * 1024
        received += len(data)
    assert received == sent[0] == MORE_THAN_SOCKETS_HOLD


async def test_tiny_pieces_count_for_more_than_their_bytes(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        for _ in range(200):
            await peer.say(b"1\r\nx\r\n" * 1000)
        await peer.say(b"0\r\n\r\n")

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    await asyncio.sleep(0.1)
    first = await response.chunk()
    assert first is not None
    assert len(first) < 16 * 1024
    assert len(first) + len(await response.read(1_000_000)) == 200_000


async def test_a_connection_that_was_held_back_is_reused_after_a_clean_end(serve, transport: Transport) -> None:
    body = b"x" * 1_000_000
    upstream = await serve(always(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body))
    for reused in (False, True, True):
        response = await transport.send(upstream.origin, GET, PATIENT)
        await asyncio.sleep(0.01)
        assert await response.read(len(body)) == body
        assert response.reused is reused


async def test_a_request_is_not_produced_faster_than_the_upstream_reads(serve, transport: Transport) -> None:
    produced = [0]
    read_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()
        await read_on.wait()
        peer.writer.transport.resume_reading()
        size = 0
        while size < MORE_THAN_SOCKETS_HOLD:
            size += len(await peer.reader.read(1_000_000))
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%d" % (len(str(size)), size))

    async def pieces() -> AsyncIterator[bytes]:
        while produced[0] < MORE_THAN_SOCKETS_HOLD:
            yield b"x" * 65536
            produced[0] += 65536

    upstream = await serve(script)
    headers = [(b"content-length", b"%d" % MORE_THAN_SOCKETS_HOLD)]
    sending = asyncio.create_task(transport.send(upstream.origin, Request(b"POST", b"/", headers, pieces()), PATIENT))
    assert await stands_still(produced) < WHAT_SOCKETS_MAY_HOLD
    read_on.set()
    response = await sending
    assert await response.read(100) == b"%d" % MORE_THAN_SOCKETS_HOLD


async def test_the_requests_iterator_is_closed_when_the_exchange_breaks(serve, transport: Transport) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await asyncio.sleep(5)

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 65536
        finally:
            closed.set()

    upstream = await serve(script)
    body = endless()
    with pytest.raises(IdleTimeout):
        await transport.send(upstream.origin, Request(b"POST", b"/", [], body), Timeouts(idle_s=0.05))
    await asyncio.wait_for(closed.wait(), 20)


async def test_abort_closes_the_upstream_at_once(serve, transport: Transport) -> None:
    left = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED + b"1\r\nx\r\n")
        await peer.hung_up()
        left.set()

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.chunk() == b"x"
    response.abort()
    assert transport.counts()[upstream.origin].open == 0
    await asyncio.wait_for(left.wait(), 20)
    response.abort()
    with pytest.raises(UpstreamError, match="aborted"):
        await response.chunk()


async def test_abort_closes_at_once_although_the_upstream_neither_reads_nor_is_read(
    serve, transport: Transport
) -> None:
    left = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        try:
            await peer.say(CHUNKED)
            while True:
                await peer.say(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        except ConnectionError:
            left.set()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536

    upstream = await serve(script)
    response = await transport.send(upstream.origin, Request(b"POST", b"/", [], endless()), PATIENT)
    await asyncio.sleep(0.1)
    response.abort()
    await asyncio.wait_for(left.wait(), 20)


async def test_abort_wakes_a_reader(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        await peer.hung_up()

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    reading = asyncio.create_task(response.chunk())
    await asyncio.sleep(0)
    response.abort()
    with pytest.raises(UpstreamError, match="aborted"):
        await reading


async def test_abort_after_the_whole_message_keeps_the_connection(serve, transport: Transport) -> None:
    upstream = await serve(always(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"))
    response = await transport.send(upstream.origin, GET, PATIENT)
    await eventually(lambda: transport.counts()[upstream.origin].idle == 1)
    response.abort()
    assert await response.read(10) == b"ok"
    assert transport.counts()[upstream.origin].idle == 1


async def test_a_cancelled_reader_may_still_abort(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(CHUNKED)
        await peer.hung_up()

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    reading = asyncio.create_task(response.chunk())
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    response.abort()
    assert transport.counts()[upstream.origin].open == 0
