"""However bytes are cut, a request is the same; whatever bytes come, there is an answer or a refusal, and no error."""

import asyncio
import itertools
import random
import socket

import h11
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st
from server_callers import Start, echo, request

from quarterdeck.gateway.server import Exchange, Headers, Limits, Server
from quarterdeck.gateway.server.refusal import BadRequest
from quarterdeck.gateway.server.request import Head, RequestParser

TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-_!#$%&'*+.^`|~", min_size=1, max_size=12)
VALUE = st.binary(max_size=20).map(lambda raw: bytes(b for b in raw if b >= 0x20 and b != 0x7F).strip(b" \t"))
FRAMING = {"content-length", "transfer-encoding", "connection", "upgrade", "host", "expect", "trailer"}
HEADERS = st.lists(st.tuples(TOKEN.filter(lambda name: name.lower() not in FRAMING).map(str.encode), VALUE), max_size=6)
CHUNKS = st.lists(st.binary(min_size=1, max_size=50), max_size=6)
PLACES = st.lists(st.integers(0, 5000), max_size=20)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A valid request, as some client might send it."""
    method = draw(st.sampled_from([b"GET", b"POST", b"PUT", b"DELETE", b"HEAD", b"OPTIONS", b"PATCH"]))
    target = b"/" + draw(st.text("abz09-._~%20/", max_size=20)).encode()
    target += draw(st.sampled_from([b"", b"?a", b"?a=b&c=?/"]))
    headers, chunks = draw(HEADERS), draw(CHUNKS)
    lines = [method + b" " + target + b" HTTP/1.1", draw(st.sampled_from([b"Host: x", b"host:x", b"HOST: \tx "]))]
    lines += [name + draw(st.sampled_from([b":", b": ", b":\t "])) + value for name, value in headers]
    body = b""
    how = draw(st.sampled_from(["length", "chunked", "none"]))
    if how == "length":
        body = b"".join(chunks)
        lines.append(b"Content-Length: %d" % len(body))
    elif how == "chunked":
        lines.append(b"Transfer-Encoding: " + b"chunked")
        extension = draw(st.sampled_from([b"", b";a=b"]))
        body = b"".join(b"%x%b\r\n%b\r\n" % (len(each), extension, each) for each in chunks) + b"0\r\n"
        body += b"".join(b"%b: %b\r\n" % pair for pair in draw(HEADERS)) + b"\r\n"
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def cut(data: bytes, places: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in itertools.pairwise(at)]


Seen = tuple[bytes, bytes, Headers, bytes]


class Notes:
    """Writes down what the parser tells: method, target, headers and body of each whole request."""

    def __init__(self) -> None:
        self.whole: list[Seen] = []

    def begin(self, head: Head) -> None:
        target = head.target
        url = target.raw_path + (b"?" + target.query if target.query else b"")
        self._head, self._body = (head.method, url, head.headers), b""

    def take(self, data: bytes) -> None:
        self._body += data

    def end(self) -> None:
        self.whole.append((*self._head, self._body))


def ours(pieces: list[bytes]) -> tuple[list[Seen], int | None]:
    """What our parser makes of the bytes, and the status of its refusal."""
    notes = Notes()
    parser = RequestParser(notes, Limits())
    try:
        for piece in pieces:
            parser.feed(piece)
    except BadRequest as refusal:
        return notes.whole, refusal.status
    return notes.whole, None


def by_h11(data: bytes) -> Seen:
    connection = h11.Connection(h11.SERVER)
    connection.receive_data(data)
    body, head = b"", None
    while True:
        event = connection.next_event()
        if isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            assert head is not None
            return bytes(head.method), bytes(head.target), list(head.headers), body


@given(requests(), PLACES)
@settings(max_examples=150, deadline=None)
def test_a_valid_request_is_understood_as_h11_does_however_it_is_cut(data: bytes, places: list[int]) -> None:
    expected = [by_h11(data)], None
    assert ours([data]) == expected
    assert ours(cut(data, places)) == expected
    assert ours([data[at : at + 1] for at in range(len(data))]) == expected


@given(st.lists(requests(), min_size=2, max_size=4), PLACES)
@settings(max_examples=100, deadline=None)
def test_requests_that_follow_each_other_stay_apart_however_they_are_cut(
    several: list[bytes], places: list[int]
) -> None:
    expected = [by_h11(each) for each in several], None
    assert ours([b"".join(several)]) == expected
    assert ours(cut(b"".join(several), places)) == expected


NEARLY = st.lists(
    st.sampled_from(
        [
            b"GET / HTTP/1.1\r\n",
            b"POST /a HTTP/1.1\r\n",
            b"POST / HTTP/1.0\r\n",
            b"host: x\r\n",
            b"content-length: 3\r\n",
            b"content-length: 4\r\n",
            b"transfer-encoding: chunked\r\n",
            b"transfer-encoding: gzip\r\n",
            b"Transfer-Encoding : chunked\r\n",
            b"connection: close\r\n",
            b"connection: upgrade\r\n",
            b"upgrade: h2c\r\n",
            b"expect: 100-continue\r\n",
            b"\r\n",
            b"\n",
            b"\r",
            b"abc",
            b"3\r\nabc\r\n",
            b"3\nabc\n",
            b"0\r\n\r\n",
            b"0\r\n",
            b" x\r\n",
            b"\0",
        ]
    ),
    max_size=14,
).map(b"".join)


@given(NEARLY | st.binary(max_size=200), PLACES)
@settings(max_examples=300, deadline=None)
def test_whatever_comes_is_understood_the_same_however_it_is_cut(data: bytes, places: list[int]) -> None:
    whole, refused = ours([data])
    for pieces in (cut(data, places), [data[at : at + 1] for at in range(len(data))]):
        assert ours(pieces) == (whole, refused)


@given(NEARLY)
@settings(max_examples=300, deadline=None)
def test_what_is_taken_for_a_request_is_one_to_h11_too(data: bytes) -> None:
    whole, _ = ours([data])
    if whole and b"upgrade" not in data and b" HTTP/1.0" not in data:
        start = len(data) - len(data.lstrip(b"\r\n"))
        assert by_h11(data[start:])[0] == whole[0][0]
        assert by_h11(data[start:])[3] == whole[0][3]


async def hostile(exchange: Exchange) -> None:
    """Answers in one of several ways, by what it was sent."""
    way = sum(exchange.raw_path) % 4
    if way == 0:
        await echo(exchange)
    elif way == 1:
        exchange.respond(200, [], b"unread")
    elif way == 2:
        exchange.start(200, [])
        async for piece in exchange.stream():
            await exchange.write(piece)
        exchange.finish()
    else:
        await asyncio.sleep(0.001)
        exchange.respond(404, [], b"late")


async def test_a_thousand_callers_that_send_rubbish_end_and_harm_nobody(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    chance = random.Random(42)
    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
    limits = Limits(head_s=0.2, idle_s=0.2, stall_s=0.2, linger_s=0.2, connections=400)
    serving = await start(hostile, limits)
    valid = [
        request(b"hello"),
        request(target=b"/b"),
        b"POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        request(b"x" * 5000, b"connection: upgrade", b"upgrade: h2c", target=b"/d"),
        request(b"hello", b"expect: 100-continue", target=b"/e"),
    ]

    def rubbish() -> bytes:
        if chance.random() < 0.2:
            return chance.randbytes(chance.randrange(1, 2000))
        data = bytearray(b"".join(chance.choices(valid, k=chance.randrange(1, 5))))
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        return bytes(data[: chance.randrange(1, len(data) + 1)])

    async def bother() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", serving.port)
        try:
            for piece in cut(rubbish(), chance.choices(range(5000), k=2)):
                writer.write(piece)
                await asyncio.sleep(0)
            if chance.random() < 0.3:
                writer.transport.abort()
            else:
                await asyncio.wait_for(reader.read(), 30)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    for _ in range(5):
        await asyncio.gather(*(bother() for _ in range(200)))
    async with asyncio.timeout(30):
        while serving.server.open or serving.server.connections:
            await asyncio.sleep(0.01)
    assert (await (await serving.call()).ask(request(b"still here")))[2] == b"late"
    assert errors == []
    assert [record.message for record in caplog.records] == []


Answer = tuple[int, Headers, list[bytes]]


@given(
    st.sampled_from([200, 201, 204, 304, 400, 429, 500, 599, 799]),
    HEADERS,
    CHUNKS,
    st.sampled_from(["respond", "stream", "length"]),
    st.sampled_from(["GET", "HEAD", "POST"]),
    st.sampled_from(["1.0", "1.1"]),
)
@settings(max_examples=120, deadline=None)
def test_every_answer_is_understood_by_h11(
    status: int, headers: Headers, chunks: list[bytes], how: str, method: str, version: str
) -> None:
    whole = b"".join(chunks)

    async def answer(exchange: Exchange) -> None:
        if how == "respond":
            exchange.respond(status, headers, whole)
        else:
            length = [(b"content-length", b"%d" % len(whole))] if how == "length" else []
            exchange.start(status, headers + length)
            for chunk in chunks:
                await exchange.write(chunk)
            exchange.finish()

    async def ask() -> tuple[h11.Response, bytes]:
        sock = socket.create_server(("127.0.0.1", 0))
        server = Server(answer)
        running = asyncio.create_task(server.serve(sock))
        reader, writer = await asyncio.open_connection(*sock.getsockname())
        connection = h11.Connection(h11.CLIENT)
        sent = connection.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        assert sent is not None
        writer.write(sent.replace(b"HTTP/1.1", b"HTTP/" + version.encode()))
        connection.send(h11.EndOfMessage())
        body, response = b"", None
        try:
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    connection.receive_data(await asyncio.wait_for(reader.read(65536), 30))
                elif isinstance(event, h11.Response):
                    response = event
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    assert response is not None
                    return response, body
        finally:
            writer.transport.abort()
            server.stop()
            await running

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        response, body = runner.run(ask())
    assert response.status_code == status
    assert body == (b"" if method == "HEAD" or status in {204, 304} else whole)
    got = [(name, value) for name, value in response.headers if name.decode() not in FRAMING]
    assert got == [(name.lower(), value) for name, value in headers]
