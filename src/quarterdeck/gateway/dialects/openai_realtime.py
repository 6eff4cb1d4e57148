"""OpenAI's realtime sessions: what events say of usage. Source: OpenAI's reference, "Realtime server events"."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts
from quarterdeck.gateway.dialects.openai_errors import error_body, error_event, message_of
from quarterdeck.gateway.dialects.sse import DeafReader
from quarterdeck.gateway.dialects.websocket import Follower
from quarterdeck.ledger.record import Usage

_event = msgspec.json.Decoder(dict[str, Any])
_TELLING = (b'"session.created"', b'"session.updated"', b'"response.done"', b'"error"')
_COUNTS = ("input_total", "cache_read", "output_total", "audio_in", "audio_out", "cache_audio_read")


class OpenAIRealtime:
    name = "openai_realtime"

    def read_request(self, body: bytes) -> RequestFacts:
        return RequestFacts(model=None, stream=True, wants_usage=True)

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body

    def read_answer(self, body: bytes) -> AnswerFacts:
        """Of a refusal: a session that was begun has no answer."""
        try:
            error = message_of(_event.decode(body).get("error"))
        except UNREADABLE:
            error = None
        return AnswerFacts(usage=None, model=None, error=error)

    def reader(self, *, withhold_usage: bool = False) -> DeafReader:
        return DeafReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return error_body(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return error_event(code, message)


class RealtimeReader:
    """Follows what a provider says in one session."""

    def __init__(self) -> None:
        self._frames = Follower()
        self.usage = Usage()
        """Of all responses together; a session without one is not billed."""
        self.model: str | None = None
        self.error: str | None = None

    @property
    def closed(self) -> bool:
        return self._frames.closed

    def feed(self, chunk: bytes) -> list[bytes]:
        """The events worth keeping: all but the pieces of answers, which the last event of each repeats."""
        kept = []
        for message in self._frames.feed(chunk):
            if b'.delta"' in message[:200]:
                continue
            kept.append(message)
            if any(kind in message[:400] for kind in _TELLING) or b'"response.done"' in message:
                self._read(message)
        return kept

    def _read(self, message: bytes) -> None:
        try:
            event = _event.decode(message)
        except UNREADABLE:
            return
        match event.get("type"):
            case "session.created" | "session.updated":
                self.model = usage.text_or_none(usage.fields_of(event.get("session")).get("model")) or self.model
            case "response.done":
                told = usage.fields_of(usage.fields_of(event.get("response")).get("usage"))
                self.usage = _added(self.usage, usage_of(told))
            case "error":
                self.error = message_of(event.get("error"))


def usage_of(told: usage.Fields) -> Usage:
    read, wrote = usage.fields_of(told.get("input_token_details")), usage.fields_of(told.get("output_token_details"))
    return Usage(
        input_total=usage.count(told, "input_tokens"),
        cache_read=usage.count(read, "cached_tokens"),
        output_total=usage.count(told, "output_tokens"),
        audio_in=usage.count(read, "audio_tokens"),
        audio_out=usage.count(wrote, "audio_tokens"),
        cache_audio_read=usage.count(usage.fields_of(read.get("cached_tokens_details")), "audio_tokens"),
    )


def _added(one: Usage, other: Usage) -> Usage:
    return msgspec.structs.replace(one, **{name: getattr(one, name) + getattr(other, name) for name in _COUNTS})


DIALECT = OpenAIRealtime()
