"""A caller hangs up: the application hears of it at once, whatever it is doing."""

import asyncio
import socket
import struct
import time

import pytest
from server_callers import Caller, Serving, Start, echo, request, until

from quarterdeck.gateway.server import CallerLeft, Exchange, Limits


class Witness:
    """An application that stops at a given point and notes when it hears that the caller left."""

    def __init__(self, at: str) -> None:
        self.at = at
        self.reached = asyncio.Event()
        self.told = asyncio.Event()
        self.raised = asyncio.Event()

    async def __call__(self, exchange: Exchange) -> None:
        exchange.on_gone = self.told.set
        try:
            await getattr(self, self.at)(exchange)
        except CallerLeft:
            self.raised.set()
            raise

    async def body(self, exchange: Exchange) -> None:
        self.reached.set()
        await exchange.body(2**26)

    async def stream(self, exchange: Exchange) -> None:
        self.reached.set()
        async for _ in exchange.stream():
            pass

    async def thinking(self, exchange: Exchange) -> None:
        await exchange.body(2**26)
        self.reached.set()
        await self.told.wait()
        exchange.respond(200, [], b"nobody hears this")
        raise CallerLeft

    async def begun(self, exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.write(b"one")
        self.reached.set()
        await self.told.wait()
        await exchange.write(b"two")

    async def flooding(self, exchange: Exchange) -> None:
        exchange.start(200, [])
        for number in range(10_000):
            await exchange.write(b"x" * 10_000)
            if number == 20:
                self.reached.set()


def leave_politely(caller: Caller) -> None:
    caller.leave()


def leave_rudely(caller: Caller) -> None:
    sock = caller.writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    caller.hang_up()


def only_shut_down(caller: Caller) -> None:
    caller.writer.write_eof()


@pytest.mark.parametrize("leave", [leave_politely, leave_rudely, only_shut_down])
@pytest.mark.parametrize("at", ["body", "stream", "thinking", "begun", "flooding"])
async def test_the_application_hears_at_once_that_its_caller_left(start: Start, at: str, leave: object) -> None:
    witness = Witness(at)
    serving = await start(witness)
    caller = await serving.call()
    caller.send(request(b"hello") if at not in {"body", "stream"} else request(b"hello")[:-1])
    async with asyncio.timeout(20):
        await witness.reached.wait()
    if at == "flooding" and leave is leave_rudely:
        caller.reader._transport.pause_reading()  # type: ignore[attr-defined]
    leave(caller)  # type: ignore[operator]
    turns = 0
    while not (witness.told.is_set() and witness.raised.is_set()):
        # Fifty of these are 50 ms, and more where the machine has other work.
        await asyncio.sleep(0.001)
        turns += 1
        assert turns < (50 if at != "flooding" else 1000)
    await settled(serving)


async def settled(serving: Serving) -> None:
    async with asyncio.timeout(20):
        while serving.server.open or serving.server.connections:
            await asyncio.sleep(0.005)


async def test_a_caller_that_left_before_its_turn_is_not_served(start: Start) -> None:
    served: list[bytes] = []
    witness = Witness("thinking")

    async def note(exchange: Exchange) -> None:
        served.append(exchange.raw_path)
        await witness(exchange)

    serving = await start(note)
    caller = await serving.call()
    caller.send(request(target=b"/1"))
    async with asyncio.timeout(20):
        await witness.reached.wait()
    caller.send(request(target=b"/2"))
    await asyncio.sleep(0.02)
    leave_politely(caller)
    # With a request waiting, nothing is read; that the caller left is seen once its answer meets a closed socket.
    (exchange,) = serving.server.open
    exchange.task.cancel()
    await settled(serving)
    assert served == [b"/1"]


async def test_who_asks_late_is_told_too(start: Start) -> None:
    told: list[str] = []
    go_on = asyncio.Event()

    async def late(exchange: Exchange) -> None:
        await go_on.wait()
        assert exchange.gone
        exchange.on_gone = lambda: told.append("gone")
        assert told == ["gone"]

    serving = await start(late)
    caller = await serving.call()
    caller.send(request())
    await until(lambda: serving.server.open)
    (exchange,) = serving.server.open
    leave_politely(caller)
    await until(lambda: exchange.gone)
    go_on.set()
    await settled(serving)
    assert told == ["gone"]


async def test_a_caller_that_leaves_after_its_answer_has_not_left(start: Start) -> None:
    told: list[str] = []
    finished = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        exchange.on_gone = lambda: told.append("gone")
        exchange.respond(200, [], b"done")
        await asyncio.sleep(0.05)
        finished.set()
        assert not exchange.gone

    serving = await start(answer)
    caller = await serving.call()
    await caller.ask(request())
    leave_politely(caller)
    await finished.wait()
    await settled(serving)
    assert told == []


async def test_what_goes_wrong_in_being_told_harms_nobody_else(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise RuntimeError("told")

    async def thinking(exchange: Exchange) -> None:
        exchange.on_gone = fail
        await until(lambda: exchange.gone)

    serving = await start(thinking)
    caller = await serving.call()
    caller.send(request())
    await until(lambda: serving.server.open)
    leave_politely(caller)
    await settled(serving)
    assert [record.message for record in caplog.records] == ["on_gone_failed path=/"]


async def test_being_told_may_cancel_the_work(start: Start) -> None:
    ended: list[str] = []

    async def work(exchange: Exchange) -> None:
        exchange.on_gone = exchange.task.cancel
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            exchange.task.uncancel()

    serving = await start(work)
    caller = await serving.call()
    caller.send(request())
    await until(lambda: serving.server.open)
    leave_politely(caller)
    await settled(serving)
    assert ended == ["cancelled"]


@pytest.mark.parametrize("length", [0, 1, 1_000_000])
async def test_a_caller_that_left_without_our_noticing_yet_is_no_error(
    start: Start, caplog: pytest.LogCaptureFixture, length: int
) -> None:
    async def answer(exchange: Exchange) -> None:
        reset(sock)
        exchange.respond(200, [], b"x" * 1_000_000)

    errors: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: errors.append(context))
    serving = await start(answer)
    sock = socket.create_connection(("127.0.0.1", serving.port))
    sock.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % length)
    async with asyncio.timeout(20):
        while sock.fileno() >= 0:
            await asyncio.sleep(0.005)
    await settled(serving)
    assert errors == []
    assert caplog.records == []


async def test_a_caller_that_left_just_before_its_time_ran_out_is_no_error(start: Start) -> None:
    async def deny(exchange: Exchange) -> None:
        exchange.respond(401, [], b"no")

    loop = asyncio.get_running_loop()
    errors: list[object] = []
    loop.set_exception_handler(lambda loop, context: errors.append(context))
    serving = await start(deny, Limits(stall_s=0.1))
    sock = socket.create_connection(("127.0.0.1", serving.port))
    sock.setblocking(False)
    sock.send(request(b"hello")[:-1])
    await loop.sock_recv(sock, 1000)
    # While the loop is held up, both the reset and the end of our patience fall due: it then sees to them in one go.
    loop.call_later(0.05, time.sleep, 0.1)
    loop.call_later(0.06, reset, sock)
    await settled(serving)
    assert errors == []


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


async def test_others_are_served_on_when_one_leaves(start: Start) -> None:
    serving = await start(echo)
    one, two = await serving.call(), await serving.call()
    one.send(request(b"hello")[:-1])
    await asyncio.sleep(0.01)
    leave_rudely(one)
    assert (await two.ask(request(b"hello")))[2] == b"hello"
