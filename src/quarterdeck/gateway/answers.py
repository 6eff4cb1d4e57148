"""Headers that every answer of ours carries."""

from quarterdeck.gateway import portkey_words
from quarterdeck.gateway.cache.entry import Status
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import returned
from quarterdeck.gateway.server import Exchange
from quarterdeck.kernel.money import format_usd

_JSON = (b"content-type", b"application/json")
_SENT, _NOT_SENT = (b"x-quarterdeck-attempts", b"1"), (b"x-quarterdeck-attempts", b"0")


def answer_headers(draft: Draft, cost: int | None) -> list[tuple[bytes, bytes]]:
    """The provider's headers and ours. The cost of a stream is not known yet, so its header is left out."""
    headers = returned(draft.answer_headers)
    if draft.translator is not None:
        # The body is ours, so what described the provider's does not describe it.
        headers = [pair for pair in headers if not pair[0].startswith(b"content-")]
        headers.append((b"content-type", (draft.answer_type or "application/json").encode("latin-1")))
    headers.append((b"x-quarterdeck-call-id", draft.id.encode()))
    attribution, target = draft.attribution, draft.target
    if attribution is not None and attribution.run_id is not None:
        headers.append((b"x-quarterdeck-run", attribution.run_id.encode()))
    if target is not None:
        headers += target.named
    headers.append(_attempts(draft))
    if draft.route is not None or portkey_words.is_client(draft):
        headers += portkey_words.headers(draft)
    headers += Status.OFF.headers if draft.cache is None else draft.cache.status.headers
    if draft.dropped:
        headers.append((b"x-quarterdeck-dropped", _one_line(", ".join(draft.dropped))))
    if cost is not None:
        headers.append((b"x-quarterdeck-cost-usd", format_usd(cost).encode()))
    elif draft.usage is not None:
        headers.append((b"x-quarterdeck-cost-usd", b"unpriced"))
    headers += draft.told
    headers.append((b"x-quarterdeck-overhead-ms", b"%.3f" % (draft.overhead() / 1000)))
    return headers


def _attempts(draft: Draft) -> tuple[bytes, bytes]:
    if draft.tries:
        return b"x-quarterdeck-attempts", b"%d" % (len(draft.tries) + (draft.sent_at is not None))
    return _SENT if draft.sent_at is not None else _NOT_SENT


def _one_line(text: str) -> bytes:
    """Visible ASCII, at most a kilobyte: what a header takes."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:1024]).encode()


def refuse(exchange: Exchange, draft: Draft, refusal: Refusal, body: bytes) -> None:
    """Our own no. The call's id stands in it only when the call was recorded."""
    headers = [_JSON, (b"x-quarterdeck-code", refusal.code.encode())]
    if draft.workspace is not None:
        headers.append((b"x-quarterdeck-call-id", draft.id.encode()))
    headers.append(_attempts(draft))
    if draft.route is not None or portkey_words.is_client(draft):
        headers += portkey_words.headers(draft)
    headers.extend(refusal.headers)
    exchange.respond(refusal.status, headers, body)
