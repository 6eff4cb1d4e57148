"""One request, one answer: what is sent, and how each kind of answer is read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from scripted_upstream import OK, PATIENT, Peer, always, once

from quarterdeck.gateway.transport import Origin, ProtocolError, Request, Transport, UnsafeRequest
from quarterdeck.kernel.errors import Invalid

GET = Request(b"GET", b"/", [])


async def test_it_sends_the_request_as_given_and_yields_the_answer_as_received(serve, transport: Transport) -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.say(b"HTTP/1.1 201 Made It\r\nX-One: 1\r\nx-two:  2 \r\nX-One: 3\r\nX-Empty:\r\n")
        await peer.say(b"Content-Length: 5\r\n\r\nhello")

    upstream = await serve(script)
    headers = [(b"X-Mixed-Case", b"kept"), (b"x-b", b""), (b"x-b", b"caf\xe9")]
    response = await transport.send(upstream.origin, Request(b"POST", b"/v1/x?y=%20", headers, b"body"), PATIENT)
    assert await response.read(100) == b"hello"
    assert (response.status, response.reason) == (201, b"Made It")
    assert response.headers == [
        (b"x-one", b"1"),
        (b"x-two", b"2"),
        (b"x-one", b"3"),
        (b"x-empty", b""),
        (b"content-length", b"5"),
    ]
    host = f"127.0.0.1:{upstream.origin.port}".encode()
    assert seen == [
        (
            b"POST /v1/x?y=%20 HTTP/1.1\r\nX-Mixed-Case: kept\r\nx-b: \r\nx-b: caf\xe9\r\nhost: "
            + host
            + b"\r\ncontent-length: 4\r\n\r\n",
            b"body",
        )
    ]


async def test_it_keeps_the_callers_host_header(serve, transport: Transport) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        heads.append((await peer.request())[0])
        await peer.say(OK)

    upstream = await serve(script)
    await transport.send(upstream.origin, Request(b"GET", b"/", [(b"Host", b"api.example.com")]), PATIENT)
    assert heads[0].lower().count(b"host:") == 1
    assert b"Host: api.example.com\r\n" in heads[0]


async def test_it_hands_out_the_body_as_it_arrives(serve, transport: Transport) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n")
        await go_on.wait()
        await peer.say(b"3\r\ntwo\r\n0\r\n\r\n")

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.chunk() == b"one"
    go_on.set()
    assert await response.chunk() == b"two"
    assert await response.chunk() is None
    assert await response.chunk() is None


async def test_it_yields_the_head_before_any_body_has_come(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n")
        await peer.hung_up()

    upstream = await serve(script)
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert response.status == 200
    response.abort()


async def test_it_keeps_trailers_apart_from_headers(serve, transport: Transport) -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;note=x\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n"
    upstream = await serve(always(answer))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.read(10) == b"ok"
    assert response.trailers == [(b"x-sum", b"7")]
    assert response.headers == [(b"transfer-encoding", b"chunked")]


async def test_a_body_without_length_ends_with_the_connection(serve, transport: Transport) -> None:
    upstream = await serve(once(b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\nall there is"))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.read(100) == b"all there is"
    assert transport.counts()[upstream.origin].open == 0


async def test_http_1_0_ends_with_the_connection_too(serve, transport: Transport) -> None:
    upstream = await serve(once(b"HTTP/1.0 200 OK\r\n\r\nold"))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.read(100) == b"old"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_204_and_304_have_no_body(serve, transport: Transport, status: bytes) -> None:
    upstream = await serve(always(b"HTTP/1.1 " + status + b"\r\netag: x\r\n\r\n"))
    for reused in (False, True):
        response = await transport.send(upstream.origin, GET, PATIENT)
        assert await response.read(10) == b""
        assert response.reused is reused


async def test_an_answer_to_head_has_no_body_and_the_connection_is_kept(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        while True:
            head, _ = await peer.request()
            await peer.say(OK[:-2] if head.startswith(b"HEAD") else OK)

    upstream = await serve(script)
    for method, body in ((b"HEAD", b""), (b"GET", b"ok"), (b"HEAD", b""), (b"HEAD", b"")):
        response = await transport.send(upstream.origin, Request(method, b"/", []), PATIENT)
        assert await response.read(10) == body
        assert (b"content-length", b"2") in response.headers
    assert upstream.accepted == 1


async def test_a_body_in_an_answer_to_head_is_not_believed(serve, transport: Transport) -> None:
    upstream = await serve(always(OK))
    for _ in range(2):
        response = await transport.send(upstream.origin, Request(b"HEAD", b"/", []), PATIENT)
        assert (await response.read(10), response.reused) == (b"", False)
    assert upstream.accepted == 2


async def test_it_skips_interim_answers(serve, transport: Transport) -> None:
    interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\nlink: </y>\r\n\r\n"
    upstream = await serve(always(interim + OK))
    for _ in range(2):
        response = await transport.send(upstream.origin, GET, PATIENT)
        assert (response.status, response.reason) == (200, b"OK")
        assert response.headers == [(b"content-length", b"2")]
        assert await response.read(10) == b"ok"
    assert upstream.accepted == 1


async def test_it_refuses_to_switch_protocols_unless_asked(serve, transport: Transport) -> None:
    upstream = await serve(always(b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"))
    with pytest.raises(ProtocolError, match="101"):
        await transport.send(upstream.origin, GET, PATIENT)


async def test_a_101_without_an_upgrade_is_refused_even_when_asked(serve, transport: Transport) -> None:
    upstream = await serve(always(b"HTTP/1.1 101 Go\r\n\r\n"))
    with pytest.raises(ProtocolError, match="101"):
        await transport.send(upstream.origin, GET, PATIENT, upgrade=True)


async def test_an_upgrade_yields_the_raw_connection(serve, transport: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(b"HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst ")
        await peer.say(b"echo " + await peer.reader.readline())

    upstream = await serve(script)
    headers = [(b"connection", b"upgrade"), (b"upgrade", b"websocket")]
    response = await transport.send(upstream.origin, Request(b"GET", b"/", headers), PATIENT, upgrade=True)
    assert (response.status, response.upgraded is not None) == (101, True)
    assert response.upgraded is not None
    reader, writer = response.upgraded
    writer.write(b"ping\n")
    await writer.drain()
    assert await reader.read() == b"first echo ping\n"
    writer.close()
    await writer.wait_closed()
    assert transport.counts()[upstream.origin].open == 0


async def test_asking_for_an_upgrade_and_being_refused_is_an_ordinary_answer(serve, transport: Transport) -> None:
    upstream = await serve(always(b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n"))
    response = await transport.send(upstream.origin, GET, PATIENT, upgrade=True)
    assert (response.status, response.upgraded) == (401, None)
    assert await response.read(10) == b""


async def test_it_speaks_over_a_unix_socket(serve, transport: Transport, tmp_path: Path) -> None:
    upstream = await serve(always(OK), uds=tmp_path / "control.sock")
    for reused in (False, True):
        response = await transport.send(upstream.origin, GET, PATIENT)
        assert await response.read(10) == b"ok"
        assert response.reused is reused


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        await asyncio.sleep(0)
        yield part


async def test_a_body_in_pieces_is_sent_chunked(serve, transport: Transport) -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def script(peer: Peer) -> None:
        while True:
            seen.append(await peer.request())
            await peer.say(OK)

    upstream = await serve(script)
    for _ in range(2):
        request = Request(b"POST", b"/", [], pieces(b"one", b"", b"two" * 10))
        assert await (await transport.send(upstream.origin, request, PATIENT)).read(10) == b"ok"
    assert [body for _, body in seen] == [b"one" + b"two" * 10] * 2
    assert b"transfer-encoding: chunked\r\n" in seen[0][0]
    assert upstream.accepted == 1


async def test_a_body_in_pieces_is_sent_plain_when_its_length_is_given(serve, transport: Transport) -> None:
    seen: list[tuple[bytes, bytes]] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.request())
        await peer.say(OK)

    upstream = await serve(script)
    request = Request(b"POST", b"/", [(b"Content-Length", b"6")], pieces(b"one", b"two"))
    assert await (await transport.send(upstream.origin, request, PATIENT)).read(10) == b"ok"
    assert seen[0][1] == b"onetwo"
    assert b"transfer-encoding" not in seen[0][0]


@pytest.mark.parametrize(("length", "words"), [(b"5", "longer"), (b"7", "shorter")])
async def test_pieces_that_do_not_add_up_to_the_given_length_break_the_exchange(
    serve, transport: Transport, length: bytes, words: str
) -> None:
    upstream = await serve(always(OK))
    request = Request(b"POST", b"/", [(b"content-length", length)], pieces(b"one", b"two"))
    with pytest.raises(UnsafeRequest, match=words) as caught:
        await transport.send(upstream.origin, request, PATIENT)
    assert caught.value.sent
    assert transport.counts()[upstream.origin].open == 0


async def test_an_exception_of_the_bodys_iterator_reaches_the_caller_and_hangs_up(serve, transport: Transport) -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.hung_up()
        gone.set()

    async def breaks() -> AsyncIterator[bytes]:
        yield b"some"
        raise LookupError("the client left")

    upstream = await serve(script)
    with pytest.raises(LookupError):
        await transport.send(upstream.origin, Request(b"POST", b"/", [], breaks()), PATIENT)
    await asyncio.wait_for(gone.wait(), 20)


async def test_an_answer_before_the_whole_request_was_sent_is_delivered_and_the_rest_not_sent(
    serve, transport: Transport
) -> None:
    closed = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\n\r\nno!")
        await peer.hung_up()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            closed.set()

    upstream = await serve(script)
    response = await transport.send(upstream.origin, Request(b"POST", b"/", [], endless()), PATIENT)
    assert (response.status, await response.read(10)) == (413, b"no!")
    await asyncio.wait_for(closed.wait(), 20)
    assert transport.counts()[upstream.origin].open == 0


async def test_large_bodies_go_both_ways(serve, transport: Transport) -> None:
    async def echo(peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    upstream = await serve(echo)
    body = bytes(range(256)) * 4096 * 3
    for _ in range(2):
        response = await transport.send(upstream.origin, Request(b"POST", b"/", [], body), PATIENT)
        assert await response.read(len(body)) == body
    assert upstream.accepted == 1


async def test_it_sends_content_length_zero_where_a_body_was_to_be_expected(serve, transport: Transport) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            heads.append((await peer.request())[0])
            await peer.say(OK)

    upstream = await serve(script)
    for method in (b"POST", b"GET"):
        await (await transport.send(upstream.origin, Request(method, b"/", []), PATIENT)).read(10)
    assert [b"content-length: 0\r\n" in head for head in heads] == [True, False]


@pytest.mark.parametrize(
    ("url", "origin", "path"),
    [
        ("https://api.example.com/v1/", Origin("https", "api.example.com", 443), "/v1"),
        ("http://127.0.0.1:9001", Origin("http", "127.0.0.1", 9001), ""),
        ("HTTPS://API.Example.com.:444/a/b", Origin("https", "api.example.com", 444), "/a/b"),
        ("http://[::1]:81/", Origin("http", "::1", 81), ""),
        ("https://bücher.example/", Origin("https", "xn--bcher-kva.example", 443), ""),
    ],
)
def test_a_base_url_is_an_origin_and_a_path(url: str, origin: Origin, path: str) -> None:
    assert Origin.parse(url) == (origin, path)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "example.com/v1",
        "https://",
        "https:///v1",
        "https://user:secret@example.com/",
        "https://example.com/?a=b",
        "https://example.com/#x",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://.example.com/",
        "https://example.com/a b",
        "http://[::1/",
    ],
)
def test_what_is_no_plain_base_url_is_refused(url: str) -> None:
    with pytest.raises(Invalid):
        Origin.parse(url)


def test_an_origin_names_its_authority_without_the_schemes_own_port() -> None:
    assert Origin("https", "a.example", 443).authority == "a.example"
    assert Origin("https", "::1", 8443).authority == "[::1]:8443"
    assert Origin("https", "::1", 443).authority == "[::1]"
    assert Origin("https", "a.example", 443).place == "a.example:443"
    assert Origin("http", "::1", 80).place == "[::1]:80"
    assert str(Origin("http", "a.example", 8080)) == "http://a.example:8080"
