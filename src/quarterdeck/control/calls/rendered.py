"""The words in which a call's bodies are shown: messages made of parts, whatever the dialect."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

Kind = Literal["text", "reasoning", "tool_call", "tool_result", "image", "file", "other"]
Fields = dict[str, Any]
LONGEST_URL = 400_000
"""A data URL longer than this is not shown but only described."""
LONGEST_PARAM = 4_000
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_decode = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a message. Which fields have a value depends on `kind`."""

    kind: Kind
    text: str | None = None
    name: str | None = None
    arguments: str | None = None
    """A tool call's, as JSON text."""
    id: str | None = None
    """What joins a tool call and its result."""
    media_type: str | None = None
    url: str | None = None
    size: int | None = None
    """Bytes of what is not shown."""
    is_error: bool | None = None
    raw: Any = None
    """For `other`: the JSON as it was."""


@dataclass(frozen=True, slots=True)
class Message:
    role: str
    parts: list[Part]


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One message for each in the body, instructions that stand apart before them."""

    messages: list[Message] = field(default_factory=list)
    tools: list[Tool] = field(default_factory=list)
    params: Fields = field(default_factory=dict)


Answer = list[Message]


@dataclass(frozen=True, slots=True)
class Reader:
    """How one dialect is read. Each function may assume JSON objects and nothing about what is in them."""

    request: Callable[[Fields], Request]
    answer: Callable[[Fields], Answer]
    stream: Callable[[list[Fields]], Answer]
    """From the JSON of a stream's events, in their order."""


def events(body: bytes) -> Iterator[Fields]:
    """The JSON objects of server-sent events; what is no JSON is passed over."""
    for line in body.splitlines():
        if line.startswith(b"data:"):
            value = parse(line[5:].strip())
            if isinstance(value, dict):
                yield value


def parse(body: bytes) -> Any:
    """JSON, or else the text itself."""
    try:
        return _decode(body)
    except _UNREADABLE:
        return body.decode(errors="replace")


def other(value: Any) -> Part:
    return Part("other", raw=value)


def text(value: Any) -> Part:
    return Part("text", text=value) if isinstance(value, str) else other(value)


def json_text(value: Any) -> str:
    """A value as JSON text; a string as it is."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def media(kind: Kind, *, url: Any = None, data: Any = None, media_type: Any = None, name: Any = None) -> Part:
    """An image or a file, by address or as base64 data."""
    kept_type = media_type if isinstance(media_type, str) else None
    kept_name = name if isinstance(name, str) else None
    if isinstance(data, str):
        url = f"data:{kept_type or 'application/octet-stream'};base64,{data}"
    if not isinstance(url, str):
        return Part(kind, media_type=kept_type, name=kept_name)
    if url.startswith("data:"):
        kept_type = kept_type or url[5:].partition(";")[0].partition(",")[0] or None
        size = len(url.partition(",")[2]) * 3 // 4
        return Part(kind, media_type=kept_type, name=kept_name, url=url if len(url) <= LONGEST_URL else None, size=size)
    return Part(kind, media_type=kept_type, name=kept_name, url=url)


def params(value: Fields, without: Sequence[str]) -> Fields:
    """The settings of a request: what is neither messages nor tools; long values are only named."""
    found: Fields = {}
    for name, each in value.items():
        if name not in without:
            long = len(json_text(each)) > LONGEST_PARAM
            found[name] = "…" if long else each
    return found


def items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def fields(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}


def a_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
