"""Cohere v2 chat answers and errors, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage, usage_out
from quarterdeck.gateway.dialects.cohere.chat import NAME, emit_message, parse_message
from quarterdeck.gateway.dialects.conversation import (
    Answer,
    BadAnswer,
    Citation,
    Drops,
    Failure,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Stop,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import (
    answer_from,
    arr,
    encode,
    obj,
    pull_text,
)
from quarterdeck.gateway.dialects.openai_chat import parts as chat
from quarterdeck.gateway.dialects.openai_errors import message_of

STOPS: dict[str, Stop] = {
    "COMPLETE": "end",
    "STOP_SEQUENCE": "stop_sequence",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
    "ERROR": "error",
    "TIMEOUT": "error",
}
_WORDS: dict[Stop | None, str] = {
    "stop_sequence": "STOP_SEQUENCE",
    "length": "MAX_TOKENS",
    "context_exceeded": "MAX_TOKENS",
    "tool_calls": "TOOL_CALL",
    "error": "ERROR",
    "content_filter": "ERROR",
    "malformed_call": "ERROR",
}


def word(stop: Stop | None, *, called: bool) -> str:
    return "TOOL_CALL" if called and stop in ("end", None, "other") else _WORDS.get(stop, "COMPLETE")


def parse_answer(body: bytes) -> Answer:
    """Raises BadAnswer."""
    return answer_from(_parse_answer, body)


def _parse_answer(raw: dict[str, Any]) -> Answer:
    rest = dict(raw)
    given = rest.pop("message", None)
    if not isinstance(given, dict):
        words = message_of(given)
        raise BadAnswer(f"The provider answered without a message{f': {words}' if words else '.'}")
    message = parse_message({"role": "assistant"} | obj(given, "message"))
    stop_raw = pull_text(rest, "finish_reason")
    cited = tuple(citation_of(item) for item in arr(message.rest.get("citations") or [], "citations"))
    return Answer(
        origin=NAME,
        message=Message("assistant", _cite(message.parts, cited), message.rest, message.form),
        id=pull_text(rest, "id") or "",
        stop=STOPS.get(stop_raw, "other") if stop_raw else None,
        stop_raw=stop_raw,
        usage=usage.from_cohere(rest.get("usage")),
        rest=rest,
    )


def citation_of(raw: Any) -> Citation:
    fields = usage.fields_of(raw)
    sources = fields.get("sources")
    source = usage.fields_of(sources[0]) if isinstance(sources, list) and sources else {}
    document = usage.fields_of(source.get("document"))
    start, end = fields.get("start"), fields.get("end")
    return Citation(
        usage.text_or_none(document.get("url")),
        usage.text_or_none(document.get("title")),
        usage.text_or_none(fields.get("text")),
        start if isinstance(start, int) else None,
        end if isinstance(end, int) else None,
        dict(fields),
    )


def _cite(parts: tuple[Part, ...], citations: tuple[Citation, ...]) -> tuple[Part, ...]:
    found = [at for at, part in enumerate(parts) if isinstance(part, Text)]
    if not found or not citations:
        return parts
    at = found[-1]
    part = parts[at]
    assert isinstance(part, Text)
    return (*parts[:at], Text(part.text, citations, rest=part.rest), *parts[at + 1 :])


def emit_answer(answer: Answer, drops: Drops, *, now: int = 0) -> bytes:
    if answer.origin == NAME:
        out = {"id": answer.id} | answer.rest | {"message": emit_message(answer.message, drops)}
        return encode(out | ({"finish_reason": answer.stop_raw} if answer.stop_raw is not None else {}))
    content: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for part in answer.message.parts:
        match part:
            case Text() | Refusal():
                content.append({"type": "text", "text": part.text})
            case Reasoning():
                if part.text:
                    content.append({"type": "thinking", "thinking": part.text})
                if part.minted_by is not None:
                    drops.add("reasoning signature", "Cohere's dialect has no place for one")
            case ToolCall():
                calls.append(chat.emit_call(part, same=False))
            case _:
                drops.add(part.label if isinstance(part, Opaque) else type(part).__name__, "a provider-side step")
    message = {"role": "assistant"} | ({"content": content} if content else {})
    message |= {"tool_calls": calls} if calls else {}
    return encode(
        {
            "id": answer.id or "0",
            "message": message,
            "finish_reason": word(answer.stop, called=bool(calls)),
            "usage": usage_out.to_cohere(answer.usage) if answer.usage else {},
        }
    )


def emit_error(failure: Failure) -> bytes:
    return msgspec.json.encode({"message": failure.message} | ({"code": failure.code} if failure.code else {}))
