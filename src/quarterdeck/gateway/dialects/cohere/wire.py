"""Cohere v2 on the same-dialect path: facts read, bytes kept."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts, StreamReader
from quarterdeck.gateway.dialects.bytes_patch import set_top_level
from quarterdeck.gateway.dialects.cohere.answer import emit_error
from quarterdeck.gateway.dialects.conversation import Failure
from quarterdeck.gateway.dialects.sse import SseReader
from quarterdeck.ledger.record import Usage


class _Request(msgspec.Struct):
    model: str
    stream: Any = None
    max_tokens: Any = None


class _Answer(msgspec.Struct):
    usage: Any = None
    meta: Any = None
    finish_reason: Any = None
    message: Any = None


_request = msgspec.json.Decoder(_Request)
_answer = msgspec.json.Decoder(_Answer)


class Cohere:
    """Chat, or one of the two beside it that answer once."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(_request, body)
        return RequestFacts(
            model=bodies.check_model(asked.model),
            stream=asked.stream is True,
            wants_usage=True,
            max_output=bodies.positive(asked.max_tokens),
        )

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body if model is None else set_top_level(body, "model", msgspec.json.encode(model))

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        # An answer's message is an object; an error's is its words.
        return AnswerFacts(
            usage=_counted(answer.usage) or _counted(answer.meta),
            model=None,
            stop=usage.text_or_none(answer.finish_reason),
            error=usage.text_or_none(answer.message),
        )

    def reader(self, *, withhold_usage: bool = False) -> StreamReader:
        return CohereReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return emit_error(Failure(status, message, code))

    def stream_error(self, code: str, message: str) -> bytes:
        """Cohere's last event, told to have ended in an error: its SDK knows no other way to hear of one."""
        delta = {"finish_reason": "ERROR", "error": f"{message} ({code})"}
        event = msgspec.json.encode({"type": "message-end", "delta": delta})
        return b"event: message-end\ndata: " + event + b"\n\n"


def _counted(told: Any) -> Usage | None:
    """None where nothing is counted in tokens: reranking is billed by searches."""
    found = usage.from_cohere(told)
    return found if found is not None and (found.input_total or found.output_total) else None


class CohereReader(SseReader):
    """Follows a chat stream, whose last event holds usage and the finish reason."""

    __slots__ = ()

    def _worth_reading(self, block: bytes) -> bool:
        return not self.content_seen or b"message-end" in block

    def _event(self, data: bytes) -> bool:
        try:
            event = msgspec.json.decode(data)
        except UNREADABLE:
            return False
        if not isinstance(event, dict):
            return False
        kind, delta = event.get("type"), usage.fields_of(event.get("delta"))
        if kind == "message-end":
            self.finished = True
            self.stop = usage.text_or_none(delta.get("finish_reason"))
            self.usage = _counted(delta.get("usage"))
            self.error = usage.text_or_none(delta.get("error"))
        elif kind not in ("message-start", None):
            self.content_seen = True
        return False


DIALECT = Cohere("cohere")
EMBED = Cohere("cohere_embed")
RERANK = Cohere("cohere_rerank")
