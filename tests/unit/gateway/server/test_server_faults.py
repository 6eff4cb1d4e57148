"""What goes wrong on our side, and how the server ends."""

import asyncio
import gc
import socket
import weakref

import pytest
from server_callers import Serving, Start, echo, request, until

from quarterdeck.gateway.server import CallerLeft, Exchange, Limits, Server


async def test_a_failure_before_the_answer_is_500(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(exchange: Exchange) -> None:
        raise RuntimeError("oh no")

    caller = await (await start(fail)).call()
    for _ in range(2):
        status, headers, body = await caller.ask(request(b"hello"))
        assert (status, headers[b"content-type"]) == (500, b"application/json")
        assert b"oh no" not in body
    assert [record.message for record in caplog.records] == ["request_failed method=POST path=/"] * 2
    assert "oh no" in caplog.text


async def test_a_caller_that_is_said_to_have_left_and_has_not_is_answered(start: Start) -> None:
    async def mistake(exchange: Exchange) -> None:
        raise CallerLeft

    assert (await (await (await start(mistake)).call()).ask(request()))[0] == 500


async def test_a_path_cannot_forge_lines_of_the_log(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(exchange: Exchange) -> None:
        raise RuntimeError("oh no")

    await (await (await start(fail)).call()).ask(request(target=b"/a%0d%0aerror:%20b"))
    assert caplog.records[0].message == "request_failed method=POST path=/a%0d%0aerror:%20b"


async def test_a_failure_within_the_answer_breaks_it_off(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.write(b"half of the tr")
        raise RuntimeError("oh no")

    caller = await (await start(fail)).call()
    caller.send(request())
    with pytest.raises((EOFError, ConnectionError)):
        await caller.answer()
    assert "oh no" in caplog.text


async def test_a_failure_after_the_answer_harms_nobody(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(exchange: Exchange) -> None:
        exchange.respond(200, [], b"fine")
        raise RuntimeError("oh no")

    caller = await (await start(fail)).call()
    for _ in range(3):
        assert (await caller.ask(request()))[2] == b"fine"
    assert "oh no" in caplog.text


async def test_an_application_that_does_not_answer_is_500(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    async def forget(exchange: Exchange) -> None:
        pass

    caller = await (await start(forget)).call()
    assert (await caller.ask(request()))[0] == 500
    assert [record.message for record in caplog.records] == ["request_unanswered method=POST path=/"]


async def test_an_application_that_does_not_finish_has_its_answer_broken_off(
    start: Start, caplog: pytest.LogCaptureFixture
) -> None:
    async def forget(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.write(b"half of the tr")

    caller = await (await start(forget)).call()
    caller.send(request())
    with pytest.raises((EOFError, ConnectionError)):
        await caller.answer()
    assert "request_unanswered" in caplog.text


@pytest.mark.parametrize("lines", [b"", b"connection: close\r\n"])
@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
async def test_an_answer_broken_off_cannot_be_taken_for_a_complete_one(
    start: Start, version: bytes, lines: bytes
) -> None:
    async def half(exchange: Exchange) -> None:
        exchange.start(200, [])
        await exchange.write(b"half of the tr")
        await asyncio.sleep(0.01)
        exchange.break_off()

    caller = await (await start(half)).call()
    caller.send(b"GET / HTTP/%b\r\nhost: x\r\n%b\r\n" % (version, lines))
    with pytest.raises((EOFError, ConnectionError)):
        await caller.answer()


async def test_a_cancelled_request_breaks_its_answer_off(start: Start) -> None:
    async def cancel(exchange: Exchange) -> None:
        exchange.task.cancel()
        await asyncio.sleep(1)

    caller = await (await start(cancel)).call()
    caller.send(request())
    assert await caller.is_closed()


async def stopped(serving: Serving) -> None:
    serving.server.stop()
    async with asyncio.timeout(20):
        await serving.running


async def test_stopping_closes_what_rests_and_takes_no_new_callers(start: Start) -> None:
    serving = await start(echo)
    resting, fresh = await serving.call(), await serving.call()
    await resting.ask(request(b"one"))
    await stopped(serving)
    assert await resting.is_closed()
    assert await fresh.is_closed()
    with pytest.raises(OSError):
        await serving.call()


async def test_stopping_lets_open_exchanges_end_and_closes_after_them(start: Start) -> None:
    go_on = asyncio.Event()

    async def slow(exchange: Exchange) -> None:
        await go_on.wait()
        exchange.respond(200, [], b"whole")

    serving = await start(slow, Limits(grace_s=20))
    caller = await serving.call()
    caller.send(request() + request())
    await until(lambda: serving.server.open)
    asyncio.get_running_loop().call_later(0.1, go_on.set)
    await stopped(serving)
    status, headers, body = await caller.answer()
    assert (status, headers[b"connection"], body) == (200, b"close", b"whole")
    assert await caller.is_closed()


async def test_stopping_lets_a_stream_that_began_before_end(start: Start) -> None:
    async def slow(exchange: Exchange) -> None:
        exchange.start(200, [])
        for _ in range(5):
            await exchange.write(b"x" * 1_000_000)
            await asyncio.sleep(0.01)
        exchange.finish(b"end")

    serving = await start(slow, Limits(grace_s=20))
    caller = await serving.call()
    caller.send(request())
    await until(lambda: serving.server.open)
    answer = asyncio.create_task(caller.answer())
    await stopped(serving)
    assert (await answer)[2][-3:] == b"end"


async def test_stopping_cancels_what_does_not_end_in_time_and_waits_for_its_last_words(start: Start) -> None:
    last: list[str] = []

    async def endless(exchange: Exchange) -> None:
        exchange.start(200, [])
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            last.append("written down")

    serving = await start(endless, Limits(grace_s=0.1))
    caller = await serving.call()
    caller.send(request())
    await until(lambda: serving.server.open)
    await stopped(serving)
    assert last == ["written down"]
    with pytest.raises((EOFError, ConnectionError)):
        await caller.answer()


async def test_stopping_waits_for_work_that_outlives_its_answer(start: Start) -> None:
    last: list[str] = []

    async def settle(exchange: Exchange) -> None:
        exchange.respond(200, [], b"fine")
        await asyncio.sleep(0.05)
        last.append("written down")

    serving = await start(settle, Limits(grace_s=20))
    await (await serving.call()).ask(request())
    await stopped(serving)
    assert last == ["written down"]


async def test_a_cancelled_server_hangs_up_on_everybody(start: Start) -> None:
    serving = await start(echo)
    caller = await serving.call()
    await caller.ask(request(b"one"))
    serving.running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await serving.running
    assert await caller.is_closed()
    serving.running = asyncio.create_task(asyncio.sleep(0))


async def test_callers_over_a_unix_socket_have_no_address(tmp_path_factory: pytest.TempPathFactory) -> None:
    seen: list[object] = []

    async def look(exchange: Exchange) -> None:
        seen.append(exchange.client)
        exchange.respond(204, [], b"")

    path = tmp_path_factory.mktemp("s") / "s"
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen()
    server = Server(look)
    running = asyncio.create_task(server.serve(sock))
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(request())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
    writer.close()
    server.stop()
    await running
    assert seen == [None]


async def test_nothing_of_a_connection_outlives_it(start: Start) -> None:
    alive: list[weakref.ref[object]] = []

    async def note(exchange: Exchange) -> None:
        exchange.on_gone = lambda: None
        alive.append(weakref.ref(exchange.task))
        exchange.respond(200, [], await exchange.body(100))

    serving = await start(note)
    for _ in range(5):
        caller = await serving.call()
        await caller.ask(request(b"one"))
        caller.leave()
    async with asyncio.timeout(20):
        while serving.server.connections:
            await asyncio.sleep(0.005)
    await asyncio.sleep(0.01)
    # Without the collector's help: cycles would make it run on the model path.
    gc.disable()
    try:
        assert [each() for each in alive] == [None] * 5
    finally:
        gc.enable()
