"""Counting a prompt's tokens: by the provider the prompt would go to, else by our own rule of thumb, and marked so."""

import asyncio
from dataclasses import replace

import msgspec

from quarterdeck.gateway.answers import answer_lines
from quarterdeck.gateway.call import ModelCalls
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.estimate import estimate
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.targets import Target

_ASKED_AS = {"anthropic_count_tokens": "anthropic", "gemini_count_tokens": "gemini"}
"""The dialect in which the counted prompt will be sent."""
COUNTED = tuple(_ASKED_AS)
_ANSWERS = {"anthropic_count_tokens": "input_tokens", "gemini_count_tokens": "totalTokens"}
_ESTIMATED = (b"x-quarterdeck-estimated", b"tokens")
_JSON = (b"content-type", b"application/json")


class CountCalls(ModelCalls):
    """Serves the token counting paths in the way of a model call. One instance per gateway process."""

    async def _find_target(self, draft: Draft) -> Target:
        assert draft.workspace is not None and draft.facts is not None
        name = draft.endpoint.dialect
        target = await self._chooser.target(draft.workspace, _ASKED_AS[name], draft.facts.model or "")
        return replace(target, dialect=name) if name in target.spec.dialects else target

    async def _serve(self, draft: Draft, dialect: Dialect, exchange: Exchange) -> None:
        assert draft.target is not None
        if draft.target.dialect == draft.endpoint.dialect:
            await super()._serve(draft, dialect, exchange)
            return
        counted = await asyncio.to_thread(estimate, draft.request_body, b"", None)
        body = msgspec.json.encode({_ANSWERS[draft.endpoint.dialect]: counted.input_total})
        draft.status, draft.answer_type = 200, "application/json"
        draft.chunks, draft.response_size = [body], len(body)
        cost = await self._parts.settler.settle(draft, dialect)
        draft.begun = True
        exchange.respond(200, [_JSON, _ESTIMATED], body, answer_lines(draft, cost))
