"""Carry an answer back: whole, or chunk by chunk as it comes.

Each way has two halves, so that a route can look at an answer before the caller sees any of it.
"""

import asyncio

import msgspec

from quarterdeck.gateway import translation
from quarterdeck.gateway.answers import answer_lines
from quarterdeck.gateway.dialects.base import Dialect, StreamReader
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.server import Exchange
from quarterdeck.gateway.settle import Settler
from quarterdeck.gateway.transport import BodyTooLarge, Decoder, Response, UpstreamError, decode

ANSWER_LIMIT = 256 * 1024 * 1024
SMALL, SMALL_DECODED = 64 * 1024, 512 * 1024
"""Bytes that are unpacked on the event loop, and of what comes of them: half a millisecond of it."""
EARLY_END = "The provider ended its answer before it was complete."


async def relay_whole(draft: Draft, dialect: Dialect, response: Response, exchange: Exchange, settler: Settler) -> None:
    """Read the answer, settle, then send it: its cost can stand in its headers.

    Raises UpstreamError, and Refusal when the journal is full; nothing has been sent then.
    """
    await take_whole(draft, dialect, response)
    await give_whole(draft, dialect, response, exchange, settler)


async def take_whole(draft: Draft, dialect: Dialect, response: Response) -> None:
    """Read an answer, as the caller is to get it, into the draft's chunks. Raises UpstreamError, Refusal."""
    body = await response.read(ANSWER_LIMIT)
    draft.upstream_done = draft.elapsed()
    plain = await _decoded(response, body) if _is_encoded(response) else body
    if draft.translator is None:
        facts = dialect.read_answer(plain)
    else:
        body, facts = translation.answer(draft, plain)
        draft.answer_type = "application/json"
    draft.chunks = [body]
    draft.response_size = len(body)
    draft.usage, draft.model_answered, draft.reported_cost = facts.usage, facts.model, facts.cost
    if response.status >= 400:
        draft.outcome, draft.error_code = "error", f"status_{response.status}"
        draft.error_message = facts.error
    elif facts.error is not None:
        draft.outcome, draft.error_code, draft.error_message = "error", "error_in_answer", facts.error


async def _decoded(response: Response, body: bytes) -> bytes:
    """A body that is packed; unpacked beside the event loop unless it is small, and stays so. Raises UpstreamError."""
    if len(body) <= SMALL:
        try:
            return decode(response.headers, body, SMALL_DECODED)
        except BodyTooLarge:
            pass
    return await asyncio.to_thread(decode, response.headers, body, ANSWER_LIMIT)


async def give_whole(draft: Draft, dialect: Dialect, response: Response, exchange: Exchange, settler: Settler) -> None:
    """Settle, then send what `take_whole` put there."""
    cost = await settler.settle(draft, dialect)
    draft.begun = True
    exchange.respond(response.status, [], draft.chunks[0], answer_lines(draft, cost))


class Held(msgspec.Struct, eq=False):
    """A stream that has been opened: how it is read, and what of it is still to be given."""

    reader: StreamReader
    decoder: Decoder | None
    translated: bool
    out: bytes = b""
    """Read, and not given yet."""
    ended: bool = False
    """The provider closed; nothing more is to be read."""
    broken: UpstreamError | None = None
    """Or it broke off."""
    flooded: bool = False
    """A great deal came, and no event was in it."""

    def took(self, draft: Draft, chunk: bytes) -> bytes:
        """What of the provider's chunk goes to the caller."""
        if self.translated:
            out = self.reader.feed(chunk if self.decoder is None else self.decoder.feed(chunk))
            draft.took_chunk(out)
            return out
        draft.took_chunk(chunk)
        return self.reader.feed(chunk) if self.decoder is None else _read_copy(self.reader, self.decoder, chunk)


