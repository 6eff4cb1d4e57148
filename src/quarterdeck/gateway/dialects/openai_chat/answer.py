"""Chat completions answers and errors, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage, usage_out
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.conversation import (
    Answer,
    BadAnswer,
    Drops,
    Failure,
    Media,
    Message,
    Opaque,
    Reasoning,
    Refusal,
    Stop,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import answer_from, encode, obj, pull_int, pull_text
from quarterdeck.gateway.dialects.openai_chat import parts as chat
from quarterdeck.gateway.dialects.openai_chat.parts import NAME
from quarterdeck.gateway.dialects.openai_chat.request import fill_assistant
from quarterdeck.gateway.dialects.openai_errors import error_type, message_of

STOPS: dict[str, Stop] = {
    "stop": "end",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "error": "error",
}
_WORDS: dict[Stop, str] = {
    "length": "length",
    "context_exceeded": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
}


def parse_answer(body: bytes) -> Answer:
    """Raises BadAnswer."""
    return answer_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Answer:
    rest = dict(raw)
    choices = rest.pop("choices", None)
    if not isinstance(choices, list) or not choices:
        words = message_of(raw.get("error"))
        raise BadAnswer(f"The provider answered without choices{f': {words}' if words else '.'}")
    first = dict(obj(choices[0], "a choice"))
    message = chat.parse_message({"role": "assistant"} | obj(first.pop("message", None), "a choice's message"))
    stop_raw = pull_text(first, "finish_reason")
    told = rest.get("usage") or usage.fields_of(rest.get("x_groq")).get("usage")
    return Answer(
        origin=NAME,
        message=message,
        id=pull_text(rest, "id") or "",
        model=pull_text(rest, "model") or "",
        created=pull_int(rest, "created"),
        stop=STOPS.get(stop_raw, "other") if stop_raw else None,
        stop_raw=stop_raw,
        usage=usage.from_openai(told, service_tier=rest.get("service_tier")),
        rest=rest,
        form={"choice": first, "more": choices[1:]},
    )


def word(stop: Stop | None, *, called: bool) -> str:
    """Chat's finish reason. Gemini ends a turn of tool calls with plain STOP; a chat client waits for `tool_calls`."""
    if called and stop in ("end", None, "stop_sequence", "other"):
        return "tool_calls"
    return _WORDS.get(stop, "stop") if stop else "stop"


def emit_answer(answer: Answer, drops: Drops, *, now: int = 0) -> bytes:
    same = answer.origin == NAME
    out: dict[str, Any] = {"id": answer.id or "chatcmpl-0", "model": answer.model}
    if same:
        out |= answer.rest
        if answer.created is not None:
            out["created"] = answer.created
        message: dict[str, Any] = {"role": "assistant"}
        form, _, calls = (answer.message.form or "").partition("+")
        fill_assistant(message, answer.message.parts, form, calls=bool(calls), drops=drops)
        choice = answer.form["choice"] | {"message": message | answer.message.rest}
        if answer.stop_raw is not None:
            choice["finish_reason"] = answer.stop_raw
        out["choices"] = [choice, *answer.form["more"]]
        return encode(out)
    drops.rest(answer.message.rest, "message.")
    called = any(isinstance(part, ToolCall) for part in answer.message.parts)
    out |= {
        "object": "chat.completion",
        "created": answer.created or now,
        "choices": [
            {
                "index": 0,
                "message": _message(answer.message, drops),
                "logprobs": None,
                "finish_reason": word(answer.stop, called=called),
            }
        ],
        "service_tier": answer.usage.service_tier if answer.usage else None,
        "usage": usage_out.to_chat(answer.usage) if answer.usage else None,
    }
    return encode(out)


def _message(message: Message, drops: Drops) -> dict[str, Any]:
    parts = message.parts
    words = [part.text for part in parts if isinstance(part, Text)]
    refusals = [part.text for part in parts if isinstance(part, Refusal)]
    thoughts = [part for part in parts if isinstance(part, Reasoning)]
    calls = [chat.emit_call(part, same=False) for part in parts if isinstance(part, ToolCall)]
    # OpenRouter's place for pictures a model made; the official dialect has none.
    pictures = [part for part in parts if isinstance(part, Media) and part.kind == "image"]
    out: dict[str, Any] = {"role": "assistant", "content": "".join(words) if words else None}
    out["refusal"] = "".join(refusals) if refusals else None
    if any(thought.text for thought in thoughts):
        out["reasoning_content"] = "".join(thought.text for thought in thoughts)
    if any(thought.minted_by for thought in thoughts):
        out["reasoning_details"] = [chat.detail_of(thought, at) for at, thought in enumerate(thoughts)]
    if annotations := chat.citations_of(parts):
        out["annotations"] = annotations
    if pictures:
        out["images"] = [chat.emit_part(part, drops, same=False) for part in pictures]
    if calls:
        out["tool_calls"] = calls
    for part in parts:
        if isinstance(part, Opaque):
            drops.add(part.label, "a provider-side step")
        elif isinstance(part, Media) and part.kind != "image":
            drops.add(part.kind)
    return out


def parse_error(status: int, body: bytes) -> Failure:
    """Never raises: an error that cannot be read is told by its status."""
    try:
        raw = msgspec.json.decode(body)
    except UNREADABLE:
        raw = None
    if isinstance(raw, list) and raw:
        raw = raw[0]
    fields = usage.fields_of(raw)
    # Mistral and others put the members of the error at the top.
    inner = fields.get("error") if isinstance(fields.get("error"), dict) else fields
    words = message_of(fields.get("error")) or message_of(fields.get("message")) or message_of(fields.get("detail"))
    code = usage.fields_of(inner).get("code")
    kind = usage.fields_of(inner).get("type")
    return Failure(
        status,
        words or f"The provider answered with status {status}.",
        str(code) if isinstance(code, str | int) else None,
        kind if isinstance(kind, str) else None,
    )


def emit_error(failure: Failure) -> bytes:
    fields = {
        "message": failure.message,
        "type": error_type(failure.status),
        "param": None,
        "code": failure.code or failure.type,
    }
    return msgspec.json.encode({"error": fields})
