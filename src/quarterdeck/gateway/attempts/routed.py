"""All tries of a routed call: walk its route, and return the try that the call is answered with, or ended by."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace

from quarterdeck.access.routing.config import Leaf, Node
from quarterdeck.access.routing.walk import NOWHERE, Walk
from quarterdeck.access.routing.world import Mirror, Outcome, Race, Try
from quarterdeck.gateway import errors
from quarterdeck.gateway.attempts import once
from quarterdeck.gateway.attempts.binding import Binding, Bound, bind
from quarterdeck.gateway.attempts.judging import hold, judge
from quarterdeck.gateway.attempts.patching import headers_for, is_ours, patched, without
from quarterdeck.gateway.attempts.shadow import Shadows
from quarterdeck.gateway.attempts.shot import Shot, adopt, copy_for_a_try, tried
from quarterdeck.gateway.attempts.world import CallWorld
from quarterdeck.gateway.choosing import Chooser, check_usable
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.open_calls import waiting_for
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.pausing import still_may_run
from quarterdeck.gateway.relay import ANSWER_LIMIT, took_whole
from quarterdeck.gateway.resilience import watching
from quarterdeck.gateway.routing.asked import deadline_ms
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.transport import UpstreamError
from quarterdeck.ledger.prices import MISSING

_NEVER = Outcome(False, 503, "nothing_was_sent", no_answer=True)


class RoutedCalls:
    """Makes the tries of routed calls. One per gateway process."""

    def __init__(self, parts: Parts, chooser: Chooser, random: Callable[[], float]) -> None:
        self._parts = parts
        self._chooser = chooser
        self._random = random
        self._shadows = Shadows(parts.settler, parts.hooks)

    async def answer(self, draft: Draft, dialect: Dialect, query: bytes) -> Shot:
        """The try that counts, adopted by the draft: one that went well, or the last one. Raises Refusal when there
        was nothing to try."""
        compiled = draft.route
        assert compiled is not None
        binding = await bind(draft, compiled, self._chooser)
        if "least_cost" in compiled.modes:
            await self._know_prices(binding)
        one = _Call(self, draft, dialect, query, compiled, binding)
        return await one.run()

    async def shoot(self, shot: Shot, dialect: Dialect, query: bytes, limit_s: float | None) -> Shot:
        """One try. What goes wrong is told in the shot; only being cancelled is raised."""
        bound, draft = shot.bound, shot.draft
        assert bound is not None
        health = bound.health
        draft.busy = health
        health.busy += 1
        health.provider.outage.asked(time.monotonic())
        if bound.breaker is not None:
            draft.breaker = bound.breaker
            bound.breaker.asked(time.monotonic())
        try:
            if limit_s is None:
                await self._exchange(shot, bound, dialect, query)
            else:
                async with asyncio.timeout(limit_s):
                    await self._exchange(shot, bound, dialect, query)
        except TimeoutError:
            draft.upstream_done = draft.elapsed()
            shot.refusal = errors.request_timeout(round((limit_s or 0) * 1_000))
        except UpstreamError as error:
            draft.upstream_done = draft.elapsed()
            shot.error = error
        except Refusal as refusal:
            shot.refusal = refusal
        except BaseException:
            _over(shot)
            raise
        shot.result = judge(shot)
        self._learn(shot, bound)
        if not shot.result.ok:
            if shot.held is not None:
                reader = shot.held.reader
                draft.usage, draft.model_answered, draft.reported_cost = reader.usage, reader.model, reader.cost
            draft.attempt_error = None if _is_status(shot.result) else shot.result.error
            _over(shot)
        elif shot.held is None:
            # The upstream is done; the call may not be.
            _leave(draft)
        return shot

    async def _exchange(self, shot: Shot, bound: Bound, dialect: Dialect, query: bytes) -> None:
        """Send, and read of the answer what decides whether it is one. Raises UpstreamError, Refusal."""
        draft, parts = shot.draft, self._parts
        out = once.outgoing(draft, dialect, bound.target, query)
        target = _with_headers(bound, draft, out.headers)
        shot.response = response = await once.attempt(draft, target, out, parts.transport, parts.signer)
        if response.status < 400 and once.streams(draft):
            shot.held = await hold(draft, dialect, response)
        else:
            await took_whole(draft, dialect, response, await response.read(ANSWER_LIMIT))

    def _learn(self, shot: Shot, bound: Bound) -> None:
        """Tell the breaker and the provider's health how it went, as far as it is known before the caller sees it."""
        result, draft, health = shot.ended, shot.draft, bound.health
        if draft.sent_at is None:
            return
        now, status = time.monotonic(), draft.upstream_status
        if status is not None and draft.route is not None and "usage_aware" in draft.route.modes:
            watching.rates(health, draft.answer_headers)
        if bound.breaker is not None:
            if result.ok:
                bound.breaker.succeeded()
            elif result.no_answer or bound.breaker.is_failure(result.status):
                bound.breaker.failed(now)
            else:
                bound.breaker.took_no_side()
        if result.ok:
            if draft.first_byte is not None:
                health.first_byte(now, (draft.first_byte - draft.sent_at) / 1_000)
            if shot.held is None or health.provider.out:
                # A stream that began well is counted when it ends.
                health.provider.answered(now)
        elif shot.refusal is None or shot.refusal.code == "request_timeout":
            error = result.error if result.no_answer or status is None or status < 400 else None
            watching.learn(health, status, error, draft.answer_headers, draft.started + draft.elapsed())
        _tell_trial(draft, result, bound.leaf)

    def mirror(self, draft: Draft, bound: Bound, dialect: Dialect, query: bytes) -> None:
        """Send the same to this target too; the answer is thrown away, its cost is recorded as a call of its own."""
        copy = self._shadows.copy(draft)
        if copy is None:
            return
        copy.target, copy.option = bound.target, bound.leaf.path
        with contextlib.suppress(Refusal):
            copy.request_body = patched(draft.request_body, bound.leaf.patch)
            check_usable(copy, bound.target)
            self._parts.settler.prepare(bound.target)
            self._shadows.send(copy, dialect, lambda: self.shoot(Shot(copy, bound), dialect, query, None))

    async def _know_prices(self, binding: Binding) -> None:
        prices = self._parts.settler.prices
        for bound in binding.values():
            if isinstance(bound, Bound):
                provider, model = bound.target.provider, bound.target.model
                if prices.cached(provider.kind, model, provider=provider.name) is MISSING:
                    await asyncio.to_thread(prices.resolve, provider.kind, model, provider=provider.name)

    @property
    def random(self) -> Callable[[], float]:
        return self._random

    @property
    def parts(self) -> Parts:
        return self._parts


