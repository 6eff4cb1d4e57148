"""Send one try of a routed call, judge what comes back, and learn from it."""

import asyncio
import time

from quarterdeck.access.routing.config import Leaf, Node
from quarterdeck.access.routing.world import Outcome
from quarterdeck.gateway import errors
from quarterdeck.gateway.attempts import once
from quarterdeck.gateway.attempts.binding import Bound
from quarterdeck.gateway.attempts.judging import judge, take
from quarterdeck.gateway.attempts.patching import with_headers
from quarterdeck.gateway.attempts.shot import Shot
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.resilience import watching
from quarterdeck.gateway.resilience.health import TargetHealth
from quarterdeck.gateway.transport import UpstreamError


class Shooting:
    """One per gateway process."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def shoot(self, shot: Shot, dialect: Dialect, query: bytes, limit_s: float | None) -> Shot:
        """One try. What goes wrong is told in the shot; only being cancelled is raised."""
        bound, draft = shot.bound, shot.draft
        assert bound is not None
        health = bound.health
        draft.busy = health
        health.busy += 1
        if health.provider.out:
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
        except (UpstreamError, Refusal) as problem:
            shot.failed(problem)
        except BaseException:
            over(shot)
            raise
        self.ended(shot, bound)
        return shot

    def ended(self, shot: Shot, bound: Bound) -> None:
        """Judge a try that was made, and learn from it."""
        draft, result = shot.draft, judge(shot)
        shot.result = result
        self._learn(shot, bound)
        if not result.ok:
            if shot.held is not None:
                reader = shot.held.reader
                draft.usage, draft.model_answered, draft.reported_cost = reader.usage, reader.model, reader.cost
            draft.attempt_error = None if _is_status(result) else result.error
            over(shot)
        elif shot.held is None:
            # The upstream is done; the call may not be.
            leave(draft)

    async def _exchange(self, shot: Shot, bound: Bound, dialect: Dialect, query: bytes) -> None:
        """Send, and read of the answer what decides whether it is one. Raises UpstreamError, Refusal."""
        draft, parts = shot.draft, self._parts
        out, leaf, target = once.outgoing(draft, dialect, bound.target, query), bound.leaf, bound.target
        if leaf.forward_headers or leaf.headers:
            target = with_headers(leaf, target, draft, out.headers)
        shot.response = response = await once.attempt(draft, target, out, parts.transport, parts.signer)
        shot.held = await take(draft, dialect, response)

    def _learn(self, shot: Shot, bound: Bound) -> None:
        """Tell the breaker and the provider's health how it went, as far as it is known before the caller sees it."""
        result, draft, health = shot.ended, shot.draft, bound.health
        if draft.sent_at is None:
            return
        if bound.plain and result.ok:
            began(draft, health, ended=shot.held is None)
            return
        status = draft.upstream_status
        if status is not None and draft.route is not None and "usage_aware" in draft.route.modes:
            watching.rates(health, draft.answer_headers)
        if bound.breaker is not None:
            if result.ok:
                bound.breaker.succeeded()
            elif result.no_answer or bound.breaker.is_failure(result.status):
                bound.breaker.failed(time.monotonic())
            else:
                bound.breaker.took_no_side()
        if result.ok:
            began(draft, health, ended=shot.held is None)
        elif shot.refusal is None or shot.refusal.code == "request_timeout":
            error = result.error if result.no_answer or status is None or status < 400 else None
            watching.learn(health, status, error, draft.answer_headers, draft.started + draft.elapsed())
        _tell_trial(draft, result, bound.leaf)


def began(draft: Draft, health: TargetHealth, *, ended: bool) -> None:
    """An answer is one. A stream that began well is counted when it ends, unless it shows that an outage is over."""
    now = time.monotonic()
    if draft.first_byte is not None:
        health.first_byte(now, (draft.first_byte - (draft.sent_at or 0)) / 1_000)
    if ended or health.provider.out:
        health.provider.answered(now)


def over(shot: Shot) -> None:
    """Nothing more is wanted of the upstream."""
    if shot.response is not None:
        shot.response.abort()
    if shot.draft.upstream_done is None and shot.draft.sent_at is not None:
        shot.draft.upstream_done = shot.draft.elapsed()
    leave(shot.draft)


def leave(draft: Draft) -> None:
    """The call is in flight no more where it was sent."""
    if draft.busy is not None:
        draft.busy.busy -= 1
        draft.busy = None


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
