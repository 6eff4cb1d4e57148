"""Gemini on the same-dialect path: facts read, bytes kept. The model and whether to stream stand in the path."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts, StreamReader
from quarterdeck.gateway.dialects.bytes_patch import members, set_top_level
from quarterdeck.gateway.dialects.conversation import BadAnswer, Failure
from quarterdeck.gateway.dialects.gemini.answer import emit_error
from quarterdeck.gateway.dialects.gemini.stream import ArraySplitter
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.sse import DeafReader, SseReader


class _Request(msgspec.Struct):
    generation: Any = msgspec.field(name="generationConfig", default=None)
    generation_snake: Any = msgspec.field(name="generation_config", default=None)
    labels: Any = None


class _Answer(msgspec.Struct):
    candidates: Any = None
    counted: Any = msgspec.field(name="usageMetadata", default=None)
    model: Any = msgspec.field(name="modelVersion", default=None)
    feedback: Any = msgspec.field(name="promptFeedback", default=None)
    error: Any = None


_request = msgspec.json.Decoder(_Request)
_answer = msgspec.json.Decoder(_Answer)
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])


class Gemini:
    """generateContent and those beside it."""

    def __init__(self, name: str) -> None:
        self.name = name

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(_request, body)
        config = usage.fields_of(asked.generation) or usage.fields_of(asked.generation_snake)
        return RequestFacts(
            model=None,
            stream=False,
            wants_usage=True,
            max_output=bodies.positive(config.get("maxOutputTokens"))
            or bodies.positive(config.get("max_output_tokens")),
            tags=bodies.flat_strings(asked.labels),
        )

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        return AnswerFacts(
            usage=usage.from_gemini(answer.counted),
            model=usage.text_or_none(answer.model),
            stop=_stop(answer),
            error=message_of(answer.error),
        )

    def reader(self, *, withhold_usage: bool = False) -> StreamReader:
        return GeminiReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return emit_error(Failure(status, message, code))

    def stream_error(self, code: str, message: str) -> bytes:
        return b"data: " + emit_error(Failure(500, message, code)) + b"\r\n\r\n"


class GeminiArray(Gemini):
    """streamGenerateContent without alt=sse: one JSON array that grows."""

    def reader(self, *, withhold_usage: bool = False) -> StreamReader:
        return ArrayReader()

    def stream_error(self, code: str, message: str) -> bytes:
        return b"," + emit_error(Failure(500, message, code)) + b"]"


class GeminiOnce(Gemini):
    """Token counts and embeddings: one answer, no stream. Their bodies may repeat the model that the path names."""

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        if model is None:
            return body
        named = msgspec.json.encode(f"models/{model}")
        body = _renamed(body, named)
        for member in members(body):
            value = body[member.value_start : member.value_end]
            if member.name == "generateContentRequest" and value[:1] == b"{":
                body = set_top_level(body, member.name, _renamed(value, named))
            elif member.name == "requests" and value[:1] == b"[":
                each = [bytes(item) for item in _raw_items.decode(value)]
                items = b",".join(_renamed(item, named) if item[:1] == b"{" else item for item in each)
                body = set_top_level(body, member.name, b"[" + items + b"]")
        return body

    def reader(self, *, withhold_usage: bool = False) -> StreamReader:
        return DeafReader()


def _renamed(body: bytes, named: bytes) -> bytes:
    has = any(member.name == "model" for member in members(body))
    return set_top_level(body, "model", named) if has else body


def _stop(answer: _Answer) -> str | None:
    candidates = answer.candidates if isinstance(answer.candidates, list) else []
    for candidate in candidates:
        if (stop := usage.text_or_none(usage.fields_of(candidate).get("finishReason"))) is not None:
            return stop
    return usage.text_or_none(usage.fields_of(answer.feedback).get("blockReason"))


class GeminiReader(SseReader):
    """Follows a stream of whole answers. It has no last event of its own: the finish reason is its end."""

    __slots__ = ()

    def _worth_reading(self, block: bytes) -> bool:
        return not self.content_seen or b"usageMetadata" in block or b'"error"' in block or b"Reason" in block

    def _event(self, data: bytes) -> bool:
        try:
            answer = _answer.decode(data)
        except UNREADABLE:
            return False
        self.model = self.model or usage.text_or_none(answer.model)
        self.error = message_of(answer.error) or self.error
        self.usage = usage.from_gemini(answer.counted) or self.usage
        self.content_seen = self.content_seen or bool(answer.candidates)
        if (stop := _stop(answer)) is not None:
            self.stop, self.finished = stop, True
        return False


class ArrayReader(GeminiReader):
    """The same in one JSON array. Its end is the bracket's, so the last words come with it."""

    __slots__ = ("_split",)

    def __init__(self) -> None:
        super().__init__()
        self._split: ArraySplitter | None = ArraySplitter()

    def feed(self, chunk: bytes) -> bytes:
        if self._split is None:
            return chunk
        try:
            for _, data in self._split.feed(chunk):
                self._event(data)
        except BadAnswer:
            # What cannot be read is relayed all the same.
            self._split = None
        return chunk

    def end(self) -> bytes:
        return b""


DIALECT = Gemini("gemini")
ARRAY = GeminiArray("gemini_array")
COUNT_TOKENS = GeminiOnce("gemini_count_tokens")
EMBEDDINGS = GeminiOnce("gemini_embeddings")

__all__ = ["ARRAY", "COUNT_TOKENS", "DIALECT", "EMBEDDINGS", "ArrayReader", "GeminiReader"]
