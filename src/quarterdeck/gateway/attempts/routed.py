"""All tries of a routed call: walk its route, and return the try that the call is answered with, or ended by."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine
from typing import Any

from quarterdeck.access.routing.config import Leaf
from quarterdeck.access.routing.walk import NOWHERE, Walk
from quarterdeck.access.routing.world import Mirror, Outcome, Race, Try
from quarterdeck.gateway import errors
from quarterdeck.gateway.attempts import patching, racing
from quarterdeck.gateway.attempts.binding import Binding, Bound
from quarterdeck.gateway.attempts.judging import GOOD, judge
from quarterdeck.gateway.attempts.shadow import Shadows
from quarterdeck.gateway.attempts.shooting import Shooting
from quarterdeck.gateway.attempts.shot import Before, Shot, adopt, copy_for_a_try, tried
from quarterdeck.gateway.attempts.world import CallWorld
from quarterdeck.gateway.choosing import check_usable
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.open_calls import waiting_for
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.pausing import has_changed, still_may_run
from quarterdeck.gateway.routing.asked import deadline_ms
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.ledger.prices import MISSING


class RoutedCalls:
    """Makes the tries of routed calls. One per gateway process."""

    def __init__(self, parts: Parts, random: Callable[[], float]) -> None:
        self.parts = parts
        self.random = random
        self.shooting = Shooting(parts)
        self._shadows = Shadows(parts.settler, parts.hooks)

    async def answer(
        self, draft: Draft, dialect: Dialect, query: bytes, binding: Binding, told: bytes, first: Shot | None
    ) -> Shot:
        """The try that counts, in the draft: one that went well, or the last one. Raises Refusal when there was
        nothing to try.

        `first` was made at what `Binding.begin` found and did not go well; `told` is what the draft said before it.
        """
        compiled = draft.route
        assert compiled is not None
        before = Before.of(draft, told)
        if first is not None:
            assert first.bound is not None
            self.shooting.ended(first, first.bound)
        if "least_cost" in compiled.modes:
            await self._know_prices(binding)
        return await _Call(self, draft, dialect, query, compiled, binding, before).run(first)

    def mirror(self, draft: Draft, bound: Bound, dialect: Dialect, query: bytes) -> None:
        """Send the same to this target too; the answer is thrown away, its cost is recorded as a call of its own."""
        copy = self._shadows.copy(draft)
        if copy is None:
            return
        copy.target, copy.option = bound.target, bound.leaf.path
        with contextlib.suppress(Refusal):
            patching.apply(copy, bound.leaf.patch, dialect)
            check_usable(copy, bound.target)
            self.parts.settler.prepare(copy, bound.target)
            self._shadows.send(copy, dialect, lambda: self.shooting.shoot(Shot(copy, bound), dialect, query, None))

    async def _know_prices(self, binding: Binding) -> None:
        prices = self.parts.settler.prices
        for bound in binding.values():
            if isinstance(bound, Bound):
                provider, model = bound.target.provider, bound.target.model
                if prices.cached(provider.kind, model, provider=provider.name) is MISSING:
                    await asyncio.to_thread(prices.resolve, provider.kind, model, provider=provider.name)


class _Call:
    """One routed call under way.

    A try is made on the call's own draft, which is put back before the next one; two that race have a copy each.
    """

    def __init__(
        self,
        calls: RoutedCalls,
        draft: Draft,
        dialect: Dialect,
        query: bytes,
        compiled: CompiledRoute,
        binding: Binding,
        before: Before,
    ) -> None:
        self._calls = calls
        self._draft = draft
        self._dialect = dialect
        self._query = query
        self._binding = binding
        self._compiled = compiled
        self._before = before
        self._last: Shot | None = None
        self._made_before = False
        self._until = _until(draft, compiled)

    async def run(self, first: Shot | None) -> Shot:
        draft = self._draft
        try:
            if first is not None:
                self._last, self._made_before = first, True
                await self._walk(first.bound)
            else:
                start = self._binding.start(self._calls.random) if self._until is None else None
                if start is None or not (await self._try(Try(start.leaf))).ok:
                    await self._walk(start)
        except (asyncio.CancelledError, Refusal):
            # Whoever ends the call settles what was sent so far.
            if self._last is not None and draft.sent_at is None:
                adopt(draft, self._last)
            raise
        finally:
            # What a route changed in the request is no part of the record.
            draft.request_body, draft.facts = self._before.request_body, self._before.facts
        shot = self._last
        assert shot is not None
        if shot.draft is not draft:
            adopt(draft, shot)
        return shot

    async def _walk(self, start: Bound | None) -> None:
        """Make all tries that a walk through the route asks for; behind `start`, where that was tried already."""
        calls, last = self._calls, self._last
        limits = calls.parts.hooks.limits
        prices = calls.parts.settler.prices
        self.world = CallWorld(
            self._draft,
            self._before,
            self._compiled,
            self._binding,
            prices,
            limits,
            calls.random,
            time.monotonic,
            self._until,
        )
        walk = Walk(self._compiled.route, self.world)
        step = walk.begin() if start is None or last is None else walk.resume(start.leaf, last.ended)
        while step is not None:
            outcome: Outcome | None = None
            match step:
                case Try():
                    outcome = await self._try(step)
                case Race():
                    outcome = await self._race(step)
                case Mirror():
                    self._mirror(step)
            step = walk.after(outcome)
        if self._last is None:
            raise errors.no_condition_matched() if walk.outcome is NOWHERE else errors.nothing_to_try()

    async def _try(self, step: Try) -> Outcome:
        if step.wait_ms > 0:
            with waiting_for("retry", self._draft.flight):
                await asyncio.sleep(step.wait_ms / 1_000)
        if self._last is not None:
            self._retire()
        leaf, number = step.leaf, step.number
        shot = await self._made(leaf, "retry" if number else None)
        if shot.result is None:
            await self._shoot(shot)
        ended, most = shot.ended, leaf.retry.attempts
        shot.draft.retries = -1 if not ended.ok and most and number == most else number
        return ended

    async def _race(self, step: Race) -> Outcome:
        """The second is sent once the first is late, or has failed. Whoever answers first wins; the other is hung up
        on."""
        self._retire()
        first = await self._made(step.first, None, apart=True)
        if first.cached:
            return first.ended
        if first.result is not None:
            return await self._try(Try(step.second))
        running = {asyncio.create_task(self._shoot(first)): first}
        winner: Shot | None = None
        try:
            left = await racing.settled(set(running), min(step.after_ms, max(self.world.left_ms(), 0)) / 1_000)
            if left or not first.ended.ok:
                second = await self._made(step.second, "hedge", apart=True)
                if second.cached:
                    winner = second
                elif second.result is None:
                    running[asyncio.create_task(self._shoot(second))] = second
            winner = winner or await racing.first_good(running)
        except (asyncio.CancelledError, Refusal):
            await racing.cancelled(running)
            adopt(self._draft, first)
            raise
        await racing.cancelled({task: shot for task, shot in running.items() if shot is not winner})
        for shot in running.values():
            if shot is not winner and (record := tried(shot, lost=shot.result is None)) is not None:
                self._draft.tries.append(record)
        self._last = winner
        return winner.ended

    def _mirror(self, step: Mirror) -> None:
        bound = self._binding[step.leaf.path]
        if isinstance(bound, Bound):
            clean = copy_for_a_try(self._draft)
            self._before.put_back(clean)
            self._calls.mirror(clean, bound, self._dialect, self._query)

    async def _made(self, leaf: Leaf, why: str | None, *, apart: bool = False) -> Shot:
        """A try ready to be sent, on a draft of its own when `apart`; with a result already when it cannot be."""
        parts = self._calls.parts
        if has_changed(self._draft, parts.holder):
            await still_may_run(self._draft, self._query, parts.holder)
        draft = copy_for_a_try(self._draft) if apart else self._draft
        draft.option, draft.why = leaf.path, why
        if why is None and self._made_before:
            draft.why = "fallback"
        self._made_before = True
        bound, waited = self._binding[leaf.path], False
        shot = self._last = Shot(draft)
        try:
            if isinstance(bound, Refusal):
                raise bound
            target = bound.target
            shot.bound, draft.target = bound, target
            check_usable(draft, target)
            if leaf.patch:
                patching.apply(draft, leaf.patch, self._dialect)
            if (flight := draft.flight) is not None:
                flight.provider, flight.model, flight.first_byte = target.provider.name, target.model, None
            if self._compiled.caches is not None and await self._cached(draft, leaf):
                shot.cached, shot.result = True, GOOD
                return shot
            parts.settler.prepare(draft, target)
            if parts.hooks.limits is not None:
                try:
                    if (turn := parts.hooks.limits.attempt(draft, target)) is not None:
                        await turn
                        waited = True
                finally:
                    # What a copy was the first to take is let go of when the call ends, however the race does.
                    self._draft.hold = draft.hold
        except Refusal as refusal:
            shot.refusal = refusal
            shot.result = judge(shot)
        if waited and has_changed(self._draft, parts.holder):
            # It may have been paused while it stood in a queue.
            await still_may_run(self._draft, self._query, parts.holder)
        return shot

    async def _cached(self, draft: Draft, leaf: Leaf) -> bool:
        """Whether the cache answers for a target that has a say of its own on caching."""
        caches, cache = self._compiled.caches, self._calls.parts.hooks.cache
        assert caches is not None
        if leaf.path not in caches or cache is None:
            return False
        draft.cache_policy = caches[leaf.path]
        return await cache.find(draft)

    def _shoot(self, shot: Shot) -> Coroutine[Any, Any, Shot]:
        assert shot.bound is not None
        limit = shot.bound.leaf.timeouts.request_ms
        limit_s = None if limit is None else limit / 1_000
        if self._until is not None:
            left = self._until - time.monotonic()
            limit_s = left if limit_s is None else min(left, limit_s)
        return self._calls.shooting.shoot(shot, self._dialect, self._query, limit_s)

    def _retire(self) -> None:
        """The try before did not answer the call; what it may have cost stays with the call."""
        shot, self._last = self._last, None
        if shot is None:
            return
        if (record := tried(shot)) is not None:
            self._draft.tries.append(record)
        draft = self._draft
        if shot.draft is draft:
            self._before.put_back(draft)
            if draft.flight is not None:
                draft.flight.chunk_times = draft.chunk_times


def _until(draft: Draft, compiled: CompiledRoute) -> float | None:
    """The deadline of all attempts together, on the monotonic clock: the nearer of what the call and its route say."""
    asked, own = deadline_ms(draft.headers), compiled.route.deadline_ms
    if asked is None and own is None:
        return None
    nearest = min(each for each in (asked, own) if each is not None)
    return time.monotonic() + (nearest * 1_000 - draft.elapsed()) / 1_000_000
