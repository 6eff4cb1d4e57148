"""The load generator: one process that sends one request over and over and prints what happened as JSON.

Three ways to load a server:
- `closed`: so many connections, each sends its next request when the last is answered (requests per second, latency);
- `open`: requests at a fixed rate whatever the answers do, timed from when they were due (no co-ordinated omission);
- `streams`: so many streams at a time, each counted event by event (held, lost, stalled).

It reads no more of an answer than it must: the closed loop finds the end by content-length or by the last chunk. Its
own ceiling matters, since it must outrun the server it loads; see README.md.
"""

import argparse
import asyncio
import json
import select
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

_HEAD_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_STALL_S = 0.5


@dataclass(frozen=True, slots=True)
class Shot:
    """What is sent, and where to."""

    host: str
    port: int
    request: bytes


def shot(url: str, headers: list[str], body: bytes) -> Shot:
    parts = urlsplit(url)
    lines = [f"POST {parts.path} HTTP/1.1", f"host: {parts.netloc}", "content-type: application/json", *headers]
    head = "\r\n".join([*lines, f"content-length: {len(body)}"]).encode() + _HEAD_END
    return Shot(parts.hostname or "127.0.0.1", parts.port or 80, head + body)


def percentiles(seconds: list[float]) -> dict[str, float]:
    """In milliseconds."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    last = len(ordered) - 1
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    return {name: round(ordered[min(last, int(share * len(ordered)))] * 1000, 4) for name, share in shares.items()}


# closed loop


def closed(aim: Shot, connections: int, seconds: float) -> dict[str, Any]:
    """Plain epoll, not asyncio: half the cost a request, so that a fast server is the limit and not this."""
    poll = select.epoll()
    loops = [_Loop(_connect(aim)) for _ in range(connections)]
    by_fd = {loop.sock.fileno(): loop for loop in loops}
    latencies: list[float] = []
    errors = 0
    clock = time.perf_counter
    for loop in loops:
        poll.register(loop.sock.fileno(), select.EPOLLIN)
        loop.began = clock()
        loop.send(aim.request)
    began = clock()
    deadline = began + seconds
    while True:
        ready = poll.poll(1.0)
        now = clock()
        if now > deadline:
            break
        if not ready:
            errors += len(loops)
            break
        for fd, _ in ready:
            loop = by_fd[fd]
            answered = loop.read()
            if answered is None:
                continue
            now = clock()
            if not answered:
                errors += 1
                poll.unregister(fd)
                del by_fd[fd]
                loop.sock.close()
                loop = _Loop(_connect(aim))
                by_fd[loop.sock.fileno()] = loop
                poll.register(loop.sock.fileno(), select.EPOLLIN)
            else:
                latencies.append(now - loop.began)
            loop.began = now
            loop.send(aim.request)
    took = clock() - began
    for loop in by_fd.values():
        loop.sock.close()
    return {"requests": len(latencies), "errors": errors, "seconds": took, "rps": round(len(latencies) / took, 1)} | (
        percentiles(latencies)
    )


def _connect(aim: Shot) -> socket.socket:
    sock = socket.create_connection((aim.host, aim.port), timeout=5)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setblocking(False)  # a time-out would cost a poll() before every read and write
    return sock


class _Loop:
    """One connection of the closed loop."""

    __slots__ = ("began", "data", "needed", "sock")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.began = 0.0
        self.data = b""
        self.needed = -1
        """Bytes of the whole answer, once the head told; -2 for a chunked one."""

    def send(self, request: bytes) -> None:
        sent = self.sock.send(request)
        if sent < len(request):
            self.sock.setblocking(True)
            self.sock.sendall(request[sent:])
            self.sock.setblocking(False)

    def read(self) -> bool | None:
        """Whether the answer is complete and well; None when more must come."""
        try:
            got = self.sock.recv(65536)
        except OSError:
            return False
        if not got:
            return False
        data = self.data + got if self.data else got
        if self.needed == -1:
            if not data.startswith(b"HTTP/1.1 200"):
                return False
            self.needed = _length(data)
        if self.needed == -1 or (len(data) < self.needed if self.needed >= 0 else not data.endswith(_LAST_CHUNK)):
            self.data = data
            return None
        self.data, self.needed = b"", -1
        return True


def _length(data: bytes) -> int:
    """Bytes of the whole answer; -1 when its head is not complete, -2 when it is chunked."""
    head = data.find(_HEAD_END)
    if head < 0:
        return -1
    start = data.find(b"ontent-length: ", 0, head)
    if start < 0:
        start = data.find(b"ontent-Length: ", 0, head)
    if start < 0:
        return -2
    return head + 4 + int(data[start + 15 : data.index(b"\r", start)])


# open loop and streams


class _Client(asyncio.Protocol):
    """One connection that sends a request when told and says when its answer is complete."""

    def __init__(self) -> None:
        self.transport: Any = None
        self.done: asyncio.Future[bool] | None = None
        self.alive = True
        self.events = 0
        self.gap = 0.0
        self.first = 0.0
        self._last = 0.0
        self._data = b""
        self._tail = b""
        self._needed = -1

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def send(self, aim: Shot) -> "asyncio.Future[bool]":
        self.events, self.gap, self.first = 0, 0.0, 0.0
        self._data, self._tail, self._needed = b"", b"", -1
        self.done = asyncio.get_running_loop().create_future()
        self._last = time.perf_counter()
        self.transport.write(aim.request)
        return self.done

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        if self.first:
            self.gap = max(self.gap, now - self._last)
        else:
            self.first = now
        self._last = now
        if self._needed == -1:
            self._data += data
            self._needed = _length(self._data)
            if self._needed == -1:
                return
            if not self._data.startswith(b"HTTP/1.1 200"):
                self._finish(False)
                return
            data = self._data
        if self._needed >= 0:
            self._needed -= len(data)
            if self._needed <= 0:
                self._finish(True)
            return
        # Events end with an empty line; one may be cut between its two ends of line.
        seen = self._tail + data
        self.events += seen.count(b"\n\n")
        self._tail = seen[-1:] if not seen.endswith(b"\n\n") else b""
        if data.endswith(_LAST_CHUNK):
            self._finish(True)

    def connection_lost(self, exc: Exception | None) -> None:
        self.alive = False
        self._finish(False)

    def _finish(self, well: bool) -> None:
        if self.done is not None and not self.done.done():
            self.done.set_result(well)


async def _client(aim: Shot) -> _Client:
    _, client = await asyncio.get_running_loop().create_connection(_Client, aim.host, aim.port)
    return client


async def open_loop(aim: Shot, rate: float, seconds: float) -> dict[str, Any]:
    idle: list[_Client] = []
    latencies: list[float] = []
    errors = 0
    loop = asyncio.get_running_loop()
    began = time.perf_counter()

    async def one(due: float) -> None:
        nonlocal errors
        client = idle.pop() if idle else await _client(aim)
        well = await asyncio.wait_for(client.send(aim), 10)
        if well:
            latencies.append(time.perf_counter() - due)
            idle.append(client)
        else:
            errors += 1
            client.transport.close()

    tasks = []
    for index in range(int(rate * seconds)):
        due = began + index / rate
        wait = due - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        tasks.append(loop.create_task(one(due)))
    failed = [result for result in await asyncio.gather(*tasks, return_exceptions=True) if result is not None]
    took = time.perf_counter() - began
    return {
        "requests": len(latencies),
        "errors": errors + len(failed),
        "seconds": took,
        "rps": round(len(latencies) / took, 1),
    } | percentiles(latencies)


async def streams(aim: Shot, count: int, seconds: float, events: int, ramp_s: float, stall_s: float) -> dict[str, Any]:
    """`count` streams at a time; each connection begins another until the time is over. All begun are let end."""
    held = lost = stalled = seen = 0
    gaps: list[float] = []
    firsts: list[float] = []
    began = time.perf_counter()

    async def one(index: int) -> None:
        nonlocal held, lost, stalled, seen
        await asyncio.sleep(ramp_s * index / count)
        client: _Client | None = None
        while client is None or time.perf_counter() - began < seconds:
            if client is None or not client.alive:
                client = await _client(aim)
            sent = time.perf_counter()
            well = await client.send(aim)
            seen += client.events
            if not well or client.events != events:
                lost += 1
                client.alive = False
                client.transport.close()
            elif client.gap > stall_s:
                stalled += 1
            else:
                held += 1
                gaps.append(client.gap)
                firsts.append(client.first - sent)
        client.transport.close()

    results = await asyncio.gather(*(one(index) for index in range(count)), return_exceptions=True)
    lost += sum(result is not None for result in results)
    took = time.perf_counter() - began
    return {
        "held": held,
        "lost": lost,
        "stalled": stalled,
        "events": seen,
        "seconds": took,
        "gap": percentiles(gaps),
        "first": percentiles(firsts),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mode", choices=["closed", "open", "streams"])
    parser.add_argument("url")
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--header", action="append", default=[], help="'name: value'; several times")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=300.0, help="of the open loop")
    parser.add_argument("--events", type=int, default=0, help="that each stream must bring")
    parser.add_argument("--ramp", type=float, default=1.0, help="seconds over which streams begin")
    parser.add_argument("--stall", type=float, default=_STALL_S, help="seconds between two events that are too long")
    given = parser.parse_args()
    aim = shot(given.url, given.header, given.body.read_bytes())
    if given.mode == "closed":
        result = closed(aim, given.connections, given.seconds)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            work = (
                open_loop(aim, given.rate, given.seconds)
                if given.mode == "open"
                else streams(aim, given.connections, given.seconds, given.events, given.ramp, given.stall)
            )
            result = runner.run(work)
    json.dump(result | {"cpu": round(time.process_time(), 3)}, sys.stdout)


if __name__ == "__main__":
    main()
