"""What the server's tests share: servers that are stopped afterwards."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import uvloop
from server_callers import Serving, Start

from quarterdeck.gateway.server import Handle, Limits, Server


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The product runs on uvloop where it can, and on asyncio's own loop elsewhere."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """`await start(handle, limits)`: the server is stopped at the end of the test."""
    started: list[Serving] = []

    async def begin(handle: Handle, limits: Limits | None = None) -> Serving:
        sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
        server = Server(handle, limits if limits is not None else Limits(grace_s=0.2))
        port = sock.getsockname()[1]
        serving = Serving(server, port, asyncio.create_task(server.serve(sock)))
        started.append(serving)
        return serving

    yield begin
    for serving in started:
        await serving.end()
