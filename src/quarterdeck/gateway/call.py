"""The way of one model call: identify, read, route, admit, cache, attempt, relay, settle.

Before the first byte an error becomes an answer in the caller's dialect; after it, the stream ends with an error
event. The record is in the journal before the caller sees the last byte. Each step has a file of its own; where limits
and the cache take part is told in hooks.py.
"""

import asyncio
import logging
from collections.abc import Awaitable

from quarterdeck.access.routing.caching import may_cache
from quarterdeck.gateway.attempts import once
from quarterdeck.gateway.attempts.binding import Binding, Bound, bind, bound_before
from quarterdeck.gateway.attempts.giving import give
from quarterdeck.gateway.attempts.judging import judge_answer, take
from quarterdeck.gateway.attempts.routed import RoutedCalls
from quarterdeck.gateway.attempts.shooting import began
from quarterdeck.gateway.attempts.shot import Shot
from quarterdeck.gateway.choosing import Chooser, check_recordable, check_usable
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.dialects.registry import BY_NAME
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.ending import end_early, end_left, end_refused
from quarterdeck.gateway.endpoints import Endpoint
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.identify import identify, recognised
from quarterdeck.gateway.lever import Lever
from quarterdeck.gateway.open_calls import InFlight
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.pausing import has_changed, still_may_run, until_resumed, why_paused
from quarterdeck.gateway.reading import read
from quarterdeck.gateway.relay import give_whole, relay_stream, relay_whole
from quarterdeck.gateway.resilience import watching
from quarterdeck.gateway.routing.compiled import CompiledRoute
from quarterdeck.gateway.routing.sources import route_of
from quarterdeck.gateway.server import CallerLeft, Exchange
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.translation import Outgoing
from quarterdeck.gateway.transport import Response, UpstreamError

log = logging.getLogger(__name__)


