"""What is no request we take: said in one line of JSON, then the connection ends. Never silence, never an exception."""

import asyncio
import json

import pytest
from server_callers import Caller, Start, echo, request

from quarterdeck.gateway.server import Limits
from undisturbed import undisturbed

GET = b"GET / HTTP/1.1\r\nhost: x\r\n"
POST = b"POST / HTTP/1.1\r\nhost: x\r\n"
CHUNKED = POST + b"transfer-encoding: chunked\r\n\r\n"

MALFORMED = {
    "no HTTP at all": b"hello\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "unknown method": b"FETCH / HTTP/1.1\r\nhost: x\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bare LF": b"GET / HTTP/1.1\nhost: x\n\n",
    "bare LF at the end": GET + b"\n",
    "bare CR": b"GET / HTTP/1.1\r\nhost: x\ra: b\r\n\r\n",
    "folded header": GET + b" y\r\n\r\n",
    "space before colon": b"GET / HTTP/1.1\r\nhost : x\r\n\r\n",
    "no header name": GET + b": y\r\n\r\n",
    "NUL in a value": GET + b"a: \0\r\n\r\n",
    "unencoded path": b"GET /\xc3\xa9 HTTP/1.1\r\nhost: x\r\n\r\n",
    "fragment": b"GET /a#b HTTP/1.1\r\nhost: x\r\n\r\n",
    "other scheme": b"GET ftp://x/a HTTP/1.1\r\nhost: x\r\n\r\n",
    "asterisk and more": b"GET *a HTTP/1.1\r\nhost: x\r\n\r\n",
    "no host": b"GET / HTTP/1.1\r\na: b\r\n\r\n",
    "two hosts": GET + b"host: y\r\n\r\n",
    "length and chunks": POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and length": POST + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    "the same length twice": POST + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    "a list of lengths": POST + b"content-length: 3, 3\r\n\r\nabc",
    "signed length": POST + b"content-length: +3\r\n\r\nabc",
    "negative length": POST + b"content-length: -3\r\n\r\nabc",
    "hexadecimal length": POST + b"content-length: 0x3\r\n\r\nabc",
    "endless length": POST + b"content-length: 99999999999999999999\r\n\r\nabc",
    "empty length": POST + b"content-length:\r\n\r\nabc",
    "chunks before 1.1": b"POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"transfer-encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunk size no number": CHUNKED + b"zz\r\n",
    "chunk size negative": CHUNKED + b"-1\r\n",
    "chunk size endless": CHUNKED + b"ffffffffffffffffff\r\n",
    "chunk ends with LF": CHUNKED + b"3\nabc\r\n0\r\n\r\n",
    "chunk longer than said": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "chunk extension ends with LF": CHUNKED + b"3;a=b\nabc\r\n0\r\n\r\n",
}

