"""Which connection carries a request: reuse, stale ones, limits, waiting in line."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator

import pytest
from scripted_upstream import NOBODY, OK, PATIENT, Peer, always, eventually, once

from quarterdeck.gateway.transport import (
    ConnectFailed,
    ConnectionReset,
    ConnectTimeout,
    EgressRefused,
    Origin,
    Request,
    Response,
    Timeouts,
    Transport,
    Truncated,
)
from quarterdeck.kernel.egress import Egress, EgressPolicy
from undisturbed import undisturbed

GET = Request(b"GET", b"/", [])
POST = Request(b"POST", b"/", [], b"{}")


async def fetch(transport: Transport, origin: Origin, request: Request = GET) -> Response:
    response = await transport.send(origin, request, PATIENT)
    await response.read(1000)
    return response


async def test_it_reuses_the_connection_after_a_clean_answer(serve, transport: Transport) -> None:
    upstream = await serve(always(OK))
    assert [(await fetch(transport, upstream.origin)).reused for _ in range(3)] == [False, True, True]
    counts = transport.counts()[upstream.origin]
    assert (upstream.accepted, counts.open, counts.idle, counts.waiting) == (1, 1, 1, 0)


async def test_it_uses_the_connection_that_came_back_last(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n%d" % peer.number)

    upstream = await serve(script)
    both = await asyncio.gather(*[transport.send(upstream.origin, GET, PATIENT) for _ in range(2)])
    bodies = [await response.read(10) for response in both]
    assert sorted(bodies) == [b"1", b"2"]
    last = [await (await transport.send(upstream.origin, GET, PATIENT)).read(10) for _ in range(3)]
    assert len(set(last)) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        OK + b"HTTP/1.1 200 OK\r\n",
        OK + b"more than was announced",
        OK + b"\0",
    ],
    ids=["connection-close", "http-1.0", "second-answer", "too-long", "stray-byte"],
)
async def test_it_does_not_reuse_a_connection_that_is_not_clean(serve, transport: Transport, answer: bytes) -> None:
    upstream = await serve(always(answer))
    for _ in range(2):
        response = await transport.send(upstream.origin, GET, PATIENT)
        assert await response.read(10) == b"ok"
        assert not response.reused
    assert upstream.accepted == 2


async def test_it_drops_a_kept_connection_that_the_server_closes_while_idle(serve, transport: Transport) -> None:
    upstream = await serve(once(OK))
    await fetch(transport, upstream.origin)
    await eventually(lambda: transport.counts()[upstream.origin].open == 0)


async def test_it_drops_a_kept_connection_on_which_the_server_speaks_unasked(serve, transport: Transport) -> None:
    kept = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await kept.wait()
        await peer.say(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await peer.hung_up()

    upstream = await serve(script)
    await fetch(transport, upstream.origin)
    assert transport.counts()[upstream.origin].open == 1
    kept.set()
    await eventually(lambda: transport.counts()[upstream.origin].open == 0)


async def test_it_drops_a_kept_connection_after_its_idle_age(serve, connect) -> None:
    upstream = await serve(always(OK))
    transport = connect(max_idle_s=0.15)

    async def rest() -> None:
        await fetch(transport, upstream.origin)
        await asyncio.sleep(0.05)
        assert (await fetch(transport, upstream.origin)).reused
        await asyncio.sleep(0.05)
        assert transport.counts()[upstream.origin].idle == 1

    await undisturbed(rest, within_s=0.05)
    await eventually(lambda: transport.counts()[upstream.origin].open == 0)
    assert not (await fetch(transport, upstream.origin)).reused


def dies_when_reused(*, after: bytes = b"", by_reset: bool = False):
    """Answers the first request of the first connection, then breaks on that connection's second one."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            if peer.number == 1 and not hasattr(peer, "answered"):
                peer.answered = True
            elif peer.number == 1:
                if after:
                    await peer.say(after)
                if by_reset:
                    peer.reset()
                return
            await peer.say(OK)

    return script


