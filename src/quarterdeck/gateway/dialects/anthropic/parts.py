"""Messages' content blocks, both ways, as requests and answers share them."""

import re
from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.conversation import (
    CacheMark,
    CannotExpress,
    Citation,
    Drops,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from quarterdeck.gateway.dialects.fields import arguments_object, json_text, obj, pull_bool, pull_text, put

NAME = "anthropic"
MINT = "anthropic"
"""Bedrock and Vertex serve the same models and accept the same signatures."""
_SOURCES = {"base64": {"type", "media_type", "data"}, "url": {"type", "url"}, "file": {"type", "file_id"}}
_BAD_ID = re.compile(r"[^a-zA-Z0-9_-]")


def parse_blocks(raw: list[Any]) -> tuple[Part, ...]:
    """Blocks in order. A carried signature of another provider becomes what it was: part of its neighbour."""
    parts: list[Part] = []
    pending: str | None = None
    for block in raw:
        part = parse_block(block)
        if isinstance(part, Reasoning) and part.rest.get("next"):
            pending = part.signature
            continue
        if pending is not None and isinstance(part, Text):
            part = Text(part.text, part.citations, part.cache, pending, part.rest)
            pending = None
        elif pending is not None and isinstance(part, ToolCall):
            part = ToolCall(part.id, part.name, part.arguments, pending, part.cache, part.rest)
            pending = None
        parts.append(part)
    return tuple(parts)


def parse_block(raw: Any) -> Part:  # noqa: PLR0911 - a kind of block each
    rest = dict(obj(raw, "a content block"))
    kind = rest.pop("type", None)
    mark = cache_mark(rest)
    match kind:
        case "text" if isinstance(rest.get("text"), str):
            citations: tuple[Citation, ...] = ()
            if isinstance(rest.get("citations"), list) and all(isinstance(cite, dict) for cite in rest["citations"]):
                citations = tuple(parse_citation(cite) for cite in rest.pop("citations"))
                rest = rest if citations else rest | {"citations": []}
            return Text(rest.pop("text"), citations, mark, rest=rest)
        case "thinking" if isinstance(rest.get("thinking"), str) and mark is None:
            return _parse_thinking(rest)
        case "redacted_thinking" if isinstance(rest.get("data"), str) and mark is None:
            return Reasoning(encrypted=rest.pop("data"), minted_by=MINT, rest=rest)
        case "image" | "document" if (media := _parse_source(kind, rest)) is not None:
            return Media(cache=mark, rest=rest, **media)
        case "tool_use" if isinstance(rest.get("input"), dict) and isinstance(rest.get("name"), str):
            return ToolCall(
                pull_text(rest, "id") or "", rest.pop("name"), json_text(rest.pop("input")), cache=mark, rest=rest
            )
        case "tool_result" if isinstance(rest.get("tool_use_id"), str):
            return _parse_result(rest, mark, raw)
    return Opaque(raw)


def _parse_thinking(rest: dict[str, Any]) -> Reasoning:
    words = rest.pop("thinking")
    signature = pull_text(rest, "signature")
    token = carry.unpack(signature)
    if token is not None and token.kind == "next":
        return Reasoning(signature=token.value, minted_by=token.minted_by, rest={"next": True})
    if token is not None:
        return carry.restore(words, token)
    if not signature:
        return Reasoning(words, rest=rest if signature is None else rest | {"signature": ""})
    return Reasoning(words, signature, minted_by=MINT, rest=rest)


def _parse_source(kind: str, rest: dict[str, Any]) -> dict[str, Any] | None:
    source = rest.get("source")
    if not isinstance(source, dict) or not all(isinstance(value, str) for value in source.values()):
        return None
    how = source.get("type", "")
    found: dict[str, Any] = {"kind": kind}
    if set(source) == _SOURCES.get(how):
        found |= {name: value for name, value in source.items() if name != "type"}
    elif how == "text" and set(source) == {"type", "media_type", "data"}:
        found |= {"text": source["data"], "media_type": source["media_type"]}
    else:
        return None
    del rest["source"]
    if kind == "document":
        found["name"] = pull_text(rest, "title")
    return found


def _parse_result(rest: dict[str, Any], mark: CacheMark | None, raw: Any) -> Part:
    call_id = rest.pop("tool_use_id")
    form = "absent"
    parts: tuple[Part, ...] = ()
    if "content" in rest:
        content = rest.pop("content")
        if isinstance(content, str):
            form, parts = "string", (Text(content),)
        elif isinstance(content, list):
            form, parts = "parts", parse_blocks(content)
        else:
            return Opaque(raw)
    return ToolResult(call_id, parts, is_error=pull_bool(rest, "is_error"), cache=mark, rest=rest, form=form)


def cache_mark(rest: dict[str, Any]) -> CacheMark | None:
    raw = rest.get("cache_control")
    if not isinstance(raw, dict) or raw.get("type") != "ephemeral":
        return None
    mark = {name: value for name, value in rest.pop("cache_control").items() if name != "type"}
    return CacheMark(pull_text(mark, "ttl"), mark)


def parse_citation(raw: dict[str, Any]) -> Citation:
    def words(name: str) -> str | None:
        value = raw.get(name)
        return value if isinstance(value, str) else None

    return Citation(
        words("url") or words("source"), words("title") or words("document_title"), words("cited_text"), raw=raw
    )


def emit_citation(citation: Citation, *, same: bool) -> dict[str, Any]:
    if same:
        return citation.raw
    return {
        "type": "web_search_result_location",
        "url": citation.url or "",
        "title": citation.title,
        "cited_text": citation.quoted or "",
        "encrypted_index": "",
    }


def emit_mark(mark: CacheMark | None, *, same: bool) -> dict[str, Any] | None:
    if mark is None:
        return None
    if same:
        return put({"type": "ephemeral"}, ttl=mark.ttl) | mark.rest
    # Other providers spell other lifetimes; the two of this dialect are 5m (unsaid) and 1h.
    return put({"type": "ephemeral"}, ttl=mark.ttl if mark.ttl in ("5m", "1h") else None)


def emit_block(part: Part, drops: Drops, *, same: bool) -> list[dict[str, Any]]:  # noqa: PLR0912 - a kind of part each
    """The blocks of one part: none when a rule drops it, two when a foreign signature rides before it."""
    match part:
        case Text():
            if not part.text and not same:
                return []
            blocks = _before(part.signature)
            out: dict[str, Any] = {"type": "text", "text": part.text}
            if part.citations:
                out["citations"] = [emit_citation(citation, same=same) for citation in part.citations]
        case Refusal():
            blocks, out = [], {"type": "text", "text": part.text}
        case Media():
            blocks, out = [], _emit_media(part)
        case ToolCall():
            blocks = _before(part.signature)
            out = {"type": "tool_use", "id": call_id(part.id), "name": part.name, "input": tool_input(part, drops)}
        case ToolResult():
            blocks, out = [], _emit_result(part, drops, same=same)
        case Reasoning():
            return [emit_thought(part)]
        case Opaque():
            if not same:
                raise CannotExpress(f"Anthropic messages cannot carry {part.label!r}: leave it out.")
            return [part.raw]
    if same:
        out |= part.rest
    else:
        drops.rest(part.rest, "content.")
    if not isinstance(part, Refusal) and (mark := emit_mark(part.cache, same=same)):
        out["cache_control"] = mark
    return [*blocks, out]


def _before(signature: str | None) -> list[dict[str, Any]]:
    if signature is None:
        return []
    return [{"type": "thinking", "thinking": "", "signature": next_signature(signature)}]


def next_signature(signature: str) -> str:
    return carry.pack(carry.Token("gemini", "next", signature))


def emit_thought(thought: Reasoning) -> dict[str, Any]:
    """For this dialect's client, or its own provider: foreign tokens ride in the signature."""
    if thought.minted_by in (MINT, None):
        if thought.encrypted is not None:
            return {"type": "redacted_thinking", "data": thought.encrypted} | thought.rest
        out = {"type": "thinking", "thinking": thought.text}
        return put(out, signature=thought.signature) | {
            name: value for name, value in thought.rest.items() if name not in ("field", "detail")
        }
    return {"type": "thinking", "thinking": thought.text, "signature": thought_signature(thought)}


def thought_signature(thought: Reasoning) -> str:
    token = carry.token_of(thought)
    if token is None:
        return ""
    return token.value if token.minted_by == MINT and token.kind == "signature" else carry.pack(token)


def call_id(given: str) -> str:
    return _BAD_ID.sub("_", given)


def tool_input(call: ToolCall, drops: Drops) -> dict[str, Any]:
    value = arguments_object(call.arguments)
    if value is None:
        drops.add("tool call arguments", "not a JSON object, sent as text")
        return {"invalid_json": call.arguments}
    return value


def _emit_media(part: Media) -> dict[str, Any]:
    source: dict[str, Any]
    if part.text is not None:
        source = {"type": "text", "media_type": part.media_type or "text/plain", "data": part.text}
    elif part.file_id is not None:
        source = {"type": "file", "file_id": part.file_id}
    elif part.data is not None:
        source = {"type": "base64", "media_type": part.media_type, "data": part.data}
    else:
        source = {"type": "url", "url": part.url}
    if part.kind not in ("image", "document"):
        raise CannotExpress(f"Anthropic messages cannot carry {part.kind}: send a transcript or leave it out.")
    return put({"type": part.kind, "source": source}, title=part.name if part.kind == "document" else None)


def _emit_result(result: ToolResult, drops: Drops, *, same: bool) -> dict[str, Any]:
    out: dict[str, Any] = {"type": "tool_result", "tool_use_id": call_id(result.call_id)}
    if result.form == "string" and len(result.parts) == 1 and isinstance(result.parts[0], Text):
        out["content"] = result.parts[0].text
    elif result.parts or result.form != "absent":
        out["content"] = [block for part in result.parts for block in emit_block(part, drops, same=same)]
    return put(out, is_error=result.is_error)