OTHERWISE = {
    "unknown encoding": (501, b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\n\r\n"),
    "more than chunked": (501, b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "encodings in two lines": (
        501,
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "identity": (501, b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: identity\r\n\r\n"),
    "HTTP/2": (505, b"GET / HTTP/2.0\r\nhost: x\r\n\r\n"),
    "HTTP/0.9": (505, b"GET /\r\n\r\n"),
    "tunnel": (405, b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n"),
}


async def assert_refused(caller: Caller, status: int) -> None:
    got, headers, body = await caller.answer()
    assert got == status, body
    assert headers[b"connection"] == b"close"
    assert body.endswith(b"\n") and body.count(b"\n") == 1
    assert json.loads(body)["error"]["message"]
    assert await caller.is_closed()


@pytest.mark.parametrize("bad", MALFORMED.values(), ids=MALFORMED.keys())
async def test_malformed_http_is_400_and_the_connection_ends(
    start: Start, caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    caller = await (await start(echo)).call()
    caller.send(bad)
    await assert_refused(caller, 400)
    assert not caplog.records


@pytest.mark.parametrize(("status", "bad"), OTHERWISE.values(), ids=OTHERWISE.keys())
async def test_what_http_has_a_status_for_gets_that_status(start: Start, status: int, bad: bytes) -> None:
    caller = await (await start(echo)).call()
    caller.send(bad)
    await assert_refused(caller, status)


async def test_a_refusal_waits_for_the_answers_before_it(start: Start) -> None:
    caller = await (await start(echo)).call()
    caller.send(request(b"one") + request(b"two") + b"rubbish\r\n\r\n" + request(b"three"))
    assert (await caller.answer())[2] == b"one"
    assert (await caller.answer())[2] == b"two"
    await assert_refused(caller, 400)


async def test_a_request_broken_in_its_body_does_not_reach_those_before_it(start: Start) -> None:
    caller = await (await start(echo)).call()
    broken = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\nrubbish"
    caller.send(request(b"one") + broken)
    assert (await caller.answer())[2] == b"one"
    await assert_refused(caller, 400)


async def test_line_breaks_before_a_request_are_skipped(start: Start) -> None:
    caller = await (await start(echo)).call()
    assert (await caller.ask(b"\r\n\r\n" + request(b"one")))[2] == b"one"


@pytest.mark.parametrize("whole", [True, False])
async def test_a_head_over_the_limit_is_431(start: Start, whole: bool) -> None:
    caller = await (await start(echo, Limits(head=4096))).call()
    lines = b"".join(b"a%d: %b\r\n" % (number, b"b" * 100) for number in range(40))
    caller.send(b"GET / HTTP/1.1\r\nhost: x\r\n" + lines + (b"\r\n" if whole else b""))
    await assert_refused(caller, 431)


async def test_a_head_just_under_the_limit_is_fine_even_with_a_large_body_behind_it(start: Start) -> None:
    caller = await (await start(echo, Limits(head=4096))).call()
    body = b"x" * 200_000
    for _ in range(3):
        assert (await caller.ask(request(body, b"a: " + b"b" * 3900)))[2] == body


async def test_one_endless_header_is_431(start: Start) -> None:
    caller = await (await start(echo, Limits(head=4096))).call()
    caller.send(b"GET / HTTP/1.1\r\nhost: x\r\na: ")
    for _ in range(10):
        caller.send(b"b" * 1000)
        await asyncio.sleep(0.001)
    await assert_refused(caller, 431)


async def test_too_many_headers_are_431(start: Start) -> None:
    serving = await start(echo, Limits(headers=20))
    assert (await (await serving.call()).ask(request(b"", *[b"a: b"] * 19)))[0] == 200
    caller = await serving.call()
    caller.send(request(b"", *[b"a: b"] * 20))
    await assert_refused(caller, 431)


@pytest.mark.parametrize("pieces", [1, 7])
async def test_a_target_over_the_limit_is_414(start: Start, pieces: int) -> None:
    caller = await (await start(echo, Limits(request_line=1000))).call()
    whole = request(target=b"/" + b"a" * 1000)
    step = len(whole) // pieces
    for at in range(0, len(whole), step):
        caller.send(whole[at : at + step])
        await asyncio.sleep(0.001)
    await assert_refused(caller, 414)


async def test_a_target_just_under_the_limit_is_fine(start: Start) -> None:
    caller = await (await start(echo, Limits(request_line=1000))).call()
    assert (await caller.ask(request(target=b"/" + b"a" * 999)))[0] == 200


@pytest.mark.parametrize("filler", [b"1;" + b"a" * 6000 + b"\r\nb\r\n", b"0\r\n" + b"a: b\r\n" * 1000])
async def test_what_is_no_body_is_limited_within_a_chunked_body_too(start: Start, filler: bytes) -> None:
    caller = await (await start(echo, Limits(head=4096))).call()
    caller.send(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n")
    for at in range(0, len(filler), 1000):
        caller.send(filler[at : at + 1000])
        await asyncio.sleep(0.001)
    await assert_refused(caller, 431)


async def test_a_head_that_trickles_in_is_408(start: Start) -> None:
    caller = await (await start(echo, Limits(head_s=0.15))).call()
    for letter in b"GET / HT":
        caller.send(bytes([letter]))
        await asyncio.sleep(0.01)
    await assert_refused(caller, 408)


async def test_a_second_head_that_trickles_in_is_408_too(start: Start) -> None:
    serving = await start(echo, Limits(head_s=0.3))

    async def trickle() -> None:
        caller = await serving.call()
        assert (await caller.ask(request(b"one") + b"GET"))[2] == b"one"
        await assert_refused(caller, 408)

    await undisturbed(trickle, within_s=0.2)


async def test_a_caller_that_never_says_a_word_is_hung_up_on(start: Start) -> None:
    serving = await start(echo, Limits(head_s=0.05))
    assert await (await serving.call()).is_closed()


async def test_a_kept_connection_may_rest_so_long_and_no_longer(start: Start) -> None:
    serving = await start(echo, Limits(idle_s=0.5))
    loop = asyncio.get_running_loop()

    async def rest() -> None:
        caller = await serving.call()
        for _ in range(3):
            await caller.ask(request(b"one"))
            await asyncio.sleep(0.2)
        await caller.ask(request(b"one"))
        before = loop.time()
        assert await caller.is_closed()
        assert loop.time() - before > 0.4

    await undisturbed(rest, within_s=0.1)


async def test_a_slow_answer_is_no_rest(start: Start) -> None:
    async def slow(exchange: object) -> None:
        await asyncio.sleep(0.5)
        await echo(exchange)  # type: ignore[arg-type]

    serving = await start(slow, Limits(idle_s=0.2, head_s=0.2, stall_s=0.2))

    async def ask() -> None:
        assert (await (await serving.call()).ask(request(b"one")))[2] == b"one"

    await undisturbed(ask, within_s=0.1)


async def test_one_connection_too_many_is_503(start: Start) -> None:
    serving = await start(echo, Limits(connections=3, linger_s=0.05))
    callers = [await serving.call() for _ in range(3)]
    for caller in callers:
        await caller.ask(request(b"one"))
    refused = await serving.call()
    refused.send(request(b"one"))
    await assert_refused(refused, 503)
    callers[0].hang_up()
    async with asyncio.timeout(20):
        while serving.server.connections > 2:
            await asyncio.sleep(0.01)
    assert (await (await serving.call()).ask(request(b"one")))[0] == 200


async def test_a_flood_of_connections_is_cut_off(start: Start) -> None:
    serving = await start(echo, Limits(connections=3, linger_s=5))
    callers = [await serving.call() for _ in range(20)]
    await asyncio.sleep(0.05)
    assert serving.server.connections <= 6
    assert (await callers[0].ask(request(b"one")))[0] == 200
