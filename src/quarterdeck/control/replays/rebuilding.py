"""A recorded request, asked of something else: its path and body with what is to be other. Pure.

Members that stay keep their bytes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import msgspec

from quarterdeck.control.replays.model import CannotReplay, Change, Target, shortened

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SYSTEM_ROLES = frozenset({"system", "developer"})
_AT_PROVIDER = ("previous_response_id", "conversation", "container", "cachedContent", "cached_content")
"""Members that name what only the provider holds, so that the recorded body is not all that was asked."""
_GEMINI = re.compile(r"/(v1beta|v1)/models/(.+):([A-Za-z]+)")
_BEDROCK = re.compile(r"/model/(.+)/(converse|converse-stream)")
Fields = dict[str, msgspec.Raw]
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Rebuilt:
    path: str
    """Percent-encoded, without a query."""
    body: bytes
    changes: tuple[Change, ...]


def rebuild(dialect: str, path: str, body: bytes, target: Target, model: str | None) -> Rebuilt:
    """The request as it is sent. `model` is written in place of the recorded one; None leaves that.

    Raises CannotReplay.
    """
    instruct = _INSTRUCT.get(dialect)
    if instruct is None or path.startswith(("/proxy/", "/v1/native/")):
        raise CannotReplay(
            "Only calls that a conversation is made of are replayed: OpenAI chat and responses, Anthropic, Gemini, "
            f"Cohere chat and Bedrock converse; this one is {dialect} on {path}."
        )
    try:
        fields = _fields.decode(body)
    except _UNREADABLE:
        raise CannotReplay("Its recorded body is no JSON object, so nothing in it can be changed.") from None
    held = next((name for name in _AT_PROVIDER if _is_set(fields.get(name))), None)
    if held is not None:
        raise CannotReplay(
            f"It continues what only its provider holds ({held}), so what was recorded is not all that was asked. "
            "Replay a call that brings its whole conversation."
        )
    before = dict(fields)
    changes: list[Change] = []
    path = _path(path, fields, model, changes)
    if target.system is not None:
        changes += instruct(fields, target.system)
    _patch(fields, target.params)
    changes += [
        Change(name, _shown(before.get(name)), _shown(fields.get(name)))
        for name in target.params
        if _value(before.get(name)) != _value(fields.get(name))
    ]
    return Rebuilt(path, _encode(fields), tuple(changes))


def _path(path: str, fields: Fields, model: str | None, changes: list[Change]) -> str:
    """The path as it is asked for, the model put where the dialect has it."""
    match = _GEMINI.fullmatch(path) or _BEDROCK.fullmatch(path)
    if match is not None:
        at = 2 if match.re is _GEMINI else 1
        if model is not None and match[at] != model:
            changes.append(Change("model", match[at], model))
        begin, end = match.span(at)
        written = quote(match[at] if model is None else model, safe="/@:")
        return path[:begin] + written + path[end:]
    if model is not None:
        before = _value(fields.get("model"))
        if before != model:
            changes.append(Change("model", _text(before), model))
            fields["model"] = msgspec.Raw(_encode(model))
    return quote(path, safe="/@:")


def _patch(fields: Fields, params: dict[str, Any]) -> None:
    for name, value in params.items():
        if value is None:
            fields.pop(name, None)
        else:
            fields[name] = msgspec.Raw(_encode(merged(_value(fields.get(name)), value)))


def merged(value: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    found = dict(value) if isinstance(value, dict) else {}
    for name, each in patch.items():
        if each is None:
            found.pop(name, None)
        else:
            found[name] = merged(found.get(name), each)
    return found


def _in_messages(name: str) -> Callable[[Fields, str], list[Change]]:
    """Instructions that are the first messages of a list."""

    def instruct(fields: Fields, text: str) -> list[Change]:
        try:
            items = _items.decode(fields[name])
        except (KeyError, *_UNREADABLE):
            raise CannotReplay(f"Its {name} are no list, so its instructions cannot be replaced.") from None
        leading = 0
        while leading < len(items) and _role(items[leading]) in _SYSTEM_ROLES:
            leading += 1
        role = _role(items[0]) if leading else "system"
        before = "\n\n".join(_content(_value(each)) for each in items[:leading]) or None
        fresh = [msgspec.Raw(_encode({"role": role, "content": text}))] if text else []
        fields[name] = msgspec.Raw(_encode(fresh + items[leading:]))
        return _told(before, text)

    return instruct


def _in_member(name: str, write: Callable[[str], Any], *others: str) -> Callable[[Fields, str], list[Change]]:
    """Instructions that are a member of their own."""

    def instruct(fields: Fields, text: str) -> list[Change]:
        held = [fields.pop(each) for each in (name, *others) if each in fields]
        before = "\n\n".join(filter(None, (_content(_value(each)) for each in held))) or None
        if text:
            fields[name] = msgspec.Raw(_encode(write(text)))
        return _told(before, text)

    return instruct


def _in_responses(fields: Fields, text: str) -> list[Change]:
    """Responses has a member for them, and clients put them among the input as well."""
    told = _in_member("instructions", str)(fields, text)
    try:
        items = _items.decode(fields.get("input", msgspec.Raw(b"null")))
    except _UNREADABLE:
        return told
    leading = [each for each in items if _role(each) in _SYSTEM_ROLES]
    if leading:
        fields["input"] = msgspec.Raw(_encode([each for each in items if each not in leading]))
        said = "\n\n".join(_content(_value(each)) for each in leading)
        first = told[0].before if told else None
        return _told("\n\n".join(filter(None, (first, said))), text)
    return told


_INSTRUCT: dict[str, Callable[[Fields, str], list[Change]]] = {
    "openai_chat": _in_messages("messages"),
    "openai_responses": _in_responses,
    "anthropic": _in_member("system", str),
    "gemini": _in_member("systemInstruction", lambda text: {"parts": [{"text": text}]}, "system_instruction"),
    "bedrock": _in_member("system", lambda text: [{"text": text}]),
    "cohere": _in_messages("messages"),
}
"""How each dialect's instructions are replaced; the dialects that can be replayed."""
DIALECTS = frozenset(_INSTRUCT)


def _told(before: str | None, text: str) -> list[Change]:
    return [] if (before or "") == text else [Change("system", shortened(before), shortened(text or None))]


def _role(item: msgspec.Raw) -> str:
    value = _value(item)
    role = value.get("role") if isinstance(value, dict) else None
    return role if isinstance(role, str) else ""


def _content(value: Any) -> str:
    """The words of instructions, however they are wrapped."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "\n".join(_content(each) for each in value)
    if isinstance(value, dict):
        return next((_content(value[name]) for name in ("content", "text", "parts") if name in value), "")
    return ""


def _is_set(raw: msgspec.Raw | None) -> bool:
    return raw is not None and _value(raw) not in (None, "", {}, [])


def _value(raw: msgspec.Raw | None) -> Any:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw)
    except _UNREADABLE:
        return bytes(raw).decode(errors="replace")


def _shown(raw: msgspec.Raw | None) -> str | None:
    return None if raw is None else shortened(_text(_value(raw)))


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else _encode(value).decode()
