"""Give the caller what a routed call's last try brought."""

from quarterdeck.gateway.attempts.shot import Shot
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.relay import give_whole, relay_stream
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.settle import Settler

_WORDS = {
    "empty_answer": "The provider answered with nothing.",
    "stream_cut": "The provider ended its answer before it said anything.",
    "no_event": "The provider's stream holds no event.",
    "malformed_answer": "The provider's answer is no JSON.",
}


async def give(shot: Shot, draft: Draft, dialect: Dialect, exchange: Exchange, settler: Settler) -> None:
    """Relay it, an error of the provider's own too. Raises Refusal or UpstreamError where there is nothing to relay."""
    if shot.cached:
        assert settler.hooks.cache is not None
        await settler.hooks.cache.give(draft, dialect, exchange)
        return
    if shot.refusal is not None:
        raise shot.refusal
    if shot.error is not None:
        raise shot.error
    response, result = shot.response, shot.ended
    assert response is not None
    if not result.ok and result.error in _WORDS:
        raise Refusal(502, "provider_broken", f"{_WORDS[result.error]} ({result.error})")
    if shot.held is None:
        await give_whole(draft, dialect, response, exchange, settler)
        return
    if shot.held.broken is not None and not result.ok:
        raise shot.held.broken
    await relay_stream(draft, dialect, response, exchange, settler, shot.held)
