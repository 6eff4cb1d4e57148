"""Chat messages and their parts, both ways, as requests and answers share them."""

import re
from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.conversation import (
    CacheMark,
    CannotExpress,
    Citation,
    Drops,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from quarterdeck.gateway.dialects.fields import arr, obj, pull_text, put, text

NAME = "openai_chat"
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,([A-Za-z0-9+/=_-]*)")
_AUDIO_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg"}
_ROLES = ("system", "developer", "user", "assistant", "tool")


def parse_message(raw: Any) -> Message:
    rest = dict(obj(raw, "each message"))
    role = text(rest.pop("role", None), "a message's role")
    if role not in _ROLES:
        return Message("user", (Opaque(raw, "message"),), form="raw")
    if role == "tool":
        return _parse_tool(rest)
    parts: list[Part] = []
    if role == "assistant":
        parts += parse_thoughts(rest)
    form, content = parse_content(rest)
    parts += content
    if role == "assistant":
        if (refusal := pull_text(rest, "refusal")) is not None:
            parts.append(Refusal(refusal))
        if isinstance(rest.get("tool_calls"), list):
            parts += [parse_call(call) for call in rest.pop("tool_calls")]
            form = f"{form}+calls"
    return Message(role, tuple(parts), rest, form)  # type: ignore[arg-type]


def _parse_tool(rest: dict[str, Any]) -> Message:
    call_id = text(rest.pop("tool_call_id", ""), "tool_call_id")
    form, content = parse_content(rest)
    return Message("tool", (ToolResult(call_id, tuple(content), form=form),), rest)


def parse_content(rest: dict[str, Any]) -> tuple[str, list[Part]]:
    """Takes `content` out of the message; says how it was spelled."""
    if "content" not in rest:
        return "absent", []
    content = rest.pop("content")
    if content is None:
        return "null", []
    if isinstance(content, str):
        return "string", [Text(content)]
    return "parts", [parse_part(part) for part in arr(content, "content")]


def parse_part(raw: Any) -> Part:
    rest = dict(obj(raw, "a content part"))
    kind = rest.pop("type", None)
    mark = cache_mark(rest)
    match kind:
        case "text" if isinstance(rest.get("text"), str):
            return Text(rest.pop("text"), cache=mark, rest=rest)
        case "refusal" if isinstance(rest.get("refusal"), str) and mark is None:
            return Refusal(rest.pop("refusal"), rest)
        case "image_url" if _only(rest.get("image_url"), "url", "detail"):
            image = rest.pop("image_url")
            found = _DATA_URL.fullmatch(image["url"])
            return Media(
                "image",
                url=None if found else image["url"],
                data=found[2] if found else None,
                media_type=found[1] if found else None,
                detail=image.get("detail"),
                cache=mark,
                rest=rest,
            )
        case "input_audio" if _only(rest.get("input_audio"), "data", "format"):
            audio = rest.pop("input_audio")
            kind_of = audio.get("format") or ""
            return Media(
                "audio",
                data=audio["data"],
                media_type=_AUDIO_TYPES.get(kind_of, f"audio/{kind_of}"),
                cache=mark,
                rest=rest,
            )
        case "file" if (file := _file(rest.get("file"))) is not None:
            del rest["file"]
            return Media("document", cache=mark, rest=rest, **file)
    return Opaque(raw)


def _only(value: Any, need: str, *may: str) -> bool:
    """An object of strings with `need` and nothing but `may` beside it."""
    return (
        isinstance(value, dict)
        and need in value
        and all(name in (need, *may) and isinstance(inner, str) for name, inner in value.items())
    )


def _file(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict) or not value or not all(isinstance(inner, str) for inner in value.values()):
        return None
    if set(value) <= {"file_id", "filename"} and "file_id" in value:
        return {"file_id": value["file_id"], "name": value.get("filename")}
    if set(value) <= {"file_data", "filename"} and "file_data" in value:
        found = _DATA_URL.fullmatch(value["file_data"])
        if found:
            return {"data": found[2], "media_type": found[1], "name": value.get("filename")}
        if value["file_data"].startswith(("http://", "https://")):
            return {"url": value["file_data"], "name": value.get("filename")}
    return None


def cache_mark(rest: dict[str, Any]) -> CacheMark | None:
    """Anthropic's cache mark, which OpenRouter and others take on chat parts too."""
    raw = rest.get("cache_control")
    if not isinstance(raw, dict) or raw.get("type") != "ephemeral":
        return None
    mark = {name: value for name, value in rest.pop("cache_control").items() if name != "type"}
    return CacheMark(pull_text(mark, "ttl"), mark)


def parse_call(raw: Any) -> Part:
    rest = dict(obj(raw, "a tool call"))
    function = rest.get("function")
    if rest.get("type", "function") != "function" or not isinstance(function, dict):
        return Opaque(raw, "tool_calls")
    if set(function) != {"name", "arguments"} or not all(isinstance(value, str) for value in function.values()):
        return Opaque(raw, "tool_calls")
    del rest["function"]
    signature = None
    extra = rest.get("extra_content")
    if isinstance(extra, dict) and set(extra) == {"google"} and _only(extra["google"], "thought_signature"):
        signature = rest.pop("extra_content")["google"]["thought_signature"]
    identity = pull_text(rest, "id")
    if identity is None:
        rest["~unnamed"] = True
    return ToolCall(identity or "", function["name"], function["arguments"], signature, rest=rest)


def parse_thoughts(rest: dict[str, Any]) -> list[Part]:
    """`reasoning_content` (DeepSeek) or `reasoning` (OpenRouter, Groq), and OpenRouter's signed `reasoning_details`."""
    details = rest.get("reasoning_details")
    if isinstance(details, list) and details and all(isinstance(item, dict) for item in details):
        del rest["reasoning_details"]
        return [parse_detail(item) for item in details]
    for name in ("reasoning_content", "reasoning"):
        if isinstance(rest.get(name), str) and rest[name]:
            return [Reasoning(rest.pop(name), rest={"field": name})]
    return []


def parse_detail(item: dict[str, Any]) -> Reasoning:
    mint = {"anthropic-claude-v1": "anthropic", "google-gemini-v1": "gemini"}.get(str(item.get("format")), "openai")
    words = item.get("text") or item.get("summary")
    signature, data = item.get("signature"), item.get("data")
    return Reasoning(
        words if isinstance(words, str) else "",
        signature if isinstance(signature, str) else None,
        data if isinstance(data, str) else None,
        mint if signature or data else None,
        item["id"] if isinstance(item.get("id"), str) else None,
        {"detail": item},
    )


def detail_of(thought: Reasoning, index: int) -> dict[str, Any]:
    if "detail" in thought.rest:
        return dict(thought.rest["detail"])
    formats = {"anthropic": "anthropic-claude-v1", "gemini": "google-gemini-v1", "openai": "openai-responses-v1"}
    item: dict[str, Any] = {"format": formats.get(thought.minted_by or "", "unknown"), "index": index}
    if thought.encrypted is not None:
        item |= {"type": "reasoning.encrypted", "data": thought.encrypted}
        put(item, summary=thought.text or None)
    else:
        item |= {"type": "reasoning.text", "text": thought.text}
    return put(item, signature=thought.signature, id=thought.id)


def emit_part(part: Part, drops: Drops, *, same: bool) -> dict[str, Any]:
    """A content part. Raises CannotExpress."""
    out: dict[str, Any]
    match part:
        case Text():
            out = {"type": "text", "text": part.text}
        case Refusal():
            out = {"type": "refusal", "refusal": part.text}
        case Media():
            out = _emit_media(part, drops)
        case Opaque() if same:
            return dict(part.raw)
        case _:
            what = part.label if isinstance(part, Opaque) else type(part).__name__
            raise CannotExpress(f"Chat completions cannot carry {what!r} content here: leave it out.")
    if same:
        out |= part.rest
    elif part.rest:
        drops.rest(part.rest, "content.")
    mark = part.cache if isinstance(part, Text | Media) else None
    if mark is not None:
        if same:
            out["cache_control"] = put({"type": "ephemeral"}, ttl=mark.ttl) | mark.rest
        else:
            drops.add("cache_control", "chat completions cache by themselves")
    return out


def _emit_media(part: Media, drops: Drops) -> dict[str, Any]:
    url = part.url or (f"data:{part.media_type};base64,{part.data}" if part.data is not None else None)
    match part.kind:
        case "image" if url is not None:
            return {"type": "image_url", "image_url": put({"url": url}, detail=part.detail)}
        case "audio" if part.data is not None:
            kind = (part.media_type or "audio/wav").partition("/")[2]
            return {
                "type": "input_audio",
                "input_audio": {"data": part.data, "format": {"mpeg": "mp3"}.get(kind, kind)},
            }
        case "document" if part.text is not None:
            return {"type": "text", "text": part.text}
        case "document" if part.file_id is not None or url is not None:
            known = {"file_id": part.file_id} if part.file_id is not None else {"file_data": url}
            return {"type": "file", "file": put(dict(known), filename=part.name)}
    raise CannotExpress(f"Chat completions cannot carry this {part.kind}: send it as base64 data or leave it out.")


def emit_call(call: ToolCall, *, same: bool) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if not (same and call.rest.get("~unnamed")):
        out["id"] = call.id
    if not same:
        out["type"] = "function"
    out["function"] = {"name": call.name, "arguments": call.arguments if same else call.arguments or "{}"}
    if call.signature is not None:
        out["extra_content"] = {"google": {"thought_signature": call.signature}}
    if same:
        out |= {name: value for name, value in call.rest.items() if not name.startswith("~")}
    return out


def citations_of(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    """Web citations as chat annotations; their offsets count in the joined text."""
    found: list[dict[str, Any]] = []
    at = 0
    for part in parts:
        if isinstance(part, Text):
            found += [_annotation(citation, at, len(part.text)) for citation in part.citations if citation.url]
            at += len(part.text)
    return found


def _annotation(citation: Citation, at: int, length: int) -> dict[str, Any]:
    start = citation.start if citation.start is not None else 0
    end = citation.end if citation.end is not None else length
    place = {"start_index": at + start, "end_index": at + end}
    return {"type": "url_citation", "url_citation": place | {"url": citation.url, "title": citation.title or ""}}


def thoughts_for(target_takes: bool, thought: Reasoning, drops: Drops) -> str:
    """A thought on its way to a chat provider: only those that say so take it back."""
    if target_takes:
        return thought.text
    carry.drop_foreign(drops, thought)
    return ""
