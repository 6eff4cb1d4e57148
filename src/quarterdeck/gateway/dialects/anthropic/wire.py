"""Anthropic Messages and token counting on the same-dialect path. Usage always comes, so nothing is withheld."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.anthropic.errors import error_body, error_event
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts
from quarterdeck.gateway.dialects.bytes_patch import set_top_level
from quarterdeck.gateway.dialects.openai_errors import message_of
from quarterdeck.gateway.dialects.sse import DeafReader, SseReader
from quarterdeck.ledger.record import Usage


class _Request(msgspec.Struct):
    model: str
    messages: msgspec.Raw
    stream: Any = None
    max_tokens: Any = None
    metadata: Any = None
    service_tier: Any = None


class _Answer(msgspec.Struct):
    model: Any = None
    usage: Any = None
    stop_reason: Any = None
    error: Any = None
    input_tokens: Any = None


class _Block(msgspec.Struct):
    type: Any = None


class _Message(msgspec.Struct):
    model: Any = None
    usage: Any = None


class _Delta(msgspec.Struct):
    stop_reason: Any = None


class _Event(msgspec.Struct):
    type: Any = None
    message: _Message | None = None
    content_block: _Block | None = None
    delta: _Delta | None = None
    usage: Any = None
    error: Any = None


_request = msgspec.json.Decoder(_Request)
_answer = msgspec.json.Decoder(_Answer)
_event = msgspec.json.Decoder(_Event)


class AnthropicMessages:
    name = "anthropic"

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(_request, body)
        return RequestFacts(
            model=bodies.check_model(asked.model),
            stream=asked.stream is True,
            wants_usage=True,
            max_output=bodies.positive(asked.max_tokens),
            session=_session(asked.metadata) if asked.metadata else None,
            tags=bodies.flat_strings(asked.metadata, without="user_id") if asked.metadata else {},
            names_tier=asked.service_tier is not None,
        )

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body if model is None else set_top_level(body, "model", msgspec.json.encode(model))

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        return AnswerFacts(
            usage=usage.from_anthropic(answer.usage),
            model=usage.text_or_none(answer.model),
            stop=usage.text_or_none(answer.stop_reason),
            error=message_of(answer.error),
        )

    def reader(self, *, withhold_usage: bool = False) -> SseReader:
        return MessagesReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return error_body(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return error_event(code, message)


class AnthropicCountTokens(AnthropicMessages):
    """`/v1/messages/count_tokens`: the same request, an answer that costs nothing."""

    name = "anthropic_count_tokens"

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        # Counting is free: usage is known, and it is nothing.
        used = Usage() if isinstance(answer.input_tokens, int) else None
        return AnswerFacts(usage=used, model=None, error=message_of(answer.error))

    def reader(self, *, withhold_usage: bool = False) -> SseReader:
        return DeafReader()


def _session(metadata: Any) -> str | None:
    """The session inside `metadata.user_id`: a JSON object in newer Claude Code, a `_session_` suffix in older."""
    user = usage.fields_of(metadata).get("user_id")
    if not isinstance(user, str):
        return None
    if user.startswith("{"):
        try:
            return usage.text_or_none(usage.fields_of(msgspec.json.decode(user)).get("session_id"))
        except UNREADABLE:
            return None
    return user.rpartition("_session_")[2] or None if "_session_" in user else None


class MessagesReader(SseReader):
    """Follows a messages stream. `message_start` counts the input; `message_delta` has the last word on all of it."""

    __slots__ = ("_counted",)

    def __init__(self) -> None:
        super().__init__()
        self._counted: dict[str, Any] = {}

    def _worth_reading(self, block: bytes) -> bool:
        return not self.content_seen or b'"message_delta"' in block or b'"message_stop"' in block or b'"error"' in block

    def _event(self, data: bytes) -> bool:
        try:
            event = _event.decode(data)
        except UNREADABLE:
            return False
        match event.type:
            case "message_start" if event.message is not None:
                self.model = usage.text_or_none(event.message.model) or self.model
                self._count(event.message.usage)
            case "message_delta":
                if event.delta is not None:
                    self.stop = usage.text_or_none(event.delta.stop_reason) or self.stop
                self._count(event.usage)
            case "message_stop":
                self.finished = True
            case "error":
                self.error = message_of(event.error) or "error"
            case "content_block_delta":
                self.content_seen = True
            case "content_block_start" if event.content_block is not None:
                # Text and thinking start empty; any other block has something to show at once.
                self.content_seen |= event.content_block.type not in ("text", "thinking")
        return False

    def _count(self, told: Any) -> None:
        self._counted.update((name, value) for name, value in usage.fields_of(told).items() if value is not None)
        self.usage = usage.from_anthropic(self._counted)


DIALECT = AnthropicMessages()
COUNT_TOKENS = AnthropicCountTokens()
