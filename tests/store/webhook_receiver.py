"""A receiver of webhooks that answers as it is told, and keeps what it got."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Got:
    head: str
    body: bytes

    def header(self, name: str) -> str:
        for line in self.head.split("\r\n"):
            if line.lower().startswith(name + ":"):
                return line.partition(":")[2].strip()
        raise KeyError(name)


@dataclass
class Receiver:
    """`status` is what it answers; None: nothing, ever. `location` goes with a redirect."""

    status: int | None = 200
    location: str = ""
    extra: str = ""
    got: list[Got] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?token=in-the-query"

    @asynccontextmanager
    async def listening(self, on: socket.socket | None = None) -> AsyncIterator["Receiver"]:
        """On a free port, or on a socket that is bound already."""
        server = await (
            asyncio.start_server(self._serve, "127.0.0.1", 0)
            if on is None
            else asyncio.start_server(self._serve, sock=on)
        )
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.partition(":")[2]) for line in head.split("\r\n") if line.lower().startswith("content-length:")
            )
            self.got.append(Got(head, await reader.readexactly(length)))
            if self.status is None:
                await reader.read()
                return
            moved = f"location: {self.location}\r\n" if self.location else ""
            text = f"HTTP/1.1 {self.status} X\r\ncontent-length: 2\r\nconnection: close\r\n{moved}{self.extra}\r\nok"
            writer.write(text.encode())
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