def open_stream(draft: Draft, dialect: Dialect, response: Response) -> Held:
    """Get ready to read a stream."""
    decoder = Decoder(response.headers, ANSWER_LIMIT) if _is_encoded(response) else None
    reader = draft.translator.stream() if draft.translator else dialect.reader(withhold_usage=draft.withhold_usage)
    draft.reader = reader
    if draft.translator is not None:
        draft.answer_type = draft.endpoint.stream_type
    return Held(reader, decoder, draft.translator is not None)


async def relay_stream(
    draft: Draft, dialect: Dialect, response: Response, exchange: Exchange, settler: Settler, held: Held | None = None
) -> None:
    """Relay chunks as they arrive. The chunk that ends the stream waits until the call is in the journal.

    `held` is what was read of it before. Raises CallerLeft.
    """
    if held is None:
        held = open_stream(draft, dialect, response)
    reader, decoder, translated = held.reader, held.decoder, held.translated
    exchange.start(response.status, [], answer_lines(draft, None))
    draft.begun = True
    try:
        if held.out or held.broken is not None:
            await _give_held(draft, dialect, held, exchange, settler)
        while not held.ended and (chunk := await response.chunk()) is not None:
            out = held.took(draft, chunk)
            if reader.finished and not draft.recorded:
                await _settle(draft, dialect, reader, settler)
            if draft.meter is not None:
                draft.meter(draft)
            if out:
                await exchange.write(out)
    except UpstreamError as error:
        draft.attempt_error, draft.error_message = error.code, str(error)
        if not draft.recorded:
            await _cut_short(draft, dialect, reader, exchange, settler, error.code)
            return
    if not draft.recorded:
        # Some dialects end with the connection, so only now is it known whether the stream is whole.
        rest = reader.end() if translated else b""
        if draft.status < 400 and not reader.finished:
            await _cut_short(draft, dialect, reader, exchange, settler, "stream_cut", rest)
            return
        if rest:
            draft.took_chunk(rest)
        await _settle(draft, dialect, reader, settler)
        exchange.finish(rest)
        return
    exchange.finish(reader.end() if decoder is None else b"")


async def _give_held(draft: Draft, dialect: Dialect, held: Held, exchange: Exchange, settler: Settler) -> None:
    """What was read before. Raises the UpstreamError that came after it."""
    if held.reader.finished:
        await _settle(draft, dialect, held.reader, settler)
    if held.out:
        await exchange.write(held.out)
    if held.broken is not None:
        raise held.broken


def _is_encoded(response: Response) -> bool:
    return response.fields.get(b"content-encoding") is not None


def _read_copy(reader: StreamReader, decoder: Decoder, chunk: bytes) -> bytes:
    """An encoded stream is read from a decoded copy and relayed as it came."""
    reader.feed(decoder.feed(chunk))
    return chunk


async def _settle(draft: Draft, dialect: Dialect, reader: StreamReader, settler: Settler) -> None:
    draft.upstream_done = draft.elapsed()
    if reader.error is not None:
        draft.outcome, draft.error_code, draft.error_message = "error", "error_in_stream", reader.error
        draft.attempt_error = "error_in_stream"
    elif draft.status >= 400:
        draft.outcome, draft.error_code = "error", f"status_{draft.status}"
    draft.usage, draft.model_answered, draft.reported_cost = reader.usage, reader.model, reader.cost
    await settler.settle(draft, dialect)


async def _cut_short(
    draft: Draft,
    dialect: Dialect,
    reader: StreamReader,
    exchange: Exchange,
    settler: Settler,
    code: str,
    rest: bytes = b"",
) -> None:
    """The provider ended early: an error event, never a clean end. `rest` is what was still due."""
    draft.upstream_done = draft.elapsed()
    rest = rest or reader.end()
    draft.outcome, draft.error_code = "cut", code
    draft.attempt_error = draft.attempt_error or code
    draft.error_message = reader.error or draft.error_message or EARLY_END
    draft.usage, draft.model_answered, draft.reported_cost = reader.usage, reader.model, reader.cost
    await settler.settle(draft, dialect)
    exchange.finish(rest + (b"" if reader.error is not None else dialect.stream_error(code, EARLY_END)))
