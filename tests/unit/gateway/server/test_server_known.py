"""Requests that are known are answered as they come in; their head is held for as long as its body may follow soon."""

from server_callers import Serving, Start, echo, request, until

from quarterdeck.gateway.server import Limits

WHOLE = request(b"ports")
HEAD = WHOLE[: -len(b"ports")]
ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nknown"


class OneRequest:
    """Knows one, and counts how often its head came alone."""

    biggest = 1_000

    def __init__(self) -> None:
        self.begun = 0

    def __len__(self) -> int:
        return 1

    def answer(self, request: bytes) -> bytes | None:
        return ANSWER if request == WHOLE else None

    def begins(self, piece: bytes) -> bool:
        self.begun += piece == HEAD
        return piece == HEAD


async def _started(start: Start, limits: Limits) -> tuple[Serving, OneRequest]:
    serving, known = await start(echo, limits), OneRequest()
    serving.server.known = known
    return serving, known


async def test_a_known_request_is_answered_whole_or_in_two_pieces(start: Start) -> None:
    serving, known = await _started(start, Limits(hold_s=30, grace_s=0.2))
    caller = await serving.call()
    assert (await caller.ask(WHOLE))[2] == b"known"
    caller.send(HEAD)
    await until(lambda: known.begun == 1)
    assert (await caller.ask(b"ports"))[2] == b"known"
    assert (await caller.ask(request(b"forts")))[2] == b"forts"


async def test_a_head_that_was_held_is_read_with_whatever_follows(start: Start) -> None:
    serving, known = await _started(start, Limits(hold_s=30, grace_s=0.2))
    caller = await serving.call()
    caller.send(HEAD)
    await until(lambda: known.begun == 1)
    assert (await caller.ask(b"forts"))[2] == b"forts"
    caller.send(HEAD)
    await until(lambda: known.begun == 2)
    caller.send(b"fo")
    assert (await caller.ask(b"rts" + WHOLE))[2] == b"forts"
    assert (await caller.answer())[2] == b"ports"


async def test_a_body_that_does_not_follow_in_time_is_waited_for_as_any_other(start: Start) -> None:
    serving, known = await _started(start, Limits(hold_s=0.01, grace_s=0.2))
    caller = await serving.call()
    caller.send(HEAD)
    await until(lambda: serving.server.open)
    assert (await caller.ask(b"ports"))[2] == b"ports"
    assert known.begun == 1


async def test_a_server_that_stops_answers_the_request_whose_head_it_holds(start: Start) -> None:
    serving, known = await _started(start, Limits(hold_s=30, grace_s=20))
    caller = await serving.call()
    caller.send(HEAD)
    await until(lambda: known.begun == 1)
    serving.server.stop()
    await until(lambda: serving.server.open)
    status, headers, body = await caller.ask(b"ports")
    assert (status, headers[b"connection"], body) == (200, b"close", b"ports")


async def test_a_caller_that_leaves_behind_a_head_leaves_nothing(start: Start) -> None:
    serving, known = await _started(start, Limits(hold_s=30, grace_s=0.2))
    caller = await serving.call()
    caller.send(HEAD)
    await until(lambda: known.begun == 1)
    caller.hang_up()
    await until(lambda: not serving.server.connections)
