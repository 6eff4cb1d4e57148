"""Headers that every answer of ours carries, and the counters of what was answered."""

from collections import Counter

from quarterdeck.gateway.cache.entry import Status
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.headers import returned
from quarterdeck.gateway.server import Exchange
from quarterdeck.kernel.money import format_usd

_JSON = (b"content-type", b"application/json")
_SENT, _NOT_SENT = (b"x-quarterdeck-attempts", b"1"), (b"x-quarterdeck-attempts", b"0")


class Metrics:
    """Counts since the process started; `GET /metrics` shows them."""

    def __init__(self) -> None:
        self.calls: Counter[tuple[str, str, str]] = Counter()
        """(dialect, provider, outcome) → calls."""
        self.refusals: Counter[str] = Counter()
        self.overhead_us = 0
        self.cost_nano = 0
        self.cache: Counter[str] = Counter()
        """What the cache did → calls."""
        self.saved_nano = 0

    def settled(self, draft: Draft, overhead_us: int) -> None:
        provider = draft.target.provider.name if draft.target is not None else ""
        self.calls[draft.endpoint.dialect, provider, draft.outcome] += 1
        self.overhead_us += overhead_us
        self.cost_nano += draft.cost or 0
        if draft.cache is not None:
            self.cache[draft.cache.status.ours] += 1
            if draft.cache.hit is not None:
                self.saved_nano += draft.cache.hit.cost or 0

    def refused(self, code: str) -> None:
        self.refusals[code] += 1


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
    headers.append(_SENT if draft.sent_at is not None else _NOT_SENT)
    headers += Status.OFF.headers if draft.cache is None else draft.cache.status.headers
    if draft.dropped:
        headers.append((b"x-quarterdeck-dropped", _one_line(", ".join(draft.dropped))))
    if cost is not None:
        headers.append((b"x-quarterdeck-cost-usd", format_usd(cost).encode()))
    elif draft.usage is not None:
        headers.append((b"x-quarterdeck-cost-usd", b"unpriced"))
    headers.append((b"x-quarterdeck-overhead-ms", b"%.3f" % (draft.overhead() / 1000)))
    return headers


def _one_line(text: str) -> bytes:
    """Visible ASCII, at most a kilobyte: what a header takes."""
    return "".join(letter if " " <= letter <= "~" else "?" for letter in text[:1024]).encode()


def refuse(exchange: Exchange, draft: Draft, refusal: Refusal, body: bytes) -> None:
    """Our own no. The call's id stands in it only when the call was recorded."""
    headers = [_JSON, (b"x-quarterdeck-code", refusal.code.encode())]
    if draft.workspace is not None:
        headers.append((b"x-quarterdeck-call-id", draft.id.encode()))
    headers.append((b"x-quarterdeck-attempts", b"1" if draft.sent_at is not None else b"0"))
    headers.extend(refusal.headers)
    exchange.respond(refusal.status, headers, body)
