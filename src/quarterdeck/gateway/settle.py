"""Settle a call: its usage, its price, its record in the journal."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from quarterdeck.gateway import errors
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.endpoints import Billing
from quarterdeck.gateway.estimate import estimate
from quarterdeck.gateway.hooks import Hooks
from quarterdeck.gateway.metrics import Metrics
from quarterdeck.gateway.targets import Target
from quarterdeck.ledger.journal import JournalFull
from quarterdeck.ledger.prices import MISSING, PriceBook
from quarterdeck.ledger.record import CallRecord, PriceNote, encode
from quarterdeck.ledger.turns.model import TALKS, features_of

log = logging.getLogger(__name__)

RESULTS_REMEMBERED = 10_000
_MAY_BE_BILLED = frozenset({"ok", "cut", "cancelled"})


class Writer(Protocol):
    """What a settler asks of the journal."""

    @property
    def full(self) -> bool: ...

    @property
    def at_once(self) -> bool: ...

    def append(self, payload: bytes) -> Awaitable[None] | None: ...


class Settler:
    """Prices calls and writes their records. One per gateway process."""

    def __init__(
        self,
        journal: Writer,
        prices: PriceBook,
        metrics: Metrics,
        grew: Callable[[], None],
        hooks: Hooks | None = None,
    ) -> None:
        self.prices = prices
        self.hooks = hooks or Hooks()
        self._journal = journal
        self._metrics = metrics
        self._grew = grew
        self._resolving: set[asyncio.Task[object]] = set()
        self._read: set[tuple[str, str]] = set()

    def first_reading(self, workspace_id: str, results: str) -> bool:
        """Whether a batch's results are read here for the first time; the ingester asks the same across processes."""
        key = (workspace_id, results)
        if key in self._read:
            return False
        if len(self._read) >= RESULTS_REMEMBERED:
            self._read.clear()
        self._read.add(key)
        return True

    @property
    def journal_full(self) -> bool:
        return self._journal.full

    def prepare(self, draft: Draft, target: Target) -> None:
        """Begin to look up the price while the provider works, so that it is there when the answer is."""
        provider = target.provider
        draft.quote = self.prices.cached(provider.kind, target.model, draft.started, provider=provider.name)
        if draft.quote is MISSING:
            work = asyncio.to_thread(self.prices.resolve, provider.kind, target.model, provider=provider.name)
            task = asyncio.create_task(work, name="price")
            self._resolving.add(task)
            task.add_done_callback(self._resolving.discard)

    async def settle(self, draft: Draft, dialect: Dialect, answer: bytes | None = None) -> int | None:
        """Price the call and write its record; once, however often it is asked.

        `answer` is our own answer to the caller where the provider gave none. Returns the cost in nano-dollars, None
        when it has no price. Raises Refusal when the journal is full and full means refuse.
        """
        if draft.recorded:
            return draft.cost
        draft.recorded = True
        if answer is not None:
            draft.chunks, draft.response_size = [answer], len(answer)
        try:
            if draft.usage is not None and draft.outcome == "ok":
                draft.usage_source = "provider"
            elif draft.sent_at is not None:
                await self._estimate(draft)
            draft.cost, note = self._price_now(draft) or await self._price(draft)
            if draft.tries:
                await self._price_tries(draft)
            if draft.body_mode == "none" and draft.endpoint.dialect in TALKS and draft.shadow_of is None:
                await _keep_features(draft)
        except asyncio.CancelledError:
            # Its caller left, or it was stopped, and nothing is written yet: it is settled as how it ended now.
            draft.recorded = False
            raise
        if self.hooks.limits is not None:
            # From here to the journal nothing else runs, so what is charged and what is written keep one order.
            self.hooks.limits.settled(draft)
        elif draft.upstream_status == 429 and self.hooks.throttled is not None:
            self.hooks.throttled(draft)
        record = draft.record(draft.cost, note)
        self._metrics.settled(draft, record.overhead, record.ended)
        if draft.cache is not None and self.hooks.cache is not None:
            self.hooks.cache.settled(draft, dialect)
        payload = encode(record)
        try:
            written = self._journal.append(payload)
            if written is not None:
                await asyncio.shield(written)
        except JournalFull:
            raise errors.journal_full() from None
        self._grew()
        return draft.cost

    def settle_again(self, draft: Draft, before: CallRecord) -> int | None:
        """Write the record of a call that differs from one before in nothing but its id and its instants.

        Returns its microseconds so far; None when that has to be waited for, and then nothing was done. Raises
        JournalFull.
        """
        if self._journal.full or not self._journal.at_once:
            return None
        if self.hooks.limits is not None:
            self.hooks.limits.settled(draft)
        draft.first_byte = ended = draft.elapsed()
        record = msgspec.structs.replace(
            before, id=draft.id, started=draft.started, first_byte=ended, ended=ended, overhead=ended
        )
        self._journal.append(encode(record))
        self._metrics.settled(draft, ended, ended)
        self._grew()
        return ended

    async def _estimate(self, draft: Draft) -> None:
        """A call that may be billed but says nothing of its usage is estimated, and says so."""
        billable = draft.outcome in _MAY_BE_BILLED and draft.sent_at is not None and draft.status in {200, 499}
        if not billable or draft.endpoint.billing is not Billing.TOKENS:
            draft.usage_source = "provider" if draft.usage is not None else "none"
            return
        draft.usage = await asyncio.to_thread(estimate, draft.request_body, b"".join(draft.chunks), draft.usage)
        draft.usage_source = "estimated"

    async def _price_tries(self, draft: Draft) -> None:
        """What tries used that did not answer the call was billed all the same: it is part of the call's cost."""
        for each in draft.tries:
            if each.usage_source == "estimated" and each.usage is None:
                each.usage = await asyncio.to_thread(estimate, each.request_body, each.answer, None)
            each.request_body = each.answer = b""
            if each.usage is None:
                continue
            provider, quote = each.target.provider, None
            for model in (each.model_answered, each.target.model):
                if model is not None and quote is None:
                    quote = await asyncio.to_thread(self.prices.resolve, provider.kind, model, provider=provider.name)
            each.cost = quote.cost(each.usage)[0] if quote is not None else each.reported_cost
            if each.cost is not None and draft.cost is not None:
                draft.cost += each.cost

    def _price_now(self, draft: Draft) -> tuple[int | None, PriceNote | None] | None:
        """The cost, when the answered model's price has been looked up before; None when it takes a look-up."""
        target, usage = draft.target, draft.usage
        if target is None or usage is None:
            return _without_usage(draft), None
        if draft.priced is not None:
            return draft.priced
        quote, answered = draft.quote, draft.model_answered
        if quote is MISSING or (answered is not None and answered != target.model):
            provider = target.provider
            quote = self.prices.cached(provider.kind, answered or target.model, provider=provider.name)
        return quote.cost(usage) if quote is not None and quote is not MISSING else None

    async def _price(self, draft: Draft) -> tuple[int | None, PriceNote | None]:
        target, usage = draft.target, draft.usage
        if target is None or usage is None:
            return _without_usage(draft), None
        kind, name = target.provider.kind, target.provider.name
        for model in (draft.model_answered, target.model):
            if model is None:
                continue
            quote = self.prices.cached(kind, model, provider=name)
            if quote is MISSING:
                quote = await asyncio.to_thread(self.prices.resolve, kind, model, provider=name)
            if quote is not None and quote is not MISSING:
                return quote.cost(usage)
        if draft.reported_cost is not None:
            return draft.reported_cost, PriceNote("provider", "", {})
        return None, None


async def _keep_features(draft: Draft) -> None:
    """Signals go by hashes; where no body is kept, they are made here, beside the event loop, before it is gone."""
    answer = b"".join(draft.chunks) if draft.outcome == "ok" else b""
    try:
        draft.features = await asyncio.to_thread(features_of, draft.request_body, answer, draft.answer_type)
    except Exception:
        log.exception("features_unreadable call=%s", draft.id)


def _without_usage(draft: Draft) -> int | None:
    """Nothing was spent, unless the provider served what it bills by another measure than the one it reports."""
    served = draft.outcome in _MAY_BE_BILLED and draft.sent_at is not None and draft.status < 500
    return None if served and draft.endpoint.billing is Billing.UNKNOWN else 0
