"""What the transport's tests share: scripted upstreams, and transports that are closed afterwards."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import uvloop
from certificates import Authority
from scripted_upstream import Script, Upstream

from quarterdeck.gateway.transport import Proxies, Transport
from quarterdeck.kernel.egress import Egress, EgressPolicy

TRUST = ssl.create_default_context()
"""Loading the system's trust takes longer than most tests here."""

Serve = Callable[..., Awaitable[Upstream]]
Connect = Callable[..., Transport]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The product runs on uvloop where it can, and on asyncio's own loop elsewhere."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    started: list[Upstream] = []

    async def start(
        script: Script, *, tls: ssl.SSLContext | None = None, uds: Path | None = None, host: str = "127.0.0.1"
    ) -> Upstream:
        upstream = Upstream(script)
        await upstream.start(tls=tls, uds=uds, host=host)
        started.append(upstream)
        return upstream

    yield start
    for upstream in started:
        await upstream.stop()


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    made: list[Transport] = []

    def make(*, allow: frozenset[str] = frozenset({"127.0.0.1", "localhost"}), **settings: Any) -> Transport:
        egress = settings.pop("egress", None) or Egress(EgressPolicy(allow))
        # A busy machine may take a second to see that a kept connection had ended.
        transport = Transport(egress, **{"proxies": Proxies(), "tls": TRUST, "stale_window_s": 20.0, **settings})
        made.append(transport)
        return transport

    yield make
    for transport in made:
        await transport.close()


@pytest.fixture
def transport(connect: Connect) -> Transport:
    return connect()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))
