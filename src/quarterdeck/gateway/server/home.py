"""What a connection asks of the server it belongs to."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, Protocol

from quarterdeck.gateway.server.exchange import Exchange
from quarterdeck.gateway.server.limits import Limits

if TYPE_CHECKING:
    from quarterdeck.gateway.server.connection import Connection

Handle = Callable[[Exchange], Coroutine[Any, Any, None]]
"""The application: answers one exchange."""


class Known(Protocol):
    """Requests that can be answered without being read."""

    biggest: int
    """Bytes of a request: none that is larger is known."""

    def __len__(self) -> int: ...

    def answer(self, request: bytes) -> bytes | None:
        """The whole answer, after which the connection lives on; None: the request has to be read."""

    def begins(self, piece: bytes) -> bool:
        """Whether this is the head of one, so that more may be answered once its body is here."""


class Home(Protocol):
    loop: asyncio.AbstractEventLoop
    limits: Limits
    handle: Handle
    known: Known | None
    stopping: bool
    open: set[Exchange]
    """Those that are being handled. It keeps their tasks, which the event loop alone would forget."""

    def opened(self, connection: "Connection") -> bool:
        """False when there are too many."""

    def closed(self, connection: "Connection") -> None: ...
