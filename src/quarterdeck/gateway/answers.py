"""Headers that every answer of ours carries."""

from quarterdeck.gateway import portkey_words
from quarterdeck.gateway.cache.entry import Status
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import header_text, returned_lines
from quarterdeck.gateway.server import Exchange
from quarterdeck.kernel.money import format_usd

_JSON = (b"content-type", b"application/json")
_SENT, _NOT_SENT = b"x-quarterdeck-attempts: 1\r\n", b"x-quarterdeck-attempts: 0\r\n"


def answer_lines(draft: Draft, cost: int | None) -> bytes:
    """The provider's headers and ours, as lines of a head. The cost of a stream is not known yet, so it is left out."""
    lines = returned_lines(draft.answer_headers)
    if draft.translator is not None:
        # The body is ours, so what described the provider's does not describe it.
        lines = [line for line in lines if not line.startswith(b"content-")]
        lines.append(b"content-type: %b\r\n" % (draft.answer_type or "application/json").encode("latin-1"))
    lines.append(b"x-quarterdeck-call-id: %b\r\n" % draft.id.encode())
    attribution, target = draft.attribution, draft.target
    if attribution is not None and attribution.run_id is not None:
        lines.append(b"x-quarterdeck-run: %b\r\n" % attribution.run_id.encode())
    if target is not None:
        lines.append(target.lines)
    lines.append(_attempts(draft))
    if draft.route is not None:
        # The rest of a try's stands in its target's lines.
        lines.append(portkey_words.lines(draft) if draft.option is None else portkey_words.of_try(draft))
    elif portkey_words.is_client(draft):
        lines.append(portkey_words.lines(draft))
    lines.append(Status.OFF.lines if draft.cache is None else draft.cache.status.lines)
    if draft.dropped:
        lines.append(b"x-quarterdeck-dropped: %b\r\n" % header_text(", ".join(draft.dropped)[:1024]))
    if cost is not None:
        lines.append(b"x-quarterdeck-cost-usd: %b\r\n" % format_usd(cost).encode())
    elif draft.usage is not None:
        lines.append(b"x-quarterdeck-cost-usd: unpriced\r\n")
    lines.append(draft.told)
    lines.append(b"x-quarterdeck-overhead-ms: %.3f\r\n" % (draft.overhead(draft.elapsed()) / 1000))
    return b"".join(lines)


def _attempts(draft: Draft) -> bytes:
    if draft.tries:
        return b"x-quarterdeck-attempts: %d\r\n" % (len(draft.tries) + (draft.sent_at is not None))
    return _SENT if draft.sent_at is not None else _NOT_SENT


def refuse(exchange: Exchange, draft: Draft, refusal: Refusal, body: bytes) -> None:
    """Our own no. The call's id stands in it only when the call was recorded."""
    headers = [_JSON, (b"x-quarterdeck-code", refusal.code.encode())]
    if draft.workspace is not None:
        headers.append((b"x-quarterdeck-call-id", draft.id.encode()))
    headers.extend(refusal.headers)
    lines = _attempts(draft)
    if draft.route is not None or portkey_words.is_client(draft):
        lines += portkey_words.lines(draft)
    exchange.respond(refusal.status, headers, body, lines)
