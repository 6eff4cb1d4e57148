"""An upstream may do anything at all. Each fault has one name, and no connection that saw one is used again."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from scripted_upstream import NOBODY, OK, PATIENT, Peer, Script, always, deaf_listener, eventually, once

from quarterdeck.gateway.transport import (
    BodyTooLarge,
    ConnectFailed,
    ConnectionReset,
    EgressRefused,
    NameUnresolvable,
    Origin,
    ProtocolError,
    Request,
    Timeouts,
    Transport,
    Truncated,
    UpstreamError,
)
from quarterdeck.kernel.egress import Egress, EgressPolicy

GET = Request(b"GET", b"/", [])
HEAD_OF_TEN = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def by_reset(*, after: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(after)
        await asyncio.sleep(0.02)
        peer.reset()

    return script


def by_half_close(*, after: bytes) -> Script:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(after)
        peer.writer.write_eof()
        await peer.hung_up()

    return script


FAULTS: dict[str, tuple[Script, type[UpstreamError]]] = {
    "closes without an answer": (once(b""), ConnectionReset),
    "half-closes without an answer": (by_half_close(after=b""), ConnectionReset),
    "resets without an answer": (by_reset(after=b""), ConnectionReset),
    "closes inside the status line": (once(b"HTTP/1.1 2"), Truncated),
    "closes inside the head": (once(b"HTTP/1.1 200 OK\r\nx-a: b\r\n"), Truncated),
    "half-closes inside the head": (by_half_close(after=b"HTTP/1.1 200 OK\r\n"), Truncated),
    "resets inside the head": (by_reset(after=b"HTTP/1.1 200 OK\r\n"), ConnectionReset),
    "closes after an interim answer": (once(b"HTTP/1.1 100 Continue\r\n\r\n"), Truncated),
    "closes before the announced length": (once(HEAD_OF_TEN + b"nine byte"), Truncated),
    "half-closes inside the body": (by_half_close(after=HEAD_OF_TEN + b"half"), Truncated),
    "resets inside the body": (by_reset(after=HEAD_OF_TEN + b"half"), ConnectionReset),
    "closes inside a chunk": (once(CHUNKED + b"a\r\nhalf"), Truncated),
    "closes between chunks": (once(CHUNKED + b"4\r\nhalf\r\n"), Truncated),
    "closes before the last line break": (once(CHUNKED + b"4\r\nhalf\r\n0\r\n"), Truncated),
    "sends a chunk size that is no number": (always(CHUNKED + b"xyz\r\nhalf\r\n"), ProtocolError),
    "sends a negative chunk size": (always(CHUNKED + b"-4\r\nhalf\r\n"), ProtocolError),
    "sends a chunk size beyond 64 bits": (always(CHUNKED + b"f" * 17 + b"\r\n"), ProtocolError),
    "sends a chunk longer than it says": (always(CHUNKED + b"2\r\nhalf\r\n0\r\n\r\n"), ProtocolError),
    "sends garbage": (always(b"\x16\x03\x01\x02\x00 what is this\r\n\r\n"), ProtocolError),
    "speaks another protocol": (always(b"SSH-2.0-OpenSSH_9.2\r\n"), ProtocolError),
    "speaks HTTP/2": (always(b"\0\0\x12\x04\0\0\0\0\0" + b"\0" * 18), ProtocolError),
    "sends a status that is no number": (always(b"HTTP/1.1 abc OK\r\n\r\n"), ProtocolError),
    "sends a status below 100": (always(b"HTTP/1.1 099 What\r\ncontent-length: 0\r\n\r\n"), ProtocolError),
    "sends a header without a name": (always(b"HTTP/1.1 200 OK\r\n: x\r\n\r\n"), ProtocolError),
    "sends a header line without a colon": (always(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"), ProtocolError),
    "sends a space before the colon": (always(b"HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok"), ProtocolError),
    "sends NUL in a header": (always(b"HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 0\r\n\r\n"), ProtocolError),
    "sends a length that is no number": (always(b"HTTP/1.1 200 OK\r\ncontent-length: ten\r\n\r\n"), ProtocolError),
    "sends a negative length": (always(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n"), ProtocolError),
    "sends a length beyond 64 bits": (
        always(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999999\r\n\r\n"),
        ProtocolError,
    ),
    "sends two lengths": (
        always(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!"),
        ProtocolError,
    ),
    "sends a length and chunks": (
        always(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
        ProtocolError,
    ),
    "uses an unknown transfer-encoding": (
        always(b"HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ProtocolError,
    ),
    "sends a 10 MB header": (
        always(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 10_000_000 + b"\r\ncontent-length: 0\r\n\r\n"),
        ProtocolError,
    ),
    "sends a head just beyond the limit, and whole": (
        always(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 65_536 + b"\r\ncontent-length: 0\r\n\r\n"),
        ProtocolError,
    ),
    "sends a header name that never ends": (always(b"HTTP/1.1 200 OK\r\n" + b"y" * 10_000_000), ProtocolError),
    "sends a reason that never ends": (always(b"HTTP/1.1 200 " + b"y" * 1_000_000), ProtocolError),
    "sends too many headers": (always(b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 257 + b"\r\n"), ProtocolError),
    "sends interim answers without end": (always(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000), ProtocolError),
    "sends trailers without end": (always(CHUNKED + b"0\r\n" + b"a: b\r\n" * 50_000), ProtocolError),
    "sends a chunk extension without end": (always(CHUNKED + b"4;" + b"a" * 200_000), ProtocolError),
}


@pytest.mark.parametrize("fault", list(FAULTS))
async def test_each_fault_has_its_name_and_the_connection_is_dropped(serve, transport: Transport, fault: str) -> None:
    script, expected = FAULTS[fault]
    upstream = await serve(script)
    with pytest.raises(UpstreamError) as caught:
        response = await transport.send(upstream.origin, GET, PATIENT)
        await response.read(1_000_000)
    assert type(caught.value) is expected
    assert caught.value.sent
    assert transport.counts()[upstream.origin].open == 0


@pytest.mark.parametrize("head", [HEAD_OF_TEN, CHUNKED + b"a\r\n"])
async def test_what_arrived_before_the_break_is_handed_out_first(serve, transport: Transport, head: bytes) -> None:
    upstream = await serve(once(head + b"half"))
    response = await transport.send(upstream.origin, GET, PATIENT)
    await asyncio.sleep(0.02)
    assert await response.chunk() == b"half"
    with pytest.raises(Truncated):
        await response.chunk()


async def test_an_answer_may_come_one_byte_at_a_time(serve, transport: Transport) -> None:
    answer = CHUNKED + b"2\r\nok\r\n0\r\nx-t: 1\r\n\r\n"

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            for byte in answer:
                await peer.say(bytes([byte]))
                await asyncio.sleep(0)

    upstream = await serve(script)
    for reused in (False, True):
        response = await transport.send(upstream.origin, GET, PATIENT)
        assert (await response.read(10), response.trailers) == (b"ok", [(b"x-t", b"1")])
        assert response.reused is reused


async def test_more_body_than_announced_is_cut_off_and_the_connection_dropped(serve, transport: Transport) -> None:
    upstream = await serve(always(OK + b"k"))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.read(10) == b"ok"
    await eventually(lambda: transport.counts()[upstream.origin].open == 0)


async def test_as_many_headers_as_allowed_are_read(serve, transport: Transport) -> None:
    many = b"a: b\r\n" * 254 + b"long: " + b"y" * 60_000 + b"\r\n"
    upstream = await serve(always(b"HTTP/1.1 200 OK\r\n" + many + b"content-length: 2\r\n\r\nok"))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert len(response.headers) == 256
    assert await response.read(10) == b"ok"


async def test_nobody_listening_is_a_failed_connection(transport: Transport) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await transport.send(Origin("http", "127.0.0.1", NOBODY), GET, PATIENT)
    assert (caught.value.sent, caught.value.retryable, caught.value.code) == (False, True, "connect_failed")


async def test_a_missing_unix_socket_is_a_failed_connection(transport: Transport) -> None:
    with pytest.raises(ConnectFailed) as caught:
        await transport.send(Origin("http", "control", 80, uds="/nowhere/at/all.sock"), GET, PATIENT)
    assert not caught.value.sent


async def test_a_server_that_hangs_up_at_once_is_a_reset(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        peer.reset()

    upstream = await serve(script)
    with pytest.raises(ConnectionReset):
        await transport.send(upstream.origin, GET, PATIENT)


async def test_the_next_address_is_tried_when_one_does_not_answer(serve, connect) -> None:
    upstream = await serve(always(OK))

    async def lookup(name: str) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    policy = EgressPolicy(frozenset({"upstream.test"}))
    transport = connect(egress=Egress(policy, lookup=lookup))
    response = await transport.send(Origin("http", "upstream.test", upstream.origin.port), GET, PATIENT)
    assert await response.read(10) == b"ok"


async def test_an_address_that_stays_silent_leaves_time_for_the_next(serve, connect) -> None:
    upstream = await serve(always(OK))

    async def lookup(name: str) -> list[str]:
        return ["127.0.0.2", "127.0.0.1"]

    transport = connect(egress=Egress(EgressPolicy(frozenset({"upstream.test"})), lookup=lookup))
    with deaf_listener("127.0.0.2", upstream.origin.port):
        origin = Origin("http", "upstream.test", upstream.origin.port)
        response = await transport.send(origin, GET, Timeouts(connect_s=2))
    assert await response.read(10) == b"ok"


async def test_a_name_without_address_and_a_private_address_have_their_own_names(connect) -> None:
    async def lookup(name: str) -> list[str]:
        if name == "nowhere.test":
            raise OSError("Name or service not known")
        return ["10.0.0.1", "169.254.169.254"]

    transport = connect(egress=Egress(lookup=lookup))
    with pytest.raises(NameUnresolvable) as unresolvable:
        await transport.send(Origin("https", "nowhere.test", 443), GET, PATIENT)
    with pytest.raises(EgressRefused) as refused:
        await transport.send(Origin("https", "inside.test", 443), GET, PATIENT)
    assert (unresolvable.value.retryable, refused.value.retryable) == (True, False)
    assert not unresolvable.value.sent
    assert not refused.value.sent


READS: dict[str, Callable[[Transport, Origin], Awaitable[object]]] = {
    "announced": lambda t, o: _read(t, o, b"/announced"),
    "found out while reading": lambda t, o: _read(t, o, b"/chunked"),
}


async def _read(transport: Transport, origin: Origin, target: bytes) -> bytes:
    response = await transport.send(origin, Request(b"GET", target, []), PATIENT)
    return await response.read(1000)


@pytest.mark.parametrize("how", list(READS))
async def test_a_body_beyond_the_readers_limit_is_refused_and_the_connection_dropped(
    serve, transport: Transport, how: str
) -> None:
    async def script(peer: Peer) -> None:
        head, _ = await peer.request()
        if b"/announced" in head:
            await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n")
        else:
            await peer.say(CHUNKED)
            while True:
                await peer.say(b"64\r\n" + b"x" * 100 + b"\r\n")
        await peer.hung_up()

    upstream = await serve(script)
    with pytest.raises(BodyTooLarge) as caught:
        await READS[how](transport, upstream.origin)
    assert caught.value.code == "body_too_large"
    assert transport.counts()[upstream.origin].open == 0


async def test_a_body_of_exactly_the_limit_is_read(serve, transport: Transport) -> None:
    upstream = await serve(always(OK))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.read(2) == b"ok"
