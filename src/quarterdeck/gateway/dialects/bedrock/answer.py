"""Converse answers and errors, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import usage, usage_out
from quarterdeck.gateway.dialects.base import UNREADABLE
from quarterdeck.gateway.dialects.bedrock.parts import MINT, NAME, emit_block, parse_blocks
from quarterdeck.gateway.dialects.carry import pack, token_of
from quarterdeck.gateway.dialects.conversation import (
    Answer,
    BadAnswer,
    Drops,
    Failure,
    Message,
    Opaque,
    Part,
    Reasoning,
    Stop,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import answer_from, encode, obj, pull_text

STOPS: dict[str, Stop] = {
    "end_turn": "end",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "stop_sequence": "stop_sequence",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
    "malformed_model_output": "malformed_call",
    "malformed_tool_use": "malformed_call",
    "model_context_window_exceeded": "context_exceeded",
}
_WORDS: dict[Stop | None, str] = {
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "content_filtered",
    "refusal": "content_filtered",
    "context_exceeded": "model_context_window_exceeded",
    "malformed_call": "malformed_tool_use",
}


def word(stop: Stop | None, *, called: bool) -> str:
    return "tool_use" if called and stop in ("end", None, "other") else _WORDS.get(stop, "end_turn")


def parse_answer(body: bytes) -> Answer:
    """Raises BadAnswer."""
    return answer_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Answer:
    rest = dict(raw)
    if "output" not in raw:
        words = usage.text_or_none(raw.get("message"))
        raise BadAnswer(f"The provider answered without output{f': {words}' if words else '.'}")
    output = dict(obj(rest.pop("output"), "output"))
    message = dict(obj(output.pop("message", None), "output.message"))
    content = message.pop("content", None)
    stop_raw = pull_text(rest, "stopReason")
    return Answer(
        origin=NAME,
        message=Message("assistant", parse_blocks(content) if isinstance(content, list) else ()),
        stop=STOPS.get(stop_raw, "other") if stop_raw else None,
        stop_raw=stop_raw,
        usage=usage.from_bedrock(rest.get("usage"), service_tier=rest.get("serviceTier")),
        rest=rest,
        form={"output": output, "message": message},
    )


def emit_answer(answer: Answer, drops: Drops, *, now: int = 0) -> bytes:
    parts = answer.message.parts
    if answer.origin == NAME:
        content = [block for part in parts for block in emit_block(part, drops, same=True)]
        message = {"content": content} | answer.form["message"]
        out = {"output": {"message": message} | answer.form["output"]} | answer.rest
        return encode(out | ({"stopReason": answer.stop_raw} if answer.stop_raw is not None else {}))
    content = [block for part in parts for block in answer_block(part, drops)]
    called = any(isinstance(part, ToolCall) for part in parts)
    out = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": word(answer.stop, called=called),
        "usage": usage_out.to_bedrock(answer.usage) if answer.usage else {},
        "metrics": {"latencyMs": 0},
    }
    return encode(out)


def answer_block(part: Part, drops: Drops) -> list[dict[str, Any]]:
    """A block of another dialect's answer. A foreign signature rides in the thought's own."""
    if isinstance(part, Opaque):
        drops.add(part.label, "a provider-side step")
        return []
    if isinstance(part, Reasoning) and part.minted_by not in (None, MINT):
        token = token_of(part)
        signature = pack(token) if token is not None else None
        return emit_block(Reasoning(part.text, signature, minted_by=MINT), drops, same=False)
    return emit_block(part, drops, same=False)


def parse_error(status: int, body: bytes) -> Failure:
    """Never raises. The kind of error stands in a header, which the caller may add."""
    try:
        raw = usage.fields_of(msgspec.json.decode(body))
    except UNREADABLE:
        raw = {}
    words = usage.text_or_none(raw.get("message")) or usage.text_or_none(raw.get("Message"))
    return Failure(
        status, words or f"The provider answered with status {status}.", usage.text_or_none(raw.get("__type"))
    )


def emit_error(failure: Failure) -> bytes:
    return msgspec.json.encode({"message": failure.message} | ({"code": failure.code} if failure.code else {}))
