"""Converse's content blocks, both ways."""

import re
from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.conversation import (
    CacheMark,
    CannotExpress,
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
from quarterdeck.gateway.dialects.fields import arguments_object, json_text, named, obj, pull_text, put

NAME = "bedrock"
MINT = "anthropic"
"""Who signs thoughts here: Claude's signatures are the same on every platform, other models sign none."""
_DOCUMENTS = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
_FORMATS = {kind: name for name, kind in _DOCUMENTS.items()}
_BAD_NAME = re.compile(r"[^0-9A-Za-z \-()\[\]]+")
_BAD_ID = re.compile(r"[^a-zA-Z0-9_-]")


def parse_blocks(raw: list[Any]) -> tuple[Part, ...]:
    """Blocks in order; a cache point becomes the mark of the part before it."""
    parts: list[Part] = []
    for block in raw:
        mark = parse_point(block)
        if mark is not None and parts:
            marked = _marked(parts[-1], mark)
            if marked is not None:
                parts[-1] = marked
                continue
        parts.append(parse_block(block))
    return tuple(parts)


def parse_point(block: Any) -> CacheMark | None:
    match block:
        case {"cachePoint": {"type": "default", **inner}, **extra} if not extra:
            return CacheMark(pull_text(named(inner), "ttl"), named(inner))
    return None


def emit_point(mark: CacheMark, *, same: bool) -> dict[str, Any]:
    ttl = mark.ttl if same or mark.ttl in ("5m", "1h") else None
    return {"cachePoint": put({"type": "default"}, ttl=ttl) | (mark.rest if same else {})}


def _marked(part: Part, mark: CacheMark) -> Part | None:
    match part:
        case Text(cache=None):
            return Text(part.text, part.citations, mark, part.signature, part.rest)
        case ToolResult(cache=None):
            return ToolResult(part.call_id, part.parts, part.name, part.is_error, mark, part.rest, part.form)
        case ToolCall(cache=None):
            return ToolCall(part.id, part.name, part.arguments, part.signature, mark, part.rest)
    return None


def parse_block(raw: Any) -> Part:  # noqa: PLR0911, PLR0912 - a kind of block each
    block = obj(raw, "a content block")
    if len(block) != 1:
        return Opaque(raw)
    match block:
        case {"text": str() as words}:
            return Text(words)
        case {"image": {"format": str() as kind, "source": {"bytes": str() as data, **more}, **extra}} if not more:
            return Media("image", data=data, media_type=f"image/{kind}", rest=named(extra))
        case {"document": {"format": str() as kind, "source": {"bytes": str() as data, **more}, **extra}} if not more:
            if kind in _DOCUMENTS:
                name = pull_text(named(extra), "name")
                return Media("document", data=data, media_type=_DOCUMENTS[kind], name=name, rest=named(extra))
        case {"toolUse": {"toolUseId": str() as call_id, "name": str() as name, "input": dict() as given, **extra}}:
            if extra.get("type", "tool_use") == "tool_use":
                return ToolCall(call_id, name, json_text(given), rest=named(extra))
        case {"toolResult": {"toolUseId": str() as call_id, "content": list() as content, **extra}}:
            if "type" not in extra:
                status = pull_text(named(extra), "status")
                known = {"error": True, "success": False, None: None}
                if status in known:
                    return ToolResult(call_id, parse_blocks(content), is_error=known[status], rest=named(extra))
        case {"reasoningContent": {"reasoningText": {"text": str() as words, **inner}, **extra}} if not extra:
            signature = pull_text(named(inner), "signature")
            if (token := carry.unpack(signature)) is not None:
                return carry.restore(words, token)
            return Reasoning(words, signature, minted_by=MINT if signature else None, rest=named(inner))
        case {"reasoningContent": {"redactedContent": str() as secret, **extra}} if not extra:
            return Reasoning(encrypted=secret, minted_by="bedrock")
    return Opaque(raw)


def emit_block(part: Part, drops: Drops, *, same: bool) -> list[dict[str, Any]]:
    """The block of a part, and its cache point. Raises CannotExpress."""
    rest = part.rest if same and not isinstance(part, Opaque) else {}
    match part:
        case Text() | Refusal():
            out: dict[str, Any] = {"text": part.text}
        case Media():
            out = _emit_media(part, rest, same=same)
        case ToolCall():
            call = {"toolUseId": _id(part.id, same=same), "name": part.name, "input": _input(part, drops)}
            out = {"toolUse": call | rest}
        case ToolResult():
            content = [block for inner in part.parts for block in emit_block(inner, drops, same=same)]
            result: dict[str, Any] = {"toolUseId": _id(part.call_id, same=same), "content": content}
            if part.is_error is not None:
                result["status"] = "error" if part.is_error else "success"
            out = {"toolResult": result | rest}
        case Reasoning(encrypted=str()):
            out = {"reasoningContent": {"redactedContent": part.encrypted}}
        case Reasoning():
            out = {"reasoningContent": {"reasoningText": put({"text": part.text}, signature=part.signature) | rest}}
        case Opaque():
            if not same:
                raise CannotExpress(f"Bedrock Converse cannot carry {part.label!r}: leave it out.")
            return [part.raw]
    if not same and part.rest:
        drops.rest({name: value for name, value in part.rest.items() if not name.startswith("~")}, "content.")
    mark = part.cache if isinstance(part, Text | Media | ToolCall | ToolResult) else None
    return [out] if mark is None else [out, emit_point(mark, same=same)]


def _id(given: str, *, same: bool) -> str:
    return given if same else _BAD_ID.sub("_", given)[:64]


def _input(call: ToolCall, drops: Drops) -> dict[str, Any]:
    value = arguments_object(call.arguments)
    if value is None:
        drops.add("tool call arguments", "not a JSON object, sent as text")
        return {"invalid_json": call.arguments}
    return value


def _emit_media(part: Media, rest: dict[str, Any], *, same: bool) -> dict[str, Any]:
    if part.text is not None:
        return {"text": part.text}
    if part.data is None:
        raise CannotExpress(f"Bedrock Converse takes no {part.kind} by address: send it as base64 data.")
    kind = (part.media_type or "").partition(";")[0]
    if part.kind == "image":
        picture = {"format": kind.partition("/")[2].replace("jpg", "jpeg"), "source": {"bytes": part.data}}
        return {"image": picture | rest}
    if part.kind == "document" and kind in _FORMATS:
        name = part.name if same else _BAD_NAME.sub(" ", part.name or "document").strip() or "document"
        paper = {"format": _FORMATS[kind], "source": {"bytes": part.data}}
        return {"document": put(paper, name=name) | rest}
    raise CannotExpress(f"Bedrock Converse cannot carry {part.kind} of type {kind!r}: leave it out.")
