"""Where others take part in a call's way: limits and budgets, and the cache. Nobody there costs one `is None` each.

The chain is in call.py; the order in which it comes by here:

1. `limits.admit` once the call is identified, read and its route (or, without one, its target) is known;
2. `cache.answer` after it: a hit is relayed and settled by the cache, and nothing is sent;
3. `limits.attempt` before each try at a target, the first one included, with the target that is about to be asked;
4. `draft.meter`, where `limits` put something there, after each chunk of a stream;
5. `limits.settled` and `cache.settled` once the call is priced and before its last byte leaves;
6. `limits.release` when the call is over, however it ended, settled or not.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.targets import Target


class Limits(Protocol):
    """Rate limits, budgets and the queue in front of a provider."""

    def admit(self, draft: Draft) -> Awaitable[None] | None:
        """Let the call in, or raise Refusal when it may not run; where that has to be waited for, awaiting it does."""
        ...

    def attempt(self, draft: Draft, target: Target) -> Awaitable[None] | None:
        """Wait for a turn and hold what the call may cost, for one try at one target, whose price was looked for.

        A Refusal here makes a route go on to its next target.
        """
        ...

    def budget_left(self, draft: Draft) -> int | None:
        """Nano-dollars left of the nearest hard budget, for routes that decide by it; None: there is none."""
        ...

    def settled(self, draft: Draft) -> None:
        """What the call used and cost is known: `draft.usage`, `draft.cost`, `draft.tries`."""
        ...

    def release(self, draft: Draft) -> None:
        """Let go of whatever is still held for this call."""
        ...


class AnswerCache(Protocol):
    """Answers given before."""

    def answer(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> Awaitable[bool] | None:
        """Whether the call was answered, and settled, from the cache; None: it was not, which was known at once."""
        ...

    async def find(self, draft: Draft) -> bool:
        """Whether an answer is there, for one try at a target that has a policy of its own."""
        ...

    async def give(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        """Answer with what was found, and settle."""
        ...

    def settled(self, draft: Draft, dialect: Dialect) -> None:
        """The call is over; a complete success may be kept."""
        ...


class Hooks(msgspec.Struct):
    """Who takes part in this gateway."""

    limits: Limits | None = None
    cache: AnswerCache | None = None
    throttled: Callable[[Draft], None] | None = None
    """Told of a provider's 429 while nobody limits anything: its word is to be heeded from then on."""
