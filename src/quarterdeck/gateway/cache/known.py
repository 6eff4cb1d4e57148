"""Requests that come again byte for byte, their head included, answered from the cache without being read again.

A client that asks the same sends the same bytes. Such a request was read, identified, let in and answered from the
cache before, and all of that would come out as it did while nothing has changed that it went by:

- the snapshot, which says of keys, pauses, runs, routes, limits and prices: everything is forgotten when it is swapped;
- the answer that is kept: it is asked for each time, as it may have been replaced or pushed out;
- time: until when the key holds, and until when the answer is young enough.

Only the call's id, its instants and its record are new. Calls that a limit or a budget is about are not known here.
"""

import logging
import time
from typing import NamedTuple

from quarterdeck.gateway.answers import answer_lines
from quarterdeck.gateway.cache.entry import Caching, Entry
from quarterdeck.gateway.cache.memory import MemoryStore
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.pausing import has_changed
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.server.head import build_head
from quarterdeck.kernel.clock import SECOND
from quarterdeck.kernel.ids import new_id
from quarterdeck.ledger.record import CallRecord

log = logging.getLogger(__name__)

BIGGEST, MOST = 16 * 1024, 512
"""Bytes of a request, and of an answer, that are kept; and how many: 16 MiB at the most, those in the cache aside."""
_MOST_SEEN = 8_192
_END = b"\r\n\r\n"
_OVERHEAD = b"x-quarterdeck-overhead-ms: "
_UNLIKE = frozenset({b"expect", b"upgrade", b"transfer-encoding"})
"""Headers of requests that are more than a head and a body of a known length."""


class _Known(NamedTuple):
    """A request that was answered from the cache."""

    draft: Draft
    """Of that call; of each that follows, while it is answered."""
    record: CallRecord
    key: bytes
    entry: Entry
    until: int
    """Microseconds since the epoch."""
    head: list[bytes]
    """The answer's, as far as the time that we took: what stands between the places of the call's id."""
    rest: bytes
    """What follows that time, the body included."""


class KnownRequests:
    """One per gateway process; only of a cache that is in the process too."""

    def __init__(self, store: MemoryStore, parts: Parts) -> None:
        self.biggest = BIGGEST
        self._store = store
        self._parts = parts
        self._known: dict[bytes, _Known] = {}
        self._heads: set[bytes] = set()
        """Those of them that came with their body behind them."""
        self._seen: set[int] = set()
        """Hashes of requests that came once: most never come again."""
        parts.holder.on_swap(lambda _: self._forget())

    def __len__(self) -> int:
        return len(self._known)

    def begins(self, piece: bytes) -> bool:
        """Whether this is the head of a known request, whose body may follow."""
        return piece in self._heads

    def answer(self, request: bytes) -> bytes | None:
        """The whole answer to a request that is known, whose record is written then; None: it has to be read."""
        known = self._known.get(request)
        if known is None:
            return None
        began, now = time.perf_counter_ns(), time.time_ns() // 1_000
        if now >= known.until or self._store.get(known.key, now) is not known.entry:
            del self._known[request]
            return None
        draft = known.draft
        draft.id, draft.started, draft.began = new_id("call"), now, began
        try:
            took = self._parts.settler.settle_again(draft, known.record)
        except Exception:
            # Read, it is refused, or goes well.
            log.exception("known_request_failed call=%s", draft.id)
            return None
        if took is None:
            return None
        return b"%b%.3f%b" % (draft.id.encode().join(known.head), took / 1_000, known.rest)

    def learn(self, exchange: Exchange, draft: Draft, caching: Caching) -> None:
        """A call was answered from the cache, and is settled; no limit or budget was about it."""
        request = _bytes_of(exchange, draft)
        if request is None or len(draft.chunks[0]) > BIGGEST or has_changed(draft, self._parts.holder):
            return
        if hash(request) not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(hash(request))
            return
        entry, key = caching.hit, draft.key
        assert entry is not None and key is not None
        until = entry.expires_at
        if caching.policy.max_age_s is not None:
            until = min(until, entry.made_at + caching.policy.max_age_s * SECOND)
        if key.expires_at is not None:
            until = min(until, key.expires_at)
        head, _, _ = build_head(200, [], answer_lines(draft, draft.cost))
        before, overhead, _ = head.rpartition(_OVERHEAD)
        rest = b"\r\ncontent-length: %d\r\n\r\n%b" % (len(entry.body), entry.body)
        if len(self._known) >= MOST:
            self._forget()
        self._known[request] = _Known(
            draft,
            draft.record(draft.cost, None),
            caching.key,
            entry,
            until,
            (before + overhead).split(draft.id.encode()),
            rest,
        )
        if exchange.piece.endswith(_END):
            self._heads.add(exchange.piece)

    def _forget(self) -> None:
        self._known.clear()
        self._heads.clear()


def _bytes_of(exchange: Exchange, draft: Draft) -> bytes | None:
    """The request as it came in, when that can be told and the connection lives on behind it."""
    head, end, _ = exchange.piece.partition(_END)
    headers, body = draft.headers, draft.request_body
    if not end or not _UNLIKE.isdisjoint(headers) or not head.partition(b"\r\n")[0].endswith(b" HTTP/1.1"):
        return None
    if headers.get(b"connection", b"keep-alive").lower() != b"keep-alive":
        return None
    if headers.get(b"content-length") != b"%d" % len(body):
        return None
    request = head + end + body
    return request if len(request) <= BIGGEST else None
