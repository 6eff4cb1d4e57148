"""One request and its answer, as the application sees them."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from io import BytesIO
from typing import ClassVar

from quarterdeck.gateway.server.errors import BodyTooLarge, CallerLeft, UnsafeAnswer
from quarterdeck.gateway.server.head import Headers, build_head, build_upgrade
from quarterdeck.gateway.server.line import Line
from quarterdeck.gateway.server.request import CHUNKED, Head

log = logging.getLogger(__name__)

_JOIN_BELOW = 64 * 1024
_BODILESS = frozenset({204, 304})
_UNTIL_CLOSE = -2
"""How the end of an answer is told when neither chunks nor a length tell it."""


class Exchange:
    """One request and its answer: answer once, with `respond`, or with `start`, `write` and `finish`.

    Header names are in lower case, in their order; `fields` has them by name, of repeated ones the last. `path` is
    percent-decoded, `raw_path` is not. One reader at a time.
    """

    __slots__ = (
        "_bodiless",
        "_came",
        "_expects",
        "_held",
        "_keep",
        "_left",
        "_length",
        "_limit",
        "_line",
        "_old",
        "_on_gone",
        "_pieces",
        "_unwanted",
        "_waiter",
        "_whole",
        "arrived",
        "begun",
        "client",
        "fields",
        "finished",
        "gone",
        "headers",
        "method",
        "path",
        "piece",
        "query",
        "raw_path",
        "task",
    )

    scheme: ClassVar[str] = "http"

    begun: bool
    """The head of the answer has been given; there can be no other one."""
    finished: bool
    """The answer has been given whole, or was broken off."""
    gone: bool
    """The caller left before that."""
    arrived: bool
    """The request's body is here, whole."""
    task: "asyncio.Task[None]"
    """In which it is handled."""

    def __init__(self, line: Line, head: Head, client: tuple[str, int] | None, piece: bytes = b"") -> None:
        """`piece` is what was read of the connection when the request began; empty when it is large, or when more was
        in it before."""
        self.piece = piece
        self._line = line
        self.method, target, self.headers, self.fields, self._length, self._keep, self._old, self._expects = head
        self.path, self.raw_path, self.query = target
        self.client = client
        self.begun = self.finished = self.gone = self.arrived = False
        self._pieces: list[bytes] = []
        self._came = 0
        self._held = 0
        self._unwanted = False
        self._whole: BytesIO | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._on_gone: Callable[[], None] | None = None
        self._bodiless = False
        self._left = 0

    # The request's body.

    async def body(self, limit: int) -> bytes:
        """The whole body. Raises CallerLeft, and BodyTooLarge as soon as it is known to exceed `limit` bytes."""
        if self._length > limit or self._came > limit:
            raise self._too_large(limit)
        if not self.arrived:
            await self._gather(limit)
        if self.gone:
            raise CallerLeft
        whole, self._whole = self._whole, None
        if whole is not None:
            return whole.getvalue()
        pieces, self._pieces = self._pieces, []
        self._held = 0
        if len(pieces) == 1:
            return pieces[0]
        return b"".join(pieces)

    async def _gather(self, limit: int) -> None:
        """Collects until the body is whole, waking the application once: a large body comes in many pieces."""
        if self._whole is None:
            self._whole = BytesIO()
            self._whole.writelines(self._pieces)
            self._pieces = []
            self._held = 0
        self._limit = limit
        self._ask()
        while not self.arrived and not self.gone:
            await self._more()
            if self._came > limit:
                raise self._too_large(limit)

    def _too_large(self, limit: int) -> BodyTooLarge:
        self._give_up_body()
        return BodyTooLarge(f"The request's body is larger than {limit} bytes.")

    async def stream(self) -> AsyncIterator[bytes]:
        """The same piece by piece, reading no further ahead than the limits allow. Raises CallerLeft."""
        self._ask()
        while True:
            if self.gone:
                raise CallerLeft
            pieces = self._pieces
            if pieces:
                self._pieces = []
                self._held = 0
                self._line.balance()
                for piece in pieces:
                    yield piece
            elif self.arrived:
                return
            else:
                await self._more()

    def _ask(self) -> None:
        if self._expects and not self.arrived and not self.begun and not self._came:
            self._line.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._expects = False
        self._line.balance()

    async def _more(self) -> None:
        self._line.awaits()
        self._waiter = waiter = self._line.loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    # The answer.

    def respond(self, status: int, headers: Headers, body: bytes, lines: bytes = b"") -> None:
        """A whole answer; its content-length is added, unless an answer to HEAD or a 304 gives its own.

        `lines` are further headers, each written already as `name: value` with its line break.

        Raises UnsafeAnswer. Does nothing when the caller has gone.
        """
        self._begin()
        head, given, close = build_head(status, headers, lines)
        length: int | None = len(body)
        if self.method == b"HEAD" or status in _BODILESS:
            body = b""
            length = given if given is not None else length or None
            if status == 204:
                length = None
        elif given is not None and given != length:
            raise UnsafeAnswer(f"Content-length says {given} bytes, the body has {length}.")
        close = close or self._is_last()
        framing = b"" if length is None else b"content-length: %d\r\n" % length
        if close:
            framing += b"connection: close\r\n"
        elif self._old:
            framing += b"connection: keep-alive\r\n"
        self.begun = True
        if not self.gone:
            if len(body) < _JOIN_BELOW:
                self._line.send(b"".join((head, framing, b"\r\n", body)))
            else:
                self._line.send(b"".join((head, framing, b"\r\n")))
                self._line.send(body)
        self._end(close)

    def start(self, status: int, headers: Headers, lines: bytes = b"") -> None:
        """The head of an answer whose body follows in pieces: as long as the content-length in `headers` says, if
        there is one, else chunked; HTTP/1.0 learns the end from the connection's. `lines` are further headers.

        Raises UnsafeAnswer.
        """
        self._begin()
        head, given, close = build_head(status, headers, lines)
        self._bodiless = self.method == b"HEAD" or status in _BODILESS
        close = close or self._is_last()
        if given is not None and status != 204:
            self._left = given
            framing = b"content-length: %d\r\n" % given
        elif self._bodiless:
            framing = b""
        elif self._old:
            self._left = _UNTIL_CLOSE
            framing = b""
            close = True
        else:
            self._left = CHUNKED
            framing = b"transfer-encoding: chunked\r\n"
        if close:
            framing += b"connection: close\r\n"
        elif self._old:
            framing += b"connection: keep-alive\r\n"
        self._keep = not close
        self.begun = True
        if not self.gone:
            self._line.send_soon(b"".join((head, framing, b"\r\n")))

    async def write(self, chunk: bytes) -> None:
        """Some more of the body. Waits while the caller does not keep up. Raises CallerLeft, UnsafeAnswer."""
        self._check_open()
        if self.gone:
            raise CallerLeft
        if not chunk or self._bodiless:
            return
        self._line.send(self._framed(chunk))
        if self._line.full:
            await self._line.drained()
            if self.gone:
                raise CallerLeft

    def finish(self, last: bytes = b"") -> None:
        """The end of the answer, after `last`. Shorter than its content-length, it is broken off: UnsafeAnswer."""
        self._check_open()
        if not self.gone and not self._bodiless:
            data = self._framed(last) if last else b""
            if self._left == CHUNKED:
                data += b"0\r\n\r\n"
            elif self._left > 0:
                left = self._left
                self.break_off()
                raise UnsafeAnswer(f"The answer is {left} bytes shorter than its content-length.")
            if data:
                self._line.send(data)
        self._end(not self._keep)

    def upgrade(self, protocol: bytes, headers: Headers) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Answer 101 to a request that offered `protocol`; from then on the raw connection is the application's,
        to close too. Raises UnsafeAnswer, CallerLeft.

        `on_gone` is not called any more: the reader's end says it.
        """
        self._begin()
        if self.gone:
            raise CallerLeft
        head = build_upgrade(protocol, headers)
        self.begun = self.finished = True
        self._on_gone = None
        return self._line.hand_over(head)

    def break_off(self) -> None:
        """Close the connection so that the answer cannot be taken for a complete one. Does nothing once it is."""
        if not self.finished:
            reset = self.begun and not self._bodiless and self._left == _UNTIL_CLOSE
            self.begun = True
            self.finished = True
            self._on_gone = None
            self._line.cut(reset=reset)

    def _framed(self, chunk: bytes) -> bytes:
        if self._left == CHUNKED:
            return b"%x\r\n%b\r\n" % (len(chunk), chunk)
        if self._left >= 0:
            if len(chunk) > self._left:
                self.break_off()
                raise UnsafeAnswer("The answer is longer than its content-length.")
            self._left -= len(chunk)
        return chunk

    def _begin(self) -> None:
        if self.begun:
            raise UnsafeAnswer("This request has been answered already.")

    def _check_open(self) -> None:
        if not self.begun or self.finished:
            raise UnsafeAnswer("No answer is open.")

    def _is_last(self) -> bool:
        """Whether the connection cannot be kept: it is to be closed, or too much of a body is in the way."""
        if not self._keep or self._line.stopping:
            return True
        if self.arrived:
            return False
        return self._expects or self._length == CHUNKED or self._length - self._came > self._line.limits.drain

    def _end(self, close: bool) -> None:
        self.finished = True
        self._on_gone = None
        if not self.gone:
            if not self.arrived:
                self._give_up_body()
            self._line.answered(self, close=close)

    # What follows is for the connection.

    @property
    def on_gone(self) -> Callable[[], None] | None:
        """Called at once when the caller hangs up before the answer is finished; and when set after that."""
        return self._on_gone

    @on_gone.setter
    def on_gone(self, callback: Callable[[], None] | None) -> None:
        self._on_gone = callback
        if self.gone and not self.finished:
            self._tell()

    def take(self, data: bytes) -> None:
        """Some of the body."""
        self._came += len(data)
        if self._unwanted:
            return
        if self._whole is not None:
            self._whole.write(data)
            if self._came > self._limit:
                self._wake()
            return
        self._pieces.append(data)
        self._held += len(data)
        self._wake()

    @property
    def unread(self) -> int:
        """Bytes of the body that the application has not fetched."""
        return self._held

    @property
    def awaited(self) -> bool:
        """Whether the application, or the next request's turn, waits for more of the body."""
        return not self.arrived and (self._waiter is not None or self.finished)

    def complete(self) -> None:
        """The body is whole."""
        self.arrived = True
        self._wake()

    def leave(self) -> None:
        """The caller has gone."""
        if not self.gone:
            self.gone = True
            self._give_up_body()
            self._wake()
            if not self.finished:
                self._tell()

    def _tell(self) -> None:
        callback, self._on_gone = self._on_gone, None
        if callback is not None:
            try:
                callback()
            except Exception:
                log.exception("on_gone_failed path=%s", self.raw_path.decode("latin-1"))

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _give_up_body(self) -> None:
        """Nobody will read it."""
        self._unwanted = True
        self._pieces = []
        self._whole = None
        self._held = 0
