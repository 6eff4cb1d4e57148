"""What a fault does to a reply: one pure function each.

Faults of streams (malformed_sse, error_event, no_end) leave an answer that is no stream alone, and malformed_json
leaves streams alone: the same script can then be played to both kinds of request.
"""

import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from email.utils import formatdate
from functools import lru_cache, singledispatch

from quarterdeck.sandbox.asks import Dialect
from quarterdeck.sandbox.replies import Ending, Reply, json_reply
from quarterdeck.sandbox.scripts import (
    BadChunk,
    Cut,
    Drip,
    Empty,
    ErrorBody,
    ErrorEvent,
    Fault,
    GzipBomb,
    Hang,
    LongLine,
    MalformedJson,
    MalformedSse,
    NoEnd,
    Reset,
    Status,
    WrongLength,
)

_PARTS_OF_A_WHOLE = 4  # an answer that is no stream is cut into so many, so that `after` means something for it too
_GARBAGE = {
    "json": b'data: {"id":"broken","choices":[{"delta":{"content":"no end\n\n',
    "framing": b"<html><body>502 Bad Gateway</body></html>\n\n",
    "binary": b"data: \xff\xfe\x00\x80\n\n",
}


@singledispatch
def apply(fault: object, reply: Reply, dialect: Dialect) -> Reply:
    """The reply as the fault leaves it."""
    raise TypeError(f"{fault!r} is no fault")


@apply.register
def _(fault: Status, reply: Reply, dialect: Dialect) -> Reply:
    headers = [header for header in reply.headers if header[0] != "content-type"]
    if fault.retry_after_s is not None:
        headers.append(("retry-after", f"{fault.retry_after_s:g}"))
    if fault.retry_after_date_s is not None:
        headers.append(("retry-after", formatdate(time.time() + fault.retry_after_date_s, usegmt=True)))
    if fault.retry_after_ms is not None:
        headers.append(("retry-after-ms", f"{fault.retry_after_ms:g}"))
    return json_reply(fault.status, dialect.error(fault.status, fault.code, fault.message), tuple(headers))


@apply.register
def _(fault: ErrorBody, reply: Reply, dialect: Dialect) -> Reply:
    headers = tuple(header for header in reply.headers if header[0] != "content-type")
    return json_reply(200, dialect.error(fault.status, fault.code, fault.message), headers)


@apply.register
def _(fault: Hang, reply: Reply, dialect: Dialect) -> Reply:
    if fault.for_ms is None:
        return _stop(reply, fault.after, Ending.HANG)
    cut = _in_parts(reply) if fault.after is not None else reply
    return replace(cut, pause=(0 if fault.after is None else fault.after + 1, fault.for_ms))


@apply.register
def _(fault: Cut, reply: Reply, dialect: Dialect) -> Reply:
    return _stop(reply, fault.after, Ending.FIN)


@apply.register
def _(fault: Reset, reply: Reply, dialect: Dialect) -> Reply:
    return _stop(reply, fault.after, Ending.RESET)


@apply.register
def _(fault: Drip, reply: Reply, dialect: Dialect) -> Reply:
    return replace(reply, split=fault.size, every_ms=fault.every_ms)


@apply.register
def _(fault: MalformedSse, reply: Reply, dialect: Dialect) -> Reply:
    return _events(reply, lambda events: (*events[: fault.after], _GARBAGE[fault.form]))


@apply.register
def _(fault: MalformedJson, reply: Reply, dialect: Dialect) -> Reply:
    if reply.chunked:
        return reply
    body = b"".join(reply.parts)
    return replace(reply, parts=(body[: len(body) // 2],))


@apply.register
def _(fault: ErrorEvent, reply: Reply, dialect: Dialect) -> Reply:
    event = dialect.error_event(fault.status, fault.code, fault.message)
    return _events(reply, lambda events: (*events[: fault.after], event))


@apply.register
def _(fault: Empty, reply: Reply, dialect: Dialect) -> Reply:
    return replace(reply, parts=())


@apply.register
def _(fault: WrongLength, reply: Reply, dialect: Dialect) -> Reply:
    return replace(reply, chunked=False, length_off_by=fault.by, ending=Ending.FIN)


@apply.register
def _(fault: NoEnd, reply: Reply, dialect: Dialect) -> Reply:
    return _events(reply, lambda events: tuple(event for event in events if not dialect.is_end(event)))


@apply.register
def _(fault: BadChunk, reply: Reply, dialect: Dialect) -> Reply:
    cut = _in_parts(reply)
    return replace(cut, chunked=True, parts=cut.parts[: fault.after], ending=Ending.FIN, tail=b"zz\r\nno chunk\r\n")


@apply.register
def _(fault: GzipBomb, reply: Reply, dialect: Dialect) -> Reply:
    headers = (*reply.headers, ("content-encoding", "gzip"))
    return replace(reply, headers=headers, parts=(_bomb(fault.megabytes),), chunked=False)


@apply.register
def _(fault: LongLine, reply: Reply, dialect: Dialect) -> Reply:
    line = b"data: " + b"x" * (fault.megabytes << 20)
    return _events(reply, lambda events: (*events[: fault.after], line))


@lru_cache(2)
def _bomb(megabytes: int) -> bytes:
    deflate = zlib.compressobj(9, wbits=31)
    nothing = bytes(1 << 20)
    return b"".join(deflate.compress(nothing) for _ in range(megabytes)) + deflate.flush()


def stateless(fault: Fault) -> bool:
    """Whether the faulted reply is the same bytes each time: a date is not."""
    return not (isinstance(fault, Status) and fault.retry_after_date_s is not None)


def _events(reply: Reply, change: Callable[[tuple[bytes, ...]], tuple[bytes, ...]]) -> Reply:
    return replace(reply, parts=change(reply.parts)) if reply.chunked else reply


def _in_parts(reply: Reply) -> Reply:
    if reply.chunked:
        return reply
    body = b"".join(reply.parts)
    size = max(1, -(-len(body) // _PARTS_OF_A_WHOLE))
    return replace(reply, parts=tuple(body[start : start + size] for start in range(0, len(body), size)))


def _stop(reply: Reply, after: int | None, ending: Ending) -> Reply:
    """The reply ends early. A content-length still says what the whole answer would have had."""
    if after is None:
        return replace(reply, head=False, ending=ending)
    reply = _in_parts(reply)
    missing = 0 if reply.chunked else sum(map(len, reply.parts[after:]))
    return replace(reply, parts=reply.parts[:after], ending=ending, length_off_by=missing)
