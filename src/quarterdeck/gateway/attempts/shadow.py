"""Mirrored calls: sent beside the one that answers, priced and recorded as calls of their own, marked, never shown."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

import msgspec

from quarterdeck.gateway.attempts.shooting import leave
from quarterdeck.gateway.attempts.shot import Shot, copy_for_a_try
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.transport import UpstreamError
from quarterdeck.kernel.ids import new_id

log = logging.getLogger(__name__)

AT_ONCE = 64
"""Beyond so many, calls are not mirrored: a slow mirror must not hold the gateway's memory."""
LONGEST_S = 600.0


class Shadows:
    """Mirrored calls under way."""

    def __init__(self, settler: Settler, hooks: Hooks) -> None:
        self._settler = settler
        self._hooks = hooks
        self._tasks: set[asyncio.Task[None]] = set()

    def copy(self, draft: Draft) -> Draft | None:
        """The call again, as a mirrored one; None when too many are under way. Its bodies are not kept."""
        if len(self._tasks) >= AT_ONCE:
            return None
        return msgspec.structs.replace(
            copy_for_a_try(draft),
            id=new_id("call"),
            shadow_of=draft.id,
            body_mode="none",
            tries=[],
            flight=None,
            meter=None,
            hold=None,
            told=b"",
            cache=None,
            cache_policy=None,
            why="shadow",
        )

    def send(self, draft: Draft, dialect: Dialect, shoot: Callable[[], Awaitable[Shot]]) -> None:
        task = asyncio.create_task(self._run(draft, dialect, shoot), name="shadow")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, draft: Draft, dialect: Dialect, shoot: Callable[[], Awaitable[Shot]]) -> None:
        limits = self._hooks.limits
        try:
            async with asyncio.timeout(LONGEST_S):
                if limits is not None:
                    assert draft.target is not None
                    if (turn := limits.attempt(draft, draft.target)) is not None:
                        await turn
                await self._to_its_end(draft, await shoot())
                with contextlib.suppress(Refusal):
                    await self._settler.settle(draft, dialect)
        except (Refusal, TimeoutError) as problem:
            log.info("shadow_not_made call=%s reason=%s", draft.shadow_of, problem)
        except Exception:
            log.exception("shadow_failed call=%s", draft.shadow_of)
        finally:
            if limits is not None:
                limits.release(draft)
            leave(draft)

    async def _to_its_end(self, draft: Draft, shot: Shot) -> None:
        """Read what is left of a stream, for its usage."""
        if not shot.ended.ok:
            draft.outcome, draft.error_code = "error", shot.ended.error
            draft.status = draft.upstream_status or shot.ended.status
            return
        held, response = shot.held, shot.response
        if held is None or response is None:
            return
        try:
            while not held.ended and (chunk := await response.chunk()) is not None:
                held.took(draft, chunk)
                draft.chunks = draft.chunks[-1:]
        except UpstreamError as error:
            draft.outcome, draft.error_code, draft.attempt_error = "cut", error.code, error.code
        draft.upstream_done = draft.elapsed()
        draft.usage, draft.model_answered = held.reader.usage, held.reader.model
        draft.reported_cost = held.reader.cost
