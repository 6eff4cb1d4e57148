"""What control is told of the caller: by the gateway's own word, whatever headers said before."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from server_callers import Start

from quarterdeck.gateway.forward import Forwarder
from quarterdeck.gateway.transport import Transport
from quarterdeck.kernel.egress import Egress

SAID = {"x-forwarded-for": "6.6.6.6, 203.0.113.7", "x-forwarded-proto": "https"}


@pytest.fixture
async def control() -> AsyncIterator[str]:
    """A socket that answers with the headers it was asked with."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%b" % (len(head), head))
        await writer.drain()
        writer.close()

    # The path of a socket has to be short.
    with TemporaryDirectory(prefix="qd-") as directory:
        path = str(Path(directory) / "s")
        async with await asyncio.start_unix_server(echo, path):
            yield path


@pytest.mark.parametrize(
    ("trusted", "address", "scheme"), [("127.0.0.0/8", "203.0.113.7", "https"), ("10.0.0.0/8", "127.0.0.1", "http")]
)
async def test_control_hears_one_address_and_one_scheme(
    start: Start, control: str, trusted: str, address: str, scheme: str
) -> None:
    transport = Transport(Egress())
    serving = await start(Forwarder(transport, control, [ip_network(trusted)]))
    async with httpx.AsyncClient(timeout=60) as client:
        answer = await client.get(f"http://127.0.0.1:{serving.port}/api/v1/session", headers=SAID)
    heard = [line for line in answer.text.splitlines() if line.startswith(("x-forwarded", "forwarded"))]
    assert heard == [f"x-forwarded-for: {address}", f"x-forwarded-proto: {scheme}"]
    await transport.close()