class _Call:
    """One routed call under way."""

    def __init__(
        self,
        calls: RoutedCalls,
        draft: Draft,
        dialect: Dialect,
        query: bytes,
        compiled: CompiledRoute,
        binding: Binding,
    ) -> None:
        self._calls = calls
        self._draft = draft
        self._dialect = dialect
        self._query = query
        self._binding = binding
        self._compiled = compiled
        self._last: Shot | None = None
        self._made_before = False
        until = _until(draft, compiled)
        prices = calls.parts.settler.prices
        limits = calls.parts.hooks.limits
        self.world = CallWorld(draft, compiled, binding, prices, limits, calls.random, time.monotonic, until)

    async def run(self) -> Shot:
        walk = Walk(self._compiled.route, self.world)
        try:
            step = walk.begin()
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
        except (asyncio.CancelledError, Refusal):
            # Whoever ends the call settles what was sent so far.
            if self._last is not None and self._draft.sent_at is None:
                adopt(self._draft, self._last)
            raise
        shot = self._last
        if shot is None:
            raise errors.no_condition_matched() if walk.outcome is NOWHERE else errors.nothing_to_try()
        self._draft.retries = shot.draft.retries
        adopt(self._draft, shot)
        return shot

    async def _try(self, step: Try) -> Outcome:
        if step.wait_ms > 0:
            with waiting_for("retry", self._draft.flight):
                await asyncio.sleep(step.wait_ms / 1_000)
        self._retire()
        shot = await self._made(step.leaf, "retry" if step.number else None)
        self._last = shot
        if shot.result is None:
            await self._shoot(shot)
        most = step.leaf.retry.attempts
        shot.draft.retries = -1 if not shot.ended.ok and most and step.number == most else step.number
        return shot.ended

    async def _race(self, step: Race) -> Outcome:
        """The second is sent once the first is late, or has failed. Whoever answers first wins; the other is hung up
        on."""
        self._retire()
        first = await self._made(step.first, None)
        self._last = first
        if first.cached:
            return first.ended
        if first.result is not None:
            return await self._try(Try(step.second))
        running = {asyncio.create_task(self._shoot(first)): first}
        winner: Shot | None = None
        try:
            left = await _settled(set(running), min(step.after_ms, max(self.world.left_ms(), 0)) / 1_000)
            if left or not first.ended.ok:
                second = await self._made(step.second, "hedge")
                if second.cached:
                    winner = second
                elif second.result is None:
                    running[asyncio.create_task(self._shoot(second))] = second
            winner = winner or await _first_good(running)
        except asyncio.CancelledError:
            await _cancelled(running)
            adopt(self._draft, first)
            raise
        await _cancelled({task: shot for task, shot in running.items() if shot is not winner})
        for shot in running.values():
            if shot is not winner and (record := tried(shot, lost=shot.result is None)) is not None:
                self._draft.tries.append(record)
        self._last = winner
        return winner.ended

    def _mirror(self, step: Mirror) -> None:
        bound = self._binding[step.leaf.path]
        if isinstance(bound, Bound):
            self._calls.mirror(self._draft, bound, self._dialect, self._query)

    async def _made(self, leaf: Leaf, why: str | None) -> Shot:
        """A try ready to be sent; with a result already when it cannot be."""
        await still_may_run(self._draft, self._query, self._calls.parts.holder)
        copy = copy_for_a_try(self._draft)
        copy.option, copy.why = leaf.path, why
        if why is None and self._made_before:
            copy.why = "fallback"
        self._made_before = True
        bound = self._binding[leaf.path]
        shot = Shot(copy)
        try:
            if isinstance(bound, Refusal):
                raise bound
            shot.bound, copy.target = bound, bound.target
            check_usable(copy, bound.target)
            if leaf.patch:
                copy.request_body = patched(self._draft.request_body, leaf.patch)
            if (flight := copy.flight) is not None:
                flight.provider, flight.model, flight.first_byte = bound.target.provider.name, bound.target.model, None
            parts = self._calls.parts
            if self._compiled.caches is not None and await self._cached(copy, leaf):
                shot.cached, shot.result = True, Outcome(True, 200)
                return shot
            if parts.hooks.limits is not None:
                await parts.hooks.limits.attempt(copy, bound.target)
            parts.settler.prepare(bound.target)
        except Refusal as refusal:
            shot.refusal = refusal
            shot.result = judge(shot)
        return shot

    async def _cached(self, copy: Draft, leaf: Leaf) -> bool:
        """Whether the cache answers for a target that has a say of its own on caching."""
        caches, cache = self._compiled.caches, self._calls.parts.hooks.cache
        assert caches is not None
        if leaf.path not in caches or cache is None:
            return False
        copy.cache_policy = caches[leaf.path]
        return await cache.find(copy)

    async def _shoot(self, shot: Shot) -> Shot:
        assert shot.bound is not None
        left = self.world.left_ms()
        limit = shot.bound.leaf.timeouts.request_ms
        most = left if limit is None else min(left, limit)
        return await self._calls.shoot(shot, self._dialect, self._query, None if most == float("inf") else most / 1_000)

    def _retire(self) -> None:
        """The try before did not answer the call; what it may have cost stays with the call."""
        if self._last is not None and (record := tried(self._last)) is not None:
            self._draft.tries.append(record)
        self._last = None


