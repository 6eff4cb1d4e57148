"""What a caller gets for a good request."""

import socket
from collections.abc import Awaitable, Callable

import pytest
from server_callers import Start, echo, request

from quarterdeck.gateway.server import Exchange, Headers, UnsafeAnswer

PLAIN = (b"content-type", b"text/plain")


async def test_a_request_is_answered_with_its_status_headers_and_body(start: Start) -> None:
    caller = await (await start(echo)).call()
    assert await caller.ask(request(b"hello")) == (
        200,
        {b"content-type": b"text/plain", b"content-length": b"5"},
        b"hello",
    )


async def test_the_application_sees_the_request_as_it_was_sent(start: Start) -> None:
    seen: list[Exchange] = []

    async def look(exchange: Exchange) -> None:
        seen.append(exchange)
        exchange.respond(204, [], b"")

    caller = await (await start(look)).call()
    await caller.ask(b"GET /a%20b/%C3%A9?k=v&x=%20 HTTP/1.1\r\nHost: h\r\nX-Two: 1\r\nx-two: 2\r\n\r\n")
    exchange = seen[0]
    assert exchange.method == b"GET"
    assert (exchange.path, exchange.raw_path, exchange.query) == ("/a b/é", b"/a%20b/%C3%A9", b"k=v&x=%20")
    assert exchange.headers == [(b"host", b"h"), (b"x-two", b"1"), (b"x-two", b"2")]
    assert exchange.fields == {b"host": b"h", b"x-two": b"2"}
    assert exchange.client is not None and exchange.client[0] == "127.0.0.1"
    assert exchange.scheme == "http"


@pytest.mark.parametrize(
    ("target", "path", "query"),
    [
        (b"http://example.com/a?b", "/a", b"b"),
        (b"HTTPS://example.com:8443/a/c", "/a/c", b""),
        (b"http://example.com", "/", b""),
        (b"http://example.com?b=/", "/", b"b=/"),
        (b"*", "*", b""),
        (b"/?", "/", b""),
        (b"/a?b?c", "/a", b"b?c"),
        (b"//host/a", "//host/a", b""),
    ],
)
async def test_a_target_may_be_written_in_any_form_http_knows(
    start: Start, target: bytes, path: str, query: bytes
) -> None:
    async def tell(exchange: Exchange) -> None:
        exchange.respond(200, [], exchange.path.encode() + b" " + exchange.query)

    caller = await (await start(tell)).call()
    _, _, body = await caller.ask(request(method=b"OPTIONS", target=target))
    assert body == path.encode() + b" " + query


async def test_a_connection_carries_one_request_after_the_other(start: Start) -> None:
    serving = await start(echo)
    caller = await serving.call()
    for number in range(20):
        status, _, body = await caller.ask(request(b"%d" % number))
        assert (status, body) == (200, b"%d" % number)
    assert serving.server.connections == 1


