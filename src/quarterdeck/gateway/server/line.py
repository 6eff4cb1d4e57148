"""What an exchange asks of the connection it came in on."""

import asyncio
from typing import TYPE_CHECKING, Protocol

from quarterdeck.gateway.server.limits import Limits

if TYPE_CHECKING:
    from quarterdeck.gateway.server.exchange import Exchange


class Line(Protocol):
    """The connection, as its exchanges see it."""

    loop: asyncio.AbstractEventLoop
    limits: Limits
    stopping: bool
    full: bool
    """More is unwritten than the limits allow."""

    def send(self, data: bytes) -> None: ...

    def send_soon(self, data: bytes) -> None:
        """With whatever is sent next, or at the end of this iteration of the loop."""

    async def drained(self) -> None:
        """Returns once little enough is unwritten."""

    def balance(self) -> None:
        """Read from the caller or not, by what is held for the application."""

    def awaits(self) -> None:
        """More of the body is wanted, within the time a caller may stall."""

    def answered(self, exchange: "Exchange", *, close: bool) -> None: ...

    def hand_over(self, last: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Write `last`, then let go of the connection, which is somebody else's from then on."""

    def cut(self, *, reset: bool) -> None:
        """Close without a clean end; with `reset` so that not even the connection's end is one."""
