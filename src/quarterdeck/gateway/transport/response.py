"""An answer as it comes in. The connection pushes, the caller pulls; what lies between is bounded."""

import asyncio
from typing import Protocol

from quarterdeck.gateway.transport.errors import BodyTooLarge, UpstreamError
from quarterdeck.gateway.transport.messages import Headers

HIGH_WATER = 64 * 1024
"""Bytes held for a caller who does not fetch them, above which we stop reading from the upstream."""

_CHUNK_COST = 48
"""What a piece costs beside its bytes, so that many tiny ones count too."""


class Source(Protocol):
    """What an answer asks of the connection it comes from."""

    def resume(self) -> None: ...

    def abandon(self) -> None: ...


class Response:
    """Head and body of one answer. Read it to its end, or abort it: until then it occupies a connection.

    `headers` are as received, in their order, names in lower case. `trailers` are complete once the body is.
    One reader at a time.
    """

    __slots__ = (
        "_broken",
        "_chunks",
        "_ended",
        "_held",
        "_loop",
        "_source",
        "_waiter",
        "fields",
        "headers",
        "reason",
        "reused",
        "status",
        "trailers",
        "upgraded",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, source: Source, *, reused: bool) -> None:
        self._loop = loop
        self._source: Source | None = source
        self._chunks: list[bytes] = []
        self._held = 0
        self._waiter: asyncio.Future[None] | None = None
        self._broken: BaseException | None = None
        self._ended = False
        self.status = 0
        self.reason = b""
        self.headers: Headers = []
        self.fields: dict[bytes, bytes] = {}
        """The headers by name; of repeated ones the first."""
        self.trailers: Headers = []
        self.reused = reused
        """Whether a kept-alive connection carried it."""
        self.upgraded: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        """After a 101 that was asked for: the raw connection, now the caller's to close."""

    async def chunk(self) -> bytes | None:
        """The next bytes of the body, all that have arrived; None at its clean end.

        Raises UpstreamError when the body cannot be completed, after all that did arrive has been handed out.
        """
        while not self._chunks:
            if self._broken is not None:
                raise self._broken
            if self._ended:
                return None
            self._waiter = waiter = self._loop.create_future()
            try:
                await waiter
            finally:
                self._waiter = None
        return self._take()

    async def read(self, limit: int) -> bytes:
        """The rest of the body in one piece of at most `limit` bytes.

        Raises BodyTooLarge (and aborts) when it is longer, or what :meth:`chunk` raises.
        """
        if self._ended and len(self._chunks) == 1 and self._held <= limit:
            return self._take()
        told = self.fields.get(b"content-length")
        if told is not None and int(told) > limit and not self._ended:
            raise self._too_large(limit)
        parts: list[bytes] = []
        size = 0
        while True:
            part = await self.chunk()
            if part is None:
                return parts[0] if len(parts) == 1 else b"".join(parts)
            size += len(part)
            if size > limit:
                raise self._too_large(limit)
            parts.append(part)

    def abort(self) -> None:
        """Hang up on the upstream, now. Does nothing once the message has arrived whole."""
        source, self._source = self._source, None
        if source is not None:
            source.abandon()
            self.break_off(UpstreamError("The answer was aborted.", sent=True))

    def _too_large(self, limit: int) -> BodyTooLarge:
        self.abort()
        return BodyTooLarge(f"The answer is larger than {limit} bytes.", sent=True)

    def _take(self) -> bytes:
        chunks, self._chunks = self._chunks, []
        if self._held > HIGH_WATER and self._source is not None:
            self._source.resume()
        self._held = 0
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    # What follows is for the connection.

    def push(self, data: bytes) -> bool:
        """Takes some of the body; True when the caller has enough to read for now."""
        self._chunks.append(data)
        self._held += len(data) + _CHUNK_COST
        self._wake()
        return self._held > HIGH_WATER

    def end(self) -> None:
        """The message is whole; the connection is no longer ours."""
        self._ended = True
        self._source = None
        self._wake()

    def break_off(self, error: BaseException) -> None:
        """The message will never be whole."""
        self._source = None
        if self._broken is None and not self._ended:
            self._broken = error
            self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
