"""https: verified, with the name we asked for."""

import asyncio
import ssl

import pytest
from certificates import Authority
from scripted_upstream import OK, PATIENT, Peer, always

from quarterdeck.gateway.transport import (
    ConnectionReset,
    Origin,
    Request,
    TlsFailed,
    Transport,
    Truncated,
)
from quarterdeck.kernel.egress import Egress, EgressPolicy

GET = Request(b"GET", b"/", [])
NAME = "api.test"


async def lookup(name: str) -> list[str]:
    return ["127.0.0.1"]


@pytest.fixture
def secure(connect, authority: Authority) -> Transport:
    policy = EgressPolicy(frozenset({NAME, "127.0.0.1", "other.test"}))
    return connect(egress=Egress(policy, lookup=lookup), tls=authority.trust())


async def test_it_reads_over_tls_and_keeps_the_connection(serve, secure: Transport, authority: Authority) -> None:
    names: list[str] = []
    context = authority.server(NAME)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    upstream = await serve(always(OK), tls=context, host=NAME)
    for reused in (False, True):
        response = await secure.send(upstream.origin, GET, PATIENT)
        assert await response.read(10) == b"ok"
        assert response.reused is reused
    assert names == [NAME]


async def test_large_bodies_go_both_ways_over_tls(serve, secure: Transport, authority: Authority) -> None:
    async def echo(peer: Peer) -> None:
        while True:
            _, body = await peer.request()
            await peer.say(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))

    upstream = await serve(echo, tls=authority.server(NAME), host=NAME)
    body = bytes(range(256)) * 4096 * 4
    for _ in range(2):
        response = await secure.send(upstream.origin, Request(b"POST", b"/", [], body), PATIENT)
        await asyncio.sleep(0.02)
        assert await response.read(len(body)) == body
    assert upstream.accepted == 1


async def test_a_certificate_of_an_unknown_authority_is_refused(serve, connect, authority: Authority) -> None:
    upstream = await serve(always(OK), tls=authority.server(NAME), host=NAME)
    transport = connect(egress=Egress(EgressPolicy(frozenset({NAME})), lookup=lookup))
    with pytest.raises(TlsFailed, match="certificate") as caught:
        await transport.send(upstream.origin, GET, PATIENT)
    assert (caught.value.sent, caught.value.retryable) == (False, False)
    assert transport.counts()[upstream.origin].open == 0


@pytest.mark.parametrize("host", ["other.test", "127.0.0.1"])
async def test_a_certificate_for_another_name_is_refused(
    serve, secure: Transport, authority: Authority, host: str
) -> None:
    upstream = await serve(always(OK), tls=authority.server(NAME), host=host)
    with pytest.raises(TlsFailed, match="certificate"):
        await secure.send(upstream.origin, GET, PATIENT)


async def test_an_expired_certificate_is_refused(serve, secure: Transport, authority: Authority) -> None:
    upstream = await serve(always(OK), tls=authority.server(NAME, days=-1), host=NAME)
    with pytest.raises(TlsFailed, match="expired"):
        await secure.send(upstream.origin, GET, PATIENT)


async def test_a_server_that_speaks_plain_http_on_an_https_port_is_refused(serve, secure: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.say(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.hung_up()

    upstream = await serve(script)
    with pytest.raises(TlsFailed):
        await secure.send(Origin("https", NAME, upstream.origin.port), GET, PATIENT)


async def test_a_server_that_hangs_up_in_the_handshake_is_refused(serve, secure: Transport) -> None:
    async def script(peer: Peer) -> None:
        await peer.reader.read(1)
        peer.reset()

    upstream = await serve(script)
    with pytest.raises(TlsFailed, match="handshake"):
        await secure.send(Origin("https", NAME, upstream.origin.port), GET, PATIENT)


async def test_old_tls_is_refused(serve, secure: Transport, authority: Authority) -> None:
    context = authority.server(NAME)
    with pytest.warns(DeprecationWarning):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
        context.minimum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    upstream = await serve(always(OK), tls=context, host=NAME)
    with pytest.raises(TlsFailed):
        await secure.send(upstream.origin, GET, PATIENT)


async def test_a_stale_tls_connection_is_replaced(serve, secure: Transport, authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK)
        if peer.number == 1:
            await peer.request()
            peer.writer.close()

    upstream = await serve(script, tls=authority.server(NAME), host=NAME)
    await (await secure.send(upstream.origin, GET, PATIENT)).read(10)
    response = await secure.send(upstream.origin, GET, PATIENT)
    assert (await response.read(10), response.reused) == (b"ok", False)


async def test_a_tls_answer_that_is_cut_short_is_an_error(serve, secure: Transport, authority: Authority) -> None:
    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK[:-1])
        peer.writer.transport.abort()

    upstream = await serve(script, tls=authority.server(NAME), host=NAME)
    response = await secure.send(upstream.origin, GET, PATIENT)
    with pytest.raises((Truncated, ConnectionReset)):
        await response.read(10)


async def test_abort_closes_a_tls_connection_at_once(serve, secure: Transport, authority: Authority) -> None:
    left = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(OK[:-1])
        await peer.hung_up()
        left.set()

    upstream = await serve(script, tls=authority.server(NAME), host=NAME)
    response = await secure.send(upstream.origin, GET, PATIENT)
    response.abort()
    await asyncio.wait_for(left.wait(), 20)


def test_by_default_certificates_are_verified_against_the_systems_trust() -> None:
    context = Transport(Egress())._dialer._tls
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
