"""An upstream that does exactly what a test tells it to, on a real socket."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from quarterdeck.gateway.transport import Origin, Timeouts

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
NOBODY = 1
"""A port that nobody listens on, and that the kernel gives to nobody: one that was free just now may be taken."""
PATIENT = Timeouts(connect_s=60, first_byte_s=60, idle_s=60, total_s=120)
"""None of these comes to pass: what a test waits for must come by itself."""


class Peer:
    """One accepted connection. `number` counts from 1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number

    async def head(self) -> bytes:
        return await self.reader.readuntil(b"\r\n\r\n")

    async def request(self) -> tuple[bytes, bytes]:
        """The next request's head and body."""
        head = await self.head()
        lines = head.lower().split(b"\r\n")
        if b"transfer-encoding: chunked" in lines:
            return head, await self._chunks()
        for line in lines:
            if line.startswith(b"content-length:"):
                return head, await self.reader.readexactly(int(line[15:]))
        return head, b""

    async def _chunks(self) -> bytes:
        body = b""
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            body += (await self.reader.readexactly(size + 2))[:-2]
            if size == 0:
                return body

    async def say(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def hung_up(self) -> None:
        """Returns when the client has closed."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            pass

    def reset(self) -> None:
        """Closes with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


class Upstream:
    """Plays `script` on every connection and closes it when the script returns."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._server: asyncio.Server | None = None
        self._playing: set[asyncio.Task[None]] = set()
        self.accepted = 0
        self.origin = Origin("http", "127.0.0.1", 0)

    async def start(
        self, *, tls: ssl.SSLContext | None = None, uds: Path | None = None, host: str = "127.0.0.1"
    ) -> None:
        if uds is not None:
            self._server = await asyncio.start_unix_server(self._accept, uds)
            self.origin = Origin("http", "control", 80, uds=str(uds))
            return
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        port = self._server.sockets[0].getsockname()[1]
        self.origin = Origin("https" if tls else "http", host, port)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.current_task()
        assert task is not None
        self._playing.add(task)
        try:
            await self._script(Peer(reader, writer, self.accepted))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass  # the client hung up, or the test is over
        finally:
            self._playing.discard(task)
            writer.close()

    def refuse(self) -> None:
        """Takes no further connections; those that are open live on."""
        assert self._server is not None
        self._server.close()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._playing):
            task.cancel()
        if self._playing:
            await asyncio.wait(self._playing, timeout=1)


async def eventually(condition: Callable[[], bool]) -> None:
    """Returns as soon as `condition` holds; fails after twenty seconds, for machines are shared."""
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


@contextlib.contextmanager
def deaf_listener(host: str, port: int = 0) -> Iterator[int]:
    """The port of a listener whose queue is full: whoever connects gets no answer at all."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def always(answer: bytes) -> Script:
    """Answers every request on every connection with the same bytes."""

    async def script(peer: Peer) -> None:
        while True:
            await peer.request()
            await peer.say(answer)

    return script


def once(answer: bytes) -> Script:
    """Answers one request and closes."""

    async def script(peer: Peer) -> None:
        await peer.request()
        await peer.say(answer)

    return script
