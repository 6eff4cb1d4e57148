"""Tests of short time-outs on a shared machine: what falls due while the whole process stands still says nothing."""

import asyncio
from collections.abc import Awaitable, Callable


async def undisturbed(attempt: Callable[[], Awaitable[None]], *, within_s: float) -> None:
    """`attempt()`; anew when it failed and the event loop was not served for `within_s` meanwhile, and only then."""
    while True:
        watch = Watch(within_s / 10)
        watching = asyncio.create_task(watch.run())
        try:
            return await attempt()
        except Exception:
            await asyncio.sleep(within_s / 5)  # a standstill is known once it is over
            if watch.longest_s < within_s:
                raise
        finally:
            watching.cancel()


class Watch:
    """How long the event loop came to nothing at most."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self.longest_s = 0.0

    async def run(self) -> None:
        clock = asyncio.get_running_loop().time
        before = clock()
        while True:
            await asyncio.sleep(self._every_s)
            now = clock()
            self.longest_s = max(self.longest_s, now - before - self._every_s)
            before = now
