"""After a thousand exchanges of every kind nothing is left behind."""

import asyncio
import contextlib
import gc
import random

from scripted_upstream import OK, Peer, eventually

from quarterdeck.gateway.transport import Proxies, Request, Timeouts, Transport, UpstreamError
from quarterdeck.gateway.transport.connection import Connection
from quarterdeck.kernel.egress import Egress, EgressPolicy

TIMEOUTS = Timeouts(connect_s=2, first_byte_s=0.05, idle_s=0.05, total_s=3)
KINDS = (
    "ok",
    "chunked",
    "close",
    "cut",
    "reset",
    "garbage",
    "hang",
    "stall",
    "pieces",
    "abort",
    "cancel",
    "until-close",
)


async def misbehave(peer: Peer) -> None:
    """Does what the path of each request says."""
    while True:
        head, _ = await peer.request()
        match head.split(b" ")[1][1:].decode():
            case "chunked" | "pieces":
                await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
            case "close":
                return
            case "until-close":
                await peer.say(b"HTTP/1.1 200 OK\r\n\r\nok")
                return
            case "cut":
                await peer.say(OK[:-1])
                return
            case "reset":
                await peer.say(OK[:-1])
                return peer.reset()
            case "garbage":
                await peer.say(b"what?\r\n\r\n")
            case "hang" | "cancel":
                await peer.hung_up()
            case "stall" | "abort":
                await peer.say(OK[:-1])
                await peer.hung_up()
            case _:
                await peer.say(OK)


async def exchange(transport: Transport, origin, kind: str) -> None:
    async def pieces():
        yield b"one"
        await asyncio.sleep(0)
        yield b"two"

    request = Request(b"POST", b"/" + kind.encode(), [], pieces() if kind == "pieces" else b"{}")
    sending = asyncio.create_task(transport.send(origin, request, TIMEOUTS))
    if kind == "cancel":
        await asyncio.sleep(0.001)
        sending.cancel()
    with contextlib.suppress(UpstreamError, asyncio.CancelledError):
        response = await sending
        if kind == "abort":
            response.abort()
        else:
            await response.read(100)


async def test_after_a_thousand_mixed_exchanges_nothing_remains(serve) -> None:
    upstream = await serve(misbehave)
    transport = Transport(
        Egress(EgressPolicy(frozenset({"127.0.0.1"}))), proxies=Proxies(), most_per_origin=8, max_idle_s=0.05
    )
    tasks_before = len(asyncio.all_tasks())
    kinds = [kind for kind in KINDS for _ in range(84)]
    random.Random(7).shuffle(kinds)
    queue = iter(kinds)

    async def work() -> None:
        for kind in queue:
            await exchange(transport, upstream.origin, kind)

    await asyncio.gather(*[work() for _ in range(24)])
    counts = transport.counts()[upstream.origin]
    assert counts.waiting == 0
    assert counts.open == counts.idle <= 8
    await eventually(lambda: transport.counts()[upstream.origin].open == 0)  # their idle age passes
    await eventually(lambda: len(asyncio.all_tasks()) == tasks_before)
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []
    await transport.close()


async def test_closing_closes_every_socket_and_timer(serve) -> None:
    upstream = await serve(misbehave)
    transport = Transport(Egress(EgressPolicy(frozenset({"127.0.0.1"}))), proxies=Proxies())
    calls = [asyncio.create_task(exchange(transport, upstream.origin, kind)) for kind in ("ok", "hang", "stall")]
    await asyncio.sleep(0.02)
    await transport.close()
    await asyncio.gather(*calls)
    assert transport.counts()[upstream.origin].open == 0
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, Connection)] == []