class ModelCalls:
    """Serves model paths. One instance per gateway process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._chooser = Chooser(parts.holder, parts.settler, parts.health)
        parts.holder.on_swap(parts.routes.swapped)
        self._random = parts.routes.random.random
        self._routed = RoutedCalls(parts, self._random)

    async def handle(self, exchange: Exchange, endpoint: Endpoint) -> None:
        """Answer one call. Raises nothing: whatever goes wrong is an answer, and is recorded."""
        draft = Draft.of(endpoint, exchange)
        dialect = BY_NAME[endpoint.reader]
        parts, hooks = self._parts, self._parts.hooks
        try:
            if not recognised(draft, exchange.query, parts.holder):
                await identify(draft, exchange.query, parts.holder)
            await self._read(draft, dialect, exchange)
            if why_paused(draft) is not None:
                await until_resumed(draft, exchange.query, parts.holder)
            check_recordable(parts.settler)
            route = draft.route = self._find_route(draft)
            if route is None:
                draft.target = await self._find_target(draft)
                check_usable(draft, draft.target)
            else:
                draft.cache_policy = route.cache
            if hooks.limits is not None and (turn := hooks.limits.admit(draft)) is not None:
                await turn
            cache = hooks.cache
            if (
                cache is None
                or not may_cache(draft.cache_policy, draft.headers)
                or (answered := cache.answer(draft, dialect, exchange)) is None
                or not await answered
            ):
                await self._serve(draft, dialect, exchange)
        except Refusal as refusal:
            await end_refused(draft, dialect, refusal, exchange, parts)
        except CallerLeft:
            await end_left(draft, dialect, parts)
        except Exception:
            log.exception("call_failed call=%s", draft.id)
            broken = Refusal(500, "internal", f"Quarterdeck failed on this call; its id is {draft.id}.")
            await end_refused(draft, dialect, broken, exchange, parts)
        finally:
            if draft.hold is not None and hooks.limits is not None:
                hooks.limits.release(draft)

    def _read(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> Awaitable[None]:
        return read(draft, dialect, exchange, self._parts.body_limit)

    def _find_route(self, draft: Draft) -> CompiledRoute | None:
        return route_of(draft, self._parts.routes)

    def _find_target(self, draft: Draft) -> Awaitable[Target]:
        assert draft.workspace is not None and draft.facts is not None
        return self._chooser.target(draft.workspace, draft.endpoint.dialect, draft.facts.model or "")

    async def _serve(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        """Send, relay and settle, with the call in the table of open calls while it lasts."""
        binding: Binding | None = None
        if draft.route is not None:
            binding = bound_before(draft, draft.route)
            if binding is None:
                binding = await bind(draft, draft.route, self._chooser)
            start = binding.begin(draft, self._random)
        lever = Lever()
        flight = self._open(draft, lever)
        exchange.on_gone = lever.pull
        response: Response | None = None
        try:
            if binding is None:
                response = await self._attempt(draft, dialect, exchange)
                await self._relay(draft, dialect, response, exchange)
            else:
                await self._follow(draft, dialect, exchange, binding, start)
        except asyncio.CancelledError:
            # Ours only when the lever was pulled; a server shutting down cancels for good.
            if not lever.pulled:
                raise
            lever.understood()
            await end_early(draft, dialect, exchange, self._parts)
        except UpstreamError as error:
            draft.attempt_error = error.code
            draft.upstream_done = draft.upstream_done or draft.elapsed()
            raise once.unavailable(draft, error) from None
        finally:
            lever.release()
            if draft.busy is not None:
                watching.left(draft)
            self._parts.open_calls.remove(flight)
            if response is not None:
                response.abort()

    def _open(self, draft: Draft, lever: Lever) -> InFlight:
        assert draft.workspace is not None and draft.key is not None and draft.facts is not None
        assert draft.attribution is not None
        target = draft.target
        flight = draft.flight = InFlight(
            draft.id,
            draft.workspace.id,
            draft.key.agent_id,
            draft.key.id,
            draft.attribution.run_id,
            draft.attribution.task_id,
            draft.started,
            draft.facts.stream,
            target.provider.name if target is not None else None,
            target.model if target is not None else None,
            lever.pull,
            chunk_times=draft.chunk_times,
        )
        self._parts.open_calls.add(flight)
        return flight

    async def _attempt(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> Response:
        """One try at the call's target."""
        target, parts = draft.target, self._parts
        assert target is not None
        parts.settler.prepare(draft, target)
        limits = parts.hooks.limits
        if limits is not None and (turn := limits.attempt(draft, target)) is not None:
            await turn
        if has_changed(draft, parts.holder):
            await still_may_run(draft, exchange.query, parts.holder)
        if target.health is not None:
            draft.busy = target.health
            target.health.busy += 1
        out = self._outgoing(draft, dialect, target, exchange)
        return await once.attempt(draft, target, out, parts.transport, parts.signer)

    async def _follow(
        self, draft: Draft, dialect: Dialect, exchange: Exchange, binding: Binding, start: Bound | None
    ) -> None:
        """Answer as the call's route says.

        At `start` the first try is made as that of a call without a route. What did not go well there, and all else,
        takes a walk.
        """
        told = draft.told
        response = first = None
        try:
            if start is not None:
                try:
                    check_usable(draft, start.target)
                    response = await self._attempt(draft, dialect, exchange)
                    held = await take(draft, dialect, response)
                except (Refusal, UpstreamError) as problem:
                    if isinstance(problem, Refusal) and problem.final:
                        raise
                    first = Shot(draft, start, response)
                    first.failed(problem)
                else:
                    if judge_answer(draft, response, held).ok:
                        if held is None:
                            await give_whole(draft, dialect, response, exchange, self._parts.settler)
                        else:
                            began(draft, start.health, ended=False)
                            await relay_stream(draft, dialect, response, exchange, self._parts.settler, held)
                        return
                    first = Shot(draft, start, response, held)
            shot = await self._routed.answer(draft, dialect, exchange.query, binding, told, first)
            response = shot.response
            await give(shot, draft, dialect, exchange, self._parts.settler)
        finally:
            if response is not None:
                response.abort()

    def _outgoing(self, draft: Draft, dialect: Dialect, target: Target, exchange: Exchange) -> Outgoing:
        return once.outgoing(draft, dialect, target, exchange.query)

    def _relay(self, draft: Draft, dialect: Dialect, response: Response, exchange: Exchange) -> Awaitable[None]:
        relay = relay_stream if once.streams(draft) else relay_whole
        return relay(draft, dialect, response, exchange, self._parts.settler)
