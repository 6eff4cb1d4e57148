"""Chat completions and the older completions on the same-dialect path: facts read, bytes kept.

A client that did not ask for usage never sees the chunk that carries it (`choices` empty, `usage` set). The
`"usage":null` that OpenAI then adds to the other chunks stays: taking it out would rewrite every chunk for a field
that every client ignores.
"""

import re
from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, RequestFacts
from quarterdeck.gateway.dialects.bytes_patch import set_each
from quarterdeck.gateway.dialects.openai_errors import error_body, error_event, message_of
from quarterdeck.gateway.dialects.sse import SseReader

_USAGE = re.compile(rb'"usage"[ \t]*:[ \t]*\{')
_FINISH = re.compile(rb'"finish_reason"[ \t]*:[ \t]*"')


class _Common(msgspec.Struct, kw_only=True):
    model: str
    stream: Any = None
    stream_options: Any = None
    max_completion_tokens: Any = None
    max_tokens: Any = None
    prompt_cache_key: Any = None
    metadata: Any = None
    service_tier: Any = None


class _Chat(_Common):
    messages: msgspec.Raw


class _Completion(_Common):
    prompt: msgspec.Raw


class _Choice(msgspec.Struct):
    finish_reason: Any = None


class _Answer(msgspec.Struct):
    model: Any = None
    usage: Any = None
    choices: msgspec.Raw = msgspec.Raw(b"[]")
    service_tier: Any = None
    error: Any = None


class _Finished(msgspec.Struct):
    finish_reason: str | None = None


class _PlainAnswer(msgspec.Struct):
    """What nearly every answer looks like, read in one pass; whatever does not fit is read field by field."""

    model: str
    usage: usage.PlainUsage
    choices: list[_Finished] = []
    service_tier: str | None = None
    error: None = None


_plain = msgspec.json.Decoder(_PlainAnswer)
_answer = msgspec.json.Decoder(_Answer)
_choices = msgspec.json.Decoder(list[_Choice])


class OpenAIChat:
    """Chat completions, or the older completions when built with their request."""

    def __init__(self, name: str, request: type[_Common]) -> None:
        self.name = name
        self._request: msgspec.json.Decoder[_Common] = msgspec.json.Decoder(request)

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(self._request, body)
        options = asked.stream_options
        return RequestFacts(
            model=bodies.check_model(asked.model),
            stream=asked.stream is True,
            wants_usage=isinstance(options, dict) and options.get("include_usage") is True,
            max_output=bodies.positive(asked.max_completion_tokens) or bodies.positive(asked.max_tokens),
            session=usage.text_or_none(asked.prompt_cache_key),
            tags=bodies.flat_strings(asked.metadata) if asked.metadata else {},
            names_tier=asked.service_tier is not None,
        )

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        changes: list[tuple[str | tuple[str, ...], bytes]] = []
        if model is not None:
            changes.append(("model", msgspec.json.encode(model)))
        if ask_usage:
            changes.append((("stream_options", "include_usage"), b"true"))
        return set_each(body, changes) if changes else body

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            plain = _plain.decode(body)
        except UNREADABLE:
            return self.read_any_answer(body)
        choices = plain.choices
        return AnswerFacts(
            usage=usage.from_plain(plain.usage, plain.service_tier),
            model=plain.model or None,
            stop=(choices[0].finish_reason or None) if choices else None,
        )

    def read_any_answer(self, body: bytes) -> AnswerFacts:
        """The same for any body there may be."""
        try:
            answer = _answer.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        return AnswerFacts(
            usage=usage.from_openai(answer.usage, service_tier=answer.service_tier),
            model=usage.text_or_none(answer.model),
            stop=_stop(answer.choices),
            error=message_of(answer.error),
            cost=usage.reported_cost(answer.usage),
        )

    def reader(self, *, withhold_usage: bool = False) -> "ChatReader":
        return ChatReader(withhold=withhold_usage)

    def error(self, status: int, code: str, message: str) -> bytes:
        return error_body(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        return error_event(code, message)


def _stop(choices: msgspec.Raw) -> str | None:
    try:
        first = next(iter(_choices.decode(choices)), None)
    except UNREADABLE:
        return None
    return usage.text_or_none(first.finish_reason) if first else None


class ChatReader(SseReader):
    """Follows a chat completions stream."""

    __slots__ = ()

    def _worth_reading(self, block: bytes) -> bool:
        return (
            not self.content_seen
            or (b'"usage"' in block and _USAGE.search(block) is not None)
            or (b'"finish_reason"' in block and _FINISH.search(block) is not None)
            or b"[DONE]" in block
            or b'"error"' in block
        )

    def _event(self, data: bytes) -> bool:
        if data[:6] == b"[DONE]":
            self.finished = True
            return False
        try:
            chunk = msgspec.json.decode(data)
        except UNREADABLE:
            return False
        if not isinstance(chunk, dict):
            return False
        if self.model is None:
            self.model = usage.text_or_none(chunk.get("model"))
        if error := message_of(chunk.get("error")):
            self.error = error
        choices = chunk.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                self._choice(choice)
        return self._usage(chunk) and choices == []

    def _choice(self, choice: dict[str, Any]) -> None:
        if (stop := usage.text_or_none(choice.get("finish_reason"))) is not None:
            self.stop = stop
        if not self.content_seen:
            delta = usage.fields_of(choice.get("delta"))
            self.content_seen = bool(choice.get("text")) or any(
                value for name, value in delta.items() if name != "role"
            )
        # Moonshot reports the stream's usage inside the last choice.
        self._take(choice.get("usage"), None)

    def _usage(self, chunk: dict[str, Any]) -> bool:
        told = chunk.get("usage")
        if not told:
            told = usage.fields_of(chunk.get("x_groq")).get("usage")
        return self._take(told, chunk.get("service_tier"))

    def _take(self, told: Any, service_tier: Any) -> bool:
        """Some providers count up in every chunk: the last word stands."""
        counted = usage.from_openai(told, service_tier=service_tier)
        if counted is None:
            return False
        self.usage = counted
        cost = usage.reported_cost(told)
        self.cost = self.cost if cost is None else cost
        return True


DIALECT = OpenAIChat("openai_chat", _Chat)
COMPLETIONS = OpenAIChat("openai_completions", _Completion)