def _until(draft: Draft, compiled: CompiledRoute) -> float | None:
    """The deadline of all attempts together, on the monotonic clock: the nearer of what the call and its route say."""
    asked, own = deadline_ms(draft.headers), compiled.route.deadline_ms
    if asked is None and own is None:
        return None
    nearest = min(each for each in (asked, own) if each is not None)
    return time.monotonic() + (nearest * 1_000 - draft.elapsed()) / 1_000_000


async def _settled(tasks: set["asyncio.Task[Shot]"], timeout_s: float) -> set["asyncio.Task[Shot]"]:
    """Those still under way after this time."""
    return (await asyncio.wait(tasks, timeout=timeout_s))[1]


async def _first_good(running: dict["asyncio.Task[Shot]", Shot]) -> Shot:
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


async def _cancelled(running: dict["asyncio.Task[Shot]", Shot]) -> None:
    """Hang up on these; a try that had ended well in the same moment is over as well."""
    for task, shot in running.items():
        if not task.done():
            task.cancel()
        elif shot.result is not None and shot.result.ok:
            _over(shot)
    await asyncio.gather(*running, return_exceptions=True)


def _over(shot: Shot) -> None:
    """Nothing more is wanted of the upstream."""
    if shot.response is not None:
        shot.response.abort()
    if shot.draft.upstream_done is None and shot.draft.sent_at is not None:
        shot.draft.upstream_done = shot.draft.elapsed()
    _leave(shot.draft)


def _leave(draft: Draft) -> None:
    if draft.busy is not None:
        draft.busy.busy -= 1
        draft.busy = None


def _with_headers(bound: Bound, draft: Draft, headers: list[tuple[bytes, bytes]]) -> Target:
    """The target; what its route adds goes into `headers`, and a caller's own key in place of the provider's."""
    leaf = bound.leaf
    if not leaf.forward_headers and not leaf.headers:
        return bound.target
    there = {name for name, _ in headers}
    added = [pair for pair in headers_for(leaf, draft.request_headers) if pair[0] not in there]
    own = {name for name, _ in leaf.headers}
    headers[:] = [pair for pair in headers if pair[0] not in own]
    headers.extend(added)
    headers.extend(pair for pair in leaf.headers if pair[0] in there)
    names = {name for name, _ in added}
    target = bound.target
    if not is_ours(target, names):
        return target
    return replace(target, auth=without(target.auth, names), bearer=without(target.bearer, names))


def _is_status(outcome: Outcome) -> bool:
    return outcome.error is not None and outcome.error.startswith("status_")


def _tell_trial(draft: Draft, result: Outcome, leaf: Leaf) -> None:
    """A try below a canary counts for one of its two."""
    compiled = draft.route
    if compiled is None or "canary" not in compiled.modes or draft.sent_at is None or draft.shadow_of is not None:
        return
    failed = not result.ok and (result.no_answer or result.status == 429 or result.status >= 500)
    latency = None if draft.first_byte is None else (draft.first_byte - draft.sent_at) / 1_000
    node: Node = compiled.route.root
    while not isinstance(node, Leaf):
        index = next(
            index
            for index, child in enumerate(node.children)
            if leaf.path == child.path or leaf.path.startswith(child.path + ".")
        )
        if node.mode == "canary":
            compiled.trial(node).saw(newcomer=index == 1, failed=failed, latency_ms=latency)
        node = node.children[index]
