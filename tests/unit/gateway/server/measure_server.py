"""What a request costs in the server alone: CPU time per request, ours beside uvicorn with a raw ASGI application.

    python tests/unit/gateway/server/measure_server.py [--seconds 2] [--rounds 5] [--connections 16]

Both read a chat request as an official SDK sends it (16 headers, 300 bytes of body) and answer 400 bytes. Server and
load run on a core each where there are two; the figures are the server's own user and system time as the kernel
counts it.
"""

import argparse
import asyncio
import os
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

import uvicorn
import uvloop

from quarterdeck.gateway.server import Exchange, Server

ANSWER = b"x" * 400
JSON = (b"content-type", b"application/json")
BODY = b'{"model":"gpt-4o-mini","messages":[{"role":"user","content":"' + b"a" * 234 + b'"}]}'
HEADERS = {
    "host": "127.0.0.1:8787",
    "accept": "application/json",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "content-type": "application/json",
    "user-agent": "OpenAI/Python 2.0.0",
    "authorization": "Bearer qd-a-0123456789abcdef0123456789abcdef",
    "x-stainless-lang": "python",
    "x-stainless-package-version": "2.0.0",
    "x-stainless-os": "Linux",
    "x-stainless-arch": "x64",
    "x-stainless-runtime": "CPython",
    "x-stainless-runtime-version": "3.11.7",
    "x-stainless-async": "false",
    "x-stainless-retry-count": "0",
    "content-length": str(len(BODY)),
}
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\n"
    + "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items()).encode()
    + b"\r\n"
    + BODY
)


async def ours(sock: socket.socket) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.body(1_000_000)
        exchange.respond(200, [JSON], ANSWER)

    await Server(answer).serve(sock)


async def asgi(sock: socket.socket) -> None:
    async def answer(scope: object, receive: object, send: object) -> None:
        await receive()  # type: ignore[operator]
        headers = [JSON, (b"content-length", b"400")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": ANSWER})  # type: ignore[operator]

    config = uvicorn.Config(
        answer,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    await uvicorn.Server(config).serve(sockets=[sock])


SERVERS = {"uvicorn": asgi, "ours": ours}


def pin(core: int) -> None:
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[core % len(cores)]})


class Load(asyncio.Protocol):
    """One connection that asks again as soon as it is answered."""

    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._left = 0
        transport.write(REQUEST)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if data.endswith(ANSWER):
            Load.answered += 1
            self._transport.write(REQUEST)  # type: ignore[attr-defined]


def cpu(pid: int) -> tuple[float, float]:
    """Microseconds in user and in system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    tick = 1_000_000 / os.sysconf("SC_CLK_TCK")
    return int(fields[11]) * tick, int(fields[12]) * tick


async def measure(name: str, seconds: float, connections: int) -> tuple[float, float, float]:
    """User and system microseconds per request, and requests per second."""
    sock = socket.create_server(("127.0.0.1", 0), backlog=1024)
    command = [sys.executable, __file__, "--serve", name, "--fd", str(sock.fileno())]
    server = subprocess.Popen(command, pass_fds=[sock.fileno()])
    loop = asyncio.get_running_loop()
    try:
        address = sock.getsockname()
        sock.close()
        transports = [(await loop.create_connection(Load, *address))[0] for _ in range(connections)]
        first = Load.answered
        while Load.answered < first + 1000:
            await asyncio.sleep(0.1)
        before, counted, since = cpu(server.pid), Load.answered, time.monotonic()
        await asyncio.sleep(seconds)
        after, count, took = cpu(server.pid), Load.answered - counted, time.monotonic() - since
        for transport in transports:
            transport.abort()
    finally:
        server.kill()
        server.wait()
    return (after[0] - before[0]) / count, (after[1] - before[1]) / count, count / took


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--serve", choices=SERVERS)
    parser.add_argument("--fd", type=int)
    asked = parser.parse_args()
    if asked.serve is not None:
        pin(0)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(SERVERS[asked.serve](socket.socket(fileno=asked.fd)))
        return
    pin(1)
    results: dict[str, list[tuple[float, float, float]]] = {name: [] for name in SERVERS}
    for _ in range(asked.rounds):
        for name in SERVERS:
            results[name].append(uvloop.run(measure(name, asked.seconds, asked.connections)))
    print(f"{'CPU us/request':>16}  {'median':>7}  {'least':>7}  {'user':>7}  {'system':>7}  {'requests/s':>10}")
    for name, rounds in results.items():
        whole = sorted((user + system, user, system, rate) for user, system, rate in rounds)
        least = whole[0]
        median = statistics.median(each[0] for each in whole)
        print(f"{name:>16}  {median:7.1f}  {least[0]:7.1f}  {least[1]:7.1f}  {least[2]:7.1f}  {least[3]:10.0f}")


if __name__ == "__main__":
    main()
