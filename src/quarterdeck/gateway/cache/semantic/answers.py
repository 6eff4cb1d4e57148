"""Finding the answer to a turn that means the same: embed, look near, and let the words decide."""

import asyncio
import logging
from array import array
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from operator import mul
from typing import Protocol

from quarterdeck.access.routing.caching import DEFAULT_THRESHOLD, CachePolicy
from quarterdeck.gateway.cache import keys
from quarterdeck.gateway.cache.answering import context
from quarterdeck.gateway.cache.entry import Caching, Entry, Turn
from quarterdeck.gateway.cache.semantic import veto
from quarterdeck.gateway.cache.semantic.turns import last_turn
from quarterdeck.gateway.cache.semantic.vectors import Vectors
from quarterdeck.gateway.draft import Draft

NEAREST = 5
"""Candidates whose words are looked at."""
LEFTOVER_COSINE = 0.8
"""How near the words must be in which two wordings differ."""
MOST_AT_ONCE = 32
"""Look-ups on their way; beyond it a call is not kept waiting for one."""
WITHIN_S = 2.0
log = logging.getLogger(__name__)
Fits = Callable[[Entry], bool]


class Embedder(Protocol):
    """Texts as vectors of 32-bit floats of length 1."""

    name: str
    """Part of every key: vectors of different models cannot be compared."""

    async def embed(self, texts: Sequence[str], draft: Draft) -> list[bytes | None]:
        """None for a text it cannot take whole. Raises an exception of its own when it cannot be asked."""
        ...


class SimilarAnswers:
    """Answers by meaning. One per gateway process."""

    def __init__(self, embedder: Embedder, vectors: Vectors, *, within_s: float = WITHIN_S) -> None:
        """A call waits at most `within_s` for its look-up, and then goes to its provider."""
        self._embedder = embedder
        self._vectors = vectors
        self._within_s = within_s
        self._finding = 0
        self._keeping: set[asyncio.Task[None]] = set()

    def turn(self, draft: Draft, policy: CachePolicy, value: object) -> Turn | None:
        """The last turn of a request's JSON, and all else of it; None when its last turn is not plain text."""
        if draft.body_mode != "full":
            # Turns are kept on disk in clear, and this workspace wants its bodies without secrets there.
            return None
        found = last_turn(draft.endpoint.dialect, value)
        if found is None or not 0 < len(found[0]) <= veto.MAX_CHARS:
            return None
        text, rest = found
        return Turn(keys.digest(context(draft, policy, "agent"), keys.seen(rest), self._embedder.name), text)

    async def find(self, draft: Draft, caching: Caching, now: int, fits: Fits) -> Entry | None:
        """The answer to a turn that means the same, when there is one that fits. Never raises."""
        if self._finding >= MOST_AT_ONCE:
            return None
        self._finding += 1
        try:
            async with asyncio.timeout(self._within_s):
                return await self._find(draft, caching, now, fits)
        except TimeoutError:
            log.warning("semantic_too_slow call=%s", draft.id)
        except Exception:
            # Whatever is wrong with the cache, the call goes to its provider.
            log.exception("semantic_failed call=%s", draft.id)
        finally:
            self._finding -= 1
        return None

    def keep(self, draft: Draft, caching: Caching, entry: Entry) -> None:
        """Remember the answer under its turn. Returns at once."""
        if len(self._keeping) < MOST_AT_ONCE:
            task = asyncio.create_task(self._keep(draft, caching, entry), name="semantic-keep")
            self._keeping.add(task)
            task.add_done_callback(self._keeping.discard)

    async def settled(self) -> None:
        """Return once everything that was to be kept is."""
        await asyncio.gather(*self._keeping)

    async def close(self) -> None:
        await self.settled()
        await self._vectors.close()

    async def _find(self, draft: Draft, caching: Caching, now: int, fits: Fits) -> Entry | None:
        turn = caching.turn
        assert turn is not None
        [caching.vector] = await self._embedder.embed([turn.text], draft)
        if caching.vector is None:
            return None
        least = caching.policy.threshold or DEFAULT_THRESHOLD
        embed = partial(self._embedder.embed, draft=draft)
        for found in await self._vectors.near(turn.rest, caching.vector, now, NEAREST):
            if found.cosine < least:
                break
            if fits(found.entry) and await same(turn.text, found.text, embed):
                await self._vectors.used(turn.rest, found.text, now)
                return found.entry
        return None

    async def _keep(self, draft: Draft, caching: Caching, entry: Entry) -> None:
        turn = caching.turn
        assert turn is not None
        try:
            if caching.vector is None:
                [caching.vector] = await self._embedder.embed([turn.text], draft)
            if caching.vector is not None:
                await self._vectors.keep(turn.rest, turn.text, caching.vector, entry)
        except Exception:
            log.exception("semantic_not_kept call=%s", draft.id)


async def same(asked: str, kept: str, embed: Callable[[Sequence[str]], Awaitable[list[bytes | None]]]) -> bool:
    """Whether two texts whose meanings are near mean the same: what must agree does, and where their words differ, they
    are near each other too."""
    one, other = veto.read(asked), veto.read(kept)
    if veto.differ(one, other) is not None:
        return False
    mine, theirs = veto.leftovers(one, other)
    if not mine or not theirs:
        return mine == theirs
    first, second = await embed([mine, theirs])
    return first is not None and second is not None and cosine(first, second) >= LEFTOVER_COSINE


def cosine(one: bytes, other: bytes) -> float:
    """Of two vectors of length 1."""
    return float(sum(map(mul, array("f", one), array("f", other))))
