"""Callers that speak raw bytes to a server on a real socket."""

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable

from quarterdeck.gateway.server import Exchange, Server

PATIENCE_S = 20
"""How long what must come may take on a machine that is shared. Nothing waits longer than it has to."""


async def until(condition: Callable[[], object]) -> None:
    """As soon as it holds."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.005)


async def stands_still(count: Callable[[], int]) -> int:
    """What it has come to, once it has begun and grows no more."""
    before = 0
    while True:
        await asyncio.sleep(0.1)
        if (now := count()) == before > 0:
            return now
        before = now


class Caller:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def ask(self, data: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
        self.send(data)
        return await self.answer()

    async def answer(self, *, head_only: bool = False) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body of one answer."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
        line, *rest = head[:-4].split(b"\r\n")
        headers = dict(each.split(b": ", 1) for each in rest)
        status = int(line.split()[1])
        if head_only or status in {204, 304}:
            body = b""
        elif headers.get(b"transfer-encoding") == b"chunked":
            body = b""
            while size := int(await asyncio.wait_for(self.reader.readuntil(b"\r\n"), PATIENCE_S), 16):
                body += (await self.reader.readexactly(size + 2))[:-2]
            await self.reader.readexactly(2)
        elif b"content-length" in headers:
            body = await asyncio.wait_for(self.reader.readexactly(int(headers[b"content-length"])), PATIENCE_S)
        else:
            body = await self.rest()
        return status, headers, body

    async def rest(self) -> bytes:
        """Everything up to the connection's end; ConnectionResetError when it was reset."""
        return await asyncio.wait_for(self.reader.read(-1), PATIENCE_S)

    async def is_closed(self) -> bool:
        try:
            return await self.rest() == b""
        except ConnectionResetError:
            return True

    def hang_up(self) -> None:
        self.writer.transport.abort()

    def leave(self) -> None:
        self.writer.close()


class Serving:
    """A running server, and its address."""

    def __init__(self, server: Server, port: int, running: "asyncio.Task[None]") -> None:
        self.server = server
        self.port = port
        self.running = running
        self._callers: list[Caller] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def call(self) -> Caller:
        caller = Caller(*await asyncio.open_connection("127.0.0.1", self.port, limit=2**26))
        self._callers.append(caller)
        return caller

    async def call_without_reading(self) -> Caller:
        """A caller that takes in hardly anything until it is asked for an answer."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.port))
        caller = Caller(*await asyncio.open_connection(sock=sock, limit=65_536))
        self._callers.append(caller)
        return caller

    async def end(self) -> None:
        for caller in self._callers:
            caller.leave()
        self.server.stop()
        await self.running
        for caller in self._callers:
            with contextlib.suppress(OSError):
                await caller.writer.wait_closed()


Start = Callable[..., Awaitable[Serving]]


async def echo(exchange: Exchange) -> None:
    """Answers with the body it got."""
    exchange.respond(200, [(b"content-type", b"text/plain")], await exchange.body(2**26))


def request(body: bytes = b"", *lines: bytes, method: bytes = b"POST", target: bytes = b"/") -> bytes:
    """A request's bytes, with its content-length when it has a body."""
    head = [method + b" " + target + b" HTTP/1.1", b"host: x", *lines]
    if body:
        head.append(b"content-length: %d" % len(body))
    return b"\r\n".join(head) + b"\r\n\r\n" + body
