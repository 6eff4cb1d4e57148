"""Two tries under way at once."""

import asyncio

from quarterdeck.gateway.attempts.shooting import over
from quarterdeck.gateway.attempts.shot import Shot


async def settled(tasks: set["asyncio.Task[Shot]"], timeout_s: float) -> set["asyncio.Task[Shot]"]:
    """Those still under way after this time."""
    return (await asyncio.wait(tasks, timeout=timeout_s))[1]


async def first_good(running: dict["asyncio.Task[Shot]", Shot]) -> Shot:
    """The first that goes well; the last one, when none does."""
    left = set(running)
    last = next(iter(running.values()))
    while left:
        done, left = await asyncio.wait(left, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            last = running[task]
            if task.result().ended.ok:
                return last
    return last


async def cancelled(running: dict["asyncio.Task[Shot]", Shot]) -> None:
    """Hang up on these; a try that had ended well in the same moment is over as well."""
    for task, shot in running.items():
        if not task.done():
            task.cancel()
        elif shot.result is not None and shot.result.ok:
            over(shot)
    await asyncio.gather(*running, return_exceptions=True)
