"""What the cache asks of whoever finds answers to requests that mean the same."""

from collections.abc import Callable
from typing import Protocol

from quarterdeck.access.routing.caching import CachePolicy
from quarterdeck.gateway.cache.entry import Caching, Entry, Turn
from quarterdeck.gateway.draft import Draft


class Similar(Protocol):
    """Answers by meaning."""

    def turn(self, draft: Draft, policy: CachePolicy, value: object) -> Turn | None:
        """The last turn of a request's JSON, and all else of it; None when its last turn is not plain text."""
        ...

    async def find(self, draft: Draft, caching: Caching, now: int, fits: Callable[[Entry], bool]) -> Entry | None:
        """The answer to a turn that means the same, when there is one that fits. Never raises."""
        ...

    def keep(self, draft: Draft, caching: Caching, entry: Entry) -> None:
        """Remember the answer under its turn. Returns at once."""
        ...