@pytest.mark.parametrize("by_reset", [False, True])
@pytest.mark.parametrize("request_", [GET, POST])
async def test_a_stale_connection_is_replaced_by_a_fresh_one_unseen(
    serve, transport: Transport, by_reset: bool, request_: Request
) -> None:
    upstream = await serve(dies_when_reused(by_reset=by_reset))
    await fetch(transport, upstream.origin)
    response = await fetch(transport, upstream.origin, request_)
    assert (response.status, response.reused, upstream.accepted) == (200, False, 2)


async def test_a_fresh_connection_that_breaks_is_not_tried_again(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()

    upstream = await serve(script)
    with pytest.raises(ConnectionReset) as caught:
        await fetch(transport, upstream.origin)
    assert (upstream.accepted, caught.value.sent, caught.value.retryable) == (1, True, True)


async def test_a_stale_connection_is_replaced_only_once(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        if peer.number == 1:
            await peer.say(OK)
            await peer.request()

    upstream = await serve(script)
    await fetch(transport, upstream.origin)
    with pytest.raises(ConnectionReset):
        await fetch(transport, upstream.origin)
    assert upstream.accepted == 2


async def test_a_connection_that_breaks_after_the_first_byte_of_an_answer_is_not_replaced(
    serve, transport: Transport
) -> None:
    upstream = await serve(dies_when_reused(after=b"H"))
    await fetch(transport, upstream.origin)
    with pytest.raises(Truncated):
        await fetch(transport, upstream.origin)
    assert upstream.accepted == 1


async def test_a_connection_that_breaks_long_after_it_took_the_request_is_not_replaced(serve, connect) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        await asyncio.sleep(0.05)

    upstream = await serve(script)
    transport = connect(stale_window_s=0.02)
    await fetch(transport, upstream.origin)
    with pytest.raises(ConnectionReset):
        await fetch(transport, upstream.origin)
    assert upstream.accepted == 1


async def test_when_no_fresh_connection_can_be_had_the_error_says_that_the_request_was_sent(
    serve, transport: Transport
) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        await peer.request()
        upstream.refuse()

    upstream = await serve(script)
    await fetch(transport, upstream.origin)
    with pytest.raises(ConnectFailed) as caught:
        await fetch(transport, upstream.origin)
    assert caught.value.sent


@pytest.mark.parametrize("busy", [False, True])
async def test_a_fresh_connection_is_fresh_even_where_no_more_are_allowed(serve, connect, busy: bool) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK[:-1])
        await asyncio.sleep(0.02)
        await peer.say(OK[-1:])
        await peer.hung_up()

    upstream = await serve(script)
    transport = connect(most_per_origin=1)
    response = await transport.send(upstream.origin, GET, PATIENT)
    if not busy:
        await response.read(10)
    pool = transport._pools[upstream.origin]
    connection = await pool.acquire(pool.loop.time() + 20, fresh=True)
    assert await response.read(10) == (b"ok" if busy else b"")
    assert (upstream.accepted, pool.counts().open, connection.usable()) == (2, 1, True)


async def one_piece(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def test_a_body_that_cannot_be_sent_again_is_not_retried(serve, transport: Transport) -> None:
    upstream = await serve(dies_when_reused())
    await fetch(transport, upstream.origin)
    with pytest.raises(ConnectionReset) as caught:
        await fetch(transport, upstream.origin, Request(b"POST", b"/", [], one_piece(b"x")))
    assert caught.value.sent
    assert upstream.accepted == 1


async def test_a_body_that_cannot_be_sent_again_is_not_risked_on_a_connection_that_already_says_goodbye(
    serve, transport: Transport
) -> None:
    peers: list[Peer] = []

    async def script(peer: Peer) -> None:
        peers.append(peer)
        while True:
            await peer.request()
            await peer.say(OK)

    upstream = await serve(script)
    await fetch(transport, upstream.origin)
    # At once, so that no turn of the loop in which the transport could notice lies between this and the next send.
    with socket.socket(fileno=os.dup(peers[0].writer.get_extra_info("socket").fileno())) as its_socket:
        its_socket.shutdown(socket.SHUT_RDWR)
    response = await fetch(transport, upstream.origin, Request(b"POST", b"/", [], one_piece(b"x")))
    assert (response.status, response.reused) == (200, False)


async def held(serve):
    """An upstream whose answers wait for `release`, one at a time, in order of arrival."""
    queue: asyncio.Queue[asyncio.Event] = asyncio.Queue()

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            event = asyncio.Event()
            queue.put_nowait(event)
            await event.wait()
            await peer.say(OK)

    return await serve(script), queue


async def test_callers_beyond_the_limit_wait_in_line(serve, connect) -> None:
    upstream, queue = await held(serve)
    transport = connect(most_per_origin=2)
    order: list[int] = []

    async def call(number: int) -> None:
        await fetch(transport, upstream.origin)
        order.append(number)

    calls = []
    for number in range(6):
        calls.append(asyncio.create_task(call(number)))
        if number < 2:
            await eventually(lambda number=number: queue.qsize() == number + 1)
    await eventually(lambda: transport.counts()[upstream.origin].waiting == 4)
    assert (transport.counts()[upstream.origin].open, upstream.accepted) == (2, 2)
    for number in range(6):
        (await queue.get()).set()
        await eventually(lambda number=number: len(order) == number + 1)
    await asyncio.gather(*calls)
    assert order == list(range(6))
    counts = transport.counts()[upstream.origin]
    assert (counts.open, counts.idle, counts.waiting, upstream.accepted) == (2, 2, 0, 2)


async def test_waiting_for_a_place_is_bounded_by_the_connect_timeout(serve, connect) -> None:
    upstream, queue = await held(serve)
    transport = connect(most_per_origin=1)
    first = asyncio.create_task(fetch(transport, upstream.origin))
    event = await queue.get()
    with pytest.raises(ConnectTimeout, match="busy") as caught:
        await transport.send(upstream.origin, GET, Timeouts(connect_s=0.05))
    assert not caught.value.sent
    event.set()
    await first
    counts = transport.counts()[upstream.origin]
    assert (counts.open, counts.idle, counts.waiting) == (1, 1, 0)


async def test_a_cancelled_waiter_leaves_its_place_to_the_next(serve, connect) -> None:
    upstream, queue = await held(serve)
    transport = connect(most_per_origin=1)
    calls = [asyncio.create_task(fetch(transport, upstream.origin)) for _ in range(3)]
    event = await queue.get()
    calls[1].cancel()
    event.set()
    (await queue.get()).set()
    assert [r if isinstance(r, asyncio.CancelledError) else r.status for r in await gathered(calls)][::2] == [200, 200]
    assert calls[1].cancelled()
    counts = transport.counts()[upstream.origin]
    assert (counts.open, counts.idle, counts.waiting) == (1, 1, 0)


async def gathered(calls):
    return await asyncio.gather(*calls, return_exceptions=True)


async def test_a_waiter_cancelled_in_the_moment_of_its_turn_passes_it_on(serve, connect) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK if peer.number > 1 else OK[:-1])
        await peer.hung_up()

    upstream = await serve(script)
    transport = connect(most_per_origin=1)
    first = await transport.send(upstream.origin, GET, PATIENT)
    second = asyncio.create_task(fetch(transport, upstream.origin))
    third = asyncio.create_task(fetch(transport, upstream.origin))
    await asyncio.sleep(0)
    # Hanging up frees the place for the second caller, who leaves before hearing of it.
    first.abort()
    second.cancel()
    assert (await third).status == 200
    assert second.cancelled()
    assert transport.counts()[upstream.origin].open == 1


async def test_a_waiter_cancelled_in_the_moment_it_is_given_a_connection_passes_it_on(serve, connect) -> None:
    upstream, queue = await held(serve)
    transport = connect(most_per_origin=1)
    calls = [asyncio.create_task(fetch(transport, upstream.origin)) for _ in range(3)]
    event = await queue.get()
    while transport.counts()[upstream.origin].waiting < 2:
        await asyncio.sleep(0)
    event.set()
    while transport.counts()[upstream.origin].waiting == 2:
        await asyncio.sleep(0)
    calls[1].cancel()
    while not calls[2].done():
        with contextlib.suppress(TimeoutError):
            (await asyncio.wait_for(queue.get(), 0.02)).set()
    assert (calls[0].result().status, calls[2].result().status) == (200, 200)
    counts = transport.counts()[upstream.origin]
    assert (counts.open, counts.idle, counts.waiting, upstream.accepted) == (1, 1, 0, 1)


@pytest.mark.parametrize("turns", range(6))
async def test_a_sender_cancelled_while_its_answer_comes_in_leaves_nothing_behind(
    serve, transport: Transport, turns: int
) -> None:
    loop = asyncio.get_running_loop()

    def cancel_in(left: int) -> None:
        if left:
            loop.call_soon(cancel_in, left - 1)
        else:
            call.cancel()

    async def script(peer: Peer) -> None:
        await peer.request()
        peer.writer.write(OK[:-1])
        cancel_in(turns)
        await peer.hung_up()

    upstream = await serve(script)
    call = asyncio.create_task(transport.send(upstream.origin, GET, PATIENT))
    await asyncio.wait([call])
    if not call.cancelled():
        call.result().abort()
    assert transport.counts()[upstream.origin].open == 0


async def test_a_cancelled_sender_hangs_up_and_frees_its_place(serve, connect) -> None:
    came, left = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        came.set()
        await peer.hung_up()
        left.set()

    upstream = await serve(script)
    transport = connect(most_per_origin=1)
    call = asyncio.create_task(transport.send(upstream.origin, POST, PATIENT))
    await came.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    await asyncio.wait_for(left.wait(), 20)
    assert transport.counts()[upstream.origin].open == 0


async def test_a_sender_cancelled_while_connecting_frees_its_place(connect) -> None:
    async def never(name: str) -> list[str]:
        await asyncio.sleep(60)
        return []

    transport = connect(egress=Egress(EgressPolicy(), lookup=never))
    origin = Origin("http", "slow.example", 80)
    call = asyncio.create_task(transport.send(origin, GET, PATIENT))
    await asyncio.sleep(0.01)
    assert transport.counts()[origin].open == 1
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert transport.counts()[origin].open == 0


async def test_a_failed_connection_frees_its_place_for_the_next_in_line(connect) -> None:
    transport = connect(most_per_origin=1)
    origin = Origin("http", "127.0.0.1", NOBODY)
    results = await gathered([transport.send(origin, GET, PATIENT) for _ in range(3)])
    assert [type(result) for result in results] == [ConnectFailed] * 3
    assert transport.counts()[origin].open == 0


async def test_a_connection_from_before_is_not_used_once_its_address_is_no_longer_allowed(serve) -> None:
    upstream = await serve(always(OK))
    egress = Egress(EgressPolicy(frozenset({"127.0.0.1"})))
    transport = Transport(egress)
    await fetch(transport, upstream.origin)
    egress.policy = EgressPolicy(frozenset({f"127.0.0.1:{upstream.origin.port}"}))
    assert (await fetch(transport, upstream.origin)).reused
    egress.policy = EgressPolicy()
    with pytest.raises(EgressRefused):
        await fetch(transport, upstream.origin)
    assert transport.counts()[upstream.origin].open == 0
    await transport.close()


async def test_a_connection_in_use_is_not_kept_once_its_address_is_no_longer_allowed(serve) -> None:
    changed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK[:-1])
        await changed.wait()
        await peer.say(OK[-1:])
        await peer.hung_up()

    upstream, egress = await serve(script), Egress(EgressPolicy(frozenset({"127.0.0.1"})))
    transport = Transport(egress)
    response = await transport.send(upstream.origin, GET, PATIENT)
    egress.policy = EgressPolicy()
    changed.set()
    assert await response.read(10) == b"ok"
    assert transport.counts()[upstream.origin].open == 0
    await transport.close()


async def test_closing_the_transport_breaks_off_whoever_is_at_it(serve, connect) -> None:
    upstream, queue = await held(serve)
    transport = connect(most_per_origin=1)
    calls = [asyncio.create_task(fetch(transport, upstream.origin)) for _ in range(2)]
    await queue.get()
    await transport.close()
    assert [type(result) for result in await gathered(calls)] == [ConnectionReset, ConnectFailed]
    with pytest.raises(ConnectFailed):
        await transport.send(upstream.origin, GET, PATIENT)
    with pytest.raises(ConnectFailed):
        await transport.send(Origin("http", "127.0.0.1", 1), GET, PATIENT)
