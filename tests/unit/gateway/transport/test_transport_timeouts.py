"""Every way of waiting has an end, and each end its own name."""

import asyncio
import math
import time
from collections.abc import AsyncIterator

import pytest
from scripted_upstream import OK, Peer, always, deaf_listener

from quarterdeck.gateway.transport import (
    ConnectTimeout,
    FirstByteTimeout,
    IdleTimeout,
    Origin,
    Request,
    Timeouts,
    TotalTimeout,
    Transport,
)
from undisturbed import undisturbed

GET = Request(b"GET", b"/", [])
SLOW = 60.0
SHORT = 0.06
BOUND_S = 9.0
"""Far from a short time-out, for the machine is shared, and below every other that could end the wait instead."""


async def test_connecting_is_bounded(transport: Transport) -> None:
    began = time.monotonic()
    with deaf_listener("127.0.0.1") as port, pytest.raises(ConnectTimeout) as caught:
        origin = Origin("http", "127.0.0.1", port)
        await transport.send(origin, GET, Timeouts(connect_s=SHORT))
    assert time.monotonic() - began < BOUND_S
    assert (caught.value.sent, caught.value.retryable, caught.value.status) == (False, True, 504)
    assert transport.counts()[origin].open == 0


async def test_the_tls_handshake_counts_as_connecting(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.hung_up()

    upstream = await serve(script)
    origin = Origin("https", "127.0.0.1", upstream.origin.port)
    with pytest.raises(ConnectTimeout):
        await transport.send(origin, GET, Timeouts(connect_s=SHORT))


@pytest.mark.parametrize("beginning", [b"", b"HTTP/1.1 200 OK\r\nserv"])
async def test_the_answers_head_must_come_in_time(serve, transport: Transport, beginning: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(beginning)
        await peer.hung_up()

    upstream = await serve(script)
    with pytest.raises(FirstByteTimeout) as caught:
        await transport.send(upstream.origin, GET, Timeouts(first_byte_s=SHORT, idle_s=SLOW))
    assert (caught.value.sent, caught.value.retryable) == (True, True)
    assert transport.counts()[upstream.origin].open == 0


async def test_interim_answers_and_a_dripping_head_do_not_prolong_the_wait(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        while True:
            await peer.say(b"x: y\r\n")
            await asyncio.sleep(0.01)

    upstream = await serve(script)
    with pytest.raises(FirstByteTimeout):
        await transport.send(upstream.origin, GET, Timeouts(first_byte_s=SHORT))


async def test_a_body_that_stalls_is_given_up(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
        await peer.hung_up()

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, Timeouts(idle_s=SHORT))
    assert await response.chunk() == b"half"
    with pytest.raises(IdleTimeout) as caught:
        await response.chunk()
    assert caught.value.sent
    with pytest.raises(IdleTimeout):
        await response.chunk()
    assert transport.counts()[upstream.origin].open == 0


async def test_each_piece_of_a_body_renews_the_patience(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\n")
        for _ in range(8):
            await asyncio.sleep(0.05)
            await peer.say(b"x")

    upstream = await serve(script)

    async def read() -> None:
        response = await transport.send(upstream.origin, GET, Timeouts(idle_s=0.25))
        assert await response.read(10) == b"x" * 8

    await undisturbed(read, within_s=0.15)


async def test_a_caller_who_does_not_read_is_not_mistaken_for_a_stalled_upstream(serve, transport: Transport) -> None:
    body = b"x" * 2_000_000

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body)

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, Timeouts(idle_s=0.15))
    await asyncio.sleep(0.4)
    assert await response.read(len(body)) == body


async def test_the_whole_exchange_is_bounded_however_lively(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            await peer.say(b"1\r\nx\r\n")
            await asyncio.sleep(0.01)

    upstream = await serve(script)
    began = time.monotonic()
    with pytest.raises(TotalTimeout) as caught:
        response = await transport.send(upstream.origin, GET, Timeouts(idle_s=SLOW, total_s=0.1))
        await response.read(10_000)
    assert time.monotonic() - began < BOUND_S
    assert not caught.value.retryable


async def test_the_total_bounds_the_wait_for_the_head_too(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.hung_up()

    upstream = await serve(script)
    with pytest.raises(TotalTimeout):
        await transport.send(upstream.origin, GET, Timeouts(first_byte_s=SLOW, total_s=SHORT))


@pytest.mark.parametrize("in_pieces", [False, True])
async def test_an_upstream_that_stops_reading_the_request_is_given_up(
    serve, transport: Transport, in_pieces: bool
) -> None:
    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await asyncio.sleep(SLOW)

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000

    upstream = await serve(script)
    body = pieces() if in_pieces else b"x" * 30_000_000
    with pytest.raises(IdleTimeout, match="reading"):
        await transport.send(upstream.origin, Request(b"POST", b"/", [], body), Timeouts(idle_s=0.1))
    assert transport.counts()[upstream.origin].open == 0


async def test_a_slow_reader_of_the_request_is_not_given_up_while_it_reads(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        for _ in range(40):
            await peer.reader.readexactly(400_000)
            await asyncio.sleep(0.012)
        await peer.say(OK)

    upstream = await serve(script)
    body = b"x" * 40 * 400_000
    timeouts = Timeouts(first_byte_s=0.5, idle_s=0.2)

    async def send() -> None:
        began = time.monotonic()
        response = await transport.send(upstream.origin, Request(b"POST", b"/", [], body), timeouts)
        assert time.monotonic() - began > 2 * 0.2
        assert await response.read(10) == b"ok"

    await undisturbed(send, within_s=0.1)


async def test_waiting_for_our_own_caller_is_not_counted_against_the_upstream(serve, transport: Transport) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"
        await asyncio.sleep(0.4)
        yield b"b"

    upstream = await serve(always(OK))
    timeouts = Timeouts(first_byte_s=0.15, idle_s=0.15)

    async def send() -> None:
        # The one before leaves its timer on the connection.
        await (await transport.send(upstream.origin, GET, timeouts)).read(10)
        response = await transport.send(upstream.origin, Request(b"POST", b"/", [], pieces()), timeouts)
        assert await response.read(10) == b"ok"

    await undisturbed(send, within_s=0.1)


async def test_time_outs_of_one_exchange_do_not_outlive_it(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        while True:
            head, _ = await peer.request()
            await asyncio.sleep(0.3 if b"slow" in head else 0)
            await peer.say(OK)

    upstream = await serve(script)

    async def send() -> None:
        await (await transport.send(upstream.origin, GET, Timeouts(first_byte_s=0.2, total_s=0.2))).read(10)
        slow = await transport.send(upstream.origin, Request(b"GET", b"/slow", []), Timeouts())
        assert slow.reused
        assert await slow.read(10) == b"ok"

    await undisturbed(send, within_s=0.1)


async def test_without_end_means_without_end(serve, transport: Transport) -> None:
    upstream = await serve(always(OK))
    endless = Timeouts(math.inf, math.inf, math.inf, math.inf)
    for _ in range(2):
        assert await (await transport.send(upstream.origin, GET, endless)).read(10) == b"ok"
