"""Carry an answer back: whole, or chunk by chunk as it comes."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from quarterdeck.gateway.answers import answer_headers
from quarterdeck.gateway.dialects.base import Dialect, StreamReader
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.headers import value_of
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.transport import Decoder, Response, UpstreamError, decode

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

ANSWER_LIMIT = 256 * 1024 * 1024
EARLY_END = "The provider ended its answer before it was complete."


async def relay_whole(draft: Draft, dialect: Dialect, response: Response, send: Send, settler: Settler) -> None:
    """Read the answer, settle, then send it: its cost can stand in its headers.

    Raises UpstreamError while nothing has been sent.
    """
    body = await response.read(ANSWER_LIMIT)
    draft.upstream_done = draft.elapsed()
    draft.chunks = [body]
    draft.response_size = len(body)
    encoding = value_of(response.headers, b"content-encoding")
    plain = decode(response.headers, body, ANSWER_LIMIT) if encoding is not None else body
    facts = dialect.read_answer(plain)
    draft.usage, draft.model_answered = facts.usage, facts.model
    if response.status >= 400:
        draft.outcome, draft.error_code = "error", f"status_{response.status}"
        draft.error_message = facts.error
    elif facts.error is not None:
        draft.outcome, draft.error_code, draft.error_message = "error", "error_in_answer", facts.error
    cost = await settler.settle(draft, dialect)
    headers = answer_headers(draft, cost)
    headers.append((b"content-length", str(len(body)).encode()))
    draft.begun = True
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def relay_stream(draft: Draft, dialect: Dialect, response: Response, send: Send, settler: Settler) -> None:
    """Relay chunks as they arrive. The chunk that ends the stream waits until the call is in the journal."""
    facts = draft.facts
    assert facts is not None
    withhold = facts.stream and not facts.wants_usage
    reader = dialect.reader(withhold_usage=withhold)
    encoding = value_of(response.headers, b"content-encoding")
    decoder = Decoder(encoding) if encoding is not None else None
    await send({"type": "http.response.start", "status": response.status, "headers": answer_headers(draft, None)})
    draft.begun = True
    settled = False
    try:
        while (chunk := await response.chunk()) is not None:
            draft.took_chunk(chunk)
            if decoder is None:
                out = reader.feed(chunk)
            else:
                reader.feed(decoder.feed(chunk))
                out = chunk
            if reader.finished and not settled:
                settled = True
                await _settle(draft, dialect, reader, settler)
            if out:
                await send({"type": "http.response.body", "body": out, "more_body": True})
    except UpstreamError as error:
        draft.attempt_error, draft.error_message = error.code, str(error)
        if not settled:
            await _cut_short(draft, dialect, reader, send, settler, error.code)
            return
    if not settled and not reader.finished and draft.status < 400:
        await _cut_short(draft, dialect, reader, send, settler, "stream_cut")
        return
    if not settled:
        await _settle(draft, dialect, reader, settler)
    await send({"type": "http.response.body", "body": reader.end() if decoder is None else b""})


async def _settle(draft: Draft, dialect: Dialect, reader: StreamReader, settler: Settler) -> None:
    draft.upstream_done = draft.elapsed()
    draft.outcome = "ok"
    if reader.error is not None:
        draft.outcome, draft.error_code, draft.error_message = "error", "error_in_stream", reader.error
    elif draft.status >= 400:
        draft.outcome, draft.error_code = "error", f"status_{draft.status}"
    draft.usage, draft.model_answered = reader.usage, reader.model
    await settler.settle(draft, dialect)


async def _cut_short(
    draft: Draft, dialect: Dialect, reader: StreamReader, send: Send, settler: Settler, code: str
) -> None:
    """The provider ended early: an error event, never a clean end."""
    draft.upstream_done = draft.elapsed()
    draft.outcome, draft.error_code = "cut", code
    draft.error_message = reader.error or draft.error_message or EARLY_END
    draft.usage, draft.model_answered = reader.usage, reader.model
    await settler.settle(draft, dialect)
    last = b"" if reader.error is not None else dialect.stream_error(code, EARLY_END)
    await send({"type": "http.response.body", "body": reader.end() + last})
