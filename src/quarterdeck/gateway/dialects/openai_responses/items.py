"""Responses' items and content parts, both ways, as requests and answers share them."""

import re
from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.conversation import (
    CannotExpress,
    Citation,
    Drops,
    Media,
    Message,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from quarterdeck.gateway.dialects.fields import obj, pull_text, put

NAME = "openai_responses"
MINT = "openai"
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,([A-Za-z0-9+/=_-]*)")
_ROLES = ("user", "assistant", "system", "developer")


def parse_item(raw: Any) -> Message:  # noqa: PLR0911 - a kind of item each
    """One item as a message; `form` says which kind of item it was."""
    rest = dict(obj(raw, "each input item"))
    kind = rest.get("type", "message")
    if kind == "message" and rest.get("role") in _ROLES and isinstance(rest.get("content"), str | list):
        said_by = rest.pop("role")
        content = rest.pop("content")
        if isinstance(content, str):
            return Message(said_by, (Text(content),), rest, "string")
        return Message(said_by, tuple(parse_part(part) for part in content), rest, "parts")
    if kind == "function_call" and isinstance(rest.get("name"), str) and isinstance(rest.get("arguments"), str):
        return Message("assistant", (_parse_call(rest),), form="item")
    if kind == "function_call_output" and isinstance(rest.get("call_id"), str):
        output = rest.pop("output", None)
        if isinstance(output, str):
            result = ToolResult(rest.pop("call_id"), (Text(output),), rest=rest, form="string")
            return Message("tool", (result,), form="item")
        if isinstance(output, list):
            parts = tuple(parse_part(part) for part in output)
            return Message("tool", (ToolResult(rest.pop("call_id"), parts, rest=rest, form="parts"),), form="item")
    if kind == "reasoning":
        return Message("assistant", (parse_reasoning(raw),), form="item")
    # Steps the provider took itself belong to its own turn; anything else is the caller's word.
    role: Role = "assistant" if str(kind).endswith(("_call", "_output", "compaction")) else "user"
    return Message(role, (Opaque(raw, "item"),), form="raw")


def _parse_call(rest: dict[str, Any]) -> ToolCall:
    token = carry.unpack(rest.get("id") if isinstance(rest.get("id"), str) else None)
    if token is not None:
        del rest["id"]
    return ToolCall(
        pull_text(rest, "call_id") or "",
        rest.pop("name"),
        rest.pop("arguments"),
        signature=token.value if token is not None else None,
        rest=rest,
    )


def parse_reasoning(raw: dict[str, Any]) -> Reasoning:
    rest = {name: value for name, value in raw.items() if name != "type"}
    words = _joined(raw.get("content")) or _joined(raw.get("summary"))
    secret = pull_text(rest, "encrypted_content")
    identity = pull_text(rest, "id")
    token = carry.unpack(secret)
    if token is not None:
        return carry.restore(words, token)
    return Reasoning(words, encrypted=secret, minted_by=MINT if secret else None, id=identity, rest=rest)


def _joined(value: Any) -> str:
    found = value if isinstance(value, list) else []
    return "\n\n".join(
        item["text"] for item in found if isinstance(item, dict) and isinstance(item.get("text"), str) and item["text"]
    )


def parse_part(raw: Any) -> Part:
    rest = dict(obj(raw, "a content part"))
    match rest.get("type"):
        case "input_text" | "output_text" | "text" if isinstance(rest.get("text"), str):
            return Text(rest.pop("text"), citations_in(rest.get("annotations")), rest=rest)
        case "refusal" if isinstance(rest.get("refusal"), str):
            return Refusal(rest.pop("refusal"), rest)
        case "input_image" if isinstance(rest.get("image_url") or rest.get("file_id"), str):
            detail = pull_text(rest, "detail")
            return Media("image", **_source(rest, "image_url"), detail=detail, rest=rest)
        case "input_file" if isinstance(rest.get("file_url") or rest.get("file_data") or rest.get("file_id"), str):
            name = pull_text(rest, "filename")
            key = "file_data" if isinstance(rest.get("file_data"), str) else "file_url"
            return Media("document", **_source(rest, key), name=name, rest=rest | {"~key": key})
        case "input_audio" if isinstance(rest.get("input_audio"), dict):
            audio = rest["input_audio"]
            if set(audio) == {"data", "format"} and all(isinstance(value, str) for value in audio.values()):
                del rest["input_audio"]
                return Media("audio", data=audio["data"], media_type=f"audio/{audio['format']}", rest=rest)
    return Opaque(raw)


def _source(rest: dict[str, Any], key: str) -> dict[str, Any]:
    url = pull_text(rest, key)
    found = _DATA_URL.fullmatch(url) if url else None
    source = {"file_id": pull_text(rest, "file_id")}
    if found:
        return source | {"media_type": found[1], "data": found[2]}
    return source | {"url": url}


def citations_in(annotations: Any) -> tuple[Citation, ...]:
    found = annotations if isinstance(annotations, list) else []
    return tuple(citation_of(item) for item in found if isinstance(item, dict))


def citation_of(raw: dict[str, Any]) -> Citation:
    def at(name: str) -> int | None:
        value = raw.get(name)
        return value if isinstance(value, int) else None

    def words(name: str) -> str | None:
        value = raw.get(name)
        return value if isinstance(value, str) else None

    return Citation(words("url"), words("title"), None, at("start_index"), at("end_index"), raw)


def emit_part(part: Part, drops: Drops, *, said_by: str, same: bool) -> dict[str, Any]:
    """A content part. Raises CannotExpress."""
    rest = {name: value for name, value in part.rest.items() if name != "~key"} if not isinstance(part, Opaque) else {}
    out: dict[str, Any]
    match part:
        case Text():
            out = {"type": "output_text" if said_by == "assistant" else "input_text", "text": part.text}
            if said_by == "assistant" and not same:
                out["annotations"] = [annotation_of(citation, part.text) for citation in part.citations if citation.url]
        case Refusal():
            out = {"type": "refusal", "refusal": part.text}
        case Media():
            out = _emit_media(part, part.rest.get("~key") if same else None)
        case Opaque() if same:
            return dict(part.raw)
        case _:
            what = part.label if isinstance(part, Opaque) else type(part).__name__
            raise CannotExpress(f"Responses cannot carry {what!r} content here: leave it out.")
    if same:
        return out | rest
    drops.rest(rest, "content.")
    if isinstance(part, Text | Media) and part.cache is not None:
        drops.add("cache_control", "OpenAI caches by itself")
    return out


def annotation_of(citation: Citation, text: str) -> dict[str, Any]:
    return {
        "type": "url_citation",
        "start_index": citation.start if citation.start is not None else 0,
        "end_index": citation.end if citation.end is not None else len(text),
        "url": citation.url,
        "title": citation.title or "",
    }


def _emit_media(part: Media, key: str | None) -> dict[str, Any]:
    url = part.url or (f"data:{part.media_type};base64,{part.data}" if part.data is not None else None)
    if part.kind == "image":
        # Its schema demands a detail; auto is what it takes for one that is missing.
        return put({"type": "input_image"}, image_url=url, file_id=part.file_id, detail=part.detail or "auto")
    if part.kind == "audio" and part.data is not None:
        kind = (part.media_type or "audio/wav").partition("/")[2]
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": {"mpeg": "mp3"}.get(kind, kind)}}
    if part.kind == "document" and part.text is not None:
        return {"type": "input_text", "text": part.text}
    if part.kind == "document":
        key = key or ("file_url" if part.url else "file_data")
        named = put({"type": "input_file"}, filename=part.name, file_id=part.file_id)
        return put(named, **{key: url}) if url is not None else named
    raise CannotExpress(f"Responses cannot carry this {part.kind}: leave it out.")


def emit_call(call: ToolCall, *, same: bool) -> dict[str, Any]:
    out = {"type": "function_call", "call_id": call.id, "name": call.name}
    out["arguments"] = call.arguments if same else call.arguments or "{}"
    if call.signature is not None:
        out["id"] = carry.pack(carry.Token("gemini", "next", call.signature))
    return out | (call.rest if same else {})


def emit_reasoning(thought: Reasoning, identity: str) -> dict[str, Any]:
    """The item of a thought: this provider's own, or one whose foreign token rides in the encrypted content."""
    own = {name: value for name, value in thought.rest.items() if name in ("summary", "content", "status")}
    out: dict[str, Any] = {"type": "reasoning", "summary": []}
    if thought.text and not own:
        out["summary"] = [{"type": "summary_text", "text": thought.text}]
    token = carry.token_of(thought)
    if token is not None:
        native = token.minted_by == MINT and token.kind == "encrypted"
        out["encrypted_content"] = token.value if native else carry.pack(token)
    return out | own | {"id": thought.id or identity}
