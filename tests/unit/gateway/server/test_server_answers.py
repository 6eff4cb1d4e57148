"""What a caller gets for a good request."""

from server_callers import Start, echo, request

from quarterdeck.gateway.server import Exchange


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
    assert exchange.client is not None and exchange.client[0] == "127.0.0.1"
    assert exchange.scheme == "http"


async def test_a_connection_carries_one_request_after_the_other(start: Start) -> None:
    caller = await (await start(echo)).call()
    for number in range(20):
        status, _, body = await caller.ask(request(b"%d" % number))
        assert (status, body) == (200, b"%d" % number)


async def test_a_streamed_answer_comes_in_chunks(start: Start) -> None:
    async def stream(exchange: Exchange) -> None:
        exchange.start(200, [(b"content-type", b"text/event-stream")])
        for piece in (b"one", b"two"):
            await exchange.write(piece)
        exchange.finish(b"three")

    caller = await (await start(stream)).call()
    for _ in range(2):
        status, headers, body = await caller.ask(request())
        assert (status, headers[b"transfer-encoding"], body) == (200, b"chunked", b"onetwothree")
