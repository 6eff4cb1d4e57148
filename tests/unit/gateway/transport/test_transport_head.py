"""Nothing leaves us that could be read as more, or other, than one request."""

import pytest
from scripted_upstream import OK, always

from quarterdeck.gateway.transport import HOP_BY_HOP, Origin, Request, Timeouts, Transport, UnsafeRequest
from quarterdeck.gateway.transport.head import _MOST_PLAIN, _plain

UNSAFE = {
    "line break in a value": Request(b"GET", b"/", [(b"x", b"a\r\nevil: 1")]),
    "bare LF in a value": Request(b"GET", b"/", [(b"x", b"a\nevil: 1")]),
    "bare CR in a value": Request(b"GET", b"/", [(b"x", b"a\revil: 1")]),
    "NUL in a value": Request(b"GET", b"/", [(b"x", b"a\0b")]),
    "line break in a name": Request(b"GET", b"/", [(b"x\r\nevil", b"1")]),
    "colon in a name": Request(b"GET", b"/", [(b"evil: 1\r\nx", b"1")]),
    "space after a name": Request(b"GET", b"/", [(b"transfer-encoding ", b"chunked")]),
    "empty name": Request(b"GET", b"/", [(b"", b"1")]),
    "name that is not ASCII": Request(b"GET", b"/", [(b"caf\xe9", b"1")]),
    "space in the path": Request(b"GET", b"/a b", []),
    "line break in the path": Request(b"GET", b"/a\r\nevil: 1", []),
    "second request in the path": Request(b"GET", b"/ HTTP/1.1\r\n\r\nGET /evil", []),
    "empty path": Request(b"GET", b"", []),
    "space in the method": Request(b"GET /evil", b"/", []),
    "empty method": Request(b"", b"/", []),
    "CONNECT": Request(b"CONNECT", b"/", []),
    "line break in the host": Request(b"GET", b"/", [(b"host", b"a\r\nb: c")]),
    "two hosts": Request(b"GET", b"/", [(b"host", b"a"), (b"Host", b"b")]),
    "transfer-encoding of the caller's": Request(b"POST", b"/", [(b"Transfer-Encoding", b"chunked")], b"x"),
    "two lengths": Request(b"POST", b"/", [(b"content-length", b"1"), (b"content-length", b"1")], b"x"),
    "length that does not match": Request(b"POST", b"/", [(b"content-length", b"2")], b"x"),
    "length without a body": Request(b"POST", b"/", [(b"content-length", b"2")]),
    "length that is no number": Request(b"POST", b"/", [(b"content-length", b"+1")], b"x"),
    "two lengths in one": Request(b"POST", b"/", [(b"content-length", b"1, 1")], b"x"),
}


@pytest.mark.parametrize("what", list(UNSAFE))
async def test_it_refuses_to_send(serve, transport: Transport, what: str) -> None:
    upstream = await serve(always(OK))
    with pytest.raises(UnsafeRequest) as caught:
        await transport.send(upstream.origin, UNSAFE[what], Timeouts())
    assert (caught.value.sent, caught.value.retryable, caught.value.status) == (False, False, 400)
    assert upstream.accepted == 0


async def test_it_refuses_an_origin_that_cannot_stand_in_a_head(transport: Transport) -> None:
    with pytest.raises(UnsafeRequest):
        await transport.send(Origin("http", "a\r\nevil: 1", 80), Request(b"GET", b"/", []), Timeouts())


async def test_invented_header_names_do_not_fill_the_memory(serve, transport: Transport) -> None:
    upstream = await serve(always(OK))
    for start in range(0, 5000, 500):
        headers = [(b"x-%d" % number, b"") for number in range(start, start + 500)]
        response = await transport.send(upstream.origin, Request(b"GET", b"/", headers), Timeouts())
        await response.read(10)
    assert len(_plain) <= _MOST_PLAIN


def test_hop_by_hop_headers_are_named_in_lower_case() -> None:
    assert b"connection" in HOP_BY_HOP
    assert b"transfer-encoding" in HOP_BY_HOP
    assert all(name == name.lower() for name in HOP_BY_HOP)
