"""OpenAI Responses on the same-dialect path. Usage always comes, so nothing is asked for and nothing withheld."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import bodies, usage
from quarterdeck.gateway.dialects.base import UNREADABLE, AnswerFacts, BadBody, RequestFacts
from quarterdeck.gateway.dialects.bytes_patch import set_top_level
from quarterdeck.gateway.dialects.openai_errors import error_body, message_of
from quarterdeck.gateway.dialects.sse import SseReader
from quarterdeck.ledger.record import Usage


class _Request(msgspec.Struct):
    model: str | None = None
    stream: Any = None
    max_output_tokens: Any = None
    prompt: Any = None
    prompt_cache_key: Any = None
    conversation: Any = None
    metadata: Any = None
    service_tier: Any = None


class _Item(msgspec.Struct):
    type: Any = None
    action: Any = None


class _Response(msgspec.Struct):
    model: Any = None
    status: Any = None
    usage: Any = None
    service_tier: Any = None
    error: Any = None
    incomplete_details: Any = None
    output: msgspec.Raw = msgspec.Raw(b"[]")


class _Event(msgspec.Struct):
    type: Any = None
    response: _Response | None = None
    error: Any = None
    message: Any = None


_request = msgspec.json.Decoder(_Request)
_response = msgspec.json.Decoder(_Response)
_items = msgspec.json.Decoder(list[_Item])
_event = msgspec.json.Decoder(_Event)

_HEAD = frozenset({"response.created", "response.queued", "response.in_progress", "keepalive"})
_END = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})
_TOOLS = {
    "web_search_call": "web_search_items",
    "file_search_call": "file_search_items",
    "code_interpreter_call": "code_interpreter_items",
    "image_generation_call": "image_generation_items",
}
"""Counted from the answer's items, for the usage object does not tell. Shown, and not priced: see decision 0002."""


class OpenAIResponses:
    name = "openai_responses"

    def read_request(self, body: bytes) -> RequestFacts:
        asked = bodies.read(_request, body)
        # A stored prompt template may carry the model.
        if not asked.model and not isinstance(asked.prompt, dict):
            raise BadBody("The body lacks `model`: add it.")
        return RequestFacts(
            model=asked.model or None,
            stream=asked.stream is True,
            wants_usage=True,
            max_output=bodies.positive(asked.max_output_tokens),
            session=_conversation(asked.conversation) or usage.text_or_none(asked.prompt_cache_key),
            tags=bodies.flat_strings(asked.metadata) if asked.metadata else {},
            names_tier=asked.service_tier is not None,
        )

    def patch(self, body: bytes, *, model: str | None = None, ask_usage: bool = False) -> bytes:
        return body if model is None else set_top_level(body, "model", msgspec.json.encode(model))

    def read_answer(self, body: bytes) -> AnswerFacts:
        try:
            answer = _response.decode(body)
        except UNREADABLE:
            return AnswerFacts(usage=None, model=None)
        return AnswerFacts(
            usage=_usage(answer),
            model=usage.text_or_none(answer.model),
            stop=_stop(answer),
            error=message_of(answer.error),
            cost=usage.reported_cost(answer.usage),
        )

    def reader(self, *, withhold_usage: bool = False) -> "ResponsesReader":
        return ResponsesReader()

    def error(self, status: int, code: str, message: str) -> bytes:
        return error_body(status, code, message)

    def stream_error(self, code: str, message: str) -> bytes:
        """An `error` event. The SDK raises on its `error` member; clients of the documented event read the rest."""
        fields = {"message": message, "type": "server_error", "param": None, "code": code}
        event = {"type": "error", "code": code, "message": message, "param": None, "error": fields}
        return b"event: error\ndata: " + msgspec.json.encode(event) + b"\n\n"


def _conversation(value: Any) -> str | None:
    return usage.text_or_none(value.get("id") if isinstance(value, dict) else value)


def _usage(answer: _Response) -> Usage | None:
    return usage.from_openai(
        answer.usage, service_tier=answer.service_tier, server_tools=_tools(answer.output) if answer.usage else None
    )


def usage_of(raw: dict[str, Any]) -> Usage | None:
    """The usage of a response already decoded."""
    counts = _count_tools(raw.get("output")) if raw.get("usage") else None
    return usage.from_openai(raw.get("usage"), service_tier=raw.get("service_tier"), server_tools=counts)


def _count_tools(output: Any) -> dict[str, int]:
    counts: dict[str, int] = {}
    for item in output if isinstance(output, list) else ():
        if isinstance(item, dict):
            _count(item.get("type"), item.get("action"), counts)
    return counts


def _count(kind: Any, action: Any, counts: dict[str, int]) -> None:
    """Of web search only searches are billed, not the pages opened from them."""
    name = _TOOLS.get(kind) if isinstance(kind, str) else None
    if name is not None and usage.fields_of(action).get("type", "search") == "search":
        counts[name] = counts.get(name, 0) + 1


def _tools(output: msgspec.Raw) -> dict[str, int]:
    """Tools the provider ran."""
    if b"_call" not in memoryview(output).tobytes():
        return {}
    try:
        items = _items.decode(output)
    except UNREADABLE:
        return {}
    counts: dict[str, int] = {}
    for item in items:
        _count(item.type, item.action, counts)
    return counts


def _stop(answer: _Response) -> str | None:
    if answer.status == "incomplete":
        reason = usage.fields_of(answer.incomplete_details).get("reason")
        return usage.text_or_none(reason) or "incomplete"
    return usage.text_or_none(answer.status)


class ResponsesReader(SseReader):
    """Follows a Responses stream. The last event repeats the whole answer, so it alone is decoded in full."""

    __slots__ = ()

    def _worth_reading(self, block: bytes) -> bool:
        return (
            not self.content_seen
            or b'"response.completed"' in block
            or b'"response.incomplete"' in block
            or b'"response.failed"' in block
            or b'"response.cancelled"' in block
            or b'"error"' in block
            or b"[DONE]" in block
        )

    def _event(self, data: bytes) -> bool:
        try:
            event = _event.decode(data)
        except UNREADABLE:
            return False
        kind = event.type if isinstance(event.type, str) else ""
        if kind == "error" or (not kind and event.error is not None):
            self.error = message_of(event.error) or message_of(event.message) or "error"
        elif event.response is not None:
            self._response(kind, event.response)
        elif kind and kind not in _HEAD and not kind.endswith(".added"):
            self.content_seen = True
        return False

    def _response(self, kind: str, answer: _Response) -> None:
        self.model = usage.text_or_none(answer.model) or self.model
        if kind not in _END:
            return
        self.finished = True
        self.usage = _usage(answer)
        self.cost = usage.reported_cost(answer.usage)
        self.stop = _stop(answer)
        if kind == "response.failed":
            self.error = message_of(answer.error) or "response.failed"


DIALECT = OpenAIResponses()
