"""Anthropic messages and count_tokens."""

from typing import Any

import msgspec

from quarterdeck.sandbox.asks import Answered, Ask, Counts, decode, items, model_of, text_of, tokens_of, turns

_encode = msgspec.json.encode
_STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_ERRORS = {
    400: ("invalid_request_error", "Invalid request."),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "The requested resource could not be found."),
    408: ("timeout_error", "The request timed out."),
    413: ("request_too_large", "Request exceeds the maximum allowed number of bytes."),
    429: ("rate_limit_error", "This request would exceed your rate limit."),
    529: ("overloaded_error", "Overloaded"),
}


class AnthropicMessages:
    name = "anthropic"
    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: bytes, model: str | None) -> Ask:
        value = decode(body)
        messages = items(value, "messages")
        return Ask(
            model=model or model_of(value),
            stream=value.get("stream") is True,
            turn=turns(message.get("role") == "assistant" for message in messages),
            last=text_of(messages[-1].get("content")),
            size=len(body),
        )

    def whole(self, ask: Ask, answer: Answered) -> bytes:
        message = _message(answer) | {
            "content": list(_blocks(answer)),
            "stop_reason": _STOPS[answer.stop],
        }
        if answer.usage:
            message["usage"] = _usage(answer.usage, answer.usage.output)
        return _encode(message)

    def events(self, ask: Ask, answer: Answered) -> list[bytes]:
        message = _message(answer)
        if answer.usage:
            message["usage"] = _usage(answer.usage, 1)
        out = [_event({"type": "message_start", "message": message})]
        for index, (opening, deltas) in enumerate(_block_deltas(answer)):
            out.append(_event({"type": "content_block_start", "index": index, "content_block": opening}))
            if index == 0:
                out.append(_event({"type": "ping"}))
            out += [_event({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas]
            out.append(_event({"type": "content_block_stop", "index": index}))
        ending: dict[str, Any] = {
            "type": "message_delta",
            "delta": {"stop_reason": _STOPS[answer.stop], "stop_sequence": None},
        }
        if answer.usage:
            ending["usage"] = _usage(answer.usage, answer.usage.output)
        return [*out, _event(ending), _event({"type": "message_stop"})]

    def is_end(self, event: bytes) -> bool:
        return event.startswith(b"event: message_stop\n")

    def error(self, status: int, code: str | None, message: str | None) -> bytes:
        kind, words = _ERRORS.get(status, ("api_error", "Internal server error"))
        error = {"type": code or kind, "message": message or words}
        return _encode({"type": "error", "error": error, "request_id": "req_sandbox"})

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes:
        return b"event: error\ndata: " + self.error(status, code, message) + b"\n\n"

    def headers(self, ident: str) -> tuple[tuple[str, str], ...]:
        return (
            ("request-id", f"req_{ident[:24]}"),
            ("anthropic-organization-id", "00000000-0000-4000-8000-000000000000"),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2026-01-01T00:00:00Z"),
        )


class AnthropicCount(AnthropicMessages):
    """Counts instead of answering: never streams."""

    name = "anthropic_count"

    def whole(self, ask: Ask, answer: Answered) -> bytes:
        return _encode({"input_tokens": answer.usage.input if answer.usage else tokens_of(ask.size)})


def _message(answer: Answered) -> dict[str, Any]:
    return {
        "model": answer.model,
        "id": f"msg_{answer.ident[:24]}",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _blocks(answer: Answered) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if answer.reasoning:
        out.append({"type": "thinking", "thinking": answer.reasoning, "signature": _signature(answer)})
    if answer.text:
        out.append({"type": "text", "text": answer.text})
    for call in answer.tools:
        arguments = msgspec.json.decode(call.arguments)
        out.append({"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": arguments})
    return out


def _block_deltas(answer: Answered) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Of each block, how it opens and what is added to it."""
    out: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if answer.reasoning:
        deltas: list[dict[str, Any]] = [
            {"type": "thinking_delta", "thinking": piece} for piece in answer.reasoning_pieces
        ]
        deltas.append({"type": "signature_delta", "signature": _signature(answer)})
        out.append(({"type": "thinking", "thinking": "", "signature": ""}, deltas))
    if answer.text:
        out.append(({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in answer.pieces]))
    for call in answer.tools:
        opening = {"type": "tool_use", "id": f"toolu_{call.id}", "name": call.name, "input": {}}
        pieces = ("", *call.pieces)
        out.append((opening, [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]))
    return out


def _signature(answer: Answered) -> str:
    return f"sandbox{answer.ident}"


def _usage(counts: Counts, output: int) -> dict[str, Any]:
    """Anthropic's input_tokens leave out what was read from or written to its cache."""
    written = counts.cache_write_5m + counts.cache_write_1h
    usage: dict[str, Any] = {
        "input_tokens": counts.input - counts.cache_read - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": counts.cache_read,
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts.cache_write_5m,
            "ephemeral_1h_input_tokens": counts.cache_write_1h,
        },
        "output_tokens": output,
        "service_tier": "standard",
    }
    if counts.reasoning and output == counts.output:
        usage["output_tokens_details"] = {"thinking_tokens": counts.reasoning}
    if counts.web_searches:
        usage["server_tool_use"] = {"web_search_requests": counts.web_searches, "web_fetch_requests": 0}
    return usage


def _event(data: dict[str, Any]) -> bytes:
    kind: str = data["type"]
    return b"event: " + kind.encode() + b"\ndata: " + _encode(data) + b"\n\n"
