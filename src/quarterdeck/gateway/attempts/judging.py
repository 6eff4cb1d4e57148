"""Whether what came back is an answer: looked at before the caller sees any of it."""

import asyncio
import re
from collections.abc import Awaitable

import msgspec

from quarterdeck.access.routing.waits import retry_after_ms
from quarterdeck.access.routing.world import Outcome
from quarterdeck.gateway.attempts.once import streams
from quarterdeck.gateway.attempts.shot import Shot
from quarterdeck.gateway.dialects.base import UNREADABLE, Dialect
from quarterdeck.gateway.draft import Draft
from quarterdeck.gateway.relay import Held, open_stream, take_whole
from quarterdeck.gateway.transport import Response, UpstreamError

GOOD = Outcome(True, 200)
HOLD_S = 3.0
"""A stream whose first bytes hold no content yet is let go after so long: it is slow, not broken."""
HOLD_BYTES = 256 * 1024
_SAID = ((b"overloaded", 529), (b"rate_limit", 429), (b"insufficient_quota", 429), (b"timeout", 504))
_CODE = re.compile(rb'"(?:code|status|status_code)"\s*:\s*"?([45]\d\d)\b')


def take(draft: Draft, dialect: Dialect, response: Response) -> Awaitable[Held | None]:
    """Read of an answer what decides whether it is one: a stream's beginning, which is returned, or else all of it.

    Awaiting it raises UpstreamError, Refusal.
    """
    if streams(draft) and response.status < 400:
        return _hold(draft, dialect, response)
    return take_whole(draft, dialect, response)


async def _hold(draft: Draft, dialect: Dialect, response: Response) -> Held:
    """Read a stream until its first content, its end, or an error in it. Raises UpstreamError while nothing came."""
    held = open_stream(draft, dialect, response)
    reader = held.reader
    out: list[bytes] = []
    size, until = 0, None
    loop = asyncio.get_running_loop()
    while not (reader.content_seen or reader.finished or reader.error is not None) and size < HOLD_BYTES:
        try:
            async with asyncio.timeout_at(until):
                chunk = await response.chunk()
        except TimeoutError:
            break
        except UpstreamError as error:
            held.broken = error
            break
        if chunk is None:
            held.ended = True
            if held.translated and (rest := reader.end()):
                draft.took_chunk(rest)
                out.append(rest)
            break
        out.append(held.took(draft, chunk))
        size += len(chunk)
        if until is None:
            until = loop.time() + HOLD_S
    held.out = b"".join(out)
    held.flooded = size >= HOLD_BYTES and not (reader.content_seen or reader.finished or reader.error is not None)
    return held


def judge(shot: Shot) -> Outcome:
    """How the try went, by what is known before the caller gets any of it."""
    if shot.refusal is not None:
        return Outcome(False, shot.refusal.status, shot.refusal.code, no_answer=True)
    if shot.error is not None:
        return Outcome(False, shot.error.status, shot.error.code, no_answer=True)
    assert shot.response is not None
    return judge_answer(shot.draft, shot.response, shot.held)


def judge_answer(draft: Draft, response: Response, held: Held | None) -> Outcome:
    """The same of one that brought an answer, which `take` has read."""
    status = response.status
    if status >= 300:  # what is below 200 is no answer, and no transport gives it as one
        wait = retry_after_ms(dict(response.headers)) if status in (429, 503, 529) else None
        return Outcome(False, status, f"status_{status}", retry_after_ms=wait)
    if held is not None:
        return _judge_stream(held)
    if draft.usage is not None and draft.error_code is None:
        return GOOD  # it was found in the body's JSON
    return _judge_whole(draft)


def _judge_stream(held: Held) -> Outcome:
    reader = held.reader
    if reader.error is not None:
        return _said(held.out, reader.error, "error_in_stream")
    if reader.content_seen:
        return GOOD
    if held.broken is not None:
        return Outcome(False, held.broken.status, held.broken.code, no_answer=True)
    if reader.finished:
        # A model may have nothing to say; then it is told what that cost.
        said_nothing = reader.usage is None or not reader.usage.output_total
        return Outcome(False, 502, "empty_answer", no_answer=True) if said_nothing else GOOD
    if held.flooded or held.ended:
        code = "no_event" if held.flooded else "stream_cut" if held.out else "empty_answer"
        return Outcome(False, 502, code, no_answer=True)
    return GOOD


def _judge_whole(draft: Draft) -> Outcome:
    body = draft.chunks[0]
    if draft.error_code == "error_in_answer":
        return _said(body, draft.error_message or "", "error_in_answer")
    if not body.strip():
        return Outcome(False, 502, "empty_answer", no_answer=True)
    if (draft.answer_type or "").startswith("application/json") and (
        draft.translator is not None or not draft.answer_packed
    ):
        try:
            msgspec.json.decode(body, type=msgspec.Raw)
        except UNREADABLE:
            return Outcome(False, 502, "malformed_answer", no_answer=True)
    return GOOD


def _said(raw: bytes, words: str, code: str) -> Outcome:
    """An error inside a 200, under the status it would have had. Where it says none, lists of statuses do not count."""
    text = raw[-4_096:].lower() + words.lower().encode()
    for word, status in _SAID:
        if word in text:
            return Outcome(False, status, code)
    found = _CODE.search(text)
    return Outcome(False, 500, code, no_answer=True) if found is None else Outcome(False, int(found[1]), code)
