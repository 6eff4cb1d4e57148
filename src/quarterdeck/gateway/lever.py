"""Ends a call from outside: the caller hung up, or somebody pulled the stop lever."""

import asyncio
from typing import Any


class Lever:
    """Made by the task that serves a call; `pull` cancels that task, once, unless the call is over.

    Whoever catches the CancelledError asks `pulled`: only then was it ours, and `understood` takes it back.
    """

    __slots__ = ("_over", "_task", "pulled")

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._over = False
        self.pulled = False

    def pull(self) -> None:
        if not self._over and not self.pulled:
            self.pulled = True
            self._task.cancel()

    def understood(self) -> None:
        """The cancellation is taken back; what follows runs to its end."""
        self._over = True
        self._task.uncancel()

    def release(self) -> None:
        """The call is over; pulling has no effect any more."""
        self._over = True
