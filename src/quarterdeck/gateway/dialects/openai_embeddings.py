"""OpenAI embeddings. One answer, no stream; the vectors are never decoded."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts
from quarterdeck.gateway.dialects.bytes_patch import set_top_level
from quarterdeck.gateway.dialects.openai_errors import error_body, error_event, message_of
from quarterdeck.gateway.dialects.sse import DeafReader


class _Request(msgspec.Struct):
    model: str
    input: msgspec.Raw
    user: Any = None


class _Answer(msgspec.Struct):
    model: Any = None
    usage: Any = None
    error: Any = None


_request = msgspec.json.Decoder(_Request)
_answer = msgspec.json.Decoder(_Answer)


class OpenAIEmbeddings:
    name = "openai_embeddings"

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(_request, body)
        return RequestFacts(model=bodies.check_model(asked.model), stream=False, wants_usage=True)

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body if model is None else set_top_level(body, "model", msgspec.json.encode(model))

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        return AnswerFacts(
            usage=usage.from_openai(answer.usage),
            model=usage.text_or_none(answer.model),
            error=message_of(answer.error),
            cost=usage.reported_cost(answer.usage),
        )

    def reader(self, *, withhold_usage: bool = False) -> DeafReader:
        return DeafReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return error_body(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return error_event(code, message)


DIALECT = OpenAIEmbeddings()
