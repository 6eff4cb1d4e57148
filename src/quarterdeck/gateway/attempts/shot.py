"""One try while it happens, on the call's own draft or, of two that race, on a copy; and what came of it."""

from typing import NamedTuple

import msgspec

from quarterdeck.access.routing.caching import CachePolicy
from quarterdeck.access.routing.world import Outcome
from quarterdeck.gateway.attempts.binding import Bound
from quarterdeck.gateway.cache.entry import Caching
from quarterdeck.gateway.dialects.base import RequestFacts
from quarterdeck.gateway.draft import Draft, Tried
from quarterdeck.gateway.errors import Refusal
from quarterdeck.gateway.relay import Held
from quarterdeck.gateway.transport import Response, UpstreamError
from quarterdeck.ledger.prices import MISSING


class Shot(msgspec.Struct, eq=False):
    """`draft` is the call's own, or a copy: then `adopt` tells the call's own which try is the one that counts."""

    draft: Draft
    bound: Bound | None = None
    response: Response | None = None
    held: Held | None = None
    error: UpstreamError | None = None
    refusal: Refusal | None = None
    """Ours: it could not be sent, or what came cannot be told."""
    result: Outcome | None = None
    cached: bool = False
    """Nothing is to be sent: the cache has an answer of this target's."""

    @property
    def ended(self) -> Outcome:
        assert self.result is not None
        return self.result

    def failed(self, problem: Refusal | UpstreamError) -> None:
        """No answer came, or none that can be told."""
        if isinstance(problem, Refusal):
            self.refusal = problem
        else:
            self.draft.upstream_done = self.draft.elapsed()
            self.error = problem


def copy_for_a_try(draft: Draft) -> Draft:
    """A draft for one try, with nothing of any other."""
    return msgspec.structs.replace(draft, chunks=[], chunk_times=[], response_size=0, reader=None, translator=None)


def adopt(draft: Draft, shot: Shot) -> None:
    """This try is the one the call is answered with, or ended by: the draft takes what belongs to a try from it."""
    own = shot.draft
    if own is draft:
        return
    draft.target = own.target
    draft.withhold_usage = own.withhold_usage
    draft.reader = own.reader
    draft.translator = own.translator
    draft.dropped = own.dropped
    draft.status = own.status
    draft.outcome = own.outcome
    draft.error_code = own.error_code
    draft.error_message = own.error_message
    draft.attempt_error = own.attempt_error
    draft.upstream_status = own.upstream_status
    draft.sent_at = own.sent_at
    draft.first_byte = own.first_byte
    draft.upstream_done = own.upstream_done
    draft.answer_headers = own.answer_headers
    draft.answer_type = own.answer_type
    draft.answer_packed = own.answer_packed
    draft.chunks = own.chunks
    draft.chunk_times = own.chunk_times
    draft.response_size = own.response_size
    draft.model_answered = own.model_answered
    draft.usage = own.usage
    draft.reported_cost = own.reported_cost
    draft.busy = own.busy
    draft.breaker = own.breaker
    draft.option = own.option
    draft.why = own.why
    draft.retries = own.retries
    draft.meter = own.meter
    draft.told = own.told
    draft.quote = own.quote
    draft.cache = own.cache
    if draft.flight is not None:
        draft.flight.chunk_times = draft.chunk_times


class Before(NamedTuple):
    """What a call's draft said before its first try, of that which a try changes."""

    request_body: bytes
    facts: RequestFacts | None
    told: bytes
    cache: Caching | None
    cache_policy: CachePolicy | None

    @classmethod
    def of(cls, draft: Draft, told: bytes) -> "Before":
        return cls(draft.request_body, draft.facts, told, draft.cache, draft.cache_policy)

    def put_back(self, draft: Draft) -> None:
        """Nothing is left of the try that was made on the draft."""
        draft.request_body, draft.facts, draft.told, draft.cache, draft.cache_policy = self
        draft.target = draft.reader = draft.translator = draft.busy = draft.breaker = draft.meter = None
        draft.withhold_usage, draft.dropped = False, ()
        draft.status, draft.outcome = 0, "ok"
        draft.error_code = draft.error_message = draft.attempt_error = None
        draft.upstream_status = draft.sent_at = draft.first_byte = draft.upstream_done = None
        draft.answer_headers, draft.answer_type, draft.model_answered = (), None, None
        draft.answer_packed = False
        draft.chunks, draft.chunk_times, draft.response_size = [], [], 0
        draft.usage = draft.reported_cost = draft.option = draft.why = None
        draft.retries, draft.quote = 0, MISSING


def tried(shot: Shot, *, lost: bool = False) -> Tried | None:
    """The record of a try that does not answer the call; None when nothing was sent.

    What an answer with status 200 used was billed, whatever became of it; so may be one that was hung up on.
    """
    draft = shot.draft
    if draft.sent_at is None or draft.target is None:
        return None
    error = "hedge_lost" if lost else shot.ended.error
    if draft.usage is not None:
        source: str | None = "provider"
    elif (draft.upstream_status is not None and draft.upstream_status < 400) or lost:
        source = "estimated"
    elif draft.upstream_status is None and shot.error is not None and not shot.error.sent:
        source = None
    else:
        source = "unknown" if draft.upstream_status is None else None
    return Tried(
        target=draft.target,
        status=draft.upstream_status,
        error=error,
        began=draft.sent_at,
        first_byte=draft.first_byte,
        ended=draft.upstream_done if draft.upstream_done is not None else draft.elapsed(),
        option=draft.option,
        why=draft.why,
        usage=draft.usage,
        usage_source=source,
        model_answered=draft.model_answered,
        reported_cost=draft.reported_cost,
        request_body=draft.request_body,
        answer=b"".join(draft.chunks) if source == "estimated" else b"",
    )
