"""Gemini generateContent and streamGenerateContent, as server-sent events or as one JSON array."""

from typing import Any

import msgspec

from quarterdeck.sandbox.asks import Answered, Ask, Counts, decode, items, text_of, turns

_encode = msgspec.json.encode
_STOPS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class GeminiWhole:
    """generateContent."""

    name = "gemini"
    stream_type = "text/event-stream"
    stream = False

    def read(self, body: bytes, model: str | None) -> Ask:
        value = decode(body)
        contents = items(value, "contents")
        return Ask(
            model=model or "",
            stream=self.stream,
            turn=turns(content.get("role") == "model" for content in contents),
            last=text_of(contents[-1].get("parts")),
            size=len(body),
        )

    def whole(self, ask: Ask, answer: Answered) -> bytes:
        parts: list[dict[str, Any]] = []
        if answer.reasoning:
            parts.append({"text": answer.reasoning, "thought": True})
        if answer.text:
            parts.append({"text": answer.text})
        return _encode(_response(answer, [*parts, *_calls(answer)], ending=True))

    def events(self, ask: Ask, answer: Answered) -> list[bytes]:
        return [self._frame(index, response) for index, response in enumerate(self._responses(answer))] + self._tail()

    def is_end(self, event: bytes) -> bool:
        return b'"finishReason"' in event

    def error(self, status: int, code: str | None, message: str | None) -> bytes:
        name = code or _STATUSES.get(status, "UNKNOWN")
        return _encode(
            {"error": {"code": status, "message": message or f"The request failed: {name}.", "status": name}}
        )

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes:
        return b"data: " + self.error(status, code, message) + b"\r\n\r\n"

    def headers(self, ident: str) -> tuple[tuple[str, str], ...]:
        return (("server-timing", "gfet4t7; dur=1"),)

    def _responses(self, answer: Answered) -> list[bytes]:
        parts: list[list[dict[str, Any]]] = [[{"text": piece, "thought": True}] for piece in answer.reasoning_pieces]
        parts += [[{"text": piece}] for piece in answer.pieces]
        parts += [[call] for call in _calls(answer)]
        last = len(parts) - 1
        return [_encode(_response(answer, part, ending=index == last)) for index, part in enumerate(parts or [[]])]

    def _frame(self, index: int, response: bytes) -> bytes:
        return b"data: " + response + b"\r\n\r\n"

    def _tail(self) -> list[bytes]:
        return []


class GeminiSse(GeminiWhole):
    """streamGenerateContent?alt=sse."""

    stream = True


class GeminiArray(GeminiWhole):
    """streamGenerateContent without alt=sse: the elements of one JSON array, sent as they come."""

    stream_type = "application/json; charset=UTF-8"
    stream = True

    def is_end(self, event: bytes) -> bool:
        return event == b"]"

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes:
        return b"," + self.error(status, code, message) + b"]"

    def _frame(self, index: int, response: bytes) -> bytes:
        return (b"," if index else b"[") + response

    def _tail(self) -> list[bytes]:
        return [b"]"]


def _calls(answer: Answered) -> list[dict[str, Any]]:
    return [
        {
            "functionCall": {"name": call.name, "args": msgspec.json.decode(call.arguments)},
            "thoughtSignature": f"sandbox{call.id}",
        }
        for call in answer.tools
    ]


def _response(answer: Answered, parts: list[dict[str, Any]], *, ending: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if ending:
        candidate["finishReason"] = _STOPS[answer.stop]
    response: dict[str, Any] = {"candidates": [candidate]}
    if answer.usage:
        response["usageMetadata"] = _usage(answer.usage, ending=ending)
    return response | {"modelVersion": answer.model, "responseId": answer.ident[:22]}


def _usage(counts: Counts, *, ending: bool) -> dict[str, Any]:
    """Gemini counts thoughts apart from what it wrote, and says output only at the end."""
    usage: dict[str, Any] = {"promptTokenCount": counts.input, "totalTokenCount": counts.input}
    if counts.cache_read:
        usage["cachedContentTokenCount"] = counts.cache_read
    details = [{"modality": "TEXT", "tokenCount": counts.input - counts.audio_in}]
    if counts.audio_in:
        details.append({"modality": "AUDIO", "tokenCount": counts.audio_in})
    usage["promptTokensDetails"] = details
    if ending:
        usage["candidatesTokenCount"] = counts.output - counts.reasoning
        usage["totalTokenCount"] = counts.input + counts.output
        if counts.reasoning:
            usage["thoughtsTokenCount"] = counts.reasoning
        if counts.audio_out:
            usage["candidatesTokensDetails"] = [{"modality": "AUDIO", "tokenCount": counts.audio_out}]
    return usage
