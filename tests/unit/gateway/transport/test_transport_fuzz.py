"""However bytes are cut, an answer is the same; whatever bytes come, there is an answer or one of our errors."""

import asyncio
import contextlib
import itertools
import ssl
from collections.abc import AsyncIterator

import h11
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from scripted_upstream import Peer, Upstream

from quarterdeck.gateway.transport import Proxies, Request, Response, Timeouts, Transport, UpstreamError
from quarterdeck.gateway.transport.answer import AnswerParser
from quarterdeck.kernel.egress import Egress, EgressPolicy

TRUST = ssl.create_default_context()
TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_!#$%&'*+.^`|~", min_size=1, max_size=12)
VALUE = st.binary(max_size=20).map(lambda raw: bytes(b for b in raw if b >= 0x20 and b != 0x7F).strip(b" \t"))
FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade", "keep-alive", "proxy-connection"}
HEADERS = st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in FRAMING).map(str.encode), VALUE), max_size=6)
CHUNKS = st.lists(st.binary(min_size=1, max_size=50), max_size=6)


@st.composite
def answers(draw: st.DrawFn) -> bytes:
    """A valid answer, as some server might send it; its end is told by length, by chunks or by closing."""
    status = draw(st.sampled_from([200, 201, 400, 404, 429, 500, 204, 304]))
    headers, chunks = draw(HEADERS), draw(CHUNKS)
    lines = [b"HTTP/1.1 %d %b" % (status, draw(st.sampled_from([b"OK", b"", b"Some Reason"])))]
    lines += [name + draw(st.sampled_from([b":", b": ", b":\t "])) + value for name, value in headers]
    body = b""
    how = draw(st.sampled_from(["length", "chunked", "close"])) if status not in {204, 304} else "none"
    if how == "length":
        body = b"".join(chunks)
        lines.append(b"Content-Length: %d" % len(body))
    elif how == "chunked":
        lines.append(b"Transfer-Encoding: chunked")
        extension = draw(st.sampled_from([b"", b";a=b"]))
        body = b"".join(b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks) + b"0\r\n"
        body += b"".join(b"%b: %b\r\n" % pair for pair in draw(HEADERS)) + b"\r\n"
    elif how == "close":
        body = b"".join(chunks)
    interim = draw(st.sampled_from([b"", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Hints\r\nLink: <x>\r\n\r\n"]))
    return interim + b"\r\n".join(lines) + b"\r\n\r\n" + body


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(at)]


class Nowhere:
    """A source for responses that are fed by hand."""

    def resume(self) -> None: ...

    def abandon(self) -> None: ...


async def by_hand(pieces: list[bytes]) -> tuple[int, bytes, list, bytes, list]:
    """Status, reason, headers, body and trailers as our parser understands them."""
    parser = AnswerParser()
    response = Response(asyncio.get_running_loop(), Nowhere(), reused=False)
    parser.begin(response, is_head=False, upgrade=False)
    for piece in pieces:
        parser.feed(memoryview(piece))
    assert parser.complete or parser.ends_with_connection()
    response.end()
    body = await response.read(1_000_000)
    return response.status, response.reason, response.headers, body, response.trailers


def by_h11(data: bytes) -> tuple[int, bytes, list, bytes, list]:
    """The same, as h11 understands it."""
    connection = h11.Connection(h11.CLIENT)
    connection.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(data)
    connection.receive_data(b"")
    body, answer = b"", None
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Response):
            answer = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert answer is not None
            headers, trailers = list(answer.headers), list(event.headers)
            return answer.status_code, bytes(answer.reason), headers, body, trailers


@given(answers(), st.lists(st.integers(0, 5000), max_size=20))
@settings(max_examples=300, deadline=None)
def test_a_valid_answer_is_understood_as_h11_does_however_it_is_cut(data: bytes, places: list[int]) -> None:
    expected = by_h11(data)
    assert asyncio.run(by_hand([data])) == expected
    assert asyncio.run(by_hand(cut(data, places))) == expected
    assert asyncio.run(by_hand([data[at : at + 1] for at in range(len(data))])) == expected


def on_the_wire(pieces: list[bytes]) -> tuple[Response, bytes] | UpstreamError:
    """Sends `pieces` as the answer to a real request, with a moment between them, and closes."""

    async def exchange() -> tuple[Response, bytes] | UpstreamError:
        async def script(peer: Peer) -> None:
            await peer.head()
            for piece in pieces:
                await peer.say(piece)
                await asyncio.sleep(0)

        upstream = Upstream(script)
        await upstream.start()
        transport = Transport(Egress(EgressPolicy(frozenset({"127.0.0.1"}))), proxies=Proxies(), tls=TRUST)
        try:
            response = await transport.send(upstream.origin, Request(b"GET", b"/", []), Timeouts(20, 20, 20, 20))
            return response, await response.read(1_000_000)
        except UpstreamError as error:
            return error
        finally:
            counts = transport.counts()
            await transport.close()
            await upstream.stop()
            assert counts[upstream.origin].open <= 1

    return asyncio.run(asyncio.wait_for(exchange(), 60))


@given(answers(), st.lists(st.integers(0, 5000), max_size=5))
@settings(max_examples=40, deadline=None)
def test_a_valid_answer_comes_over_the_wire_as_h11_understands_it(data: bytes, places: list[int]) -> None:
    result = on_the_wire(cut(data, places))
    assert isinstance(result, tuple)
    response, body = result
    assert (response.status, response.reason, response.headers, body, response.trailers) == by_h11(data)


NEARLY = st.lists(
    st.sampled_from(
        [
            b"HTTP/1.1 200 OK\r\n",
            b"HTTP/1.1 100 \r\n\r\n",
            b"HTTP/1.1 101 Go\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
            b"HTTP/1.0 200\r\n",
            b"content-length: 3\r\n",
            b"transfer-encoding: chunked\r\n",
            b"connection: close\r\n",
            b"\r\n",
            b"\n",
            b"abc",
            b"3\r\nabc\r\n",
            b"0\r\n\r\n",
            b": ",
            b"\0",
            b"x: y\r\n",
        ]
    ),
    max_size=10,
).map(b"".join)


@given(st.one_of(st.binary(max_size=200), NEARLY, st.tuples(NEARLY, st.binary(max_size=20)).map(b"".join)))
@example(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 70_000)
@settings(max_examples=100, deadline=None)
def test_any_bytes_on_the_wire_are_an_answer_or_one_of_our_errors_and_never_hang(data: bytes) -> None:
    result = on_the_wire([data])
    assert isinstance(result, tuple | UpstreamError)


@given(st.one_of(st.binary(max_size=400), NEARLY), st.lists(st.integers(0, 5000), max_size=5))
@settings(max_examples=500, deadline=None)
def test_any_bytes_fed_to_the_parser_are_read_or_one_of_our_errors(data: bytes, places: list[int]) -> None:
    async def feed() -> None:
        parser = AnswerParser()
        response = Response(asyncio.get_running_loop(), Nowhere(), reused=False)
        parser.begin(response, is_head=False, upgrade=True)
        with contextlib.suppress(UpstreamError):
            for piece in cut(data, places):
                parser.feed(memoryview(piece))

    asyncio.run(feed())


@pytest.mark.parametrize("in_pieces", [False, True])
@given(method=st.sampled_from([b"POST", b"PUT"]), headers=HEADERS, chunks=CHUNKS)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_we_send_is_understood_by_h11(
    in_pieces: bool, method: bytes, headers: list[tuple[bytes, bytes]], chunks: list[bytes]
) -> None:
    headers = [(name, value) for name, value in headers if name.lower() != b"host"]
    received: list[bytes] = []

    async def exchange() -> None:
        async def script(peer: Peer) -> None:
            while data := await peer.reader.read(65536):
                received.append(data)
                if _understood(b"".join(received)) is not None:
                    await peer.say(b"HTTP/1.1 204 OK\r\n\r\n")

        async def pieces() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        upstream = Upstream(script)
        await upstream.start()
        transport = Transport(Egress(EgressPolicy(frozenset({"127.0.0.1"}))), proxies=Proxies(), tls=TRUST)
        body = pieces() if in_pieces else b"".join(chunks)
        await transport.send(upstream.origin, Request(method, b"/x", headers, body), Timeouts(2, 2, 2, 2))
        await transport.close()
        await upstream.stop()

    asyncio.run(exchange())
    understood = _understood(b"".join(received))
    assert understood is not None
    request, body = understood
    assert (request.method, request.target, body) == (method, b"/x", b"".join(chunks))
    assert list(request.headers)[: len(headers)] == [(name.lower(), value) for name, value in headers]


def _understood(data: bytes) -> tuple[h11.Request, bytes] | None:
    """The request in `data` once it is whole."""
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    request, body = None, b""
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert request is not None
            return request, body
        elif event is h11.NEED_DATA:
            return None
