"""Gemini's parts, both ways. It takes camelCase and snake_case alike; how a member was spelled stays in `rest`."""

import base64
import binascii
import re
from collections import Counter
from typing import Any

from quarterdeck.gateway.dialects import carry
from quarterdeck.gateway.dialects.conversation import (
    CannotExpress,
    Drops,
    Fields,
    Media,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from quarterdeck.gateway.dialects.fields import arguments_object, json_text, obj, pull_dict, pull_text, put

NAME = "gemini"
MINT = "gemini"
_HUMP = re.compile(r"(?<=[a-z])([A-Z])")
_KINDS = ("image", "audio", "video")


def spelled(rest: Fields, name: str) -> str | None:
    """The member under its camelCase or snake_case name, whichever is there."""
    if name in rest:
        return name
    snake = _HUMP.sub(lambda hump: "_" + hump[1].lower(), name)
    return snake if snake in rest else None


class Names:
    """Ids for calls and results that Gemini matches by name and order alone."""

    def __init__(self, prefix: str = "call") -> None:
        self._prefix = prefix
        self._calls: Counter[str] = Counter()
        self._results: Counter[str] = Counter()

    def call(self, name: str) -> str:
        self._calls[name] += 1
        return f"{self._prefix}_{name}_{self._calls[name]}"

    def result(self, name: str) -> str:
        self._results[name] += 1
        return f"{self._prefix}_{name}_{self._results[name]}"


def parse_part(raw: Any, names: Names) -> Part:
    rest = dict(obj(raw, "a part"))
    signature = None
    if (key := spelled(rest, "thoughtSignature")) is not None and isinstance(rest[key], str):
        signature = rest.pop(key)
        if key != "thoughtSignature":
            rest["~signature"] = key
    if isinstance(rest.get("text"), str):
        return _parse_text(rest, signature)
    key = spelled(rest, "functionCall")
    if key is not None and isinstance(rest[key], dict) and isinstance(rest[key].get("name"), str):
        return _parse_call(rest, key, signature, names)
    if (key := spelled(rest, "functionResponse")) is not None and isinstance(rest[key], dict) and signature is None:
        return _parse_result(rest, key, names)
    for name in ("inlineData", "fileData"):
        key = spelled(rest, name)
        if key is not None and isinstance(rest[key], dict) and signature is None:
            return _parse_media(rest, name, key) or Opaque(raw)
    return Opaque(raw)


def _parse_text(rest: dict[str, Any], signature: str | None) -> Part:
    words = rest.pop("text")
    if rest.get("thought") is not True:
        return Text(words, signature=signature, rest=rest)
    del rest["thought"]
    token = carry.unpack(_decoded(signature))
    if token is not None:
        return carry.restore(words, token)
    return Reasoning(words, signature, minted_by=MINT if signature else None, rest=rest)


def _decoded(signature: str | None) -> str | None:
    try:
        return base64.b64decode(signature or "", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def encoded(token: carry.Token) -> str:
    """A foreign token as Gemini clients carry signatures: base64."""
    return base64.b64encode(carry.pack(token).encode()).decode()


def _parse_call(rest: dict[str, Any], key: str, signature: str | None, names: Names) -> ToolCall:
    inner = dict(rest.pop(key))
    name = inner.pop("name")
    identity = pull_text(inner, "id")
    arguments = pull_dict(inner, "args")
    rest |= {"~key": key, "~call": inner, "~unnamed": identity is None, "~without_args": arguments is None}
    said = json_text(arguments) if arguments is not None else "{}"
    return ToolCall(identity or names.call(name), name, said, signature, rest=rest)


def _parse_result(rest: dict[str, Any], key: str, names: Names) -> ToolResult:
    raw = rest.pop(key)
    name = raw["name"] if isinstance(raw.get("name"), str) else ""
    identity = raw["id"] if isinstance(raw.get("id"), str) else names.result(name)
    response = raw.get("response")
    failed = isinstance(response, dict) and set(response) == {"error"}
    return ToolResult(
        identity, (Text(_words(response)),), name, True if failed else None, rest=rest | {"~key": key, "~raw": raw}
    )


def _words(response: Any) -> str:
    """A result whose only member is its text, under any of the names in use, is that text."""
    if isinstance(response, dict) and len(response) == 1:
        name, value = next(iter(response.items()))
        if name in ("output", "result", "return_value", "content", "error") and isinstance(value, str):
            return value
    return json_text(response)


def _parse_media(rest: dict[str, Any], name: str, key: str) -> Media | None:
    inner = dict(rest[key])
    mime_key = spelled(inner, "mimeType")
    mime = pull_text(inner, mime_key) if mime_key else None
    place = "data" if name == "inlineData" else spelled(inner, "fileUri")
    given = pull_text(inner, place) if place else None
    if given is None or (mime_key is not None and mime is None):
        return None
    shown = pull_text(inner, "displayName")
    del rest[key]
    kind: Any = (mime or "").partition("/")[0]
    source: dict[str, Any] = {"data": given} if name == "inlineData" else {"url": given}
    rest |= {"~key": key, "~mime": mime_key, "~place": place, "~inner": inner}
    return Media(kind if kind in _KINDS else "document", media_type=mime, name=shown, rest=rest, **source)


def own(rest: Fields) -> Fields:
    """The members that are the origin's, without our notes on how it spelled the others."""
    return {name: value for name, value in rest.items() if not name.startswith("~")}


def emit_part(part: Part, drops: Drops, *, same: bool, names: dict[str, str]) -> list[dict[str, Any]]:
    """The parts of one part. `names` knows which function a call id belongs to. Raises CannotExpress."""
    if isinstance(part, Opaque):
        if same:
            return [part.raw]
        raise CannotExpress(f"Gemini cannot carry {part.label!r}: leave it out.")
    more: list[dict[str, Any]] = []
    match part:
        case Text():
            out: dict[str, Any] = {"text": part.text}
        case Refusal():
            out = {"text": part.text}
        case Reasoning():
            out = {"text": part.text, "thought": True}
        case Media():
            out = _emit_media(part, same=same)
        case ToolCall():
            names[part.id] = part.name
            out = _emit_call(part, drops, same=same)
        case ToolResult():
            out, more = _emit_result(part, drops, same=same, names=names)
    if isinstance(part, Text | Reasoning | ToolCall) and part.signature is not None:
        out[part.rest.get("~signature", "thoughtSignature") if same else "thoughtSignature"] = part.signature
    if same:
        return [out | own(part.rest)]
    drops.rest(own(part.rest), "parts.")
    if isinstance(part, Text | Media | ToolResult) and part.cache is not None:
        drops.add("cache_control", "Gemini caches by itself")
    return [out, *more]


def _emit_call(part: ToolCall, drops: Drops, *, same: bool) -> dict[str, Any]:
    arguments = arguments_object(part.arguments)
    if arguments is None:
        drops.add("tool call arguments", "not a JSON object, sent as text")
        arguments = {"invalid_json": part.arguments}
    notes = part.rest if same else {}
    out: dict[str, Any] = {"name": part.name}
    if not notes.get("~unnamed"):
        out["id"] = part.id
    if not notes.get("~without_args"):
        out["args"] = arguments
    return {notes.get("~key", "functionCall"): out | notes.get("~call", {})}


def _emit_result(
    part: ToolResult, drops: Drops, *, same: bool, names: dict[str, str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    if same and "~raw" in part.rest:
        return {part.rest["~key"]: part.rest["~raw"]}, []
    name = part.name or names.get(part.call_id)
    if name is None:
        raise CannotExpress(f"Gemini needs the call that result {part.call_id!r} answers: send the whole turn.")
    words, media = [], []
    for inner in part.parts:
        if isinstance(inner, Text):
            words.append(inner.text)
        elif isinstance(inner, Media):
            media += emit_part(inner, drops, same=False, names=names)
        else:
            label = inner.label if isinstance(inner, Opaque) else "that"
            raise CannotExpress(f"Gemini cannot carry {label!r} in a tool result: send text.")
    response = {"error" if part.is_error else "output": "\n".join(words)}
    return {"functionResponse": {"id": part.call_id, "name": name, "response": response}}, media


def _emit_media(part: Media, *, same: bool) -> dict[str, Any]:
    if same:
        inner = {part.rest["~place"]: part.data if part.data is not None else part.url} | part.rest["~inner"]
        if part.rest["~mime"] is not None:
            inner[part.rest["~mime"]] = part.media_type
        return {part.rest["~key"]: put(inner, displayName=part.name)}
    if part.text is not None:
        return {"text": part.text}
    if part.data is not None:
        return {"inlineData": {"mimeType": part.media_type or "application/octet-stream", "data": part.data}}
    if part.url is not None:
        return {"fileData": put({"fileUri": part.url}, mimeType=part.media_type or _guess(part))}
    raise CannotExpress(f"Gemini does not know the file {part.file_id!r}: send the {part.kind} as base64 data.")


def _guess(part: Media) -> str | None:
    ending = (part.url or "").rpartition(".")[2].partition("?")[0].lower()
    known = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif"}
    return known.get(ending) or {"pdf": "application/pdf", "mp3": "audio/mpeg", "wav": "audio/wav"}.get(ending)
