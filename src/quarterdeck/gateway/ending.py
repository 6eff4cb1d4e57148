"""How a call ends that is not relayed to its end: refused, stopped, or left by its caller."""

import contextlib

from quarterdeck.gateway import portkey_words
from quarterdeck.gateway.answers import refuse
from quarterdeck.gateway.attempts.once import streams
from quarterdeck.gateway.dialects.base import Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.errors import Refusal, ended, server_stopping
from quarterdeck.gateway.open_calls import OpenCalls
from quarterdeck.gateway.parts import Parts
from quarterdeck.gateway.server import CallerLeft, Exchange


async def end_all(open_calls: OpenCalls) -> int:
    """The server stops and can wait no longer: each open call ends in words of its dialect, is recorded and priced.

    Returns how many there were.
    """
    why = server_stopping()
    return await open_calls.end("all", (), why.code, why.message)


async def end_early(draft: Draft, dialect: Dialect, exchange: Exchange, parts: Parts) -> None:
    """The caller left, or somebody pulled the stop lever on this call. Raises CallerLeft, Refusal."""
    draft.upstream_done = draft.upstream_done or draft.elapsed()
    stopped = draft.flight.stopped_by if draft.flight is not None else None
    if stopped is None:
        raise CallerLeft
    code, message = stopped
    if not draft.begun:
        raise ended(code, message)
    draft.outcome, draft.error_code, draft.error_message = "cut", code, message
    _take_what_was_read(draft)
    with contextlib.suppress(Refusal):
        await parts.settler.settle(draft, dialect)
    if streams(draft):
        exchange.finish(dialect.stream_error(code, message))
    else:
        # With words behind it, half a file would be taken for a whole one.
        exchange.break_off()


async def end_refused(draft: Draft, dialect: Dialect, refusal: Refusal, exchange: Exchange, parts: Parts) -> None:
    """Answer with the refusal, and keep a record of it when we know whose it is."""
    draft.outcome = "refused" if draft.sent_at is None and not draft.tries else "error"
    draft.error_code, draft.error_message = refusal.code, refusal.message
    if draft.endpoint.family == "openai" and portkey_words.is_client(draft):
        body = portkey_words.error_body(refusal)
    else:
        body = dialect.error(refusal.status, refusal.code, refusal.message)
    if not draft.begun:
        draft.status = refusal.status
        draft.answer_type = "application/json"
    if draft.workspace is not None:
        with contextlib.suppress(Refusal):
            await parts.settler.settle(draft, dialect, answer=None if draft.begun else body)
    parts.metrics.refused(refusal.code)
    if exchange.gone:
        return
    if draft.begun:
        exchange.finish(dialect.stream_error(refusal.code, refusal.message))
    else:
        refuse(exchange, draft, refusal, body)


async def end_left(draft: Draft, dialect: Dialect, parts: Parts) -> None:
    """The caller left. What the provider did until then may be billed, so it is recorded and priced."""
    if draft.workspace is None or draft.sent_at is None:
        return
    draft.outcome, draft.status = "cancelled", 499
    draft.error_code, draft.error_message = "client_left", "The caller closed the connection."
    _take_what_was_read(draft)
    with contextlib.suppress(Refusal):
        await parts.settler.settle(draft, dialect)


def _take_what_was_read(draft: Draft) -> None:
    # What a batch cost is told by a whole reading of its results: half a one would be billed beside that.
    if draft.reader is not None and draft.endpoint.form != "native_batch":
        draft.usage, draft.model_answered = draft.reader.usage, draft.reader.model
