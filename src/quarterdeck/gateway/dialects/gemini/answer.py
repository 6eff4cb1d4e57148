"""generateContent answers and errors, both ways."""

from typing import Any

import msgspec

from quarterdeck.gateway.dialects import carry, usage, usage_out
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
    Stop,
    Text,
    ToolCall,
)
from quarterdeck.gateway.dialects.fields import answer_from, encode, obj, pull_text
from quarterdeck.gateway.dialects.gemini.parts import MINT, NAME, Names, emit_part, encoded, parse_part
from quarterdeck.gateway.dialects.openai_errors import message_of

STOPS: dict[str, Stop] = {
    "STOP": "end",
    "MAX_TOKENS": "length",
    "MALFORMED_FUNCTION_CALL": "malformed_call",
    "UNEXPECTED_TOOL_CALL": "malformed_call",
    "SAFETY": "content_filter",
    "RECITATION": "content_filter",
    "BLOCKLIST": "content_filter",
    "PROHIBITED_CONTENT": "content_filter",
    "SPII": "content_filter",
    "IMAGE_SAFETY": "content_filter",
    "LANGUAGE": "content_filter",
}
_WORDS: dict[Stop | None, str] = {
    "length": "MAX_TOKENS",
    "context_exceeded": "MAX_TOKENS",
    "content_filter": "SAFETY",
    "refusal": "SAFETY",
    "malformed_call": "MALFORMED_FUNCTION_CALL",
    "error": "OTHER",
    "other": "OTHER",
}


def word(stop: Stop | None) -> str:
    return _WORDS.get(stop, "STOP")


def parse_answer(body: bytes) -> Answer:
    """Raises BadAnswer."""
    return answer_from(_parse, body)


def _parse(raw: dict[str, Any]) -> Answer:
    rest = dict(raw)
    candidates = rest.pop("candidates", None)
    blocked = usage.text_or_none(usage.fields_of(raw.get("promptFeedback")).get("blockReason"))
    if not isinstance(candidates, list) or not candidates:
        if blocked is None:
            words = message_of(raw.get("error"))
            raise BadAnswer(f"The provider answered without candidates{f': {words}' if words else '.'}")
        candidates = []
    first = dict(obj(candidates[0], "a candidate")) if candidates else {}
    identity = usage.text_or_none(rest.get("responseId")) or ""
    content = first.pop("content", None)
    inner = dict(content) if isinstance(content, dict) else {}
    listed = inner.pop("parts", None)
    names = Names(f"call_{identity}")
    parts = [parse_part(part, names) for part in listed] if isinstance(listed, list) else []
    stop_raw = usage.text_or_none(first.get("finishReason"))
    stop = stop_of(stop_raw or ("SAFETY" if blocked else None), called=any(isinstance(p, ToolCall) for p in parts))
    return Answer(
        origin=NAME,
        message=Message("assistant", _cited(parts, first.get("groundingMetadata"))),
        id=identity,
        model=pull_text(rest, "modelVersion") or "",
        stop=stop,
        stop_raw=stop_raw,
        usage=usage.from_gemini(rest.get("usageMetadata")),
        rest=rest,
        form={
            "candidate": first,
            "content": inner if isinstance(content, dict) else None,
            "parts": isinstance(listed, list),
            "more": candidates[1:],
            "any": bool(candidates),
        },
    )


def stop_of(raw: str | None, *, called: bool) -> Stop | None:
    if raw is None:
        return None
    stop = STOPS.get(raw, "other")
    return "tool_calls" if called and stop == "end" else stop


def _cited(parts: list[Part], grounding: Any) -> tuple[Part, ...]:
    """Grounding stands beside the text; as citations it belongs to the last of the words."""
    citations = tuple(citations_of(grounding))
    if citations:
        for at in range(len(parts) - 1, -1, -1):
            part = parts[at]
            if isinstance(part, Text):
                parts[at] = Text(part.text, citations, part.cache, part.signature, part.rest)
                break
    return tuple(parts)


def citations_of(grounding: Any) -> list[Citation]:
    fields = usage.fields_of(grounding)
    chunks = fields.get("groundingChunks")
    listed = chunks if isinstance(chunks, list) else []
    sources = [usage.fields_of(usage.fields_of(chunk).get("web")) for chunk in listed]
    found: list[Citation] = []
    supports = fields.get("groundingSupports")
    for support in supports if isinstance(supports, list) else ():
        segment = usage.fields_of(usage.fields_of(support).get("segment"))
        indices = usage.fields_of(support).get("groundingChunkIndices")
        for index in indices if isinstance(indices, list) else ():
            if isinstance(index, int) and 0 <= index < len(sources):
                source = sources[index]
                url, title = usage.text_or_none(source.get("uri")), usage.text_or_none(source.get("title"))
                found.append(Citation(url, title, usage.text_or_none(segment.get("text"))))
    return found


def emit_answer(answer: Answer, drops: Drops, *, now: int = 0) -> bytes:
    if answer.origin == NAME:
        return encode(_emit_same(answer, drops))
    parts: list[dict[str, Any]] = []
    for part in answer.message.parts:
        parts += answer_part(part, drops)
    candidate = {"content": {"role": "model", "parts": parts}, "finishReason": word(answer.stop), "index": 0}
    out = {"candidates": [candidate], "modelVersion": answer.model, "responseId": answer.id}
    return encode(out | ({"usageMetadata": usage_out.to_gemini(answer.usage)} if answer.usage else {}))


def answer_part(part: Part, drops: Drops) -> list[dict[str, Any]]:
    """A part of another dialect's answer. A foreign signature rides in the thought's own."""
    if isinstance(part, Opaque):
        drops.add(part.label, "a provider-side step")
        return []
    if isinstance(part, Reasoning):
        out: dict[str, Any] = {"text": part.text, "thought": True}
        token = carry.token_of(part)
        if token is not None:
            out["thoughtSignature"] = token.value if token.minted_by == MINT else encoded(token)
        return [out]
    if isinstance(part, Text) and part.citations:
        drops.add("citations")
    return emit_part(part, drops, same=False, names={})


def _emit_same(answer: Answer, drops: Drops) -> dict[str, Any]:
    form = answer.form
    out: dict[str, Any] = {"modelVersion": answer.model} if answer.model else {}
    if form["any"]:
        candidate = dict(form["candidate"])
        if form["content"] is not None:
            content = dict(form["content"])
            if form["parts"]:
                content["parts"] = [
                    each for part in answer.message.parts for each in emit_part(part, drops, same=True, names={})
                ]
            candidate["content"] = content
        out["candidates"] = [candidate, *form["more"]]
    return out | answer.rest


_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def emit_error(failure: Failure) -> bytes:
    status = _STATUS.get(failure.status, "INTERNAL" if failure.status >= 500 else "FAILED_PRECONDITION")
    error: dict[str, Any] = {"code": failure.status, "message": failure.message, "status": status}
    if failure.code is not None:
        reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": failure.code, "domain": "quarterdeck"}
        error["details"] = [reason]
    return msgspec.json.encode({"error": error})
