"""A reply as a value, and the bytes it becomes. Faults change the value; only the server touches a socket."""

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Literal

import brotli


class Ending(Enum):
    """What happens to the connection after the last part."""

    DONE = "done"
    """The transfer ends as HTTP says; the connection lives on."""
    FIN = "fin"
    RESET = "reset"
    HANG = "hang"
    """Nothing more, until the client leaves."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent to one request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    parts: tuple[bytes, ...]
    """The body; parts of a stream are sent apart."""
    chunked: bool = False
    head: bool = True
    """Whether there is any reply at all; without one only `ending` counts."""
    ending: Ending = Ending.DONE
    length_off_by: int = 0
    """What the content-length says beyond the truth."""
    split: int | None = None
    """Cut the body into parts of this size."""
    every_ms: float | None = None
    """The wait between parts, instead of the script's."""
    pause: tuple[int, float] | None = None
    """One more wait: before the headers (0), the first part (1), the second (2) …; in milliseconds."""
    tail: bytes = b""
    """Sent after the body as it is, framed by nothing."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A reply as bytes: `sends[0]` is the head, every further one a framed part."""

    sends: tuple[bytes, ...]
    joined: bytes
    ending: Ending
    every_ms: float | None
    pause: tuple[int, float] | None


def json_reply(status: int, body: bytes, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    return Reply(status, (("content-type", "application/json"), *headers), (body,))


def encoded(reply: Reply, encoding: Literal["identity", "gzip", "br"]) -> Reply:
    """The reply with its body compressed; a stream stays readable event by event."""
    if encoding == "identity" or not reply.parts:
        return reply
    parts = tuple(_compress(reply.parts, encoding))
    return Reply(
        reply.status,
        (*reply.headers, ("content-encoding", encoding)),
        parts,
        reply.chunked,
        reply.head,
        reply.ending,
        reply.length_off_by,
        reply.split,
        reply.every_ms,
        reply.pause,
        reply.tail,
    )


def _compress(parts: tuple[bytes, ...], encoding: str) -> Iterator[bytes]:
    if len(parts) == 1:
        yield gzip.compress(parts[0], mtime=0) if encoding == "gzip" else brotli.compress(parts[0], quality=4)
        return
    last = len(parts) - 1
    if encoding == "gzip":
        deflate = zlib.compressobj(wbits=31)
        for index, part in enumerate(parts):
            yield deflate.compress(part) + deflate.flush(zlib.Z_FINISH if index == last else zlib.Z_SYNC_FLUSH)
        return
    squeeze = brotli.Compressor(quality=4)
    for index, part in enumerate(parts):
        yield squeeze.process(part) + (squeeze.finish() if index == last else squeeze.flush())


def wire_of(reply: Reply) -> Wire:
    """Frame a reply for HTTP/1.1."""
    if not reply.head:
        return Wire((), b"", reply.ending, None, reply.pause)
    parts = reply.parts
    if reply.split is not None:
        body = b"".join(parts)
        parts = tuple(body[start : start + reply.split] for start in range(0, len(body), reply.split))
    lines = [f"HTTP/1.1 {reply.status} {_phrase(reply.status)}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.chunked:
        lines.append("transfer-encoding: chunked")
        parts = tuple(b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part)
        if reply.ending is Ending.DONE:
            parts = (*parts[:-1], (parts[-1] if parts else b"") + b"0\r\n\r\n")
    else:
        lines.append(f"content-length: {sum(map(len, reply.parts)) + reply.length_off_by}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    sends = (head, *parts, reply.tail) if reply.tail else (head, *parts)
    return Wire(sends, b"".join(sends), reply.ending, reply.every_ms, reply.pause)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
