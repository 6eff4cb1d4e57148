"""Proxies from the environment: which origin goes through which, and how."""

import asyncio
import base64

import pytest
from certificates import Authority
from scripted_upstream import OK, PATIENT, Peer, always

from quarterdeck.gateway.transport import (
    ConnectFailed,
    EgressRefused,
    Origin,
    ProtocolError,
    Proxies,
    Proxy,
    Request,
    Transport,
)
from quarterdeck.kernel.errors import Invalid

GET = Request(b"GET", b"/v1/models?x=1", [])
NAME = "api.test"


async def leads_on(peer: Peer, heads: list[bytes], port: int) -> None:
    """A proxy that opens the tunnel it is asked for, to a port of ours."""
    heads.append(await peer.head())
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await peer.say(b"HTTP/1.1 200 Connection established\r\nproxy-agent: test\r\n\r\n")

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
        sink.close()

    await asyncio.gather(pump(peer.reader, writer), pump(reader, peer.writer))


async def test_https_goes_through_a_tunnel_and_is_verified_inside(serve, connect, authority: Authority) -> None:
    heads: list[bytes] = []
    upstream = await serve(always(OK), tls=authority.server(NAME), host=NAME)
    port = upstream.origin.port
    proxy = await serve(lambda peer: leads_on(peer, heads, port))
    proxies = Proxies(https=Proxy.parse(f"http://sam:s%40fe@127.0.0.1:{proxy.origin.port}"))
    transport: Transport = connect(proxies=proxies, tls=authority.trust(), allow=frozenset())
    for reused in (False, True):
        response = await transport.send(upstream.origin, GET, PATIENT)
        assert await response.read(10) == b"ok"
        assert response.reused is reused
    user = base64.b64encode(b"sam:s@fe").decode()
    assert heads == [
        f"CONNECT {NAME}:{port} HTTP/1.1\r\nhost: {NAME}:{port}\r\nproxy-authorization: Basic {user}\r\n\r\n".encode()
    ]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", ConnectFailed),
        (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", ConnectFailed),
        (b"", ConnectFailed),
        (b"HTTP/1.1 200 OK\r\n\r\nsurprise", ProtocolError),
        (b"who is there?\r\n\r\n", ProtocolError),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000, ProtocolError),
    ],
    ids=["407", "502", "closes", "speaks-first", "garbage", "endless"],
)
async def test_a_proxy_that_does_not_lead_on_is_an_error(serve, connect, answer: bytes, expected) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.say(answer)

    proxy = await serve(script)
    transport: Transport = connect(proxies=Proxies(https=Proxy("127.0.0.1", proxy.origin.port)))
    origin = Origin("https", NAME, 443)
    with pytest.raises(expected) as caught:
        await transport.send(origin, GET, PATIENT)
    assert not caught.value.sent
    assert transport.counts()[origin].open == 0


async def test_http_is_asked_of_the_proxy_by_its_whole_url(serve, connect) -> None:
    heads: list[bytes] = []

    async def script(peer: Peer) -> None:
        while True:
            heads.append((await peer.request())[0])
            await peer.say(OK)

    proxy = await serve(script)
    proxies = Proxies(http=Proxy.parse(f"http://sam@127.0.0.1:{proxy.origin.port}"))
    transport: Transport = connect(proxies=proxies, allow=frozenset())
    for _ in range(2):
        response = await transport.send(Origin("http", NAME, 8080), GET, PATIENT)
        assert await response.read(10) == b"ok"
    assert heads[0] == (
        b"GET http://api.test:8080/v1/models?x=1 HTTP/1.1\r\nhost: api.test:8080\r\n"
        b"proxy-authorization: Basic c2FtOg==\r\n\r\n"
    )
    assert proxy.accepted == 1


async def test_a_proxy_is_no_way_around_the_guard(serve, connect) -> None:
    proxy = await serve(always(OK))
    there = Proxy("127.0.0.1", proxy.origin.port)
    transport: Transport = connect(proxies=Proxies(http=there, https=there), allow=frozenset())
    for host in ("169.254.169.254", "10.0.0.1", "metadata.google.internal", "2852039166"):
        with pytest.raises(EgressRefused):
            await transport.send(Origin("http", host, 80), GET, PATIENT)
    assert proxy.accepted == 0


async def test_a_bypassed_host_is_called_directly(serve, connect) -> None:
    upstream = await serve(always(OK))
    nowhere = Proxy("127.0.0.1", 1)
    transport: Transport = connect(proxies=Proxies(http=nowhere, bypass=("127.0.0.0/8",)))
    response = await transport.send(upstream.origin, GET, PATIENT)
    assert await response.read(10) == b"ok"


def test_the_environment_names_the_proxies_and_lower_case_wins() -> None:
    environ = {
        "HTTP_PROXY": "http://upper:1",
        "http_proxy": "http://lower:2",
        "ALL_PROXY": "http://all:3",
        "NO_PROXY": " Example.com, ,10.0.0.0/8 ",
    }
    proxies = Proxies.from_environment(environ)
    assert proxies == Proxies(Proxy("lower", 2), Proxy("all", 3), ("example.com", "10.0.0.0/8"))
    assert Proxies.from_environment({}) == Proxies()


def test_a_transport_uses_the_proxies_of_its_environment(connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    transport: Transport = connect(proxies=None)
    assert transport._dialer.proxy_for(Origin("https", NAME, 443)) == Proxy("proxy.example", 3128)


@pytest.mark.parametrize(
    ("entry", "host", "port", "direct"),
    [
        ("*", "a.example", 443, True),
        ("a.example", "a.example", 443, True),
        ("a.example", "b.a.example", 443, True),
        (".a.example", "b.a.example", 443, True),
        ("*.a.example", "b.a.example", 443, True),
        ("a.example", "nota.example", 443, False),
        ("a.example:443", "a.example", 443, True),
        ("a.example:8443", "a.example", 443, False),
        ("10.0.0.0/8", "10.1.2.3", 443, True),
        ("10.0.0.0/8", "11.1.2.3", 443, False),
        ("10.1.2.3", "10.1.2.3", 443, True),
        ("10.1.2.3:443", "10.1.2.3", 443, True),
        ("10.1.2.3:80", "10.1.2.3", 443, False),
        ("fd00::/8", "fd00::1", 443, True),
        ("[fd00::1]:443", "fd00::1", 443, True),
        ("nothing.example", "localhost", 443, True),
        ("nothing.example", "127.9.9.9", 443, True),
        ("nothing.example", "::1", 443, True),
    ],
)
def test_no_proxy_and_loopback_go_direct(entry: str, host: str, port: int, direct: bool) -> None:
    proxies = Proxies(https=Proxy("proxy", 3128), bypass=(entry,))
    assert (proxies.leading_to(Origin("https", host, port)) is None) is direct


def test_a_unix_socket_is_never_proxied() -> None:
    proxies = Proxies(http=Proxy("proxy", 3128))
    assert proxies.leading_to(Origin("http", "control", 80, uds="/run/control.sock")) is None


@pytest.mark.parametrize("url", ["socks5://proxy:1", "https://proxy:1", "http://proxy:99999", "http://"])
def test_what_is_no_http_proxy_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(Invalid) as caught:
        Proxies.from_environment({"HTTP_PROXY": url.replace("//", "//user:hunter2@")})
    assert "hunter2" not in str(caught.value)
