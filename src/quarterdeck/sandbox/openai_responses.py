"""OpenAI responses."""

from typing import Any

import msgspec

from quarterdeck.sandbox.asks import Answered, Ask, BadAsk, Counts, decode, model_of, text_of, turns
from quarterdeck.sandbox.openai_chat import CREATED
from quarterdeck.sandbox.openai_errors import error_body, error_parts, openai_headers

_encode = msgspec.json.encode
_ENDS = (b"event: response.completed\n", b"event: response.incomplete\n")
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}
_OWN = frozenset({"function_call", "reasoning"})


class OpenAIResponses:
    name = "openai_responses"
    stream_type = "text/event-stream; charset=utf-8"

    def read(self, body: bytes, model: str | None) -> Ask:
        value = decode(body)
        given = value.get("input", "")
        history = given if isinstance(given, list) else [{"role": "user", "content": given}]
        if not history or not all(isinstance(item, dict) for item in history):
            raise BadAsk("'input' must be a text or a list of items, and not empty.")
        last = history[-1]
        said = turns(item.get("role") == "assistant" or item.get("type") in _OWN for item in history)
        return Ask(
            model=model or model_of(value),
            stream=value.get("stream") is True,
            turn=said + _turns_before(value.get("previous_response_id")),
            last=text_of(last.get("content", last.get("output"))),
            size=len(body),
            body=value,
        )

    def whole(self, ask: Ask, answer: Answered) -> bytes:
        return _encode(_response(ask, answer, _items(answer)))

    def events(self, ask: Ask, answer: Answered) -> list[bytes]:
        stream = _Stream()
        opening = _response(ask, answer, None)
        stream.add("response.created", response=opening)
        stream.add("response.in_progress", response=opening)
        for index, item in enumerate(_items(answer)):
            _item_events(stream, index, item, answer)
        done = _response(ask, answer, _items(answer))
        stream.add(f"response.{done['status']}", response=done)
        return stream.events

    def is_end(self, event: bytes) -> bool:
        return event.startswith(_ENDS)

    def error(self, status: int, code: str | None, message: str | None) -> bytes:
        return error_body(status, code, message)

    def error_event(self, status: int, code: str | None, message: str | None) -> bytes:
        _, code, message = error_parts(status, code, message)
        error = {"type": "error", "code": code or "server_error", "message": message, "param": None}
        return b"event: error\ndata: " + _encode(error | {"sequence_number": 99}) + b"\n\n"

    def headers(self, ident: str) -> tuple[tuple[str, str], ...]:
        return openai_headers(ident)


class _Stream:
    """Numbers events as they are added."""

    def __init__(self) -> None:
        self.events: list[bytes] = []

    def add(self, kind: str, **fields: Any) -> None:
        data = {"type": kind, **fields, "sequence_number": len(self.events)}
        self.events.append(b"event: " + kind.encode() + b"\ndata: " + _encode(data) + b"\n\n")


def _turns_before(previous: object) -> int:
    """An id of ours says which turn it was: the history is with the provider, and we keep none."""
    if not isinstance(previous, str):
        return 0
    turn = previous.removeprefix("resp_")[:4]
    return int(turn, 16) + 1 if len(turn) == 4 and all(digit in "0123456789abcdef" for digit in turn) else 0


def _items(answer: Answered) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    if answer.reasoning:
        summary = [{"type": "summary_text", "text": answer.reasoning}]
        out.append({"id": f"rs_{answer.ident}", "type": "reasoning", "summary": summary})
    if answer.text:
        content = [{"type": "output_text", "annotations": [], "logprobs": [], "text": answer.text}]
        out.append(
            {
                "id": f"msg_{answer.ident}",
                "type": "message",
                "status": "completed",
                "content": content,
                "role": "assistant",
            }
        )
    for call in answer.tools:
        out.append(
            {
                "id": f"fc_{call.id}",
                "type": "function_call",
                "status": "completed",
                "arguments": call.arguments,
                "call_id": f"call_{call.id}",
                "name": call.name,
            }
        )
    return out


def _item_events(stream: _Stream, index: int, item: dict[str, Any], answer: Answered) -> None:
    at = {"item_id": item["id"], "output_index": index}
    if item["type"] == "message":
        stream.add(
            "response.output_item.added", item=item | {"status": "in_progress", "content": []}, output_index=index
        )
        part = item["content"][0]
        at["content_index"] = 0
        stream.add("response.content_part.added", **at, part=part | {"text": ""})
        for piece in answer.pieces:
            stream.add("response.output_text.delta", **at, delta=piece, logprobs=[])
        stream.add("response.output_text.done", **at, text=answer.text, logprobs=[])
        stream.add("response.content_part.done", **at, part=part)
    elif item["type"] == "reasoning":
        stream.add("response.output_item.added", item=item | {"summary": []}, output_index=index)
        part = item["summary"][0]
        at["summary_index"] = 0
        stream.add("response.reasoning_summary_part.added", **at, part=part | {"text": ""})
        for piece in answer.reasoning_pieces:
            stream.add("response.reasoning_summary_text.delta", **at, delta=piece)
        stream.add("response.reasoning_summary_text.done", **at, text=answer.reasoning)
        stream.add("response.reasoning_summary_part.done", **at, part=part)
    else:
        call = next(call for call in answer.tools if f"fc_{call.id}" == item["id"])
        stream.add(
            "response.output_item.added", item=item | {"status": "in_progress", "arguments": ""}, output_index=index
        )
        for piece in call.pieces:
            stream.add("response.function_call_arguments.delta", **at, delta=piece)
        stream.add("response.function_call_arguments.done", **at, arguments=call.arguments, name=call.name)
    stream.add("response.output_item.done", item=item, output_index=index)


def _response(ask: Ask, answer: Answered, items: list[dict[str, Any]] | None) -> dict[str, Any]:
    """The response object: as it opens (`items` None) or as it is when done."""
    asked = ask.body or {}
    reason = _INCOMPLETE.get(answer.stop) if items is not None else None
    status = "in_progress" if items is None else "incomplete" if reason else "completed"
    return {
        "id": f"resp_{answer.turn:04x}{answer.ident}",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "background": False,
        "completed_at": CREATED if status == "completed" else None,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "max_tool_calls": None,
        "model": answer.model,
        "output": items or [],
        "parallel_tool_calls": asked.get("parallel_tool_calls", True),
        "previous_response_id": asked.get("previous_response_id"),
        "prompt_cache_key": asked.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None},
        "safety_identifier": None,
        "service_tier": "default",
        "store": asked.get("store", True),
        "temperature": asked.get("temperature", 1.0),
        "text": asked.get("text", {"format": {"type": "text"}, "verbosity": "medium"}),
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": asked.get("tools", []),
        "top_logprobs": 0,
        "top_p": asked.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": _usage(answer.usage) if items is not None and answer.usage else None,
        "user": None,
        "metadata": asked.get("metadata") or {},
    }


def _usage(counts: Counts) -> dict[str, Any]:
    read: dict[str, int] = {"cached_tokens": counts.cache_read}
    written = counts.cache_write_5m + counts.cache_write_1h
    if written:
        read["cache_write_tokens"] = written
    return {
        "input_tokens": counts.input,
        "input_tokens_details": read,
        "output_tokens": counts.output,
        "output_tokens_details": {"reasoning_tokens": counts.reasoning},
        "total_tokens": counts.input + counts.output,
    }
