"""One timer for all that a connection waits for: moved only when it would fire too late, for most of it never does."""

import asyncio
import math
from collections.abc import Callable

Look = Callable[[], tuple[float, Callable[[], None]]]
"""Until when to wait now, on the loop's clock (infinity: for nothing), and what to do then."""


class Alarm:
    """Of one connection."""

    __slots__ = ("_due_at", "_look", "_loop", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Look) -> None:
        self._loop = loop
        self._look: Look | None = look
        self._timer: asyncio.TimerHandle | None = None
        self._due_at = math.inf

    def at(self, when: float) -> None:
        """Look at `when`, or earlier."""
        if when >= self._due_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._due_at = when
        self._timer = self._loop.call_at(when, self._tick)

    def stop(self) -> None:
        """Nothing is waited for any more, ever; whose it was is let go of."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._look, self._due_at = None, -math.inf

    def _tick(self) -> None:
        self._timer, self._due_at = None, math.inf
        if self._look is None:
            return
        when, give_up = self._look()
        if when <= self._loop.time():
            give_up()
        elif when < math.inf:
            self.at(when)
