"""Ends a call from outside: the caller hung up, or somebody pulled the stop lever."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

WATCH_AFTER_S = 0.05
"""How long a call may take before somebody watches for its caller hanging up; most are done by then."""


class CallerLeft(Exception):
    """The caller hung up."""


class Watcher:
    """Made by the task that serves a call; cancels that task when the call must end early.

    Whoever catches the CancelledError asks `stopped`: only then was it ours, and `uncancel` takes it back.
    """

    __slots__ = ("_finished", "_receive", "_task", "_timer", "_watching", "stopped")

    def __init__(self, receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task: asyncio.Task[Any] = task
        self._receive = receive
        self._finished = False
        self._watching: asyncio.Task[None] | None = None
        self._timer = task.get_loop().call_later(WATCH_AFTER_S, self.watch)
        self.stopped = False

    def watch(self) -> None:
        """Begin to listen for the caller's hanging up; once is enough."""
        if self._watching is None and not self._finished:
            self._watching = self._task.get_loop().create_task(self._listen())

    def stop(self) -> None:
        """Cancel the serving task, unless it has finished or was stopped already."""
        if not self._finished and not self.stopped:
            self.stopped = True
            self._task.cancel()

    def uncancel(self) -> None:
        """The cancellation has been understood; what follows runs to its end."""
        self._finished = True
        self._task.uncancel()

    def done(self) -> None:
        """The call is over."""
        self._finished = True
        self._timer.cancel()
        if self._watching is not None:
            self._watching.cancel()

    async def _listen(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.stop()
                return