async def test_a_streamed_answer_comes_in_chunks(start: Start) -> None:
    async def stream(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-type", b"text/event-stream")])
        for piece in (b"one", b"", b"two"):
            await exchange.write(piece)
        exchange.finish(b"three")

    caller = await (await start(stream)).call()
    for _ in range(2):
        status, headers, body = await caller.ask(request())
        assert (status, headers[b"transfer-encoding"], body) == (200, b"chunked", b"onetwothree")


async def test_the_head_of_a_stream_leaves_at_once_though_nothing_follows_it(start: Start) -> None:
    async def hang(exchange: Exchange) -> None:
        exchange.start(200, [PLAIN])
        await never(exchange)

    caller = await (await start(hang)).call()
    caller.send(request())
    status, headers, _ = await caller.answer(head_only=True)
    assert (status, headers[b"content-type"]) == (200, b"text/plain")


async def never(exchange: Exchange) -> None:
    await exchange.task.get_loop().create_future()


async def test_a_stream_of_known_length_is_sent_plain(start: Start) -> None:
    async def stream(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-length", b"6")])
        await exchange.write(b"one")
        exchange.finish(b"two")

    caller = await (await start(stream)).call()
    for _ in range(2):
        status, headers, body = await caller.ask(request())
        assert (status, headers, body) == (200, {b"content-length": b"6"}, b"onetwo")


@pytest.mark.parametrize("pieces", [[b"four"], [b"fo", b"ur"], [b"a"], []])
async def test_a_stream_that_is_not_as_long_as_it_said_is_broken_off(start: Start, pieces: list[bytes]) -> None:
    caught: list[Exception] = []

    async def stream(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-length", b"3")])
        try:
            for piece in pieces:
                await exchange.write(piece)
            exchange.finish()
        except UnsafeAnswer as error:
            caught.append(error)

    caller = await (await start(stream)).call()
    caller.send(request())
    with pytest.raises((EOFError, ConnectionError)):
        await caller.answer()
    assert len(caught) == 1


@pytest.mark.parametrize("status", [200, 204, 304, 404])
@pytest.mark.parametrize("streamed", [False, True])
async def test_answers_that_have_no_body_send_none(start: Start, status: int, streamed: bool) -> None:
    async def answer(exchange: Exchange) -> None:
        if streamed:
            exchange.start(status, [])
            await exchange.write(b"hello")
            exchange.finish(b"!")
        else:
            exchange.respond(status, [], b"hello!")

    caller = await (await start(answer)).call()
    method = b"HEAD" if status in {200, 404} else b"GET"
    for _ in range(2):
        caller.send(request(method=method))
        got, headers, _ = await caller.answer(head_only=True)
        assert got == status
        if not streamed and status != 204:
            assert headers == {b"content-length": b"6"}
        else:
            assert headers == {}


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_to_head_may_say_how_long_the_real_one_would_be(start: Start, streamed: bool) -> None:
    async def answer(exchange: Exchange) -> None:
        headers = [(b"content-length", b"12345")]
        if streamed:
            exchange.start(200, headers)
            exchange.finish()
        else:
            exchange.respond(200, headers, b"")

    caller = await (await start(answer)).call()
    for _ in range(2):
        caller.send(request(method=b"HEAD"))
        assert await caller.answer(head_only=True) == (200, {b"content-length": b"12345"}, b"")


async def test_an_old_caller_is_told_the_end_by_the_connection(start: Start) -> None:
    async def stream(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.write(b"one")
        exchange.finish(b"two")

    caller = await (await start(stream)).call()
    status, headers, body = await caller.ask(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
    assert (status, headers, body) == (200, {b"connection": b"close"}, b"onetwo")


@pytest.mark.parametrize(
    ("version", "connection", "said"),
    [
        (b"1.0", b"", b"close"),
        (b"1.0", b"keep-alive", b"keep-alive"),
        (b"1.1", b"close", b"close"),
        (b"1.1", b"keep-alive", None),
        (b"1.1", b"", None),
    ],
)
async def test_a_connection_is_kept_by_the_rules_of_its_version(
    start: Start, version: bytes, connection: bytes, said: bytes | None
) -> None:
    caller = await (await start(echo)).call()
    line = b"connection: %b\r\n" % connection if connection else b""
    ask = b"POST / HTTP/%b\r\nhost: x\r\n%bcontent-length: 2\r\n\r\nhi" % (version, line)
    status, headers, body = await caller.ask(ask)
    assert (status, headers.get(b"connection"), body) == (200, said, b"hi")
    if said == b"close":
        assert await caller.is_closed()
    else:
        assert (await caller.ask(ask))[2] == b"hi"


async def test_the_application_may_close_a_connection_after_its_answer(start: Start) -> None:
    async def answer(exchange: Exchange) -> None:
        exchange.respond(200, [(b"Connection", b"Close")], b"bye")

    caller = await (await start(answer)).call()
    _, headers, body = await caller.ask(request())
    assert (headers[b"connection"], body) == (b"close", b"bye")
    assert await caller.is_closed()


async def test_small_packets_are_not_held_back(start: Start) -> None:
    seen: list[int] = []

    async def look(exchange: Exchange) -> None:
        raw = exchange._line._transport.get_extra_info("socket")  # type: ignore[attr-defined]
        seen.append(raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        exchange.respond(204, [], b"")

    await (await (await start(look)).call()).ask(request())
    assert seen[0]


Refused = tuple[int, Headers, bytes]

UNSAFE: list[Refused] = [
    (200, [(b"a", b"b\r\nset-cookie: c")], b""),
    (200, [(b"a", b"b\nc")], b""),
    (200, [(b"a", b"b\r")], b""),
    (200, [(b"a", b"\0")], b""),
    (200, [(b"a\r\nb", b"c")], b""),
    (200, [(b"a b", b"c")], b""),
    (200, [(b"", b"c")], b""),
    (200, [(b"a:", b"c")], b""),
    (200, [(b"transfer-encoding", b"chunked")], b""),
    (200, [(b"Connection", b"upgrade")], b""),
    (200, [(b"content-length", b"x")], b""),
    (200, [(b"content-length", b"-1")], b""),
    (200, [(b"content-length", b"1"), (b"content-length", b"1")], b"1"),
    (101, [], b""),
    (100, [], b""),
    (99, [], b""),
    (1000, [], b""),
]


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(("status", "headers", "body"), UNSAFE)
async def test_an_answer_that_could_be_read_as_two_is_not_sent(
    start: Start, status: int, headers: Headers, body: bytes, streamed: bool
) -> None:
    async def answer(exchange: Exchange) -> None:
        with pytest.raises(UnsafeAnswer):
            if streamed:
                exchange.start(status, headers)
            else:
                exchange.respond(status, headers, body)
        exchange.respond(200, [], b"safe")

    caller = await (await start(answer)).call()
    assert (await caller.ask(request()))[2] == b"safe"


async def test_a_length_that_is_not_the_bodys_is_refused(start: Start) -> None:
    async def answer(exchange: Exchange) -> None:
        with pytest.raises(UnsafeAnswer):
            exchange.respond(200, [(b"content-length", b"3")], b"four")
        exchange.respond(200, [(b"content-length", b"4")], b"four")

    caller = await (await start(answer)).call()
    assert await caller.ask(request()) == (200, {b"content-length": b"4"}, b"four")


Misuse = Callable[[Exchange], Awaitable[None]]


async def respond_twice(exchange: Exchange) -> None:
    exchange.respond(200, [], b"one")
    exchange.respond(200, [], b"two")


async def start_after_respond(exchange: Exchange) -> None:
    exchange.respond(200, [], b"one")
    exchange.start(200, [])


async def write_after_finish(exchange: Exchange) -> None:
    exchange.start(200, [])
    exchange.finish(b"one")
    await exchange.write(b"two")


async def finish_twice(exchange: Exchange) -> None:
    exchange.start(200, [])
    exchange.finish(b"one")
    exchange.finish()


async def write_before_start(exchange: Exchange) -> None:
    try:
        await exchange.write(b"two")
    finally:
        exchange.respond(200, [], b"one")


@pytest.mark.parametrize(
    "misuse", [respond_twice, start_after_respond, write_after_finish, finish_twice, write_before_start]
)
async def test_a_request_is_answered_once_and_in_order(start: Start, misuse: Misuse) -> None:
    caught: list[UnsafeAnswer] = []

    async def answer(exchange: Exchange) -> None:
        try:
            await misuse(exchange)
        except UnsafeAnswer as error:
            caught.append(error)

    caller = await (await start(answer)).call()
    for count in (1, 2):
        assert (await caller.ask(request()))[2] == b"one"
        assert len(caught) == count


async def test_an_answer_larger_than_any_buffer_arrives_whole(start: Start) -> None:
    whole = bytes(range(256)) * 40_000

    async def answer(exchange: Exchange) -> None:
        exchange.respond(200, [], whole)

    caller = await (await start(answer)).call()
    for _ in range(2):
        assert (await caller.ask(request()))[2] == whole
