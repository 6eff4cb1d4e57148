"""Long polls: answer at once what is settled, else when it is, or when the time is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from quarterdeck.db.outbox import EventFeed

T = TypeVar("T")
MAX_WAIT_S = 60


async def until_settled(
    feed: EventFeed,
    workspace_id: str,
    subject_id: str,
    look: Callable[[], Awaitable[T]],
    settled: Callable[[T], bool],
    wait_s: float,
) -> T:
    """What `look` finds, looked for anew at each event about the subject. Raises what `look` raises."""
    found = await look()
    if wait_s <= 0 or settled(found):
        return found
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wait_s
    async with feed.subscribe(workspace_id) as subscription:
        # It may have been settled before we listened.
        found = await look()
        while not settled(found) and not subscription.over and loop.time() < deadline:
            happened = await subscription.next(deadline - loop.time())
            if any(event.subject_id == subject_id for event in happened):
                found = await look()
    return found
