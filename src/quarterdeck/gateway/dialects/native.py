"""Whatever a provider says on paths of its own: nothing is asked of a request, and of an answer what many have."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts, StreamReader
from quarterdeck.gateway.dialects.openai_errors import error_body, error_event, message_of
from quarterdeck.gateway.dialects.sse import DeafReader, SseReader
from quarterdeck.ledger.record import Usage


class _Request(msgspec.Struct):
    model: Any = None
    stream: Any = None


class _Answer(msgspec.Struct):
    model: Any = None
    usage: Any = None
    error: Any = None


_request = msgspec.json.Decoder(_Request)
_answer = msgspec.json.Decoder(_Answer)


class Native:
    """`reads_usage` is off where an answer tells of what was spent before, such as a stored response."""

    def __init__(self, name: str, *, reads_usage: bool) -> None:
        self.name = name
        self._reads_usage = reads_usage

    def read_request(self, body: bytes) -> RequestFacts:
        """Never raises: the provider judges what it is sent."""
        try:
            asked = _request.decode(body)
        except UNREADABLE:
            asked = _Request()
        return RequestFacts(usage.text_or_none(asked.model), stream=asked.stream is True, wants_usage=True)

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        return AnswerFacts(
            usage=_counted(answer) if self._reads_usage else None,
            model=usage.text_or_none(answer.model),
            error=message_of(answer.error),
        )

    def reader(self, *, withhold_usage: bool = False) -> StreamReader:
        return NativeReader() if self._reads_usage else DeafReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return error_body(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return error_event(code, message)


def _counted(answer: _Answer) -> Usage | None:
    """Usage in tokens; transcriptions may be told in seconds, which is not that."""
    found = usage.from_openai(answer.usage)
    return found if found is not None and (found.input_total or found.output_total) else None


class NativeReader(SseReader):
    """Takes the last usage that any event tells."""

    __slots__ = ()

    def _worth_reading(self, block: bytes) -> bool:
        return b'"usage"' in block

    def _event(self, data: bytes) -> bool:
        try:
            answer = _answer.decode(data)
        except UNREADABLE:
            return False
        self.usage = _counted(answer) or self.usage
        self.model = usage.text_or_none(answer.model) or self.model
        return False


DIALECT = Native("native", reads_usage=True)
FREE = Native("native_free", reads_usage=False)
