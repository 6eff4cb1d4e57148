"""One try at one target: what is sent, and the head of what comes back."""

from quarterdeck.gateway import errors, targets, translation
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.dialects.once.translate import OnceTranslator
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import forwarded
from quarterdeck.gateway.providers.signer import Signer
from quarterdeck.gateway.targets import Target
from quarterdeck.gateway.translation import Outgoing
from quarterdeck.gateway.transport import Request, Response, Transport, UpstreamError

_STREAMS = ("text/event-stream", "application/vnd.amazon.eventstream")


async def attempt(draft: Draft, target: Target, out: Outgoing, transport: Transport, signer: Signer) -> Response:
    """Send; returns once the answer's head is here. Raises UpstreamError, and Refusal when no token is to be had."""
    out.headers.extend(targets.auth_headers(target, out.headers))
    if target.cloud is not None:
        out.headers.extend(await signer.headers(target.cloud, target, draft.endpoint.method, out.path, out.body))
    draft.sent_at = draft.elapsed()
    request = Request(draft.endpoint.method, out.path, out.headers, out.body)
    response = await transport.send(target.origin, request, target.timeouts)
    draft.first_byte = draft.elapsed()
    if draft.flight is not None:
        draft.flight.first_byte = draft.started + draft.first_byte
    draft.upstream_status = draft.status = response.status
    draft.answer_headers = response.headers
    draft.answer_packed = b"content-encoding" in response.fields
    kind = response.fields.get(b"content-type")
    draft.answer_type = kind.decode("latin-1") if kind is not None else None
    return response


def outgoing(draft: Draft, dialect: Dialect, target: Target, query: bytes) -> Outgoing:
    """What goes to the target. Raises Refusal when the request cannot be said in its words."""
    if translation.needed(draft, target):
        return translation.begin(draft, target)
    return _as_it_came(draft, dialect, target, query)


def _as_it_came(draft: Draft, dialect: Dialect, target: Target, query: bytes) -> Outgoing:
    """The caller's own bytes; only a model's provider is taken off, and usage asked for where it would be missing."""
    facts = draft.facts
    assert facts is not None
    asks = target.spec.quirks.asks_stream_usage
    ask_usage = draft.withhold_usage = facts.stream and not facts.wants_usage and asks
    body = draft.request_body
    if target.renamed or ask_usage:
        body = dialect.patch(body, model=target.model if target.renamed else None, ask_usage=ask_usage)
    headers = forwarded(draft.request_headers)
    if ask_usage:
        # A chunk of the answer will be withheld, so the answer has to come unencoded.
        headers = [pair for pair in headers if pair[0] != b"accept-encoding"]
    if target.spec.in_body or target.spec.model_in_path:
        body = targets.shaped(target, body)
    path = targets.path_of(target, draft.endpoint.dialect, draft.endpoint.provider_path, stream=facts.stream)
    if query := targets.query_of(target, query):
        path += b"?" + query
    return Outgoing(body, path, headers)


def unavailable(draft: Draft, error: UpstreamError) -> Refusal:
    """What the caller is told when a target gave no proper answer."""
    assert draft.target is not None
    name = draft.target.provider.name
    if error.status == 504:
        return Refusal(504, "provider_timeout", f"The provider {name} did not answer in time ({error.code}).")
    if draft.upstream_status is not None or error.sent:
        words = f"The provider {name} answered, but not properly: {error} ({error.code})."
        return Refusal(502, "provider_broken", words)
    return errors.provider_unavailable(name, error.code, str(error))


def streams(draft: Draft) -> bool:
    """Whether the answer is to be relayed as it comes."""
    kind = draft.answer_type or ""
    if isinstance(draft.translator, OnceTranslator):
        return False
    return kind.startswith(_STREAMS) or (draft.endpoint.form == "gemini_array" and draft.status < 400)
