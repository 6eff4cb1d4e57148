"""Messages answers and errors, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage, usage_out
from quarterdeck.gateway.dialects.anthropic import parts as blocks
from quarterdeck.gateway.dialects.anthropic.errors import kind_of
from quarterdeck.gateway.dialects.anthropic.parts import NAME
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.conversation import Answer, BadAnswer, Drops, Failure, Message, Opaque, Stop, ToolCall
from quarterdeck.gateway.dialects.fields import answer_from, encode, pull_text
from quarterdeck.gateway.dialects.openai_errors import message_of

STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "stop_sequence",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "pause_turn": "pause",
    "refusal": "refusal",
    "model_context_window_exceeded": "context_exceeded",
}
_WORDS: dict[Stop, str] = {stop: word for word, stop in STOPS.items()} | {"content_filter": "refusal"}


def parse_answer(body: bytes) -> Answer:
    """Raises BadAnswer."""
    return answer_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Answer:
    rest = dict(raw)
    content = rest.pop("content", None)
    if not isinstance(content, list):
        words = message_of(raw.get("error"))
        raise BadAnswer(f"The provider answered without content{f': {words}' if words else '.'}")
    stop_raw = pull_text(rest, "stop_reason")
    return Answer(
        origin=NAME,
        message=Message("assistant", blocks.parse_blocks(content)),
        id=pull_text(rest, "id") or "",
        model=pull_text(rest, "model") or "",
        stop=STOPS.get(stop_raw, "other") if stop_raw else None,
        stop_raw=stop_raw,
        stop_sequence=pull_text(rest, "stop_sequence"),
        usage=usage.from_anthropic(rest.get("usage")),
        rest=rest,
    )


def word(stop: Stop | None, *, called: bool, matched: str | None) -> str:
    if called and stop in ("end", None, "other"):
        return "tool_use"
    if matched is not None and stop == "end":
        return "stop_sequence"
    return _WORDS.get(stop, "end_turn") if stop else "end_turn"


def emit_answer(answer: Answer, drops: Drops, *, now: int = 0) -> bytes:
    same = answer.origin == NAME
    parts = answer.message.parts
    out: dict[str, Any] = {"id": answer.id or "msg_0", "model": answer.model}
    if same:
        out |= answer.rest
        out["content"] = [block for part in parts for block in blocks.emit_block(part, drops, same=True)]
        if answer.stop_raw is not None:
            out["stop_reason"] = answer.stop_raw
        if answer.stop_sequence is not None:
            out["stop_sequence"] = answer.stop_sequence
        return encode(out)
    content: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Opaque):
            drops.add(part.label, "a provider-side step")
        else:
            content += blocks.emit_block(part, drops, same=False)
    called = any(isinstance(part, ToolCall) for part in parts)
    out |= {
        "type": "message",
        "role": "assistant",
        "content": content,
        "stop_reason": word(answer.stop, called=called, matched=answer.stop_sequence),
        "stop_sequence": answer.stop_sequence,
        "usage": usage_out.to_anthropic(answer.usage) if answer.usage else {"input_tokens": 0, "output_tokens": 0},
    }
    return encode(out)


def parse_error(status: int, body: bytes) -> Failure:
    """Never raises: an error that cannot be read is told by its status."""
    try:
        raw = usage.fields_of(msgspec.json.decode(body))
    except UNREADABLE:
        raw = {}
    words = message_of(raw.get("error")) or message_of(raw.get("message"))
    kind = usage.text_or_none(usage.fields_of(raw.get("error")).get("type"))
    return Failure(status, words or f"The provider answered with status {status}.", kind, kind)


def emit_error(failure: Failure) -> bytes:
    error = {"type": kind_of(failure.status), "message": failure.message}
    if failure.code is not None:
        error["code"] = failure.code
    return msgspec.json.encode({"type": "error", "error": error})
