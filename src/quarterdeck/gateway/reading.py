"""Read a request: the whole body, within the limit, and what the gateway has to know of it."""

from quarterdeck.gateway import errors
from quarterdeck.gateway.attribution import attribute
from quarterdeck.gateway.dialects.base import BadBody, Dialect, RequestFacts
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.server import BodyTooLarge, Exchange

_CACHED = b"x-portkey-cache"
"""A call with this header has most likely come before, byte for byte."""
_REMEMBERED, _MOST_REMEMBERED = 16 * 1024, 512
"""Bytes of a body whose reading is kept, and how many: 8 MiB at the most."""
remembered: dict[tuple[str, bytes], RequestFacts] = {}
"""By dialect and body."""


async def read(draft: Draft, dialect: Dialect, exchange: Exchange, limit: int) -> None:
    """Raises Refusal when the body cannot be taken, CallerLeft when it does not come whole."""
    if draft.headers.get(b"content-encoding", b"identity") != b"identity":
        raise errors.bad_body("Send the body without content-encoding; this API does not take compressed requests.")
    try:
        draft.request_body = body = await exchange.body(limit)
    except BodyTooLarge:
        raise errors.body_too_large(limit) from None
    try:
        # Of a call whose bodies are not kept nothing is remembered either.
        if _CACHED in draft.headers and draft.body_mode != "none":
            found = _again(dialect, body)
        else:
            found = dialect.read_request(body)
    except BadBody as error:
        raise errors.bad_body(str(error)) from None
    facts = draft.facts = draft.endpoint.completed(found)
    attribution, key, agent, workspace = draft.attribution, draft.key, draft.agent, draft.workspace
    if facts.session is not None and attribution is not None and attribution.session is None:
        assert key is not None and agent is not None and workspace is not None
        draft.attribution = attribute(draft.headers, facts.session, key, agent, workspace)


def _again(dialect: Dialect, body: bytes) -> RequestFacts:
    """As the dialect reads it, remembered. Raises BadBody."""
    found = remembered.get((dialect.name, body))
    if found is None:
        found = dialect.read_request(body)
        if len(body) <= _REMEMBERED:
            if len(remembered) >= _MOST_REMEMBERED:
                remembered.clear()
            remembered[dialect.name, body] = found
    return found
