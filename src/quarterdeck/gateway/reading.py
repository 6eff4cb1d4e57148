"""Read a request: the whole body, within the limit, and what the gateway has to know of it."""

from quarterdeck.gateway import errors
from quarterdeck.gateway.attribution import attribute
from quarterdeck.gateway.dialects.base import BadBody, Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.server import BodyTooLarge, Exchange


async def read(draft: Draft, dialect: Dialect, exchange: Exchange, limit: int) -> None:
    """Raises Refusal when the body cannot be taken, CallerLeft when it does not come whole."""
    if draft.headers.get(b"content-encoding", b"identity") != b"identity":
        raise errors.bad_body("Send the body without content-encoding; this API does not take compressed requests.")
    try:
        draft.request_body = body = await exchange.body(limit)
    except BodyTooLarge:
        raise errors.body_too_large(limit) from None
    try:
        facts = draft.facts = draft.endpoint.completed(dialect.read_request(body))
    except BadBody as error:
        raise errors.bad_body(str(error)) from None
    attribution, key, agent, workspace = draft.attribution, draft.key, draft.agent, draft.workspace
    if facts.session is not None and attribution is not None and attribution.session is None:
        assert key is not None and agent is not None and workspace is not None
        draft.attribution = attribute(draft.headers, facts.session, key, agent, workspace)
