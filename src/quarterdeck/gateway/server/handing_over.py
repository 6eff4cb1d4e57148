"""A connection that speaks something else from now on, to somebody else."""

import asyncio
from collections.abc import Callable


def handed_over(
    transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, ended: Callable[[], None]
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The raw connection; `ended` is called when it ends."""
    reader = asyncio.StreamReader(loop=loop)
    protocol = _HandedOver(reader, loop, ended)
    transport.set_protocol(protocol)
    protocol.connection_made(transport)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


class _HandedOver(asyncio.StreamReaderProtocol):
    """The connection counts among the server's until it ends, whoever it belongs to."""

    def __init__(
        self, reader: asyncio.StreamReader, loop: asyncio.AbstractEventLoop, ended: Callable[[], None]
    ) -> None:
        super().__init__(reader, loop=loop)
        self._ended = ended

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._ended()
